//! Readers over HTTP get what was said, and then what is said.
//!
//! What memory has behind the line that a reader names comes with its entering the room, so that
//! nothing is missing and nothing comes twice. What only the store has comes before that, and what
//! is said meanwhile is noted for the reader. The chat knows of it from the beginning: it is counted,
//! and the rules hold for it.

use std::time::Duration;

use super::behind::Ending;
use super::dispatch::Dispatcher;
use super::readers::{PAGE, Reader, Stage};
use crate::address::{Address, Remote};
use crate::chat::{
    ClientId, Entry, Event, LineId, Message, Moment, Now, PastSlice, Question, Reading, Reason,
    Refusal, Since,
};
use crate::delivery::Peer;
use crate::restart::{PastQuery, SavedReader};
use crate::store::Answer;
use crate::web::{Begin, Denied, ReadRequest};
use crate::wire::Farewell;
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
        let (remote, ReadRequest { room, since, token, head }) = (peer.remote(), request);
        self.peers.add(id, peer);
        let mut reader = Reader::new(room, stream, token);
        reader.head = Some(head);
        self.readers.add(now.uptime, id, reader);
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
            self.settle_reader(now, id, PastQuery { since, after });
            self.enter_reader(now, id, None);
            self.go_on_reading(now, id);
        } else {
            // Nothing is missing behind a line that is in memory.
            self.open_reader(id, after.is_none(), Vec::new());
            self.read_on(now, id, Some(after.unwrap_or_else(before_all)));
        }
    }

    /// Waits until the store has written what was said so far, before it is asked. What is said from
    /// now on is noted.
    fn settle_reader(&mut self, now: Now, id: ClientId, query: PastQuery) {
        let (upto, until) = (self.archive.handed(), now.uptime + SETTLING);
        self.readers.set_stage(id, Stage::Settling { query, upto, until });
    }

    /// Asks the store for what a reader lacks.
    fn ask_store(&mut self, now: Now, id: ClientId, query: PastQuery) {
        let from = self.peers.remote(id).map(Remote::ip);
        let room = self.readers.get(id).map(|reader| reader.room);
        let Some((from, room)) = from.zip(room) else { return };
        let question = Question::Past { room, since: Some(query.since.clone()), lines: PAGE };
        if self.archive.ask(id, Address::of(from), question).is_ok() {
            return self.readers.set_stage(id, Stage::Asking(query));
        }
        self.open_reader(id, true, Vec::new());
        self.read_on(now, id, Some(query.after.unwrap_or_else(before_all)));
    }

    /// Handles the store's answer to a reader; returns false if it is for nobody who reads.
    pub(super) fn take_past(&mut self, now: Now, id: ClientId, answer: &Answer) -> bool {
        let Answer::Past(past) = answer else { return false };
        let Some(Stage::Asking(query)) = self.readers.get(id).map(|reader| reader.stage.clone())
        else {
            return self.readers.get(id).is_some();
        };
        // Nothing is missing in a room that nobody ever spoke in, but for a line that is named.
        let nothing = |gap| PastSlice { gap, ..PastSlice::default() };
        let is_line_named = matches!(query.since, Since::Id(_));
        let past = match past {
            Ok(Some(past)) => past.clone(),
            Ok(None) => nothing(is_line_named),
            Err(_) => nothing(true),
        };
        let last = past.lines.last().map(|line| (line.id.clone(), line.at));
        let is_all = self.readers.note_shown(id, &past.lines) && !past.more;
        self.open_reader(id, past.gap, past.lines);
        let known = query.after.clone().filter(|(id, _)| !id.is_unknown());
        match last.clone().or(known) {
            Some(after) if !is_all => self.readers.set_stage(id, Stage::Receiving(after)),
            _ => {
                let rest = last.map_or(query, PastQuery::behind);
                self.readers.set_stage(id, Stage::Entering(rest));
                self.enter_reader(now, id, None);
            }
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
                self.settle_reader(now, id, PastQuery::behind(after));
                self.go_on_reading(now, id);
            }
            Some(Stage::Settling { query, upto, until })
                if self.archive.has_written(upto) || until <= now.uptime =>
            {
                self.ask_store(now, id, query);
            }
            _ => {}
        }
    }

    /// Has a reader get what is said from now on, and what memory has behind a line.
    fn read_on(&mut self, now: Now, id: ClientId, after: Option<(LineId, Moment)>) {
        self.readers.set_stage(id, Stage::Live);
        self.enter_reader(now, id, after);
    }

    /// Asks the chat to have a reader read the room, from here on.
    fn enter_reader(&mut self, now: Now, id: ClientId, after: Option<(LineId, Moment)>) {
        let Some(remote) = self.peers.remote(id) else { return };
        let Some(reader) = self.readers.get_mut(id) else { return };
        reader.entering += 1;
        let (room, token) = (reader.room, reader.token.clone());
        let reading = Reading { origin: remote.origin(), room, after, token };
        self.apply(now, id, Event::Read(Box::new(reading)));
    }

    /// Somebody is in a room, or reads it. Returns whether the room's lines are for it from here on:
    /// a reader first gets what was said since it asked the store.
    pub(super) fn note_entered(&mut self, now: Now, id: ClientId) -> bool {
        let is_reader = self.log.nick(id).is_none();
        if is_reader && self.peers.remote(id).is_none() && self.log.origin().is_some() {
            // What it had sent was handed over by the process before, and it was not.
            self.apply(now, id, Event::Gone(Reason::Disconnected));
            return false;
        }
        if !self.readers.note_entered(id) {
            return false;
        }
        let missed = self.readers.take_missed(id);
        let (gap, missed) = missed.map_or((true, Vec::new()), |missed| (false, missed));
        self.open_reader(id, gap, missed);
        true
    }

    /// Tells a reader why it may read no more, and disconnects it.
    pub(super) fn end_reader(&mut self, now: Now, id: ClientId, refusal: Refusal) {
        let Some(reader) = self.readers.remove(id) else { return };
        if let Some(remote) = self.peers.remote(id) {
            log::info!("{remote} reads {} no more: {refusal}", reader.room);
        }
        self.peers.with(id, |peer, feeds| match reader.head {
            Some(_) => peer.send(&Denied::from(refusal).of_reading().to_bytes(&[]), feeds),
            None => peer.tell(&Message::Refused(refusal), feeds),
        });
        self.close_after_flush(now, id, Ending::Farewell(Farewell::Expelled));
    }

    /// Sends the heads of answers that wait for something to be in them.
    pub(super) fn send_heads(&mut self) {
        for id in self.readers.ids() {
            self.open_reader(id, false, Vec::new());
        }
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
            let is_given_past = !matches!(stage, Some(Stage::Live | Stage::Entering(_)));
            if let Some(reader) = self.readers.get_mut(id) {
                reader.entering = 0;
            }
            self.peers.leave_all(id);
            match is_given_past {
                true => self.enter_reader(now, id, None),
                false => {
                    self.open_reader(id, true, Vec::new());
                    self.read_on(now, id, None);
                }
            }
        }
    }

    /// Takes over a reader from the process before. Returns whether the room's lines are for it, or
    /// `None` if it is not known what it reads.
    pub(super) fn adopt_reader(
        &mut self,
        now: Now,
        id: ClientId,
        (stream, saved): (Stream, Option<SavedReader>),
    ) -> Option<bool> {
        let in_chat = self.log.rooms_of(id).first();
        let in_chat = in_chat.and_then(|room| self.log.chat().name_of(*room));
        let Some(SavedReader { room, token, entering, query }) = saved else {
            self.readers.add(now.uptime, id, Reader::new(in_chat?, stream, None));
            return Some(true);
        };
        let mut reader = Reader::new(room, stream, token);
        reader.entering = entering;
        self.readers.add(now.uptime, id, reader);
        let Some(query) = query else { return Some(entering == 0) };
        self.settle_reader(now, id, query);
        Some(false)
    }
}
