//! `Turn` and `View`: the chat, as one client changes it or only sees it.

use std::fmt::Display;
use std::ops::Deref;

use crate::chat::effect::{Audience, Effect, Effects};
use crate::chat::message::Message;
use crate::chat::model::{ClientId, Moment, Now, RoomId, RoomName};
use crate::chat::refusal::Refusal;
use crate::chat::state::{Chat, Client, Room};
use crate::text::Text;

/// The chat, through a reference `C`, as one connected client acts on it at one moment.
pub(crate) struct TurnOf<'a, C> {
    pub(crate) chat: C,
    pub(crate) now: Now,
    pub(crate) me: ClientId,
    /// The room that it acts in, if it named one.
    pub(crate) at: Option<RoomId>,
    pub(crate) effects: &'a mut Effects,
}

/// What the client does may change the chat.
pub(crate) type Turn<'a> = TurnOf<'a, &'a mut Chat>;

/// What the client asks for changes nothing.
pub(crate) type View<'a> = TurnOf<'a, &'a Chat>;

impl<C: Deref<Target = Chat>> TurnOf<'_, C> {
    /// Lines from before this moment are not shown.
    pub(crate) fn oldest_shown(&self) -> Option<Moment> {
        self.chat.oldest_kept(self.now.moment)
    }

    pub(crate) fn refuse(&mut self, refusal: Refusal) {
        self.tell(match self.place() {
            Some(room) => Message::RefusedIn(room, refusal),
            None => Message::Refused(refusal),
        });
    }

    pub(crate) fn notice(&mut self, words: impl Display) {
        let words = Text::new(words.to_string());
        self.tell(match self.place() {
            Some(room) => Message::NoticeIn(room, words),
            None => Message::Notice(words),
        });
    }

    /// The room that the client named, if answers have to say so.
    fn place(&self) -> Option<RoomName> {
        let room = self.at.filter(|_| self.me().tells_rooms_apart())?;
        self.chat.rooms.get(room).map(|room| room.name)
    }

    /// A notice that the client gets only if it speaks telnet.
    pub(crate) fn notice_to_telnet(&mut self, words: impl Display) {
        let notice = Message::Notice(Text::new(words.to_string()));
        self.effects.tell(Audience::Telnet(self.me), notice);
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

    /// The room that the client acts in, and its id: the one that it named, or the one that it
    /// entered last.
    ///
    /// # Errors
    /// If it is in no room.
    pub(crate) fn room(&self) -> Result<(RoomId, &Room), Refusal> {
        let named = self.at.filter(|room| self.me().rooms.contains(room));
        let id = named.or_else(|| self.me().room()).ok_or(Refusal::InNoRoom)?;
        Ok((id, self.chat.rooms.get(id).ok_or(Refusal::InNoRoom)?))
    }

    /// The room of that name, if the client is in it.
    pub(crate) fn room_called(&self, name: RoomName) -> Option<RoomId> {
        let is_called =
            |id: &RoomId| self.chat.rooms.get(*id).is_some_and(|room| room.name == name);
        self.me().rooms.iter().copied().find(is_called)
    }

    /// Has the client act in one of its rooms; returns false, and refuses, if it is not there.
    pub(crate) fn acts_in(&mut self, room: RoomName) -> bool {
        self.at = self.room_called(room);
        if self.at.is_none() {
            let refusal = Refusal::NotIn(room);
            self.tell(match self.me().tells_rooms_apart() {
                true => Message::RefusedIn(room, refusal),
                false => Message::Refused(refusal),
            });
        }
        self.at.is_some()
    }

    /// The announced client of that name, or the client itself.
    pub(crate) fn find(&self, name: &str) -> Result<ClientId, Refusal> {
        let holder = self.chat.nicks.holder(name);
        let here = |id: &ClientId| *id == self.me || self.chat.clients[id].announced;
        holder.filter(here).ok_or_else(|| Refusal::Nobody(Text::new(name)))
    }

    /// Whether the client is an operator.
    pub(crate) fn is_operator(&self) -> bool {
        self.chat.operates(self.me())
    }

    /// Logs an operator's action, such as "kicked bob".
    pub(crate) fn log(&mut self, action: impl Display) {
        let words = format!("{} {action}", self.me().nick);
        self.effects.push(Effect::Moderated(Text::new(words)));
    }
}

impl Turn<'_> {
    /// The same client at the same moment, but it changes nothing.
    pub(crate) fn view(&mut self) -> View<'_> {
        View { chat: self.chat, now: self.now, me: self.me, at: self.at, effects: self.effects }
    }

    /// A turn of another client, at the same moment.
    pub(crate) fn as_other(&mut self, me: ClientId) -> Turn<'_> {
        Turn { chat: self.chat, now: self.now, me, at: None, effects: self.effects }
    }

    pub(crate) fn me_mut(&mut self) -> &mut Client {
        self.chat.clients.get_mut(&self.me).expect("a turn is a connected client's")
    }
}
