//! Whether a chat from a snapshot is consistent in itself.

use std::time::Duration;

use super::model::ClientId;
use super::state::{Chat, Client, Markers, Room};

impl Chat {
    /// Whether the chat can be continued at `uptime`. False only for a damaged snapshot.
    pub fn is_consistent(&self, uptime: Duration) -> bool {
        let mut clients = self.clients.iter();
        let places: usize = self.clients.values().map(|client| client.rooms.len()).sum();
        let members: usize = self.rooms.iter().map(|room| room.members.len()).sum();
        self.rooms.are_consistent()
            && self.nicks.are_consistent(self.clients.len())
            && self.authentication.are_consistent(uptime)
            && self.registry.is_consistent()
            && self.speakers.are_consistent(uptime)
            && self.answered.are_consistent(uptime)
            && self.has_room_for_readers()
            && self.markers.values().all(Markers::are_consistent)
            && members == places
            && self.irc == self.clients.values().filter(|client| client.speaks_irc()).count()
            && self.rooms.iter().all(|room| self.knows_all_in(room) && room.is_consistent(uptime))
            && clients.all(|(id, client)| self.has_place(*id, client))
    }

    /// Whether each room has as many readers as it counts.
    fn has_room_for_readers(&self) -> bool {
        let counted: usize = self.rooms.iter().map(Room::readers).sum();
        let readers = self.readers();
        let mut known = readers.iter().filter_map(|id| self.readers.room_of(*id));
        counted == readers.len() && known.all(|room| self.rooms.get(*room).is_some())
    }

    fn knows_all_in(&self, room: &Room) -> bool {
        let known = || room.members.iter().filter_map(|id| self.clients.get(id));
        room.announced == known().filter(|client| client.announced).count()
            && room.irc == known().filter(|client| client.speaks_irc()).count()
    }

    /// Whether the client holds its nick and is a member of its rooms.
    fn has_place(&self, id: ClientId, client: &Client) -> bool {
        (client.speaks_irc() || !client.rooms.is_empty())
            && client.markers.are_consistent()
            && client.rooms.iter().all(|&room| self.members(room).contains(&id))
            && self.nicks.holder(client.nick.as_str()) == Some(id)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::address::Origin;
    use crate::chat::{Effects, Event, Now, Settings, Traits};
    use crate::text::Line;

    /// A serialized chat with two people, one of them in a room of its own.
    fn saved() -> Value {
        let (mut chat, mut effects) = (Chat::new(Settings::default()), Effects::default());
        let origin = Origin::of([192, 0, 2, 1].into());
        for (id, line) in [(1, "/join dev"), (2, "/login bob pw")] {
            let events = [
                Event::Connected(origin, Traits::default()),
                Event::Settled,
                Event::Line(Line::new(line)),
            ];
            for event in events {
                chat.handle(Now::default(), ClientId(id), event, &mut effects);
            }
        }
        serde_json::to_value(&chat).unwrap()
    }

    /// Damages a serialized chat.
    type Spoil = fn(&mut Value);

    fn is_consistent(saved: Value) -> bool {
        let chat: Chat = serde_json::from_value(saved).unwrap();
        chat.is_consistent(Duration::ZERO)
    }

    #[test]
    fn what_does_not_belong_together_is_noticed() {
        assert!(is_consistent(saved()));
        let spoils: [(&str, Spoil); 9] = [
            ("no lobby", |chat| {
                chat["rooms"]["rooms"].as_object_mut().unwrap().remove("0");
            }),
            ("a member nobody knows", |chat| chat["rooms"]["rooms"]["0"]["members"][0] = 7.into()),
            ("a room without a name", |chat| {
                chat["rooms"]["names"].as_object_mut().unwrap().remove("dev");
            }),
            ("two rooms of a name", |chat| chat["rooms"]["names"]["dev"] = 0.into()),
            ("too many announced", |chat| chat["rooms"]["rooms"]["0"]["announced"] = 2.into()),
            ("a client in no room", |chat| chat["clients"]["1"]["rooms"] = Value::Array(vec![])),
            ("a nick of another", |chat| chat["clients"]["1"]["nick"] = "guest2".into()),
            ("a client nobody knows", |chat| {
                chat["clients"].as_object_mut().unwrap().remove("2");
            }),
            ("numbers that have run out", |chat| chat["rooms"]["opened"] = u64::MAX.into()),
        ];
        for (what, spoil) in spoils {
            let mut chat = saved();
            spoil(&mut chat);
            assert!(!is_consistent(chat), "{what}");
        }
    }

    #[test]
    fn what_has_not_happened_yet_is_noticed() {
        let later = serde_json::json!({"secs": 1, "nanos": 0});
        let mut chat = saved();
        let spoke = serde_json::json!({"at": later, "client": 1, "from": "::1", "login": null});
        chat["rooms"]["rooms"]["0"]["pace"] = serde_json::json!([spoke]);
        assert!(!is_consistent(chat));
    }
}
