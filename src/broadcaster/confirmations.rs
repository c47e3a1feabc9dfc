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

    /// Whether an effect has to wait: it tells of a change that is not on disk.
    pub(super) fn must_wait(&self, effect: &Effect) -> bool {
        self.written > self.committed && self.waiting.len() < MOST && tells_of_change(effect)
    }

    /// Adds an effect that has to wait.
    pub(super) fn add(&mut self, held: Held) {
        self.waiting.push_back((self.written, held));
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
