//! Giving and taking roles.

use crate::chat::message::RoomChange;
use crate::chat::model::{ClientId, RoomId, RoomRole};
use crate::chat::refusal::{Refusal, RoomRefusal};
use crate::chat::state::{Chat, MAX_ROOM_ACCOUNTS};
use crate::chat::turn::view::Turn;

impl Turn<'_> {
    /// Gives a member a role.
    pub(crate) fn give_role(&mut self, other: ClientId, role: RoomRole) -> Result<(), Refusal> {
        self.needs_order_elsewhere()?;
        let nick = self.member(other)?;
        let (id, room) = self.room()?;
        if room.roles_of(other).has(role) {
            return Err(RoomRefusal::HasRole(nick, role).into());
        }
        if !room.has_place_for(self.chat.login(other)) {
            return Err(RoomRefusal::TooManyRoles(room.name, MAX_ROOM_ACCOUNTS).into());
        }
        self.may_act()?;
        self.change_role(id, other, role, true);
        Ok(())
    }

    /// Takes a role from a member, or from the client itself.
    pub(crate) fn take_role(&mut self, other: ClientId, role: RoomRole) -> Result<(), Refusal> {
        let (id, room) = self.room()?;
        let has_role = room.roles_of(other).has(role);
        if other != self.me || !has_role {
            self.needs_order_elsewhere()?;
        }
        let nick = self.member(other)?;
        if !has_role {
            return Err(RoomRefusal::LacksRole(nick, role).into());
        }
        if other != self.me && role == RoomRole::Operator {
            self.needs_power_over(other)?;
        }
        self.may_act()?;
        self.change_role(id, other, role, false);
        Ok(())
    }

    fn change_role(&mut self, id: RoomId, other: ClientId, role: RoomRole, on: bool) {
        let Chat { clients, rooms, .. } = &mut *self.chat;
        let (Some(room), client) = (rooms.get_mut(id), &clients[&other]) else { return };
        room.set_role(other, client, role, on);
        let nick = client.nick;
        self.tell_change(id, RoomChange::Role { nick, role, on });
        self.note_change(id);
        let what = if on { "gave" } else { "took" };
        self.log_in_room(id, format_args!("{what} {nick} the role {role}"));
    }
}
