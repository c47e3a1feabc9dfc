//! Reading a room over HTTP: from now on, or from a line on.

use crate::chat::effect::{Audience, Effect, Effects};
use crate::chat::message::{Dates, Message};
use crate::chat::model::{
    ClientId, Entry, LineId, Moment, NodeNumber, Now, Reading, RoomId, RoomName,
};
use crate::chat::reason::Reason;
use crate::chat::refusal::Refusal;
use crate::chat::state::{Chat, Reader, Room};

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
    pub(crate) fn read(&mut self, now: Now, id: ClientId, reading: Reading, effects: &mut Effects) {
        if let Err(refusal) = self.may_read(now, &reading) {
            effects.tell(Audience::One(id), Message::Refused(refusal));
            effects.push(Effect::Disconnect(id, Reason::Disconnected));
            return;
        }
        self.end_reading(id, effects);
        let room = self.rooms.open(reading.room);
        self.rooms.add_reader(room);
        self.readers.insert(id, Reader { room, origin: reading.origin });
        effects.push(Effect::Entered(id, room));
        let entries =
            reading.after.map_or_else(Vec::new, |after| self.lines_after(now, room, after));
        if !entries.is_empty() {
            let (room, dates) = (reading.room, Dates::Always);
            let message = Message::History { room, entries, dates, has_notices: true };
            effects.tell(Audience::One(id), message);
        }
    }

    fn may_read(&self, now: Now, reading: &Reading) -> Result<(), Refusal> {
        if !self.allows_http() {
            return Err(Refusal::OlderNodes);
        }
        self.admit(now, reading.origin)?;
        self.admit_to(reading.room)
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

    /// Ends the reading of those who are banned, and of those whose room is private by now.
    pub(crate) fn enforce_on_readers(&mut self, now: Now, effects: &mut Effects) {
        let may_not = |_, reader: &Reader| {
            self.rooms.get(reader.room).is_some_and(Room::is_private)
                || self.admit(now, reader.origin).is_err()
        };
        for id in self.readers.who(may_not) {
            effects.push(Effect::Disconnect(id, Reason::Disconnected));
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
        self.readers.who(|_, _| true)
    }

    /// What a room has in memory of one line: its id and time.
    pub fn remembered_line(&self, room: RoomName, short: &str) -> Option<(LineId, Moment)> {
        let room = self.rooms.find(room).filter(|_| self.settings.replay > 0)?;
        let mut lines = room.history.iter().map(|(_, line)| line);
        let line = lines.find(|line| line.id.short() == short)?;
        Some((line.id.clone(), line.at))
    }
}
