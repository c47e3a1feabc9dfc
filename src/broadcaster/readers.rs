//! `Readers`: those who read a room over HTTP, until they have everything that they asked for, and
//! when their connections are kept alive.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::time::Duration;

use crate::chat::{ClientId, Entry, LineId, Moment, RoomName, TokenHash};
use crate::restart::{PastQuery, SavedReader};
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
    /// The token of the request.
    pub(super) token: Option<TokenHash>,
    /// How often the chat was asked to have it read the room, and has not done so yet.
    pub(super) entering: u32,
    /// The head of the answer, until it is sent.
    pub(super) head: Option<Vec<u8>>,
    pub(super) stage: Stage,
    /// The lines that the store had last.
    shown: HashSet<LineId>,
    /// What was said since the store is to be asked; `None` if it was too much.
    missed: Option<Vec<Entry>>,
}

/// What a reader waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// That the store has written everything up to this number, before it is asked; not longer than
    /// until then.
    Settling { query: PastQuery, upto: u64, until: Duration },
    /// The store, which is asked this.
    Asking(PastQuery),
    /// That it receives the lines up to this one, before it gets more of them.
    Receiving((LineId, Moment)),
    /// To be given the room's lines, with everything that the store had; this is what it had not.
    Entering(PastQuery),
    /// What is said from now on.
    Live,
}

impl Stage {
    /// Whether what is said meanwhile is noted.
    fn is_noting(&self) -> bool {
        matches!(self, Self::Settling { .. } | Self::Asking(_) | Self::Entering(_))
    }

    /// Whether the reader goes on without an event.
    fn is_behind(&self) -> bool {
        matches!(self, Self::Settling { .. } | Self::Receiving(_))
    }

    /// Whether the store has, or may have, more for the reader.
    fn is_of_past(&self) -> bool {
        self.is_behind() || matches!(self, Self::Asking(_))
    }

    /// What is to be asked next where this ends.
    fn to_query(&self) -> Option<PastQuery> {
        match self {
            Self::Settling { query, .. } | Self::Asking(query) | Self::Entering(query) => {
                Some(query.clone())
            }
            Self::Receiving(line) => Some(PastQuery::behind(line.clone())),
            Self::Live => None,
        }
    }
}

impl Reader {
    pub(super) fn new(room: RoomName, stream: Stream, token: Option<TokenHash>) -> Self {
        let (head, entering, stage) = (None, 0, Stage::Live);
        let (shown, missed) = (HashSet::new(), Some(Vec::new()));
        Self { room, stream, token, entering, head, stage, shown, missed }
    }

    /// The same for the next process; `None` if the chat knows all of it.
    pub(super) fn to_saved(&self) -> Option<SavedReader> {
        let (query, entering) = (self.stage.to_query(), self.entering);
        let (room, token) = (self.room, self.token.clone());
        let is_more_than_live = query.is_some() || entering > 0 || token.is_some();
        is_more_than_live.then_some(SavedReader { room, token, entering, query })
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

    pub(super) fn remove(&mut self, id: ClientId) -> Option<Reader> {
        let reader = self.all.remove(&id)?;
        self.pings.retain(|(_, other)| *other != id);
        self.behind.remove(&id);
        self.noting.remove(&id);
        Some(reader)
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

    /// The chat has a reader read the room. Returns whether the room's lines are for it from here on.
    pub(super) fn note_entered(&mut self, id: ClientId) -> bool {
        let Some(reader) = self.all.get_mut(&id) else { return true };
        reader.entering = reader.entering.saturating_sub(1);
        reader.entering == 0 && !reader.stage.is_of_past()
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
                // Nothing comes before the head.
                due.extend(reader.head.is_none().then_some((id, reader.stream)));
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
