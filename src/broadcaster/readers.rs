//! `Readers`: those who read a room over HTTP, until they have everything that they asked for, and
//! when their connections are kept alive.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::time::Duration;

use crate::chat::{ClientId, Entry, LineId, Moment, RoomName, Since};
use crate::wire::stream::Stream;

/// Lines of the past that a reader gets at once, and that may be said before it has entered the
/// room.
pub(super) const PAGE: usize = 500;
/// How often to look whether a reader can go on.
const LOOK: Duration = Duration::from_millis(20);

/// A reader.
#[derive(Debug)]
pub(super) struct Reader {
    pub(super) room: RoomName,
    pub(super) stream: Stream,
    /// The head of the answer, until it is sent.
    pub(super) head: Option<Vec<u8>>,
    pub(super) stage: Stage,
    /// The lines that the store had last.
    shown: HashSet<LineId>,
    /// What was said since the store is to be asked; `None` if it was too much.
    missed: Option<Vec<Entry>>,
}

/// What a reader wants to know of the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Query {
    pub(super) since: Since,
    /// The line before, and its time, if that is known.
    pub(super) after: Option<(LineId, Moment)>,
}

/// What a reader waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// That the store has written everything up to this number, before it is asked; not longer than
    /// until then.
    Settling { query: Query, upto: u64, until: Duration },
    /// The store, which is asked for the lines behind this one.
    Asking(Option<(LineId, Moment)>),
    /// That it receives the lines up to this one, before it gets more of them.
    Receiving((LineId, Moment)),
    /// To enter the room, with everything that the store had.
    Entering,
    /// What is said from now on.
    Live,
}

impl Stage {
    /// Whether what is said meanwhile is noted.
    fn is_noting(&self) -> bool {
        matches!(self, Self::Settling { .. } | Self::Asking(_) | Self::Entering)
    }

    /// Whether the reader goes on without an event.
    fn is_behind(&self) -> bool {
        matches!(self, Self::Settling { .. } | Self::Receiving(_))
    }
}

impl Reader {
    pub(super) fn new(room: RoomName, stream: Stream, head: Option<Vec<u8>>) -> Self {
        let (shown, missed) = (HashSet::new(), Some(Vec::new()));
        Self { room, stream, head, stage: Stage::Live, shown, missed }
    }

    fn note(&mut self, line: &Entry) {
        if line.private || self.shown.contains(&line.id) {
            return;
        }
        if let Some(missed) = &mut self.missed {
            missed.push(line.clone());
        }
        self.missed.take_if(|missed| missed.len() > PAGE);
    }
}

/// All readers.
#[derive(Debug, Default)]
pub(super) struct Readers {
    all: HashMap<ClientId, Reader>,
    /// When each connection is to be kept alive.
    pings: BTreeSet<(Duration, ClientId)>,
    /// Readers that go on without an event.
    behind: BTreeSet<ClientId>,
    /// Readers for which is noted what is said.
    noting: BTreeSet<ClientId>,
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
            self.noting.remove(&id);
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
        let Some(reader) = self.all.get_mut(&id) else { return };
        let (is_behind, is_noting) = (stage.is_behind(), stage.is_noting());
        if !reader.stage.is_noting() {
            reader.missed = Some(Vec::new());
        }
        reader.stage = stage;
        for (is_in, ids) in [(is_behind, &mut self.behind), (is_noting, &mut self.noting)] {
            if is_in {
                ids.insert(id)
            } else {
                ids.remove(&id)
            };
        }
    }

    /// A line is said in a room, for those who are in it.
    pub(super) fn note_said(&mut self, room: RoomName, line: &Entry) {
        for id in &self.noting {
            if let Some(reader) = self.all.get_mut(id).filter(|reader| reader.room == room) {
                reader.note(line);
            }
        }
    }

    /// Notes what the store had for a reader. Returns whether that and what is noted for it are all
    /// that there is.
    pub(super) fn note_shown(&mut self, id: ClientId, lines: &[Entry]) -> bool {
        let Some(reader) = self.all.get_mut(&id) else { return true };
        reader.shown = lines.iter().map(|line| line.id.clone()).collect();
        let Some(missed) = &mut reader.missed else { return false };
        missed.retain(|line| !reader.shown.contains(&line.id));
        true
    }

    /// What was said before a reader entered its room; `None` if it was too much.
    pub(super) fn take_missed(&mut self, id: ClientId) -> Option<Vec<Entry>> {
        let Some(reader) = self.all.get_mut(&id) else { return Some(Vec::new()) };
        let missed = reader.missed.replace(Vec::new());
        reader.shown = HashSet::new();
        self.set_stage(id, Stage::Live);
        missed
    }

    /// The readers that go on without an event.
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
