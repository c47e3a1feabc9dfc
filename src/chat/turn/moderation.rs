//! Moderation: accounts and bans in force: who may use a nick, speak, or stay connected.

use std::fmt::Display;
use std::time::Duration;

use super::view::{Turn, View};
use crate::chat::effect::{Audience, Effect, Effects};
use crate::chat::event::Event;
use crate::chat::length::Length;
use crate::chat::message::Message;
use crate::chat::model::{
    Account, Ban, BanChange, ClientId, Moment, Nick, NodeNumber, Now, RollChange, RoomId,
};
use crate::chat::reason::Reason;
use crate::chat::refusal::{Refusal, RoomRefusal};
use crate::chat::relay::Deed;
use crate::chat::state::{AuthOutcome, Chat, Client, Roll};
use crate::text::Text;

/// Why a request with a password is not done if the store is too slow.
pub const NOT_DONE: &str = "not done in time; try again";

impl Chat {
    /// Replaces accounts and bans by those of the store. The caller must [enforce](Self::enforce)
    /// them next.
    pub fn register(&mut self, roll: Roll) {
        self.registry.replace(roll);
    }

    /// Disconnects clients that are banned, takes nicks from clients that do not own them, and ends
    /// the keeping of rooms whose owners have no account any more.
    pub fn enforce(&mut self, now: Now, effects: &mut Effects) {
        self.end_keeping_for_nobody(now, effects);
        self.end_markers_of_nobody();
        for me in self.clients() {
            if self.clients.contains_key(&me) {
                Turn { chat: self, now, at: None, me, effects }.apply_rules();
            }
        }
        self.enforce_on_readers(now, effects);
    }

    /// Ends all waits for the store, which will answer nothing more: tells the clients that wait.
    pub fn give_up(&mut self, now: Now, effects: &mut Effects) {
        for client in self.authentication.pending() {
            let why = Text::new(NOT_DONE);
            self.handle(now, client, Event::NotAuthenticated(why), effects);
        }
        for client in self.clients_who(|client| client.entering.is_some()) {
            self.handle(now, client, Event::NotAnswered, effects);
        }
    }

    /// What ends the waits of a node's clients for its store, if that answers nothing more.
    pub fn unanswered(&self, node: NodeNumber) -> Vec<(ClientId, Event)> {
        let claims = self.authentication.pending().into_iter();
        let not_done = |id| (id, Event::NotAuthenticated(Text::new(NOT_DONE)));
        let entering = self.clients_who(|client| client.entering.is_some()).into_iter();
        let all = claims.map(not_done).chain(entering.map(|id| (id, Event::NotAnswered)));
        all.filter(|(id, _)| id.node() == node).collect()
    }

    /// Sends a notice to all operators.
    pub fn tell_operators(&self, words: impl Display, effects: &mut Effects) {
        let message = Message::Notice(Text::new(words.to_string()));
        for id in self.operators() {
            effects.tell(Audience::One(id), message.clone());
        }
    }

    /// The operators among the clients, by id.
    pub(crate) fn operators(&self) -> Vec<ClientId> {
        self.clients_who(|client| self.operates(client))
    }

    /// Records the store's answer to a request.
    pub(crate) fn record_answer(
        &mut self,
        now: Now,
        client: ClientId,
        event: &Event,
        effects: &mut Effects,
    ) {
        let outcome = match event {
            Event::Registered(..) | Event::LoggedIn(_) | Event::PasswordChanged(..) => {
                Some(AuthOutcome::Granted)
            }
            Event::WrongPassword => Some(AuthOutcome::WrongPassword),
            Event::NotAuthenticated(_) => Some(AuthOutcome::Undone),
            _ => None,
        };
        if let Some(outcome) = outcome {
            self.authentication.end(now.uptime, client, outcome);
        }
        match event {
            Event::Registered(account, hash) | Event::PasswordChanged(account, hash) => {
                self.registry.add(*account, hash.clone());
                if let Some(hash) = hash.clone() {
                    let change = RollChange::Register(*account, hash);
                    effects.push(Effect::RecordRoll(change));
                }
            }
            _ => {}
        }
    }
}

/// " for 5m"; empty for ever.
pub(crate) fn for_so_long(duration: Option<Duration>) -> String {
    duration.map_or_else(String::new, |duration| format!(" for {}", Length::of(duration)))
}

/// ": spam"; empty without a reason.
pub(crate) fn because(why: Option<&Text>) -> String {
    why.map_or_else(String::new, |why| format!(": {why}"))
}

impl Ban {
    /// The ban's mask, remaining time, operator and reason, for other operators.
    pub fn describe(&self, now: Moment) -> Text {
        let left = for_so_long(self.until.map(|until| until.since(now)));
        Text::new(format!("{}{left}, by {}{}", self.mask, self.by, because(self.reason.as_ref())))
    }
}

impl Turn<'_> {
    /// Fails if the client may not send text to others.
    pub(crate) fn may_speak(&self) -> Result<(), Refusal> {
        let me = self.me();
        let now = self.now.moment;
        if let Some(mute) = me.mute.filter(|mute| mute.is_in_force(now)) {
            return Err(Refusal::Muted(mute.until.map(|until| until.since(now))));
        }
        if self.chat.lockdown && me.login.is_none() {
            return Err(Refusal::Lockdown);
        }
        Ok(())
    }

    /// Fails if the client is banned from a room that it is in: another nick would end that.
    pub(crate) fn needs_no_ban(&self) -> Result<(), Refusal> {
        for room in self.me().rooms.iter().filter_map(|room| self.chat.rooms.get(*room)) {
            if let Err(ban @ RoomRefusal::Banned { .. }) = self.may_speak_in(room) {
                return Err(ban.into());
            }
        }
        Ok(())
    }

    /// Fails if the client's node is cut off from the others of its cluster.
    pub(crate) fn needs_others(&self) -> Result<(), Refusal> {
        if self.chat.is_cut_off { Err(Refusal::CutOff) } else { Ok(()) }
    }

    /// Counts a line in a slow room; fails if it comes too soon.
    pub(crate) fn keep_pace(&mut self) -> Result<(), Refusal> {
        self.keep_pace_in(self.room()?.0)
    }

    /// The same in any room.
    pub(crate) fn keep_pace_in(&mut self, here: RoomId) -> Result<(), Refusal> {
        let id = self.me;
        let now = self.now.uptime;
        let Some(room) = self.chat.rooms.get(here) else { return Ok(()) };
        let Some(pause) = room.settings.slow() else { return Ok(()) };
        let is_operator = self.chat.keeps_order(id, room);
        let Chat { clients, rooms, .. } = &mut *self.chat;
        let me = &clients[&id];
        let Some(room) = rooms.get_mut(here) else { return Ok(()) };
        let last = room.pace.last(id, me, |other| clients.contains_key(&other));
        match last.map(|last| last.saturating_add(pause)).filter(|next| *next > now) {
            Some(next) if !is_operator => Err(Refusal::TooSoon(next - now)),
            _ => {
                room.pace.note(now, pause, id, me);
                Ok(())
            }
        }
    }

    /// Fails if `nick` is banned.
    pub(crate) fn check_not_banned(&self, nick: Nick) -> Result<(), Refusal> {
        let now = self.now.moment;
        self.chat.registry.ban_on(now, nick).map_or(Ok(()), |ban| Err(ban.refusal(now)))
    }

    /// Fails if `nick` is banned or another account's.
    pub(crate) fn may_use_nick(&self, nick: Nick) -> Result<(), Refusal> {
        self.check_not_banned(nick)?;
        match self.chat.registry.account(nick) {
            Some(account) if self.me().login != Some(account.nick) => {
                Err(Refusal::Registered(account.nick))
            }
            None if self.chat.reserves_services() && nick.is_of_service() => {
                Err(Refusal::Reserved(Text::new(nick.as_str())))
            }
            _ => Ok(()),
        }
    }

    /// Renames the client to `nick`, which it holds already, and tells the rooms.
    pub(crate) fn set_nick(&mut self, nick: Nick) {
        let before = self.source();
        let from = self.me_mut().rename(nick);
        let to = nick;
        let room = self.room().ok().map(|(_, room)| room.name);
        if let Some(room) = room.filter(|_| !self.me().speaks_irc()) {
            self.tell(Message::RenamedYou { room, from, to });
        }
        if self.me().announced && before.nick != nick {
            self.relay_to_all(before.clone(), Deed::Nick(nick));
            if !before.nick.as_str().eq_ignore_ascii_case(nick.as_str()) {
                self.vanish(before);
                self.appear();
            }
        }
        if from != to {
            self.effects.push(Effect::Renamed(self.me, from, to));
        }
        if self.me().announced && from != to {
            self.tell_renamed(from);
        }
        if self.me().login.is_some_and(|login| !login.resembles(nick)) {
            self.log_out();
            self.notice("you are logged out");
        }
        self.tell_mark();
        self.stay_ignored();
        self.restore_roles();
    }

    /// Handles a registration that the store saved: logs the client in, unless it has another nick
    /// by now.
    pub(crate) fn registered(&mut self, account: Account) {
        let nick = account.nick;
        if self.me().nick.resembles(nick) {
            self.log_in(&account);
            self.stay_ignored();
            let login = self.login_of(nick);
            self.notice(format_args!("{nick} is yours now; next time: {login}"));
        } else {
            let login = self.login_of(nick);
            self.notice(format_args!("{nick} is registered; {login}"));
        }
        // Another client may have taken the nick while the store was busy.
        self.chat.enforce(self.now, self.effects);
    }

    /// What the client types to log in.
    fn login_of(&self, nick: Nick) -> String {
        match self.me().speaks_irc() {
            true => format!("SASL, or /msg NickServ IDENTIFY {nick} PASSWORD"),
            false => format!("/login {nick} PASSWORD"),
        }
    }

    /// Handles a right password: gives the client the account's nick, which another client loses.
    pub(crate) fn logged_in(&mut self, account: Account) {
        let (nick, address) = (account.nick, self.me().address());
        let wants_rights = std::mem::take(&mut self.me_mut().wants_rights);
        if let Err(refusal) = self.is_still(&account) {
            return self.refuse(refusal);
        }
        if wants_rights {
            return self.get_rights(nick);
        }
        let holder = self.chat.nicks.holder(nick.as_str()).filter(|holder| *holder != self.me);
        if let Some(holder) = holder {
            self.as_other(holder).lose_nick(format_args!("{nick} has logged in"));
        }
        let mute = self.chat.mutes.after_login(self.now.moment, self.me().mute, &account);
        self.me_mut().mute = mute;
        let old = self.me().nick;
        self.log_in(&account);
        if old != nick {
            self.chat.nicks.claim(self.now.uptime, self.me, (old, address), nick);
            self.set_nick(nick);
        }
        self.tell_mark();
        self.stay_ignored();
        self.notice(format_args!("you are logged in as {nick}"));
        self.restore_roles();
    }

    /// Fails if bans and accounts have changed while the password of `account` was being checked.
    fn is_still(&self, account: &Account) -> Result<(), Refusal> {
        let nick = account.nick;
        self.check_not_banned(nick)?;
        match self.chat.registry.account(nick) {
            None => Err(Refusal::NotRegistered(Text::new(nick.as_str()))),
            Some(known) if known.created != account.created => Err(Refusal::Registered(nick)),
            Some(known) if known.password != account.password => Err(Refusal::WrongPassword),
            Some(_) => Ok(()),
        }
    }

    fn get_rights(&mut self, operator: Nick) {
        if !self.chat.registry.is_operator(Some(operator)) {
            return self.refuse(Refusal::OperatorsOnly);
        }
        self.me_mut().rights = Some(operator);
        self.tell_mark();
        self.log(format_args!("has the rights of {operator}"));
        self.tell(Message::GotRights);
    }

    /// Handles a change of the password that the store saved.
    pub(crate) fn password_changed(&mut self, account: Account) {
        if self.me().login == Some(account.nick) {
            self.me_mut().log_in(&account);
        }
        self.notice(format_args!("the password of {} is changed", account.nick));
        // Logs out other clients, which logged in with the old password.
        self.chat.enforce(self.now, self.effects);
    }

    /// Renames the client to a guest's nick, because its own belongs to another account.
    pub(crate) fn lose_nick(&mut self, why: impl Display) {
        self.log_out();
        let (nick, address) = (self.me().nick, self.me().address());
        self.chat.nicks.leave(self.now.uptime, nick, address);
        let guest = self.chat.nicks.take_guest(self.me);
        self.notice(why);
        self.set_nick(guest);
        self.effects.push(Effect::Changed(self.me));
    }

    /// Applies bans and accounts: disconnects the client if it is banned, logs it out if its
    /// account is gone, and takes a nick that belongs to another account.
    pub(crate) fn apply_rules(&mut self) {
        let now = self.now.moment;
        let Client { nick, origin, .. } = *self.me();
        let registry = &self.chat.registry;
        if let Some(ban) = registry.ban_of(now, origin).or_else(|| registry.ban_on(now, nick)) {
            let reason = Reason::Kicked(ban.by, ban.reason.clone());
            let refusal = ban.refusal(now);
            return self.expel(refusal, reason);
        }
        let account = registry.account(nick).copied();
        if self.me().login.is_some() {
            self.check_login(account.as_ref());
        }
        if let Some(owned) = account.filter(|_| self.me().login.is_none()) {
            self.lose_nick(Refusal::Registered(owned.nick));
        }
        self.tell_mark();
    }

    /// Logs the client out if its account is gone, or the account's password was changed.
    fn check_login(&mut self, account: Option<&Account>) {
        let Client { login, password, .. } = *self.me();
        let why = match account.filter(|account| login == Some(account.nick)) {
            None => "the account was removed",
            Some(account) if password.is_none_or(|password| password == account.password) => {
                return self.me_mut().log_in(account);
            }
            Some(_) => "the password was changed",
        };
        self.log_out();
        self.effects.push(Effect::Changed(self.me));
        self.notice(format_args!("you are logged out: {why}"));
    }
}

impl View<'_> {
    /// Tells the operator who changed a ban that it is saved, at last if saving had failed.
    pub(crate) fn tell_saved(&mut self, change: &BanChange, was_late: bool) {
        let late = if was_late { ", and saved now" } else { "" };
        self.notice(format_args!("{}{late}", done(change)));
    }

    /// Tells the operator who changed a ban that it is not saved yet.
    pub(crate) fn tell_not_saved(&mut self, change: &BanChange) {
        self.refuse(Refusal::NotSaved(Text::new(done(change))));
    }
}

fn done(change: &BanChange) -> String {
    match change {
        BanChange::Ban(ban) => format!("{} is banned", ban.mask),
        BanChange::Unban(mask) => format!("{mask} is no longer banned"),
    }
}
