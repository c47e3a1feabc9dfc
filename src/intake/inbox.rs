//! `Input`: one message from another thread to the broadcaster.

use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::Sender;

use crate::address::Remote;
use crate::admission::{Door, Slot};
use crate::chat::{ClientId, Reason, Settings};
use crate::cluster::LinkEvent;
use crate::net::Transport;
use crate::restart::{Handover, SavedSession};
use crate::runtime::channel;
use crate::store;
use crate::telemetry::Census;
use crate::web::{Ask, ReadRequest, Reply};
use crate::wire::irc::Task;
use crate::wire::{Dialect, Incoming};

/// Bounds of the inbox's capacity, in messages.
const LEAST: usize = 1024;
const MOST: usize = 65_536;

/// The inbox of a server for so many clients: nearly all of them can leave at once without waiting.
/// While it is full, sessions block and read nothing, so that TCP slows their clients down.
pub(crate) fn open(clients: usize) -> (channel::Sender<Input>, channel::Receiver<Input>) {
    channel::bounded(clients.clamp(LEAST, MOST))
}

/// Where a client comes from.
#[derive(Clone, Copy, Debug)]
pub struct Caller {
    /// Its far end, as it is or as a proxy states it.
    pub remote: Remote,
    /// Whether what it sends is encrypted on its way to this machine, or to the proxy.
    pub is_encrypted: bool,
    /// Whether it is a proxy for itself, most likely for a health check, that has sent nothing.
    pub is_unheard: bool,
}

/// One message to the broadcaster. It takes the messages of one sender in the order of sending.
///
/// What is large is boxed: every client's thread has room for one on its stack, and the inbox for
/// one of each client.
#[derive(Debug)]
pub enum Input {
    /// A client connected. All later messages with this id come from its session.
    Connected {
        /// Never used before.
        id: ClientId,
        transport: Arc<Transport>,
        from: Caller,
        /// Held until the last byte for the client is sent.
        slot: Arc<Slot>,
        dialect: Dialect,
        /// What it reads over HTTP, instead of being a client.
        reads: Option<Box<ReadRequest>>,
    },
    /// A new client has sent nothing for a moment, so a person may be reading.
    Settled(ClientId),
    /// All items of one read from a client, or a part of them.
    Received(ClientId, Vec<Incoming>),
    /// What is left of one line of an IRC client. Only the broadcaster keeps these.
    Tasks(ClientId, Vec<Task>),
    /// A client sent no line for this long, which is the limit.
    Idle(ClientId, Duration),
    /// An IRC client has sent nothing for a while; and whether that was reported before.
    Silent(ClientId, bool),
    /// A client's session has ended. Sent exactly once, last.
    Gone(ClientId, Reason),
    /// A client's socket takes more, or its transport has bytes of its own to send.
    Writable(ClientId),
    /// A report of the store.
    Store(Box<store::Event>),
    /// A report of the threads that talk to the Redis of a cluster.
    Log(Box<LinkEvent>),
    /// A request over HTTP. Its thread waits for the reply.
    Request {
        /// Never used before, as that of a client.
        id: ClientId,
        remote: Remote,
        ask: Box<Ask>,
        reply: Sender<Reply>,
    },
    /// A request for the figures that only the broadcaster knows.
    Count(Sender<Census>),
    /// New settings are in force.
    Configure(Settings),
    /// A client's session has ended without closing the connection. Sent last, instead of `Gone`.
    Parked(ClientId, Box<SavedSession>),
    /// Stop as soon as all sessions have parked, and send everything that the next process needs.
    HandOver(Sender<Handover>, Arc<Door>),
    /// Tell all clients that the server is going down, and stop.
    Stop,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_small() {
        assert!(size_of::<Input>() <= 80, "{} bytes", size_of::<Input>());
    }

    #[test]
    fn there_is_room_for_a_message_of_each_client_within_bounds() {
        let room = |clients| open(clients).0.capacity();
        assert_eq!(room(1), Some(1024));
        assert_eq!(room(4096), Some(4096));
        assert_eq!(room(1_000_000), Some(65_536));
    }
}
