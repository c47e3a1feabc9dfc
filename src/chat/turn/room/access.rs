//! Who may enter a room, speak and act in it, and to whom it is shown.

use std::ops::Deref;

use crate::chat::model::{ClientId, Nick, RoomId, RoomKey, RoomMask, RoomRole, RoomRoles};
use crate::chat::refusal::{Refusal, RoomRefusal};
use crate::chat::state::{Chat, Room, RoomMasks};
use crate::chat::turn::view::{Turn, TurnOf};

impl Chat {
    /// Whether a client may do in a room what its operators may.
    pub(crate) fn keeps_order(&self, client: ClientId, room: &Room) -> bool {
        self.is_server_operator(client)
            || self.owns(client, room)
            || room.roles_of(client).has(RoomRole::Operator)
    }

    pub(crate) fn is_server_operator(&self, client: ClientId) -> bool {
        self.clients.get(&client).is_some_and(|client| self.operates(client))
    }

    /// Whether a room is kept for the account that a client is logged in to.
    pub(crate) fn owns(&self, client: ClientId, room: &Room) -> bool {
        room.owner().is_some_and(|owner| self.login(client) == Some(owner))
    }
}

impl<C: Deref<Target = Chat>> TurnOf<'_, C> {
    /// Fails if the client may not enter a room with this key.
    pub(crate) fn may_enter(&self, room: &Room, key: Option<&RoomKey>) -> Result<(), RoomRefusal> {
        let is_invited = room.invited.has(self.now.uptime, self.me);
        if is_invited || self.is_operator() {
            return Ok(());
        }
        if self.chat.owns(self.me, room) {
            return self.check_not_named_in_bans(room);
        }
        self.check_not_banned_from(room)?;
        let is_on_list = self.is_on(&room.standing);
        let settings = &room.settings;
        // A member with a role that loses its connection is not to lose the room.
        if !self.roles_to_come(room).is_empty() {
            return Ok(());
        }
        if settings.are_invite_only() && !is_on_list {
            return Err(RoomRefusal::InviteOnly(room.name));
        }
        match (settings.key(), key) {
            (Some(_), None) => return Err(RoomRefusal::NeedsKey(room.name)),
            (Some(own), Some(key)) if own != key => return Err(RoomRefusal::WrongKey(room.name)),
            _ => {}
        }
        match settings.limit().filter(|limit| room.members.len() >= *limit) {
            Some(limit) => Err(RoomRefusal::Full(room.name, limit)),
            None => Ok(()),
        }
    }

    /// The roles that the client has in a room once it enters.
    pub(crate) fn roles_to_come(&self, room: &Room) -> RoomRoles {
        let me = self.me();
        room.roles.held_for(self.now.uptime, self.me, me).and(room.roles_of_account(me.login))
    }

    fn is_on(&self, list: &RoomMasks) -> bool {
        let source = || self.chat.source_of(self.me()).full();
        list.covering(self.now.moment, self.me(), source).is_some()
    }

    fn check_not_banned_from(&self, room: &Room) -> Result<(), RoomRefusal> {
        let now = self.now.moment;
        let source = || self.chat.source_of(self.me()).full();
        match room.bans.covering(now, self.me(), source) {
            None => Ok(()),
            Some(_) if self.is_on(&room.exceptions) => Ok(()),
            Some(ban) => Err(ban.refusal(room.name, now)),
        }
    }

    /// Fails if the client, for whom the room is kept, is banned by its name: only the server's
    /// operators can do that. Masks of the room's operators do not keep it out.
    fn check_not_named_in_bans(&self, room: &Room) -> Result<(), RoomRefusal> {
        let now = self.now.moment;
        match room.bans.covering(now, self.me(), String::new) {
            Some(ban) if matches!(ban.mask, RoomMask::Name(_)) => Err(ban.refusal(room.name, now)),
            _ => Ok(()),
        }
    }

    /// Fails if the client may not say anything in a room.
    pub(crate) fn may_speak_in(&self, room: &Room) -> Result<(), RoomRefusal> {
        let has_role = !room.roles_of(self.me).is_empty();
        if has_role || self.chat.keeps_order(self.me, room) {
            return Ok(());
        }
        self.check_not_banned_from(room)?;
        match room.settings.are_moderated() {
            true => Err(RoomRefusal::Moderated(room.name)),
            false => Ok(()),
        }
    }

    /// Fails if the client may not say anything in the room that it acts in.
    pub(crate) fn may_speak_in_room(&self) -> Result<(), Refusal> {
        Ok(self.may_speak_in(self.room()?.1)?)
    }

    /// Whether the client is in a room.
    pub(crate) fn is_in(&self, room: &Room) -> bool {
        room.members.contains(&self.me)
    }

    /// Whether the client may know who is in a room, and what its topic is.
    pub(crate) fn sees_into(&self, room: &Room) -> bool {
        !room.is_private() || self.is_in(room) || self.is_operator()
    }

    /// Whether the client may know that there is such a room.
    pub(crate) fn knows_of(&self, room: &Room) -> bool {
        !room.settings.are_hidden() || self.is_in(room) || self.is_operator()
    }

    /// Whether the client is an operator of a room that it is in.
    pub(crate) fn keeps_order_somewhere(&self) -> bool {
        let mut rooms = self.me().rooms.iter().filter_map(|id| self.chat.rooms.get(*id));
        self.chat.has_room_roles() && rooms.any(|room| self.chat.keeps_order(self.me, room))
    }

    /// Fails if the client is not an operator of the room that it acts in.
    pub(crate) fn needs_order(&self) -> Result<(), Refusal> {
        let (id, room) = self.room()?;
        match id {
            _ if self.chat.keeps_order(self.me, room) => Ok(()),
            RoomId::LOBBY => Err(RoomRefusal::ServersLobby.into()),
            _ => Err(RoomRefusal::OperatorsOnly(room.name).into()),
        }
    }

    /// The same, and fails in the lobby, too.
    pub(crate) fn needs_order_elsewhere(&self) -> Result<(), Refusal> {
        self.needs_order()?;
        match self.room()?.0 {
            RoomId::LOBBY => Err(RoomRefusal::NotInLobby.into()),
            _ => Ok(()),
        }
    }

    /// The nick of a client, which has to be in the room that this one acts in.
    pub(crate) fn member(&self, other: ClientId) -> Result<Nick, Refusal> {
        let (_, room) = self.room()?;
        let nick = self.chat.clients[&other].nick;
        match room.members.contains(&other) {
            true => Ok(nick),
            false => Err(RoomRefusal::Elsewhere(nick, room.name).into()),
        }
    }

    /// Fails if a room's operators have no power over a client.
    pub(crate) fn needs_power_over(&self, other: ClientId) -> Result<(), Refusal> {
        let (_, room) = self.room()?;
        let nick = self.chat.clients[&other].nick;
        if self.is_operator() {
            Ok(())
        } else if self.chat.is_server_operator(other) {
            Err(RoomRefusal::KeepsOrder(nick).into())
        } else if self.chat.owns(other, room) {
            Err(RoomRefusal::Owned(nick, room.name).into())
        } else {
            Ok(())
        }
    }
}

impl Turn<'_> {
    /// Fails if the client may do nothing that others see, or that all nodes have to agree on.
    pub(crate) fn may_act(&mut self) -> Result<(), Refusal> {
        self.needs_others()?;
        self.may_speak()?;
        self.announce();
        Ok(())
    }
}
