//! Readers over HTTP get what was said, and then what is said.
//!
//! What memory has behind the line that a reader names comes with its entering the room, so that
//! nothing is missing and nothing comes twice. What only the store has comes before that, and what
//! is said meanwhile is noted for the reader.

use std::time::Duration;

use super::dispatch::Dispatcher;
use super::readers::{PAGE, Query, Reader, Stage};
use crate::address::{Address, Remote};
use crate::chat::{
    ClientId, Entry, Event, LineId, Moment, Now, PastSlice, Question, Reading, Reason, Since,
};
use crate::delivery::Peer;
use crate::store::Answer;
use crate::web::{Begin, ReadRequest};
use crate::wire::stream::Stream;

/// How long the store may take to write what a reader wants to read.
const SETTLING: Duration = Duration::from_secs(2);

/// A line before all others, and its time.
fn before_all() -> (LineId, Moment) {
    (LineId::default(), Moment { unix_ms: i64::MIN })
}

impl Begin {
    /// The same for the chat and the store.
    pub(super) fn since(self, now: Moment) -> Since {
        match self {
            Self::Behind(id) => Since::Id(id),
            Self::Ago(ago) => {
                let ago = i64::try_from(ago.as_millis()).unwrap_or(i64::MAX);
                Since::Moment(Moment { unix_ms: now.unix_ms.saturating_sub(ago) })
            }
        }
    }
}

impl Dispatcher {
    /// Somebody reads a room from here on.
    pub(super) fn connect_reader(
        &mut self,
        now: Now,
        id: ClientId,
        peer: Peer,
        (stream, request): (Stream, ReadRequest),
    ) {
        let (remote, ReadRequest { room, since, head }) = (peer.remote(), request);
        self.peers.add(id, peer);
        self.readers.add(now.uptime, id, Reader::new(room, stream, Some(head)));
        log::info!("{remote} reads {room} over HTTP");
        let Some(since) = since.map(|begin| begin.since(now.moment)) else {
            return self.read_on(now, id, None);
        };
        let after = match &since {
            Since::Id(short) => {
                if let Some(line) = self.log.chat().remembered_line(room, short) {
                    return self.read_on(now, id, Some(line));
                }
                None
            }
            Since::Moment(at) => {
                let before = Moment { unix_ms: at.unix_ms.saturating_sub(1) };
                Some((LineId::default(), before))
            }
        };
        if self.archive.is_there() {
            self.settle_reader(now, id, Query { since, after });
        } else {
            // Nothing is missing behind a line that is in memory.
            self.open_reader(id, after.is_none(), Vec::new());
            self.read_on(now, id, Some(after.unwrap_or_else(before_all)));
        }
    }

    /// Waits until the store has written what was said so far, and then asks it. What is said from
    /// now on is noted.
    fn settle_reader(&mut self, now: Now, id: ClientId, query: Query) {
        let (upto, until) = (self.archive.handed(), now.uptime + SETTLING);
        self.readers.set_stage(id, Stage::Settling { query, upto, until });
        self.go_on_reading(now, id);
    }

    /// Asks the store for what a reader lacks.
    fn ask_store(&mut self, now: Now, id: ClientId, Query { since, after }: Query) {
        let from = self.peers.remote(id).map(Remote::ip);
        let room = self.readers.get(id).map(|reader| reader.room);
        let Some((from, room)) = from.zip(room) else { return };
        let question = Question::Past { room, since: Some(since), lines: PAGE };
        if self.archive.ask(id, Address::of(from), question).is_ok() {
            return self.readers.set_stage(id, Stage::Asking(after));
        }
        self.open_reader(id, true, Vec::new());
        self.read_on(now, id, Some(after.unwrap_or_else(before_all)));
    }

    /// Handles the store's answer to a reader; returns false if it is for nobody who reads.
    pub(super) fn take_past(&mut self, now: Now, id: ClientId, answer: &Answer) -> bool {
        let Answer::Past(past) = answer else { return false };
        let Some(Stage::Asking(after)) = self.readers.get(id).map(|reader| reader.stage.clone())
        else {
            return self.readers.get(id).is_some();
        };
        let nothing = PastSlice { gap: true, ..PastSlice::default() };
        let past = past.clone().map_or(nothing.clone(), |past| past.unwrap_or(nothing));
        let last = past.lines.last().map(|line| (line.id.clone(), line.at));
        let is_all = self.readers.note_shown(id, &past.lines) && !past.more;
        self.open_reader(id, past.gap, past.lines);
        match last.or(after) {
            Some(after) if !is_all => self.readers.set_stage(id, Stage::Receiving(after)),
            _ => self.enter_reader(now, id, Stage::Entering, None),
        }
        true
    }

    /// Has readers go on that wait for the store, or receive what was sent so far.
    pub(super) fn send_more_past(&mut self, now: Now) {
        for id in self.readers.behind() {
            self.go_on_reading(now, id);
        }
    }

    fn go_on_reading(&mut self, now: Now, id: ClientId) {
        match self.readers.get(id).map(|reader| reader.stage.clone()) {
            Some(Stage::Receiving(after)) if self.peers.queued(id) == 0 => {
                let query = Query { since: Since::Id(after.0.short()), after: Some(after) };
                self.settle_reader(now, id, query);
            }
            Some(Stage::Settling { query, upto, until })
                if self.archive.has_written(upto) || until <= now.uptime =>
            {
                self.ask_store(now, id, query);
            }
            _ => {}
        }
    }

    /// Has a reader enter the room, with what memory has behind a line.
    fn read_on(&mut self, now: Now, id: ClientId, after: Option<(LineId, Moment)>) {
        self.enter_reader(now, id, Stage::Live, after);
    }

    fn enter_reader(
        &mut self,
        now: Now,
        id: ClientId,
        stage: Stage,
        after: Option<(LineId, Moment)>,
    ) {
        self.readers.set_stage(id, stage);
        let Some(remote) = self.peers.remote(id) else { return };
        let Some(room) = self.readers.get(id).map(|reader| reader.room) else { return };
        let reading = Reading { origin: remote.origin(), room, after };
        self.apply(now, id, Event::Read(Box::new(reading)));
    }

    /// A reader is in the room: sends it what was said since it asked the store.
    pub(super) fn reader_entered(&mut self, id: ClientId) {
        let missed = self.readers.take_missed(id);
        let (gap, missed) = missed.map_or((true, Vec::new()), |missed| (false, missed));
        self.open_reader(id, gap, missed);
    }

    /// Sends a reader the head of the answer, unless it has it, and lines of the past.
    fn open_reader(&mut self, id: ClientId, gap: bool, lines: Vec<Entry>) {
        let Some(reader) = self.readers.get_mut(id) else { return };
        let (form, room) = (reader.stream.form, reader.room);
        let mut bytes = reader.head.take().unwrap_or_default();
        if gap {
            form.encode_gap(&mut bytes);
        }
        form.encode_past(room, lines, &mut bytes);
        if !bytes.is_empty() {
            self.peers.with(id, |peer, feeds| peer.send_shared(bytes, feeds));
        }
    }

    /// Notes that a client was too slow, if it is a reader: what notes that of others is its leaving.
    pub(super) fn note_slow_reader(&self, id: ClientId) {
        if let Some((reader, remote)) = self.readers.get(id).zip(self.peers.remote(id)) {
            log::info!("{remote} reads {} no more: too slow", reader.room);
            self.status.count_departure(&Reason::TooSlow);
        }
    }

    /// Keeps connections alive.
    pub(super) fn ping_readers(&mut self, now: Now) {
        for (id, stream) in self.readers.take_due(now.uptime) {
            self.peers.with(id, |peer, feeds| {
                if peer.queued() == 0 {
                    let mut ping = Vec::new();
                    stream.form.encode_ping(&mut ping);
                    peer.send(&ping, feeds);
                }
            });
        }
    }

    /// Has all readers enter their rooms again, which are those of another chat by now.
    pub(super) fn read_again(&mut self, now: Now) {
        for id in self.readers.ids() {
            let stage = self.readers.get(id).map(|reader| &reader.stage);
            if matches!(stage, Some(Stage::Live | Stage::Entering)) {
                self.peers.leave_all(id);
                self.open_reader(id, true, Vec::new());
                self.read_on(now, id, None);
            }
        }
    }

    /// Takes over a reader from the process before; returns false if it had not entered its room.
    pub(super) fn adopt_reader(&mut self, now: Now, id: ClientId, stream: Stream) -> bool {
        let room = self.log.rooms_of(id).first().and_then(|room| self.log.chat().name_of(*room));
        if let Some(room) = room {
            self.readers.add(now.uptime, id, Reader::new(room, stream, None));
        }
        room.is_some()
    }
}
