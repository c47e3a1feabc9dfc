//! `Past`: what there was before this start.

use super::request::Recalled;
use crate::chat::{Chat, Roll, RoomName, RoomPast};
use crate::text::Text;

/// What there was before this start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Past {
    /// The rooms in which something was said last.
    pub rooms: Vec<PastRoom>,
    /// Who is who, and who stays out.
    pub roll: Roll,
}

/// What there was in a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastRoom {
    /// What it is called.
    pub name: RoomName,
    /// Its topic.
    pub topic: Option<Text>,
    /// The last lines, oldest first.
    pub lines: Vec<Recalled>,
}

impl Past {
    /// Brings it back.
    pub fn recall_in(self, chat: &mut Chat) {
        for PastRoom { name, topic, lines } in self.rooms {
            let lines = lines.into_iter().map(|line| line.into_entry().1).collect();
            chat.recall(name, RoomPast { topic, lines });
        }
        chat.register(self.roll);
    }
}
