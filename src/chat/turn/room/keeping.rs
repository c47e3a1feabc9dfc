//! Keeping a room for an account.

use crate::chat::effect::{Effect, Effects};
use crate::chat::message::RoomChange;
use crate::chat::model::{ClientId, Nick, Now, RoomId, RoomRole};
use crate::chat::refusal::{Refusal, RoomRefusal};
use crate::chat::state::{Chat, Kept};
use crate::chat::turn::view::Turn;

/// Most rooms that are kept for one account.
const MAX_KEPT: usize = 10;

impl Chat {
    fn kept_for(&self, owner: Nick) -> usize {
        self.rooms.iter().filter(|room| room.owner() == Some(owner)).count()
    }

    /// Ends the keeping of rooms whose owners have no account any more, and the roles of accounts
    /// that are gone: whoever registers such a name next inherits nothing.
    pub(crate) fn end_keeping_for_nobody(&mut self, now: Now, effects: &mut Effects) {
        let has_account =
            |owner: Nick| self.registry.account(owner).is_some_and(|account| account.nick == owner);
        for id in self.rooms.end_roles_unless(has_account) {
            self.record_kept(id, effects);
        }
        for id in self.rooms.kept_unless(has_account) {
            let Some(room) = self.rooms.get_mut(id) else { continue };
            room.kept = None;
            // It ends as any other.
            room.made.get_or_insert(now.moment);
            effects.push(Effect::RoomChanged(room.name));
            self.forget_kept(id, effects);
            self.tell_views(id, effects);
            self.rooms.keep_empty(now.uptime, id, self.has_room_roles());
        }
    }

    /// Has written what a room is like, if it is kept.
    pub(crate) fn record_kept(&self, id: RoomId, effects: &mut Effects) {
        let Some(room) = self.rooms.get(id) else { return };
        if let Some(kept) = room.as_kept() {
            effects.push(Effect::KeepRoom(room.name, Some(Box::new(kept))));
        }
    }

    /// Has a change of a room written, if the room is kept or was kept until then.
    pub(crate) fn record_change(&self, id: RoomId, change: &RoomChange, effects: &mut Effects) {
        match change {
            RoomChange::Invited(_) => {}
            RoomChange::Keep(false) => self.forget_kept(id, effects),
            RoomChange::Keep(true) => {
                self.record_kept(id, effects);
                // In private it was in memory only.
                if let Some(room) = self.rooms.get(id).filter(|room| room.topic.is_some()) {
                    effects.push(Effect::RecordTopic(room.name, room.topic.clone()));
                }
            }
            _ => self.record_kept(id, effects),
        }
    }

    /// Has removed from the disk what it has of a room that is kept no longer.
    fn forget_kept(&self, id: RoomId, effects: &mut Effects) {
        let Some(room) = self.rooms.get(id) else { return };
        effects.push(Effect::KeepRoom(room.name, None));
        if room.is_private() && room.topic.is_some() {
            effects.push(Effect::RecordTopic(room.name, None));
        }
    }
}

impl Turn<'_> {
    /// Keeps the room for the client's account, or no longer.
    pub(crate) fn keep_room(&mut self, on: bool) -> Result<(), Refusal> {
        self.needs_order_elsewhere()?;
        if !self.chat.has_archive(self.me) {
            return Err(RoomRefusal::KeepsNoRooms.into());
        }
        let (id, room) = self.room()?;
        let kept = match (room.owner(), on) {
            (Some(owner), true) => return Err(RoomRefusal::KeptFor(owner, room.name).into()),
            (None, false) => return Err(RoomRefusal::NotKept(room.name).into()),
            (Some(_), false) => {
                self.needs_ownership()?;
                None
            }
            (None, true) => {
                let owner = self.me().login.ok_or(RoomRefusal::NoAccount)?;
                if self.chat.kept_for(owner) >= MAX_KEPT {
                    return Err(RoomRefusal::TooManyKept(MAX_KEPT).into());
                }
                Some(owner)
            }
        };
        self.may_act()?;
        self.set_owner(id, kept);
        self.log_in_room(id, format_args!("set keep {}", if on { "on" } else { "off" }));
        self.tell_change(id, RoomChange::Keep(on));
        self.note_change(id);
        Ok(())
    }

    /// Keeps the room, which is kept, for the account of somebody else.
    pub(crate) fn give_room(&mut self, other: ClientId) -> Result<(), Refusal> {
        self.needs_order_elsewhere()?;
        let (id, room) = self.room()?;
        let owner = room.owner().ok_or(RoomRefusal::NotKept(room.name))?;
        self.needs_ownership()?;
        let nick = self.chat.clients[&other].nick;
        let login = self.chat.login(other).ok_or(RoomRefusal::NotLoggedIn(nick))?;
        if login == owner {
            return Err(RoomRefusal::KeptFor(owner, room.name).into());
        }
        if self.chat.kept_for(login) >= MAX_KEPT {
            return Err(RoomRefusal::KeepsTooMany(login, MAX_KEPT).into());
        }
        self.may_act()?;
        self.set_owner(id, Some(login));
        self.log_in_room(id, format_args!("gave the room to {login}"));
        self.tell_change(id, RoomChange::Owner(login));
        self.note_change(id);
        Ok(())
    }

    fn needs_ownership(&self) -> Result<(), Refusal> {
        let (_, room) = self.room()?;
        match room.owner() {
            Some(owner) if !self.is_operator() && self.me().login != Some(owner) => {
                Err(RoomRefusal::Owned(owner, room.name).into())
            }
            _ => Ok(()),
        }
    }

    /// Keeps the room with the roles of members that are logged in. The owner is an operator.
    fn set_owner(&mut self, id: RoomId, owner: Option<Nick>) {
        let Chat { clients, rooms, .. } = &mut *self.chat;
        let Some(room) = rooms.get_mut(id) else { return };
        let Some(owner) = owner else {
            room.kept = None;
            return;
        };
        let roles = room.kept.take().map_or_else(Default::default, |kept| kept.roles);
        let mut kept = Kept { owner, roles };
        for member in &room.members {
            if clients[member].login == Some(owner) {
                room.roles.set(*member, RoomRole::Operator, true);
            }
            let own = room.roles.of(*member);
            let login = clients[member].login.filter(|_| !own.is_empty());
            if let Some(login) = login.filter(|login| kept.has_place_for(*login)) {
                kept.roles.insert(login, own);
                room.roles.note_account(*member, login);
            }
        }
        room.kept = Some(kept);
    }
}
