//! Kicks and bans.

use std::time::Duration;

use crate::chat::action::MaskList;
use crate::chat::message::{Message, RoomChange};
use crate::chat::model::{ClientId, Nick, RoomBan, RoomId, RoomMask, RoomName};
use crate::chat::reason::Reason;
use crate::chat::refusal::{Refusal, RoomRefusal};
use crate::chat::relay::Deed;
use crate::chat::state::MAX_ROOM_BANS;
use crate::chat::turn::moderation::{because, for_so_long};
use crate::chat::turn::view::{Turn, View};
use crate::text::Text;

impl Turn<'_> {
    /// Makes a member leave the room; a client that is in one room at a time goes to the lobby.
    pub(crate) fn kick_from_room(
        &mut self,
        other: ClientId,
        why: Option<Text>,
    ) -> Result<(), Refusal> {
        self.needs_order_elsewhere()?;
        if other == self.me {
            return Err(Refusal::Yourself);
        }
        let nick = self.member(other)?;
        self.needs_power_over(other)?;
        self.may_act()?;
        let (id, by) = (self.room()?.0, self.me().nick);
        self.log_in_room(id, format_args!("kicked {nick}{}", because(why.as_ref())));
        self.relay_kick(id, nick, why.clone());
        self.as_other(other).be_kicked(id, by, why);
        Ok(())
    }

    fn relay_kick(&mut self, id: RoomId, nick: Nick, why: Option<Text>) {
        let room = self.chat.rooms.get(id).map(|room| room.name);
        if let Some(room) = room {
            self.relay_to_room(id, Deed::Kick(room, nick, why));
        }
    }

    fn be_kicked(&mut self, id: RoomId, by: Nick, why: Option<Text>) {
        let Some(room) = self.chat.rooms.get(id).map(|room| room.name) else { return };
        self.tell(Message::KickedFrom { room, by, why: why.clone() });
        let reason = Reason::KickedFromRoom(by, why);
        if self.me().rooms.len() > 1 || self.me().speaks_irc() {
            self.part_for(id, reason);
        } else {
            self.move_for(RoomName::lobby(), reason);
        }
    }

    /// Bans a nick, and the account of the client that has it, or a mask from the room.
    pub(crate) fn ban_from_room(
        &mut self,
        mask: RoomMask,
        duration: Option<Duration>,
        reason: Option<Text>,
    ) -> Result<(), Refusal> {
        self.needs_order_elsewhere()?;
        let holder = self.holder_of(&mask);
        self.may_ban_from_room(&mask, holder)?;
        self.may_act()?;
        let account = holder.and_then(|holder| self.chat.login(holder));
        let named = self.account_called(&mask);
        let until = duration.map(|duration| self.now.moment.after(duration));
        let by = self.me().nick;
        let ban = RoomBan { mask: mask.clone(), account, by, at: self.now.moment, reason, until };
        let why = format!("{}{}", for_so_long(duration), because(ban.reason.as_ref()));
        let (id, room) = self.room()?;
        let (name, now) = (room.name, self.now.moment);
        let Some(room) = self.chat.rooms.get_mut(id) else { return Ok(()) };
        if !room.bans.add(now, ban) {
            return Err(RoomRefusal::TooManyBans(name, MAX_ROOM_BANS).into());
        }
        account.into_iter().chain(named).for_each(|account| room.end_roles_of_account(account));
        self.chat.enforce_on_readers_of(self.now, id, self.effects);
        self.log_in_room(id, format_args!("banned {mask}{why}"));
        self.tell_change(id, RoomChange::Banned(mask));
        Ok(())
    }

    /// The client whose nick is to be banned.
    fn holder_of(&self, mask: &RoomMask) -> Option<ClientId> {
        match mask {
            RoomMask::Name(nick) => self.chat.nicks.holder(nick.as_str()),
            RoomMask::Source(_) => None,
        }
    }

    /// The account whose nick is to be banned.
    fn account_called(&self, mask: &RoomMask) -> Option<Nick> {
        match *mask {
            RoomMask::Name(nick) => self.chat.registry.account(nick).map(|account| account.nick),
            RoomMask::Source(_) => None,
        }
    }

    /// Fails if the ban is one of the client itself, or of somebody whom a room's operators have no
    /// power over, here or not.
    fn may_ban_from_room(&self, mask: &RoomMask, holder: Option<ClientId>) -> Result<(), Refusal> {
        if holder == Some(self.me) {
            return Err(Refusal::Yourself);
        }
        if let Some(holder) = holder {
            self.needs_power_over(holder)?;
        }
        let (_, room) = self.room()?;
        match self.account_called(mask).filter(|_| !self.is_operator()) {
            Some(account) if self.chat.registry.is_operator(Some(account)) => {
                Err(RoomRefusal::KeepsOrder(account).into())
            }
            Some(account) if room.owner() == Some(account) => {
                Err(RoomRefusal::Owned(account, room.name).into())
            }
            _ => Ok(()),
        }
    }

    /// Bans somebody from the room, and makes the member with that nick leave it.
    pub(crate) fn ban_and_kick(
        &mut self,
        mask: RoomMask,
        duration: Option<Duration>,
        reason: Option<Text>,
    ) -> Result<(), Refusal> {
        let holder = self.holder_of(&mask);
        self.ban_from_room(mask, duration, reason.clone())?;
        let (id, room) = self.room()?;
        if let Some(other) = holder.filter(|holder| room.members.contains(holder)) {
            let (by, nick) = (self.me().nick, self.chat.clients[&other].nick);
            self.relay_kick(id, nick, reason.clone());
            self.as_other(other).be_kicked(id, by, reason);
        }
        Ok(())
    }

    /// Adds a mask to one of the lists that only IRC has, or removes it.
    pub(crate) fn change_list(
        &mut self,
        list: MaskList,
        mask: &RoomMask,
        on: bool,
    ) -> Result<(), Refusal> {
        self.needs_order_elsewhere()?;
        self.may_act()?;
        let (id, room) = self.room()?;
        let (name, now, by) = (room.name, self.now.moment, self.me().nick);
        let Some(room) = self.chat.rooms.get_mut(id) else { return Ok(()) };
        let masks = room.masks_mut(list);
        let ban =
            RoomBan { mask: mask.clone(), account: None, by, at: now, reason: None, until: None };
        let is_changed = if on { masks.add(now, ban) } else { masks.remove(now, mask).is_some() };
        match (is_changed, on) {
            (true, _) => {
                self.chat.enforce_on_readers_of(self.now, id, self.effects);
                self.chat.record_kept(id, self.effects);
                self.relay_to_room(id, Deed::Mask(name, list, mask.clone(), on));
            }
            (false, true) => return Err(RoomRefusal::TooManyBans(name, MAX_ROOM_BANS).into()),
            (false, false) => {}
        }
        Ok(())
    }

    /// Lifts the ban with that mask, in any spelling.
    pub(crate) fn unban_from_room(&mut self, mask: &RoomMask) -> Result<(), Refusal> {
        self.needs_order_elsewhere()?;
        let (id, room) = self.room()?;
        let (name, now) = (room.name, self.now.moment);
        if !room.bans.iter(now).any(|ban| ban.mask.is_like(mask)) {
            return Err(RoomRefusal::NotBanned(Text::new(mask.to_string()), name).into());
        }
        self.may_act()?;
        let lifted = self.chat.rooms.get_mut(id).and_then(|room| room.bans.remove(now, mask));
        if let Some(ban) = lifted {
            self.log_in_room(id, format_args!("unbanned {}", ban.mask));
            self.tell_change(id, RoomChange::Unbanned(ban.mask));
        }
        Ok(())
    }
}

impl View<'_> {
    /// Lists the bans of the room.
    pub(crate) fn show_room_bans(&mut self) -> Result<(), Refusal> {
        self.needs_order_elsewhere()?;
        let (_, room) = self.room()?;
        let (name, now) = (room.name, self.now.moment);
        let line = |ban: &RoomBan| {
            let left = ban.until.map(|until| format!(",{}", for_so_long(Some(until.since(now)))));
            let why = because(ban.reason.as_ref());
            format!("{}, by {}{}{why}", ban.mask, ban.by, left.unwrap_or_default())
        };
        let lines: Vec<_> = room.bans.iter(now).map(line).collect();
        if lines.is_empty() {
            self.notice(format_args!("nobody is banned from {name}"));
        }
        lines.into_iter().for_each(|line| self.notice(line));
        Ok(())
    }
}
