//! `Past`: what there was before this start.

use super::request::Recalled;
use crate::chat::{Chat, LineFilter, Roll, RoomName, RoomPast};
use crate::text::Text;

/// What there was before this start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Past {
    /// The rooms in which something was said last.
    pub rooms: Vec<PastRoom>,
    /// Who is who, and who stays out.
    pub roll: Roll,
    /// How often lines were forgotten while no server ran: what was handed over before the last time
    /// may have some of them.
    pub forgotten: u64,
    /// What was to be forgotten when a server ended, and is by now.
    pub late: Vec<LineFilter>,
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
    /// Brings it back. A chat that goes on, and in whose time lines had been forgotten so often without a
    /// server, remembers its rooms itself, unless some were since.
    pub fn recall_in(self, chat: &mut Chat, goes_on_after: Option<u64>) {
        if goes_on_after.is_some_and(|times| times != self.forgotten) {
            chat.forget_all();
        }
        if goes_on_after != Some(self.forgotten) {
            for PastRoom { name, topic, lines } in self.rooms {
                let lines = lines.into_iter().map(|line| line.into_entry().1).collect();
                chat.recall(name, RoomPast { topic, lines });
            }
        }
        for filter in &self.late {
            chat.forget(filter);
        }
        chat.register(self.roll);
    }
}
