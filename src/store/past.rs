//! `Past`: what a server restores from the database at its start.

use super::note::{Edit, Membership};
use super::request::Recalled;
use crate::chat::{Chat, CloakSecret, KeptRoom, LineFilter, Roll, RoomName, RoomPast};
use crate::text::Text;

/// What a server restores from the database at its start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Past {
    /// The lobby and the rooms with the newest lines.
    pub rooms: Vec<PastRoom>,
    /// The rooms that are kept for an account.
    pub kept: Vec<(RoomName, KeptRoom)>,
    /// All accounts and bans.
    pub roll: Roll,
    /// How often lines were forgotten while no server ran. A snapshot with a smaller count may
    /// still have some of them.
    pub forgotten: u64,
    /// What the last server was asked to forget and did not; the database has forgotten it by now.
    pub late: Vec<LineFilter>,
    /// The cluster that the database was used in.
    pub membership: Membership,
    /// Changes of the accounts and bans that are not in its log yet.
    pub edits: Vec<Edit>,
    /// The key of the cloaks that stand for addresses.
    pub cloak_secret: CloakSecret,
}

/// One room at the start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastRoom {
    /// The room's name.
    pub name: RoomName,
    /// The room's topic, if it has one.
    pub topic: Option<Text>,
    /// The last lines, oldest first.
    pub lines: Vec<Recalled>,
}

impl Past {
    /// Puts it into `chat`. For a chat restored from a snapshot, `snapshot_forgotten` is
    /// [`forgotten`](Self::forgotten) at the time of the snapshot: it keeps its rooms unless lines
    /// were forgotten since.
    pub fn recall_in(self, chat: &mut Chat, snapshot_forgotten: Option<u64>) {
        if snapshot_forgotten.is_some_and(|times| times != self.forgotten) {
            chat.forget_all();
        }
        if snapshot_forgotten != Some(self.forgotten) {
            for PastRoom { name, topic, lines } in self.rooms {
                let lines = lines.into_iter().map(|line| line.into_entry().1).collect();
                chat.recall(name, RoomPast { topic, lines });
            }
        }
        // A snapshot has what they are like.
        if snapshot_forgotten.is_none() {
            self.kept.into_iter().for_each(|(name, kept)| chat.restore_kept(name, kept));
        }
        for filter in &self.late {
            chat.forget(filter);
        }
        chat.register(self.roll);
        chat.set_cloak_secret(self.cloak_secret);
    }
}
