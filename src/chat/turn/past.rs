//! What a client may see of what was said in its rooms.

use crate::chat::effect::Effects;
use crate::chat::model::{ClientId, Entry, Moment, Nick, Now, RoomName};
use crate::chat::state::{Chat, Room};

use super::view::View;

/// Where the past of a room is for a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// Whether the store has more of it than memory.
    pub is_in_store: bool,
    /// Whether lines that were said in private are the client's to see there.
    pub with_private: bool,
    /// The people whose lines it does not see.
    pub without: Vec<Nick>,
}

impl Chat {
    /// How a client may read the past of a room; `None` if it is not there.
    pub fn access_to(&self, now: Now, client: ClientId, name: RoomName) -> Option<Access> {
        let room = self.room_with(client, name)?;
        let with_private = room.is_kept_in_private();
        Some(Access {
            is_in_store: self.has_archive(client) && (with_private || !room.is_private()),
            with_private,
            without: self.as_seen_by(now, client, |view| view.ignored_nicks()),
        })
    }

    /// What memory has of a room that a client is in, as far as the client may see it.
    pub fn memory_of(&self, now: Now, client: ClientId, name: RoomName) -> Vec<Entry> {
        let room = self.room_with(client, name).filter(|_| self.settings().replay > 0);
        let oldest = self.oldest_kept(now.moment);
        let lines = room.into_iter().flat_map(|room| room.history.iter());
        let lines = lines.map(|(_, line)| line.clone());
        let is_kept = |line: &Entry| oldest.is_none_or(|oldest| line.at >= oldest);
        self.seen(now, client, name, lines.filter(is_kept).collect())
    }

    /// Those of a room's lines that a client may see, without markers.
    pub fn seen(
        &self,
        now: Now,
        client: ClientId,
        name: RoomName,
        lines: Vec<Entry>,
    ) -> Vec<Entry> {
        self.as_seen_by(now, client, |view| {
            let ignored = view.ignored_nicks();
            let is_seen = |line: &Entry| {
                !line.kind.is_marker() && !ignored.contains(&line.from) && view.may_read(name, line)
            };
            lines.into_iter().filter(is_seen).collect()
        })
    }

    /// When somebody said something last in a room, as far as memory has it.
    pub fn last_time(&self, now: Now, client: ClientId, name: RoomName) -> Option<Moment> {
        self.memory_of(now, client, name).last().map(|line| line.at)
    }

    /// The room of that name, if the client is in it.
    fn room_with(&self, client: ClientId, name: RoomName) -> Option<&Room> {
        self.rooms.find(name).filter(|room| room.members.contains(&client))
    }

    fn as_seen_by<T: Default>(
        &self,
        now: Now,
        client: ClientId,
        look: impl FnOnce(&View<'_>) -> T,
    ) -> T {
        if !self.clients.contains_key(&client) {
            return T::default();
        }
        let mut nothing = Effects::default();
        look(&View { chat: self, now, me: client, at: None, effects: &mut nothing })
    }
}
