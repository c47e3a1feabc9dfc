//! Invitations.

use crate::chat::effect::Audience;
use crate::chat::message::{Message, RoomChange};
use crate::chat::model::{ClientId, RoomId};
use crate::chat::refusal::{Refusal, RoomRefusal};
use crate::chat::relay::Deed;
use crate::chat::turn::view::Turn;

impl Turn<'_> {
    /// Invites somebody to the room. Any member may, unless the room is invite-only.
    pub(crate) fn invite(&mut self, other: ClientId) -> Result<(), Refusal> {
        let (id, room) = self.room()?;
        let (name, nick) = (room.name, self.chat.clients[&other].nick);
        if id == RoomId::LOBBY {
            return Err(RoomRefusal::NotInLobby.into());
        }
        if room.settings.are_invite_only() {
            self.needs_order()?;
        }
        if room.members.contains(&other) {
            return Err(RoomRefusal::InAlready(nick, name).into());
        }
        self.may_act()?;
        let now = self.now.uptime;
        if let Some(room) = self.chat.rooms.get_mut(id) {
            room.invited.add(now, other);
        }
        self.log_in_room(id, format_args!("invited {nick}"));
        self.tell_change(id, RoomChange::Invited(nick));
        if !self.chat.clients[&other].ignores.contains(&self.me) {
            let by = self.me().nick;
            if self.chat.clients[&other].speaks_irc() {
                self.relay_to(vec![other], self.source(), Deed::Invite(name, nick));
            }
            self.effects.tell(Audience::One(other), Message::Invited { room: name, by });
        }
        Ok(())
    }
}
