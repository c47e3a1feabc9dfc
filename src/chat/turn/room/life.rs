//! A room is made by the client that enters it first, and ends some time after the last one left.

use std::time::Duration;

use crate::chat::effect::{Effect, Effects};
use crate::chat::model::{Now, RoomId, RoomName, RoomRoles};
use crate::chat::reason::Reason;
use crate::chat::state::{Chat, RoomRecord};
use crate::chat::turn::view::Turn;

/// What a client has in a room from the beginning.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Beginning {
    /// Whether it made the room.
    pub(crate) is_maker: bool,
    /// Roles that it had before.
    pub(crate) restored: RoomRoles,
}

impl Chat {
    /// Ends the settings and roles of rooms that have been empty for long enough.
    pub(crate) fn end_rooms(&mut self, now: Duration, effects: &mut Effects) {
        while let Some(id) = self.rooms.take_ended(now) {
            let Some(room) = self.rooms.get_mut(id) else { continue };
            let name = room.name;
            if room.is_private() && room.topic.is_some() {
                effects.push(Effect::RecordTopic(name, None));
            }
            room.end();
            effects.push(Effect::RoomChanged(name));
            self.rooms.forget_empty(id);
        }
    }
}

impl Chat {
    /// What is recorded about a room for a restart after a crash, if there is anything.
    pub fn room_record(&self, room: RoomName) -> Option<RoomRecord> {
        self.rooms.find(room)?.record(|id| self.client(id))
    }

    /// The records of all rooms.
    pub fn room_records(&self) -> impl Iterator<Item = RoomRecord> {
        self.rooms.in_order().filter_map(|room| room.record(|id| self.client(id)))
    }

    /// Restores a room from its record after a crash, before its members come back.
    pub fn bring_back_room(&mut self, now: Now, record: &RoomRecord) {
        let id = self.rooms.open(record.name);
        let Some(room) = self.rooms.get_mut(id) else { return };
        room.bring_back(now.moment, record);
        for (nick, role) in record.roles() {
            if let Some(account) = self.registry.account(nick) {
                room.roles.hold_for_account(now.uptime, account.nick, role);
            }
        }
        self.rooms.keep_empty(now.uptime, id, true);
    }
}

impl Turn<'_> {
    /// Gives the client, which has just entered a room, the roles that it has there.
    pub(crate) fn begin_in(&mut self, id: RoomId) -> Beginning {
        if id == RoomId::LOBBY || !self.chat.has_room_roles() {
            return Beginning::default();
        }
        let (me, now) = (self.me, self.now);
        let Chat { clients, rooms, .. } = &mut *self.chat;
        let Some(room) = rooms.get_mut(id) else { return Beginning::default() };
        room.invited.end(me);
        let is_maker = room.made.is_none() && room.kept.is_none() && room.members == [me];
        if is_maker {
            room.made = Some(now.moment);
            room.roles.add(me, RoomRoles::MAKER);
            self.effects.push(Effect::RoomChanged(room.name));
        }
        let restored = room.restore_roles(now.uptime, me, &clients[&me]);
        if room.note_roles(me, clients[&me].login) {
            self.chat.record_kept(id, self.effects);
        }
        Beginning { is_maker, restored }
    }

    /// Gives the client the roles that are held for it in the rooms that it is in, after it changed
    /// its nick or logged in.
    pub(crate) fn restore_roles(&mut self) {
        for id in self.me().rooms.clone() {
            let (me, now) = (self.me, self.now.uptime);
            let Chat { clients, rooms, .. } = &mut *self.chat;
            let Some(room) = rooms.get_mut(id) else { continue };
            let restored = room.restore_roles(now, me, &clients[&me]);
            let is_noted = room.note_roles(me, clients[&me].login);
            if restored.is_empty() && !room.roles_of(me).is_empty() {
                // Under another nick.
                self.effects.push(Effect::RoomChanged(room.name));
            }
            if is_noted {
                self.chat.record_kept(id, self.effects);
            }
            self.tell_restored(id, restored);
        }
    }

    /// Holds the roles of the client in a room that it leaves, unless it has to.
    pub(crate) fn leave_roles(&mut self, id: RoomId, reason: &Reason) {
        let (me, now) = (self.me, self.now.uptime);
        let Chat { clients, rooms, .. } = &mut *self.chat;
        let Some(room) = rooms.get_mut(id) else { return };
        if room.roles_of(me).is_empty() {
            return;
        }
        match reason {
            Reason::Kicked(..) | Reason::KickedFromRoom(..) => room.end_roles(me, &clients[&me]),
            _ => room.roles.hold(now, me, &clients[&me]),
        }
        self.effects.push(Effect::RoomChanged(room.name));
        self.chat.enforce_on_readers_of(self.now, id, self.effects);
        if matches!(reason, Reason::Kicked(..) | Reason::KickedFromRoom(..)) {
            self.chat.record_kept(id, self.effects);
        }
    }
}
