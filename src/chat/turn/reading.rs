//! Reading a room over HTTP: from now on, or from a line on.

use crate::address::Origin;
use crate::chat::effect::{Audience, Effect, Effects};
use crate::chat::message::{Dates, Message};
use crate::chat::model::{
    ClientId, Entry, LineId, Moment, NodeNumber, Now, Reading, RoomId, RoomName, TokenHash,
};
use crate::chat::refusal::Refusal;
use crate::chat::state::{Chat, Reader};

use super::view::View;

impl View<'_> {
    /// Tells who is in a room, and how many read it without being there.
    pub(crate) fn tell_people(&mut self, room: RoomId) {
        let Some(room) = self.chat.rooms.get(room) else { return };
        let readers = room.readers();
        self.tell(self.people(room));
        match readers {
            0 => {}
            1 => self.notice("1 is reading over HTTP"),
            many => self.notice(format_args!("{many} are reading over HTTP")),
        }
    }
}

impl Chat {
    /// Somebody reads a room from here on, and gets what is in memory behind the line that it names.
    /// A client that reads it already goes on from here.
    pub(crate) fn read(&mut self, now: Now, id: ClientId, reading: Reading, effects: &mut Effects) {
        let Reading { origin, room: name, token, .. } = &reading;
        let place = (*name, token.as_ref());
        let is_new = self.readers.room_of(id).is_none();
        if let Err(refusal) = self.check_reader(now, *origin, place, is_new) {
            self.end_reading(id, effects);
            effects.push(Effect::ReadingEnded(id, Box::new(refusal)));
            return;
        }
        let room = self.rooms.open(reading.room);
        self.rooms.add_reader(room);
        let reader = Reader { room, origin: reading.origin, token: reading.token };
        if let Some(before) = self.readers.insert(id, reader) {
            effects.push(Effect::Left(id, before.room));
            self.rooms.remove_reader(before.room);
        }
        effects.push(Effect::Entered(id, room));
        let entries =
            reading.after.map_or_else(Vec::new, |after| self.lines_after(now, room, after));
        if !entries.is_empty() {
            let (room, dates) = (reading.room, Dates::Always);
            let message = Message::History { room, entries, dates, has_notices: true };
            effects.tell(Audience::One(id), message);
        }
    }

    /// Fails if a request may not read a room, or what is about all rooms. `is_new` if it reads
    /// nothing yet: only then it needs a place in the room.
    ///
    /// # Errors
    /// Why.
    pub fn check_reader(
        &self,
        now: Now,
        origin: Origin,
        (room, token): (RoomName, Option<&TokenHash>),
        is_new: bool,
    ) -> Result<(), Refusal> {
        if !self.allows_http() {
            return Err(Refusal::OlderNodes);
        }
        self.admit(now, origin)?;
        let login = token.map(|hash| self.check_token(now, origin, hash, Some(room)));
        let login = login.transpose().map_err(|refusal| match refusal {
            // It was right once, and nobody guesses.
            Refusal::LoginsFailed(_) if !is_new => Refusal::WrongToken,
            refusal => refusal,
        })?;
        let Some(room) = self.rooms.find(room) else { return Ok(()) };
        Self::check_open(room)?;
        let visitor = self.visitor(now, origin, (None, login));
        self.check_visitor(now.moment, room, &visitor)?;
        if is_new { Ok(self.check_place(room, &visitor)?) } else { Ok(()) }
    }

    /// The lines in memory behind one, or those that are newer if it is not there.
    fn lines_after(&self, now: Now, room: RoomId, (id, at): (LineId, Moment)) -> Vec<Entry> {
        let Some(room) = self.rooms.get(room) else { return Vec::new() };
        let oldest = self.oldest_kept(now.moment);
        let lines: Vec<_> = room.history.iter().map(|(_, line)| line).collect();
        let known = lines.iter().rposition(|line| !id.is_unknown() && line.id == id);
        let is_newer = |line: &&&Entry| line.at > at || line.id.is_after(&id);
        let shown = |line: &&&Entry| !line.private && oldest.is_none_or(|oldest| line.at >= oldest);
        let behind = lines.iter().skip(known.map_or(0, |index| index + 1));
        let behind = behind.filter(|line| known.is_some() || is_newer(line)).filter(shown);
        behind.map(|line| (*line).clone()).collect()
    }

    /// Somebody reads no more; nothing happens if nobody of that id does.
    pub(crate) fn end_reading(&mut self, id: ClientId, effects: &mut Effects) {
        if let Some(reader) = self.readers.remove(id) {
            effects.push(Effect::Left(id, reader.room));
            self.rooms.remove_reader(reader.room);
        }
    }

    /// Ends the reading of those who may not read any more: they are banned, their tokens are revoked,
    /// or the rooms are private by now.
    pub(crate) fn enforce_on_readers(&mut self, now: Now, effects: &mut Effects) {
        self.enforce_where(now, |_| true, effects);
    }

    /// The same for the readers of one room, in which something has changed.
    pub(crate) fn enforce_on_readers_of(&mut self, now: Now, room: RoomId, effects: &mut Effects) {
        if self.rooms.get(room).is_some_and(|room| room.readers() > 0) {
            self.enforce_where(now, |reader| reader.room == room, effects);
        }
    }

    fn enforce_where(
        &mut self,
        now: Now,
        is_meant: impl Fn(&Reader) -> bool,
        effects: &mut Effects,
    ) {
        let refusal = |reader: &Reader| {
            let place = (self.rooms.get(reader.room)?.name, reader.token.as_ref());
            self.check_reader(now, reader.origin, place, false).err()
        };
        let meant = self.readers.iter().filter(|(_, reader)| is_meant(reader));
        let ended = meant.filter_map(|(id, reader)| Some((id, refusal(reader)?)));
        for (id, refusal) in ended.collect::<Vec<_>>() {
            effects.push(Effect::ReadingEnded(id, Box::new(refusal)));
            self.end_reading(id, effects);
        }
    }

    /// Ends the reading of those who are connected to a node, or to all others.
    pub(crate) fn end_readings(&mut self, node: NodeNumber, is_on: bool) {
        let mut effects = Effects::default();
        for id in self.readers.on(node, is_on) {
            self.end_reading(id, &mut effects);
        }
    }

    /// All who read, by the id of their connection.
    pub fn readers(&self) -> Vec<ClientId> {
        self.readers.iter().map(|(id, _)| id).collect()
    }

    /// What a room has in memory of one line: its id and time.
    pub fn remembered_line(&self, room: RoomName, short: &str) -> Option<(LineId, Moment)> {
        let room = self.rooms.find(room).filter(|_| self.settings.replay > 0)?;
        let mut lines = room.history.iter().map(|(_, line)| line);
        let line = lines.find(|line| line.id.short() == short)?;
        Some((line.id.clone(), line.at))
    }
}
