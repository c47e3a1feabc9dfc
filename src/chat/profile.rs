//! What lists show of people and rooms, for wires that make lists of their own.

use std::sync::Arc;
use std::time::Duration;

use super::action::{Flags, MaskList};
use super::message::Away;
use super::model::{ClientId, Moment, Nick, Now, RoomMask, RoomName, RoomRoles, RoomSettings};
use super::relay::Source;
use super::state::{Chat, Client, Room};
use crate::address::Origin;
use crate::text::Text;

/// Somebody who is in the chat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Who it is.
    pub source: Arc<Source>,
    /// Set if they are away.
    pub away: Option<Away>,
    /// Whether they are an operator of the server.
    pub is_operator: bool,
    /// What they say of themselves by user modes.
    pub flags: Flags,
    /// Whether their connection is encrypted.
    pub is_encrypted: bool,
    /// When they connected, and when they last did something, in the chat's time.
    pub connected: Duration,
    /// See `connected`.
    pub active: Duration,
    /// Where they come from, which only operators may see.
    pub origin: Origin,
}

/// How many there are of whom others know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Census {
    /// People.
    pub people: usize,
    /// Of them, those who are [invisible](super::action::Flag::Invisible).
    pub invisible: usize,
    /// Of them, operators of the server.
    pub operators: usize,
    /// Rooms that somebody is in, or that are kept.
    pub rooms: usize,
}

/// A room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomProfile {
    /// Its name.
    pub name: RoomName,
    /// Its topic.
    pub topic: Option<Text>,
    /// Those in it of whom others know, in the order in which they came.
    pub people: Vec<ClientId>,
    /// The roles of each of them.
    pub roles: Vec<RoomRoles>,
    /// Its settings.
    pub settings: RoomSettings,
    /// The setter of the topic and the time, if they are known: `nick!user@host`, or the nick alone
    /// if that person has left or changed it.
    pub topic_set: Option<(String, Moment)>,
    /// When it was made, if that is known.
    pub made: Option<Moment>,
}

impl Chat {
    /// A client that others know of, or that asks for itself.
    pub fn profile(&self, id: ClientId) -> Option<Profile> {
        let client = self.clients.get(&id)?;
        Some(Profile {
            source: self.source_of(client),
            away: client.away.clone(),
            is_operator: self.operates(client),
            flags: client.flags,
            is_encrypted: client.encrypted,
            connected: client.connected,
            active: client.active,
            origin: client.origin,
        })
    }

    /// The rooms that a client is in, in the order in which it entered them.
    pub fn rooms_with(&self, client: ClientId) -> Vec<RoomName> {
        let rooms = self.rooms_of(client).iter();
        rooms.filter_map(|id| self.rooms.get(*id)).map(|room| room.name).collect()
    }

    /// Whether two clients are in one room.
    pub fn share_a_room(&self, one: ClientId, other: ClientId) -> bool {
        let rooms = self.rooms_of(other);
        self.rooms_of(one).iter().any(|room| rooms.contains(room))
    }

    /// Counts people and rooms.
    pub fn census(&self) -> Census {
        let rooms = self.rooms.iter().filter(|room| is_listed(room)).count();
        let mut census = Census { rooms, ..Census::default() };
        for client in self.clients.values().filter(|client| client.announced) {
            census.people += 1;
            census.invisible += usize::from(client.flags.invisible);
            census.operators += usize::from(self.operates(client));
        }
        census
    }

    /// The client that others know under exactly this name, but for its case.
    pub fn somebody(&self, name: &str) -> Option<ClientId> {
        let id = self.nicks.holder(name)?;
        let is_meant =
            |client: &Client| client.announced && client.nick.as_str().eq_ignore_ascii_case(name);
        self.clients.get(&id).filter(|client| is_meant(client)).map(|_| id)
    }

    /// Everybody whom others know of, by id.
    pub fn people(&self) -> Vec<ClientId> {
        self.clients_who(|client| client.announced)
    }

    /// How many these are.
    pub fn people_count(&self) -> usize {
        self.clients.values().filter(|client| client.announced).count()
    }

    /// How many are not in the chat yet.
    pub fn newcomers(&self) -> usize {
        self.clients.values().filter(|client| !client.announced).count()
    }

    /// A room that somebody is in.
    pub fn room(&self, name: RoomName) -> Option<RoomProfile> {
        self.rooms.find(name).filter(|room| room.announced > 0).map(|room| self.room_profile(room))
    }

    /// All such rooms, by name.
    pub fn occupied_rooms(&self) -> Vec<RoomProfile> {
        let occupied = self.rooms.iter().filter(|room| is_listed(room));
        let mut rooms: Vec<_> = occupied.map(|room| self.room_profile(room)).collect();
        rooms.sort_by_key(|room| room.name);
        rooms
    }

    fn room_profile(&self, room: &Room) -> RoomProfile {
        let is_known = |id: &&ClientId| self.clients[*id].announced;
        let people: Vec<_> = room.members.iter().filter(is_known).copied().collect();
        let roles = people.iter().map(|id| room.roles_of(*id)).collect();
        let (topic, settings, made) = (room.topic.clone(), room.settings.clone(), room.made);
        let topic_set = room.topic_set.map(|(nick, at)| (self.who_set_topic(room, nick), at));
        RoomProfile { name: room.name, topic, people, roles, settings, topic_set, made }
    }

    fn who_set_topic(&self, room: &Room, nick: Nick) -> String {
        let setter = room.topic_by.and_then(|id| self.client(id));
        let setter = setter.filter(|client| client.nick == nick);
        setter.map_or_else(|| nick.to_string(), |client| self.source_of(client).full())
    }

    /// The rooms that a client is invited to, by name.
    pub fn invitations(&self, client: ClientId, now: Now) -> Vec<RoomName> {
        let inviting = self.rooms.iter().filter(|room| room.invited.has(now.uptime, client));
        let mut names: Vec<_> = inviting.map(|room| room.name).collect();
        names.sort_unstable();
        names
    }

    /// A list of masks of a room: each with who added it, and when.
    pub fn masks(
        &self,
        name: RoomName,
        list: MaskList,
        now: Moment,
    ) -> Vec<(RoomMask, Nick, Moment)> {
        let Some(room) = self.rooms.find(name) else { return Vec::new() };
        room.masks(list).iter(now).map(|ban| (ban.mask.clone(), ban.by, ban.at)).collect()
    }
}

/// Whether a room is in lists: somebody is in it, or it is kept.
fn is_listed(room: &Room) -> bool {
    room.announced > 0 || room.kept.is_some()
}
