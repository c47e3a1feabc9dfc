//! Answers about rooms: who is there, the topic, the modes and lists.

use super::caps::Cap;
use super::encode::channel;
use super::line::Line;
use super::markers;
use super::numeric::*;
use super::people;
use super::queries::{View, in_role};
use super::relay::shown_topic;
use super::replies::Replies;
use super::request::Request;
use super::room_modes::{list_of, shown_settings};
use super::server::{self, Listed};
use super::target::{ListFilter, room, split};
use crate::chat::{RoomName, RoomProfile};

impl View<'_> {
    /// Shows a client the room that it has entered.
    pub fn show_room(&self, name: RoomName, replies: &mut Replies<'_>) {
        let Some(room) = self.chat.room(name) else { return };
        if room.topic.is_some() {
            topic(&room, replies);
        }
        self.names_of(&room, replies);
        if self.caps.has(Cap::ReadMarker) {
            let (server, read) = (replies.server, self.chat.read_until(self.me, name));
            markers::tell(server, &channel(name), read, replies.out);
        }
        people::end_of_names(replies, &channel(name));
    }

    /// The room of that name as the client may see it from where it is; else the numeric that says
    /// why not.
    pub(super) fn shown_room(&self, name: &str) -> Result<RoomProfile, u16> {
        let room = room(name).and_then(|name| self.chat.room(name)).ok_or(ERR_NOSUCHCHANNEL)?;
        if room.people.contains(&self.me) || self.is_operator() {
            return Ok(room);
        }
        match (room.settings.are_hidden(), room.settings.are_private()) {
            (true, _) => Err(ERR_NOSUCHCHANNEL),
            (_, true) => Err(ERR_NOTONCHANNEL),
            _ => Ok(room),
        }
    }

    pub(super) fn no_room(numeric: u16, name: &str, replies: &mut Replies<'_>) {
        let words = match numeric {
            ERR_NOTONCHANNEL => "you are not in that channel",
            _ => "there is no such channel",
        };
        replies.numeric(numeric, &[name], words);
    }

    pub(super) fn names(&self, request: &Request, replies: &mut Replies<'_>) {
        let Some(name) = request.param(0) else { return people::end_of_names(replies, "*") };
        let name = split(name).next().unwrap_or(name);
        if let Ok(room) = self.shown_room(name) {
            self.names_of(&room, replies);
        }
        people::end_of_names(replies, name);
    }

    pub(super) fn names_of(&self, room: &RoomProfile, replies: &mut Replies<'_>) {
        let (has_multi, has_hosts) =
            (self.caps.has(Cap::MultiPrefix), self.caps.has(Cap::UserhostInNames));
        let sees_all = self.is_operator();
        let mut names = Vec::new();
        for (id, roles) in room.people.iter().zip(&room.roles) {
            let Some(who) = self.profile(*id) else { continue };
            self.with_member(&who, sees_all, |member| {
                names.push(in_role(member, *roles).listed(has_multi, has_hosts));
            });
        }
        let sign = if room.settings.are_hidden() { "@" } else { "=" };
        replies.words(RPL_NAMREPLY, &[sign, &channel(room.name)], names);
    }

    pub(super) fn topic(&self, request: &Request, replies: &mut Replies<'_>) {
        let name = request.param(0).unwrap_or_default();
        match self.shown_room(name) {
            Ok(room) => topic(&room, replies),
            Err(numeric) => Self::no_room(numeric, name, replies),
        }
    }

    pub(super) fn list(&self, request: &Request, replies: &mut Replies<'_>) {
        let filter = ListFilter::parse(request.param(0).unwrap_or_default());
        let rooms = self.chat.occupied_rooms();
        let is_shown = |room: &&RoomProfile| {
            !room.settings.are_hidden() || room.people.contains(&self.me) || self.is_operator()
        };
        let named: Vec<_> =
            rooms.iter().filter(is_shown).map(|room| (channel(room.name), room)).collect();
        let listed = named.iter().map(|(name, room)| Listed {
            name,
            people: room.people.len(),
            topic: match &room.topic {
                Some(topic) if self.sees_into(room) => shown_topic(topic.as_str()),
                _ => "",
            },
        });
        server::list(replies, listed.filter(|room| filter.matches(room.name, room.people)));
    }

    pub(super) fn sees_into(&self, room: &RoomProfile) -> bool {
        !room.settings.are_private() || room.people.contains(&self.me) || self.is_operator()
    }

    pub(super) fn room_modes(&self, room: &RoomProfile, replies: &mut Replies<'_>) {
        let name = channel(room.name);
        let with_key = room.people.contains(&self.me);
        let line: Line = replies.begin(RPL_CHANNELMODEIS).param(&name);
        let params = shown_settings(&room.settings, with_key);
        replies.end(&params.iter().fold(line, |line, param| line.param(param)));
        if let Some(made) = room.made {
            let made = (made.unix_ms / 1000).to_string();
            replies.end(&replies.begin(RPL_CREATIONTIME).param(&name).param(made));
        }
    }

    /// A list of masks, each with who set it, and when.
    pub(super) fn list_masks(&self, room: &RoomProfile, letter: &str, replies: &mut Replies<'_>) {
        let letter = letter.chars().next().unwrap_or('b');
        let (one, end) = match letter {
            'e' => (RPL_EXCEPTLIST, RPL_ENDOFEXCEPTLIST),
            'I' => (RPL_INVEXLIST, RPL_ENDOFINVEXLIST),
            _ => (RPL_BANLIST, RPL_ENDOFBANLIST),
        };
        let name = channel(room.name);
        for (mask, by, at) in self.chat.masks(room.name, list_of(letter), self.now.moment) {
            let line = replies.begin(one).param(&name).param(mask);
            replies.end(&line.param(by).param(at.unix_ms / 1000));
        }
        replies.numeric(end, &[&name], "end of the list");
    }
}

fn topic(room: &RoomProfile, replies: &mut Replies<'_>) {
    let name = channel(room.name);
    match &room.topic {
        Some(topic) => {
            replies.numeric(RPL_TOPIC, &[&name], shown_topic(topic.as_str()));
            if let Some((by, at)) = &room.topic_set {
                let line = replies.begin(RPL_TOPICWHOTIME).param(&name).param(by);
                replies.end(&line.param(at.unix_ms / 1000));
            }
        }
        None => replies.numeric(RPL_NOTOPIC, &[&name], "no topic is set"),
    }
}
