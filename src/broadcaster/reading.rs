//! Readers over HTTP get what was said, and then what is said.
//!
//! What memory has behind the line that a reader names comes with its entering the room, so that
//! nothing is missing and nothing comes twice. What only the store has comes before that.

use super::dispatch::Dispatcher;
use super::readers::{PAGE, Reader, Stage};
use crate::address::{Address, Remote};
use crate::chat::{
    ClientId, Entry, Event, LineId, Moment, Now, PastSlice, Question, Reading, RoomName, Since,
};
use crate::delivery::Peer;
use crate::store::Answer;
use crate::web::{Begin, ReadRequest};
use crate::wire::stream::Stream;

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
        let reader = Reader { room, stream, head: Some(head), stage: Stage::Live };
        self.readers.add(now.uptime, id, reader);
        log::info!("{remote} reads {room} over HTTP");
        match since {
            None => self.read_on(now, id, None),
            Some(Begin::Behind(short)) => self.read_behind(now, id, room, short),
            Some(Begin::Ago(ago)) => {
                let ago = i64::try_from(ago.as_millis()).unwrap_or(i64::MAX);
                let since = Moment { unix_ms: now.moment.unix_ms.saturating_sub(ago) };
                let before = Moment { unix_ms: since.unix_ms.saturating_sub(1) };
                let after = Some((LineId::default(), before));
                self.ask_store(now, id, room, Since::Moment(since), after);
            }
        }
    }

    /// A reader has everything up to a line.
    fn read_behind(&mut self, now: Now, id: ClientId, room: RoomName, short: String) {
        match self.log.chat().remembered_line(room, &short) {
            Some(line) => self.read_on(now, id, Some(line)),
            None => self.ask_store(now, id, room, Since::Id(short), None),
        }
    }

    /// Asks the store for what a reader lacks. `after` is a line that it has, if that is known.
    fn ask_store(
        &mut self,
        now: Now,
        id: ClientId,
        room: RoomName,
        since: Since,
        after: Option<(LineId, Moment)>,
    ) {
        let from = self.peers.remote(id).map(Remote::ip);
        if let (true, Some(from)) = (self.archive.is_there(), from) {
            let question = Question::Past { room, since: Some(since), lines: PAGE };
            if self.archive.ask(id, Address::of(from), question).is_ok() {
                return self.readers.set_stage(id, Stage::Asking(after));
            }
        }
        // Without a store, nothing is missing behind a line that is in memory.
        let gap = after.is_none() || self.archive.is_there();
        self.open_reader(id, gap, Vec::new());
        let everything = (LineId::default(), Moment { unix_ms: i64::MIN });
        self.read_on(now, id, Some(after.unwrap_or(everything)));
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
        let everything = (LineId::default(), Moment { unix_ms: i64::MIN });
        let after = last.or(after).unwrap_or(everything);
        self.open_reader(id, past.gap, past.lines);
        if past.more {
            self.readers.set_stage(id, Stage::Receiving(after));
        } else {
            self.read_on(now, id, Some(after));
        }
        true
    }

    /// Asks for more for readers that have received what was sent so far.
    pub(super) fn send_more_past(&mut self, now: Now) {
        for id in self.readers.behind() {
            let Some(reader) = self.readers.get(id) else { continue };
            let (room, Stage::Receiving(after)) = (reader.room, reader.stage.clone()) else {
                continue;
            };
            if self.peers.queued(id) == 0 {
                let since = Since::Id(after.0.short());
                self.ask_store(now, id, room, since, Some(after));
            }
        }
    }

    /// Has a reader enter the room, behind a line that it has.
    fn read_on(&mut self, now: Now, id: ClientId, after: Option<(LineId, Moment)>) {
        self.readers.set_stage(id, Stage::Live);
        let Some(remote) = self.peers.remote(id) else { return };
        let Some(room) = self.readers.get(id).map(|reader| reader.room) else { return };
        let reading = Reading { origin: remote.origin(), room, after };
        self.apply(now, id, Event::Read(Box::new(reading)));
    }

    /// Sends a reader the head of the answer, unless it has it, and lines of the past.
    pub(super) fn open_reader(&mut self, id: ClientId, gap: bool, lines: Vec<Entry>) {
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
            if self.readers.get(id).is_some_and(|reader| reader.stage == Stage::Live) {
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
            let reader = Reader { room, stream, head: None, stage: Stage::Live };
            self.readers.add(now.uptime, id, reader);
        }
        room.is_some()
    }
}
