//! What a client is shown of rooms: who is there, the topic, what was said.

use std::ops::Deref;

use super::view::{Turn, TurnOf};
use crate::chat::message::{Dates, Message};
use crate::chat::model::{ClientId, Entry, Nick, RoomId, RoomName};
use crate::chat::question::Hidden;
use crate::chat::state::{Chat, Client, Room};

/// After more replayed lines than this, the client is reminded of its nick: the welcome may have
/// left the screen.
const MAX_UNREMINDED: usize = 10;
/// Most people that a list names.
const MAX_LISTED: usize = 500;

impl<C: Deref<Target = Chat>> TurnOf<'_, C> {
    /// Whether the client does not ignore the person who set a room's topic.
    pub(crate) fn hears_topic(&self, room: &Room) -> bool {
        room.topic_by.is_none_or(|by| self.hears(by))
    }

    /// The people in a room. A client that is not announced yet sees itself; others do not see it.
    pub(crate) fn people(&self, room: &Room) -> Message {
        let clients = &self.chat.clients;
        let unannounced = !self.me().announced && room.members.contains(&self.me);
        let here = room.announced + usize::from(unannounced);
        let shown = room.members.iter().filter(|&id| *id == self.me || clients[id].announced);
        let person =
            |id: &ClientId| clients[id].person(self.hears(*id), self.chat.operates(&clients[id]));
        let people: Vec<_> = shown.take(MAX_LISTED).map(person).collect();
        let more = here - people.len();
        Message::People { room: room.name, here, people, more }
    }

    /// The nicks of the people whom the client ignores: stored lines have no client ids.
    pub(crate) fn ignored_nicks(&self) -> Vec<Nick> {
        let clients = &self.chat.clients;
        let ignored = self.me().ignores.iter().filter_map(|id| clients.get(id));
        let gone = self.chat.ignored.names(self.me);
        ignored.map(|client| client.nick).chain(gone).collect()
    }

    /// What a search does not find for the client.
    pub(crate) fn hidden(&self) -> Hidden {
        let closed = |room: &&Room| room.is_private() && !self.is_in(room);
        let mut rooms: Vec<_> =
            self.chat.rooms.iter().filter(closed).map(|room| room.name).collect();
        rooms.sort_unstable();
        Hidden { rooms, nicks: self.ignored_nicks() }
    }

    /// Sends the lines that the store found, without those of people whom the client ignores.
    pub(crate) fn show_found(&mut self, room: Option<RoomName>, mut lines: Vec<(RoomName, Entry)>) {
        let ignored = self.ignored_nicks();
        lines.retain(|(room, entry)| !ignored.contains(&entry.from) && self.may_read(*room, entry));
        match room {
            _ if lines.is_empty() => self.notice("nothing was found"),
            Some(room) => {
                let entries = lines.into_iter().map(|(_, entry)| entry).collect();
                let dates = Dates::Always;
                self.tell(Message::History { room, entries, dates, has_notices: false });
            }
            None => self.tell(Message::Found(lines)),
        }
    }

    /// Whether the client may read a line that was said in a room.
    pub(crate) fn may_read(&self, room: RoomName, entry: &Entry) -> bool {
        match self.chat.rooms.find(room) {
            Some(room) if room.is_private() => self.is_in(room),
            _ => !entry.private,
        }
    }

    /// Sends the last `count` lines of the client's room; returns how many there were.
    pub(crate) fn show_history(&mut self, count: usize, dates: Dates) -> usize {
        let Ok((_, room)) = self.room() else { return 0 };
        let me = self.me();
        // The chat of a cluster remembers lines also where none are to be shown.
        let count = if self.chat.settings.replay == 0 { 0 } else { count };
        let (oldest, form, is_private) = (self.oldest_shown(), me.form(), room.is_private());
        let entries = room.history.last(count, oldest, &me.ignores, form, is_private);
        let room = room.name;
        let shown = entries.len();
        if shown > 0 {
            self.tell(Message::History { room, entries, dates, has_notices: false });
        }
        shown
    }

    /// Sends the list of people in the room that the client entered, if it shows one.
    pub(crate) fn show_people(&mut self) {
        if self.me().lists
            && let Ok((_, room)) = self.room()
        {
            self.tell(self.people(room));
        }
    }

    /// Sends topic and history of the room that the client entered.
    pub(crate) fn show_room(&mut self) {
        let Ok((_, room)) = self.room() else { return };
        let name = room.name;
        if let Some(topic) = room.topic.clone().filter(|_| self.hears_topic(room)) {
            self.tell(Message::Topic { room: name, text: Some(topic) });
        }
        let dates = Dates::UnlessOn(self.now.moment);
        let shown = self.show_history(self.chat.settings.replay, dates);
        // A client that shows a list of people shows its own nick, too.
        if shown > MAX_UNREMINDED && !self.me().lists {
            self.remind();
        }
    }

    /// Repeats the client's name: the welcome may have left the screen.
    fn remind(&mut self) {
        let nick = self.me().nick;
        match nick.is_guest() {
            true => self.notice(format_args!("You are {nick}; /nick NAME changes that.")),
            false => self.notice(format_args!("You are {nick}.")),
        }
    }
}

impl Chat {
    /// Notes of restored clients which of them others know as operators of the server.
    pub(super) fn note_marks(&mut self) {
        for id in self.clients_who(|client| client.announced && self.operates(client)) {
            if let Some(client) = self.clients.get_mut(&id) {
                client.marked = Some(client.nick);
            }
        }
    }
}

impl Turn<'_> {
    /// Tells the clients around that list people, once each, whether the client is an operator of
    /// the server, if they know something else.
    pub(crate) fn tell_mark(&mut self) {
        let Client { nick, marked, announced, .. } = *self.me();
        let mark = self.is_operator().then_some(nick);
        if !announced || mark == marked {
            return;
        }
        self.me_mut().marked = mark;
        let readers = self.lists_around();
        // Crowds are not told of the new nick; and whoever takes the old one is no operator.
        if let Some(old) = marked.filter(|old| *old != nick) {
            let message = Message::Operator { nick: old, on: false };
            self.effects.tell_each(readers.clone(), message);
        }
        let message = Message::Operator { nick, on: mark.is_some() };
        self.effects.tell_each(readers, message);
    }

    /// Tells a room that the client has just joined, if it is an operator of the server.
    pub(crate) fn tell_mark_in(&mut self, id: RoomId) {
        if self.is_operator() {
            let nick = self.me().nick;
            self.me_mut().marked = Some(nick);
            let message = Message::Operator { nick, on: true };
            self.effects.tell_each(self.lists_in(id), message);
        }
    }

    /// Tells those in a room that the client has left, if they are in none of its rooms any more:
    /// somebody else may take its nick, and crowds are told neither.
    pub(crate) fn tell_unmarked_in(&mut self, id: RoomId) {
        if let Some(nick) = self.me().marked {
            let mut readers = self.lists_in(id);
            let rooms = &self.me().rooms;
            readers.retain(|id| !self.chat.clients[id].rooms.iter().any(|it| rooms.contains(it)));
            self.effects.tell_each(readers, Message::Operator { nick, on: false });
        }
    }

    /// The clients in a room that list people.
    fn lists_in(&self, id: RoomId) -> Vec<ClientId> {
        let members = self.chat.members(id).iter().copied();
        members.filter(|id| self.chat.clients[id].lists).collect()
    }

    /// The same in all rooms of the client, once each, by id.
    fn lists_around(&self) -> Vec<ClientId> {
        let rooms = self.me().rooms.iter();
        let mut readers: Vec<_> = rooms.flat_map(|room| self.lists_in(*room)).collect();
        readers.sort_unstable();
        readers.dedup();
        readers
    }
}
