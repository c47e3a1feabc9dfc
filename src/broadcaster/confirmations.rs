//! `Confirmations`: what tells of changes of kept rooms waits until they are on disk, however slow
//! that is. Lines do not wait for so long.

use std::collections::VecDeque;

use crate::chat::{ClientId, Deed, Effect, Message};

/// An effect that waits for the disk, and the clients that do not get it.
pub(super) type Held = (Effect, Vec<ClientId>);

/// Most that wait. A disk that is behind by more has reported that long ago.
const MOST: usize = 4096;

/// The effects that tell of changes which are not on disk yet.
#[derive(Debug, Default)]
pub(super) struct Confirmations {
    /// The last write that is about a kept room.
    written: u64,
    /// Everything up to this write is on disk.
    committed: u64,
    /// Each with the write that it waits for, in order.
    waiting: VecDeque<(u64, Held)>,
}

impl Confirmations {
    /// Notes that a change of a kept room is handed to the store, as that write.
    pub(super) fn note(&mut self, write: u64) {
        self.written = write;
    }

    /// Holds an effect back if it tells of a change that is not on disk; else returns it.
    pub(super) fn hold(&mut self, held: Held) -> Option<Held> {
        let waits = self.written > self.committed && tells_of_change(&held.0);
        if !waits || self.waiting.len() >= MOST {
            return Some(held);
        }
        self.waiting.push_back((self.written, held));
        None
    }

    /// Returns what waited for writes up to this one, which are on disk now.
    pub(super) fn commit(&mut self, upto: u64) -> impl Iterator<Item = Held> {
        self.committed = upto;
        let free = self.waiting.iter().take_while(|(write, _)| *write <= upto).count();
        self.waiting.drain(..free).map(|(_, held)| held)
    }

    /// Returns all that waits, at the end.
    pub(super) fn release(&mut self) -> impl Iterator<Item = Held> {
        self.waiting.drain(..).map(|(_, held)| held)
    }
}

fn tells_of_change(effect: &Effect) -> bool {
    let Effect::Tell { message, .. } = effect else { return false };
    match message {
        Message::RoomChanged { .. } | Message::Room(_) => true,
        Message::Relay(relay) => {
            matches!(relay.deed, Deed::Change(..) | Deed::Changes(..) | Deed::Mask(..))
        }
        _ => false,
    }
}
