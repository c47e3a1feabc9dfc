//! `Turn`: one client acts on the chat.

use std::fmt::Display;

use crate::chat::effect::{Audience, Effect, Effects};
use crate::chat::message::{Message, Reason};
use crate::chat::model::{ClientId, Entry, Kind, Moment, Now, RoomId};
use crate::chat::refusal::Refusal;
use crate::chat::state::{Chat, Client, Room};
use crate::text::Text;

/// The chat, as one connected client acts on it at one moment.
pub(crate) struct Turn<'a> {
    pub(crate) chat: &'a mut Chat,
    pub(crate) now: Now,
    pub(crate) me: ClientId,
    pub(crate) effects: &'a mut Effects,
}

impl Turn<'_> {
    /// Lines from before this moment are not shown.
    pub(crate) fn oldest_shown(&self) -> Option<Moment> {
        let keep = i64::try_from(self.chat.settings.keep?.as_millis()).unwrap_or(i64::MAX);
        Some(Moment { unix_ms: self.now.moment.unix_ms.saturating_sub(keep) })
    }

    /// Sends a line to the client's room. Clients that ignore this one do not get it, nor does the
    /// client itself unless `/echo` is on.
    pub(crate) fn speak(&mut self, kind: Kind, text: Text) -> Result<(), Refusal> {
        self.may_speak()?;
        self.keep_pace()?;
        self.announce();
        self.say(kind, text);
        Ok(())
    }

    fn say(&mut self, kind: Kind, text: Text) {
        let id = self.me().room();
        let at = self.now.moment;
        let line = self.chat.line_ids.next();
        let client = &self.chat.clients[&self.me];
        let from = client.nick;
        let Some(room) = self.chat.rooms.get_mut(id) else { return };
        let entry = Entry { id: line, at, from, kind, text };
        room.history.push(self.me, entry.clone());
        let message = Message::Said { room: room.name, entry };
        let except = (!client.echo).then_some(self.me);
        let except = except.into_iter().chain(client.ignored_by.iter().copied());
        self.effects.tell_room(id, except, message);
    }

    /// Sends a private message.
    pub(crate) fn whisper(&mut self, to: ClientId, text: &str) -> Result<(), Refusal> {
        self.may_speak()?;
        self.announce();
        let Some(reader) = self.chat.clients.get(&to) else { return Ok(()) };
        let from = self.me().nick;
        let to_nick = reader.nick;
        let away = reader.away_as(self.hears(to));
        let ignores_me = reader.ignores.contains(&self.me);
        let id = self.chat.line_ids.next();
        let at = self.now.moment;
        let text = Text::new(text);
        if !ignores_me {
            let (id, text) = (id.clone(), text.clone());
            let message = Message::PrivateFrom { id, from, to: to_nick, text, at };
            self.effects.tell(Audience::One(to), message);
            if let Some(reader) = self.chat.clients.get_mut(&to) {
                reader.writer = Some(self.me);
            }
        }
        self.tell(Message::PrivateTo { id, from, to: to_nick, text, at });
        if let Some(away) = away {
            self.notice(format_args!("{to_nick} is {away}"));
        }
        Ok(())
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

    pub(crate) fn refuse(&mut self, refusal: Refusal) {
        self.tell(Message::Refused(refusal));
    }

    pub(crate) fn notice(&mut self, words: impl Display) {
        self.tell(Message::Notice(Text::new(words.to_string())));
    }

    pub(crate) fn tell(&mut self, message: Message) {
        self.effects.tell(Audience::One(self.me), message);
    }

    /// Whether the client does not ignore the other.
    pub(crate) fn hears(&self, other: ClientId) -> bool {
        !self.me().ignores.contains(&other)
    }

    /// The client whose turn it is. A turn exists for connected clients only.
    pub(crate) fn me(&self) -> &Client {
        &self.chat.clients[&self.me]
    }

    pub(crate) fn me_mut(&mut self) -> &mut Client {
        self.chat.clients.get_mut(&self.me).expect("a turn is a connected client's")
    }

    /// The room that the client is in, and the room's id.
    pub(crate) fn room(&self) -> (RoomId, &Room) {
        let id = self.me().room();
        (id, self.chat.rooms.get(id).expect("a room exists while somebody is in it"))
    }

    /// The announced client of that name, or the client itself.
    pub(crate) fn find(&self, name: &str) -> Result<ClientId, Refusal> {
        let holder = self.chat.nicks.holder(name);
        let here = |id: &ClientId| *id == self.me || self.chat.clients[id].announced;
        holder.filter(here).ok_or_else(|| Refusal::Nobody(Text::new(name)))
    }
}
