//! What a client is shown of rooms: who is there, the topic, what was said.

use std::ops::Deref;

use super::view::TurnOf;
use crate::chat::message::{Dates, Message};
use crate::chat::model::{ClientId, Entry, RoomName};
use crate::chat::state::{Chat, Room};

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
        let person = |id: &ClientId| clients[id].person(self.hears(*id));
        let people: Vec<_> = shown.take(MAX_LISTED).map(person).collect();
        let more = here - people.len();
        Message::People { room: room.name, here, people, more }
    }

    /// Sends the lines that the store found, without those of people whom the client ignores.
    pub(crate) fn show_found(&mut self, room: Option<RoomName>, mut lines: Vec<(RoomName, Entry)>) {
        // Stored lines have nicks, but no client ids.
        let clients = &self.chat.clients;
        let ignored = self.me().ignores.iter().filter_map(|id| clients.get(id));
        let gone = self.chat.ignored.names(self.me);
        let ignored: Vec<_> = ignored.map(|client| client.nick).chain(gone).collect();
        lines.retain(|(_, entry)| !ignored.contains(&entry.from));
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

    /// Sends the last `count` lines of the client's room; returns how many there were.
    pub(crate) fn show_history(&mut self, count: usize, dates: Dates) -> usize {
        let Ok((_, room)) = self.room() else { return 0 };
        let me = self.me();
        // The chat of a cluster remembers lines also where none are to be shown.
        let count = if self.chat.settings.replay == 0 { 0 } else { count };
        let entries = room.history.last(count, self.oldest_shown(), &me.ignores, me.form());
        let room = room.name;
        let shown = entries.len();
        if shown > 0 {
            self.tell(Message::History { room, entries, dates, has_notices: false });
        }
        shown
    }
}
