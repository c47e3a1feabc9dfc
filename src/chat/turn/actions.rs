//! What a client asks for by an `Action`.

use super::commands::rooms::set_topic;
use super::view::Turn;
use crate::chat::action::{Action, Denied, Flag, Manner, MaskList, Recipient, RoomRequest};
use crate::chat::effect::{Audience, Effect};
use crate::chat::message::{Away, Message};
use crate::chat::model::{ClientId, Kind, Nick, RoomKey, RoomName};
use crate::chat::refusal::Refusal;
use crate::chat::relay::Deed;
use crate::chat::signal::Words;
use crate::text::Text;

impl Turn<'_> {
    /// Does what the client asks for, or tells it why not.
    pub(crate) fn act(&mut self, action: Action) {
        if let Err(why) = self.try_to(&action) {
            self.deny(action, why);
        }
    }

    /// Tells the client that what it asked for is not done.
    pub(crate) fn deny(&mut self, action: Action, why: Refusal) {
        match self.me().speaks_irc() {
            true => self.tell(Message::Denied(Box::new(Denied { action, why }))),
            false => self.refuse(why),
        }
    }

    fn try_to(&mut self, action: &Action) -> Result<(), Refusal> {
        if !matches!(action, Action::Echo(_)) {
            self.me_mut().active = self.now.uptime;
        }
        match action {
            Action::Introduce { nick, user, real } => self.introduce(nick, user, real)?,
            Action::Join(room, _) if self.room_called(*room).is_some() => {}
            Action::Join(room, key) => {
                let key = key.as_ref().and_then(|key| RoomKey::new(key.as_str()));
                self.go_to(*room, key)?;
            }
            Action::Part(room, words) => self.part_from(*room, words.clone())?,
            Action::PartAll => self.part_from_all(),
            Action::Say { to, manner, text, tags } => {
                self.say_to(to, *manner, Words { text: text.clone(), tags: tags.clone() })?;
            }
            Action::Signal(to, signal, tags) => self.signal(to, signal, tags)?,
            Action::Nick(wish) => self.rename(wish.as_str())?,
            Action::Quit(words) => {
                let words = words.clone().filter(|_| self.may_say_goodbye());
                self.quit(words);
            }
            Action::Away(words) => self.be_away(words.clone())?,
            Action::Flag(flag, on) => self.set_flag(*flag, *on),
            Action::Wallops(text) => self.tell_all_operators(text.clone())?,
            Action::GiveUpRights => {
                if self.me_mut().rights.take().is_some() {
                    self.relay_to_me(Deed::NoRights);
                    self.tell_mark();
                }
            }
            Action::SetReal(real) => self.set_real(real.clone())?,
            Action::Echo(on) => self.me_mut().echo = *on,
            Action::MarkRead(place, at) => self.mark_read(place, *at)?,
            in_room => self.try_in_room(in_room)?,
        }
        Ok(())
    }

    fn try_in_room(&mut self, action: &Action) -> Result<(), Refusal> {
        match action {
            Action::Topic(room, text) => {
                self.has_to_be_in(*room)?;
                set_topic(self, text.clone())?;
            }
            Action::Kick(room, name, why) => {
                self.has_to_be_in(*room)?;
                let other = self.somebody(name)?;
                self.kick_from_room(other, why.clone())?;
            }
            Action::Invite(name, room) => {
                let other = self.somebody(name)?;
                self.has_to_be_in(*room)?;
                self.invite(other)?;
                let nick = self.chat.clients[&other].nick;
                self.relay_to_me(Deed::Invite(*room, nick));
                self.tell_whether_away(other);
            }
            Action::Change(room, request) => {
                self.has_to_be_in(*room)?;
                self.change_room(request)?;
            }
            Action::ChangeAll(room, requests) => {
                self.has_to_be_in(*room)?;
                self.change_several(*room, requests);
            }
            Action::Command(room, line) => {
                if let Some(room) = room {
                    self.has_to_be_in(*room)?;
                }
                self.line(line);
            }
            _ => {}
        }
        Ok(())
    }

    fn say_to(&mut self, to: &Recipient, manner: Manner, words: Words) -> Result<(), Refusal> {
        match to {
            Recipient::Room(room) => self.speak_to_room(*room, Kind::from(manner), words),
            Recipient::Role(room, role) => self.say_to_role((*room, *role), manner, words),
            Recipient::Nick(name) => self.whisper(self.somebody(name)?, manner, words),
        }
    }

    /// Has the client act in a room; fails if it is not there.
    fn has_to_be_in(&mut self, room: RoomName) -> Result<(), Refusal> {
        self.at = self.room_called(room);
        if self.at.is_some() {
            return Ok(());
        }
        let found = self.chat.rooms.find(room).filter(|found| found.announced > 0);
        match found.is_some_and(|found| self.knows_of(found)) {
            true => Err(Refusal::NotIn(room)),
            false => Err(Refusal::NoSuchRoom(room)),
        }
    }

    /// Brings the client into the chat. One that may not speak keeps its guest's nick, since others
    /// would see the nick that it asks for.
    fn introduce(&mut self, nick: &Text, user: &Text, real: &Text) -> Result<(), Refusal> {
        if self.me().announced {
            return Ok(());
        }
        let silenced = self.may_speak();
        if self.me().login.is_none() && silenced.is_ok() {
            let nick = self.take_nick(nick.as_str())?;
            let from = self.me_mut().rename(nick);
            self.effects.push(Effect::Renamed(self.me, from, nick));
            self.stay_ignored();
        }
        let me = self.me_mut();
        (me.user, me.real) = (user.clone(), real.clone());
        me.source.take();
        me.announced = true;
        self.tell(Message::Introduced(self.source()));
        self.appear();
        if let Err(why) = silenced {
            self.notice(why);
        }
        Ok(())
    }

    fn part_from(&mut self, room: RoomName, words: Option<Text>) -> Result<(), Refusal> {
        self.has_to_be_in(room)?;
        let words = words.filter(|_| self.may_say_goodbye());
        self.part(self.room()?.0, words);
        Ok(())
    }

    fn somebody(&self, name: &Text) -> Result<ClientId, Refusal> {
        self.chat.somebody(name.as_str()).ok_or_else(|| Refusal::Nobody(name.clone()))
    }

    pub(crate) fn change_room(&mut self, request: &RoomRequest) -> Result<(), Refusal> {
        match request {
            RoomRequest::Role(name, role, on) => {
                let other = self.somebody(name)?;
                match on {
                    true => self.give_role(other, *role),
                    false => self.take_role(other, *role),
                }
            }
            RoomRequest::Set(setting, value) => self.set_setting(*setting, value.clone()),
            RoomRequest::Mask(MaskList::Bans, mask, true) => {
                self.ban_from_room(mask.clone(), None, None)
            }
            RoomRequest::Mask(MaskList::Bans, mask, false) => self.unban_from_room(mask),
            RoomRequest::Mask(list, mask, on) => self.change_list(*list, mask, *on),
        }
    }

    fn part_from_all(&mut self) {
        for room in self.me().rooms.clone() {
            self.part(room, None);
        }
    }

    /// A client that may not speak leaves without last words.
    pub(crate) fn may_say_goodbye(&mut self) -> bool {
        let rooms = self.me().rooms.iter().filter_map(|room| self.chat.rooms.get(*room));
        let speaks_in_all = rooms.into_iter().all(|room| self.may_speak_in(room).is_ok());
        speaks_in_all
            && self.may_speak().is_ok()
            && (self.me().rooms.is_empty() || self.keep_pace().is_ok())
    }

    fn be_away(&mut self, words: Option<Text>) -> Result<(), Refusal> {
        if words.is_some() {
            self.may_speak()?;
        }
        self.me_mut().away = words.clone().map(|words| Away(Some(words)));
        self.relay_to_all(self.source(), Deed::Away(words));
        Ok(())
    }

    fn set_flag(&mut self, flag: Flag, on: bool) {
        let me = self.me_mut();
        if me.flags.set(flag, on) {
            me.source.take();
            self.relay_to_me(Deed::Flag(flag, on));
        }
    }

    /// Tells something to all operators, and to those who want to hear that.
    fn tell_all_operators(&mut self, text: Text) -> Result<(), Refusal> {
        if !self.is_operator() {
            return Err(Refusal::OperatorsOnly);
        }
        let mut readers = self.chat.operators();
        readers.extend(self.chat.clients_who(|client| client.flags.wallops));
        readers.sort_unstable();
        readers.dedup();
        let nick = self.me().nick;
        let (irc, others): (Vec<_>, Vec<_>) =
            readers.into_iter().partition(|id| self.chat.clients[id].speaks_irc());
        let notice = Text::new(format!("{nick} to operators: {text}"));
        for id in others {
            self.effects.tell(Audience::One(id), Message::Notice(notice.clone()));
        }
        self.relay_to(irc, self.source(), Deed::Wallops(text));
        Ok(())
    }

    fn set_real(&mut self, real: Text) -> Result<(), Refusal> {
        self.may_speak()?;
        let before = self.source();
        let me = self.me_mut();
        me.real = real.clone();
        me.source.take();
        self.relay_to_all(before, Deed::Real(real));
        Ok(())
    }

    /// Takes a nick by the rules of `/nick`; the caller has to tell of it.
    pub(crate) fn take_nick(&mut self, wish: &str) -> Result<Nick, Refusal> {
        if let Some(wished) = Nick::new(wish) {
            self.may_use_nick(wished)?;
        }
        let old = (self.me().nick, self.me().address());
        self.chat.nicks.rename(self.now.uptime, self.me, old, wish)
    }
}

impl From<Manner> for Kind {
    fn from(manner: Manner) -> Self {
        match manner {
            Manner::Line => Self::Said,
            Manner::Emote => Self::Emoted,
            Manner::Notice => Self::Noticed,
        }
    }
}

#[cfg(test)]
mod tests;
