//! `Readers`: those who read a room over HTTP, until they have everything that they asked for, and
//! when their connections are kept alive.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use crate::chat::{ClientId, LineId, Moment, RoomName};
use crate::wire::stream::Stream;

/// Lines of the past that a reader gets at once.
pub(super) const PAGE: usize = 500;
/// How often to look whether a reader has received what was sent so far.
const LOOK: Duration = Duration::from_millis(20);

/// A reader.
#[derive(Debug)]
pub(super) struct Reader {
    pub(super) room: RoomName,
    pub(super) stream: Stream,
    /// The head of the answer, until it is sent.
    pub(super) head: Option<Vec<u8>>,
    pub(super) stage: Stage,
}

/// What a reader waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// The store, which is asked for the lines behind this one.
    Asking(Option<(LineId, Moment)>),
    /// That it receives the lines up to this one, before it gets more of them.
    Receiving((LineId, Moment)),
    /// What is said from now on.
    Live,
}

/// All readers.
#[derive(Debug, Default)]
pub(super) struct Readers {
    all: HashMap<ClientId, Reader>,
    /// When each connection is to be kept alive.
    pings: BTreeSet<(Duration, ClientId)>,
    /// Readers that do not have the past yet.
    behind: BTreeSet<ClientId>,
}

impl Readers {
    pub(super) fn add(&mut self, now: Duration, id: ClientId, reader: Reader) {
        if let Some(interval) = reader.stream.ping_interval() {
            self.pings.insert((now + interval, id));
        }
        self.all.insert(id, reader);
    }

    pub(super) fn remove(&mut self, id: ClientId) {
        if self.all.remove(&id).is_some() {
            self.pings.retain(|(_, other)| *other != id);
            self.behind.remove(&id);
        }
    }

    pub(super) fn get_mut(&mut self, id: ClientId) -> Option<&mut Reader> {
        self.all.get_mut(&id)
    }

    pub(super) fn get(&self, id: ClientId) -> Option<&Reader> {
        self.all.get(&id)
    }

    pub(super) fn ids(&self) -> Vec<ClientId> {
        self.all.keys().copied().collect()
    }

    /// Notes what a reader waits for.
    pub(super) fn set_stage(&mut self, id: ClientId, stage: Stage) {
        match stage {
            Stage::Receiving(_) => self.behind.insert(id),
            _ => self.behind.remove(&id),
        };
        if let Some(reader) = self.all.get_mut(&id) {
            reader.stage = stage;
        }
    }

    /// The readers that are sent the past.
    pub(super) fn behind(&self) -> Vec<ClientId> {
        self.behind.iter().copied().collect()
    }

    /// The readers whose connections are to be kept alive now.
    pub(super) fn take_due(&mut self, now: Duration) -> Vec<(ClientId, Stream)> {
        let mut due = Vec::new();
        while let Some(&(at, id)) = self.pings.first().filter(|(at, _)| *at <= now) {
            self.pings.remove(&(at, id));
            let Some(reader) = self.all.get(&id) else { continue };
            if let Some(interval) = reader.stream.ping_interval() {
                self.pings.insert((now + interval, id));
                due.push((id, reader.stream));
            }
        }
        due
    }

    /// When there is something to do next.
    pub(super) fn next_deadline(&self, now: Duration) -> Option<Duration> {
        let look = (!self.behind.is_empty()).then_some(now + LOOK);
        self.pings.first().map(|(at, _)| *at).into_iter().chain(look).min()
    }
}
