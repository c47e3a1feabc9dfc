//! What somebody who is not connected can see: the rooms, and what was said there.

use std::cmp::Reverse;

use crate::chat::model::{Entry, Now, PastSlice, RoomId, RoomName, Since};
use crate::chat::state::Chat;
use crate::text::Text;

/// A room as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedRoom {
    /// Its name.
    pub room: RoomName,
    /// How many people are in it.
    pub here: usize,
    /// Its topic.
    pub topic: Option<Text>,
}

impl Chat {
    /// The rooms with people in them, and the lobby: those with the most people first.
    pub fn listed_rooms(&self) -> Vec<ListedRoom> {
        let shown = self.rooms.iter().filter(|room| {
            let is_in_use = room.announced > 0 || room.name == RoomName::lobby();
            is_in_use && Self::check_open(room).is_ok()
        });
        let listed = shown.map(|room| {
            let (room, here, topic) = (room.name, room.announced, room.topic.clone());
            ListedRoom { room, here, topic }
        });
        let mut listed: Vec<_> = listed.collect();
        listed.sort_unstable_by_key(|listed| (Reverse(listed.here), listed.room));
        listed
    }

    /// Whether there is such a room, or was a moment ago.
    pub fn has_room(&self, room: RoomName) -> bool {
        self.rooms.find(room).is_some()
    }

    /// The name of a room.
    pub fn name_of(&self, room: RoomId) -> Option<RoomName> {
        self.rooms.get(room).map(|room| room.name)
    }

    /// What a room has in memory of what was said; `None` if there is no such room.
    pub fn remembered(
        &self,
        now: Now,
        room: RoomName,
        since: Option<&Since>,
        count: usize,
    ) -> Option<PastSlice> {
        let room = self.rooms.find(room)?;
        // The chat of a cluster remembers lines also where none are to be shown.
        let is_shown = self.settings.replay > 0;
        let oldest = self.oldest_kept(now.moment);
        let is_kept = |line: &&Entry| {
            is_shown && !line.private && oldest.is_none_or(|oldest| line.at >= oldest)
        };
        let lines = room.history.iter().map(|(_, line)| line).filter(is_kept);
        Some(PastSlice::of(lines.cloned().collect(), since, count))
    }
}
