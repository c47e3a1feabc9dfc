//! `Input`: what the other threads tell the broadcaster.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::admission::{Door, Slot};
use crate::chat::{ClientId, Reason, Settings};
use crate::net::Transport;
use crate::restart::{Handover, SavedSession};
use crate::store;
use crate::telemetry::Census;
use crate::wire::{Dialect, Incoming};

/// Bounds of what may wait.
const LEAST: usize = 1024;
const MOST: usize = 65_536;

/// The inbox of a server for so many clients: nearly all of them can leave at once without having
/// to wait. Once it is full sessions wait, and so do their clients.
pub(crate) fn open(clients: usize) -> (Sender<Input>, Receiver<Input>) {
    bounded(clients.clamp(LEAST, MOST))
}

/// One message to the broadcaster. From one sender, they are taken in the order they were sent.
#[derive(Debug)]
pub enum Input {
    /// A client connected; all that follows for this id comes from its session.
    Connected {
        /// Never used before.
        id: ClientId,
        /// To send to it.
        transport: Arc<Transport>,
        /// Where it is.
        addr: SocketAddr,
        /// Its place inside, kept until the last byte for it was sent.
        slot: Arc<Slot>,
        /// How it wants to be spoken to.
        dialect: Dialect,
    },
    /// A client has been silent for a moment.
    Settled(ClientId),
    /// A client sent something, all of one read.
    Received(ClientId, Vec<Incoming>),
    /// A client was silent for this long, which is too long.
    Idle(ClientId, Duration),
    /// A client's session is over. Comes exactly once, last.
    Gone(ClientId, Reason),
    /// A client that was behind can be sent more, or its transport has something to say.
    Writable(ClientId),
    /// The store has something to say.
    Store(store::Event),
    /// Somebody asks how things stand.
    Count(Sender<Census>),
    /// Other settings are in force.
    Configure(Settings),
    /// A client's session has left everything as it is; comes last, instead of `Gone`.
    Parked(ClientId, Box<SavedSession>),
    /// Stop as soon as all sessions are parked, and leave everything to another process.
    HandOver(Sender<Handover>, Arc<Door>),
    /// Say goodbye and stop.
    Stop,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_room_for_a_message_of_each_client_within_bounds() {
        let room = |clients| open(clients).0.capacity();
        assert_eq!(room(1), Some(1024));
        assert_eq!(room(4096), Some(4096));
        assert_eq!(room(1_000_000), Some(65_536));
    }
}
