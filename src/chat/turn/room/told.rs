//! Tells members what was changed in their room.

use std::fmt::Display;
use std::ops::Deref;

use crate::chat::effect::{Audience, Effect, Effects};
use crate::chat::message::{Message, RoomChange, RoomView};
use crate::chat::model::{ClientId, Nick, RoomId, RoomRole, RoomRoles};
use crate::chat::relay::Deed;
use crate::chat::state::{Chat, Room};
use crate::chat::turn::view::{Turn, TurnOf};

/// Most operators, and most voices, that a room shows.
const MAX_SHOWN: usize = 200;

impl Chat {
    /// A room as a client in it sees it.
    pub(crate) fn view_of(&self, room: &Room, reader: ClientId) -> RoomView {
        self.view_with(room, &with_roles(room), reader)
    }

    /// The same with the members who have roles. A client that is not announced is shown to itself
    /// only.
    fn view_with(
        &self,
        room: &Room,
        members: &[(ClientId, RoomRoles)],
        reader: ClientId,
    ) -> RoomView {
        let is_shown = |id: &ClientId| *id == reader || self.clients[id].announced;
        let with = |role: RoomRole| -> Vec<Nick> {
            let members = members.iter().filter(|(id, roles)| roles.has(role) && is_shown(id));
            members.take(MAX_SHOWN).map(|(id, _)| self.clients[id].nick).collect()
        };
        RoomView {
            room: room.name,
            settings: room.settings.clone(),
            shows_key: self.keeps_order(reader, room),
            owner: room.owner(),
            operators: with(RoomRole::Operator),
            voices: with(RoomRole::Voice),
            you: room.roles_of(reader).highest(),
        }
    }

    /// Tells all members whose clients list people what a room is like now.
    pub(crate) fn tell_views(&self, id: RoomId, effects: &mut Effects) {
        let Some(room) = self.rooms.get(id).filter(|_| self.has_room_roles()) else { return };
        let members = with_roles(room);
        for &member in room.members.iter().filter(|member| self.clients[*member].lists) {
            let view = Message::Room(Box::new(self.view_with(room, &members, member)));
            effects.tell(Audience::One(member), view);
        }
    }
}

/// The members of a room who have roles in it.
fn with_roles(room: &Room) -> Vec<(ClientId, RoomRoles)> {
    let members = room.members.iter().map(|id| (*id, room.roles_of(*id)));
    members.filter(|(_, roles)| !roles.is_empty()).collect()
}

impl<C: Deref<Target = Chat>> TurnOf<'_, C> {
    /// Shows the client the settings and roles of a room.
    pub(crate) fn show_order(&mut self, id: RoomId) {
        let Some(room) = self.chat.rooms.get(id) else { return };
        let view = self.chat.view_of(room, self.me);
        self.tell(Message::Room(Box::new(view)));
    }
}

impl Turn<'_> {
    /// Tells a room what the client changed, after it is written if the room is kept.
    pub(crate) fn tell_change(&mut self, id: RoomId, change: RoomChange) {
        let Some(room) = self.chat.rooms.get(id) else { return };
        let (room, by) = (room.name, self.me().nick);
        self.chat.record_change(id, &change, self.effects);
        self.relay_to_room(id, Deed::Change(room, change.clone()));
        self.effects.tell_room(id, None, Message::RoomChanged { room, by, change });
    }

    /// Has the change of a room recorded for a restart, shown to lists of people, and enforced on
    /// readers.
    pub(crate) fn note_change(&mut self, id: RoomId) {
        let Some(room) = self.chat.rooms.get(id) else { return };
        self.effects.push(Effect::RoomChanged(room.name));
        self.chat.tell_views(id, self.effects);
        self.chat.enforce_on_readers_of(self.now, id, self.effects);
    }

    /// Tells the others in a room whose clients list people that the client has its roles again.
    pub(crate) fn tell_restored(&mut self, id: RoomId, roles: RoomRoles) {
        let Some(room) = self.chat.rooms.get(id).filter(|_| !roles.is_empty()) else { return };
        let (name, nick, is_crowded) = (room.name, self.me().nick, self.chat.is_crowded(room));
        let readers = room.members.iter().filter(|member| self.chat.clients[*member].lists);
        for &reader in readers {
            for role in roles.iter() {
                let message = Message::RoleRestored { room: name, nick, role };
                self.effects.tell(Audience::One(reader), message);
            }
        }
        self.effects.push(Effect::RoomChanged(name));
        if is_crowded {
            // When many come back at once, the whole room for each reader each time is too much.
            if self.me().lists {
                self.show_order(id);
            }
            return;
        }
        self.chat.tell_views(id, self.effects);
    }

    /// Logs what an operator of the server did in a room.
    pub(crate) fn log_in_room(&mut self, id: RoomId, action: impl Display) {
        let name = self.chat.rooms.get(id).map(|room| room.name);
        if let Some(name) = name.filter(|_| self.is_operator()) {
            self.log(format_args!("{action} in {name}"));
        }
    }
}
