//! What one client says, and its leaving.

use super::view::Turn;
use crate::chat::action::Manner;
use crate::chat::effect::{Audience, Effect};
use crate::chat::message::{Away, Message};
use crate::chat::model::{ClientId, Entry, Kind, RoomId, RoomName};
use crate::chat::reason::Reason;
use crate::chat::refusal::{Refusal, RoomRefusal};
use crate::chat::relay::Deed;
use crate::chat::signal::Words;
use crate::text::Text;

impl Turn<'_> {
    /// Sends a line to the client's room. Clients that ignore this one do not get it, nor does the
    /// client itself unless `/echo` is on.
    pub(crate) fn speak(&mut self, kind: Kind, text: Text) -> Result<(), Refusal> {
        self.speak_in(self.room()?.0, kind, text.into())
    }

    fn speak_in(&mut self, id: RoomId, kind: Kind, words: Words) -> Result<(), Refusal> {
        self.begin_to_speak_in(id)?;
        self.say(id, kind, words);
        Ok(())
    }

    /// Fails if the client may not say a line in a room now.
    pub(crate) fn begin_to_speak_in(&mut self, id: RoomId) -> Result<(), Refusal> {
        self.may_speak()?;
        if let Some(room) = self.chat.rooms.get(id) {
            self.may_speak_in(room)?;
        }
        self.keep_pace_in(id)?;
        self.announce();
        Ok(())
    }

    /// Says a line in a room by its name, also if the client is not in it.
    pub(crate) fn speak_to_room(
        &mut self,
        name: RoomName,
        kind: Kind,
        words: Words,
    ) -> Result<(), Refusal> {
        self.speak_in(self.room_to_speak_to(name)?, kind, words)
    }

    /// The room of that name, if the client may say a line to it from where it is.
    pub(crate) fn room_to_speak_to(&self, name: RoomName) -> Result<RoomId, Refusal> {
        let (id, room) = self.chat.rooms.named(name).ok_or(Refusal::NoSuchRoom(name))?;
        if !self.is_in(room) && !room.settings.take_outside_lines() {
            return match self.knows_of(room) {
                true => Err(RoomRefusal::NothingFromOutside(name).into()),
                false => Err(Refusal::NoSuchRoom(name)),
            };
        }
        Ok(id)
    }

    fn say(&mut self, id: RoomId, kind: Kind, Words { text, tags }: Words) {
        let at = self.now.moment;
        let line = self.chat.line_ids.next();
        let client = &self.chat.clients[&self.me];
        let from = client.nick;
        let has_irc = self.chat.rooms.get(id).is_some_and(|room| room.irc > 0);
        let by = has_irc.then(|| self.chat.source_of(client));
        let Some(room) = self.chat.rooms.get_mut(id) else { return };
        let entry = Entry { id: line, at, from, kind, text, private: room.is_private() };
        room.history.push(self.me, entry.clone());
        if room.keeps_line(&entry) {
            self.effects.push(Effect::Record(room.name, entry.clone()));
        }
        let message = Message::Said { room: room.name, entry, by, tags };
        let except = (!client.echo).then_some(self.me);
        let except = except.into_iter().chain(client.ignored_by.iter().copied());
        if client.echo && !client.rooms.contains(&id) {
            self.effects.tell(Audience::One(self.me), message.clone());
        }
        self.effects.tell_room(id, except, message);
    }

    /// Sends a private message.
    pub(crate) fn whisper(
        &mut self,
        to: ClientId,
        manner: Manner,
        Words { text, tags }: Words,
    ) -> Result<(), Refusal> {
        self.may_speak()?;
        self.announce();
        let reader_id = to;
        let Some(reader) = self.chat.clients.get(&to) else { return Ok(()) };
        let from = self.me().nick;
        let to_nick = reader.nick;
        let ignores_me = reader.ignores.contains(&self.me);
        let id = self.chat.line_ids.next();
        let at = self.now.moment;
        let by = self.source();
        if !ignores_me {
            let (id, text, by, tags) = (id.clone(), text.clone(), by.clone(), tags.clone());
            let to = to_nick;
            let message = Message::PrivateFrom { id, from, to, text, at, manner, by, tags };
            self.effects.tell(Audience::One(reader_id), message);
            if let Some(reader) = self.chat.clients.get_mut(&reader_id) {
                reader.writer = Some(self.me);
            }
        }
        let me = self.me();
        if me.echo || !me.speaks_irc() {
            self.tell(Message::PrivateTo { id, from, to: to_nick, text, at, manner, by, tags });
        }
        if manner != Manner::Notice {
            self.tell_whether_away(to);
        }
        Ok(())
    }

    /// Tells the client if somebody whom it addresses is away.
    pub(crate) fn tell_whether_away(&mut self, other: ClientId) {
        let Some(client) = self.chat.clients.get(&other) else { return };
        let (nick, away) = (client.nick, client.away_as(self.hears(other)));
        match away {
            Some(Away(words)) if self.me().speaks_irc() => {
                self.relay_of(other, Deed::IsAway(words.unwrap_or_default()));
            }
            Some(away) => self.notice(format_args!("{nick} is {away}")),
            None => {}
        }
    }

    /// Disconnects the client at its own request.
    pub(crate) fn quit(&mut self, words: Option<Text>) {
        self.tell(Message::Bye);
        self.dismiss(Reason::Quit(words));
    }

    /// Disconnects the client against its will.
    pub(crate) fn expel(&mut self, refusal: Refusal, reason: Reason) {
        self.refuse(refusal);
        self.dismiss(reason);
    }

    fn dismiss(&mut self, reason: Reason) {
        self.effects.push(Effect::Disconnect(self.me, reason.clone()));
        self.depart(reason);
    }
}
