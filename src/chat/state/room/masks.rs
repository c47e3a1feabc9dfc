//! `RoomMasks`: the bans of one room.

use serde::{Deserialize, Serialize};

use crate::chat::model::{Moment, RoomBan, RoomMask, RoomName};
use crate::chat::refusal::RoomRefusal;
use crate::chat::state::client::Client;

/// Most bans of a room.
pub(crate) const MAX_BANS: usize = 60;

impl RoomBan {
    /// The refusal for a client that it covers.
    pub(crate) fn refusal(&self, room: RoomName, now: Moment) -> RoomRefusal {
        let left = self.until.map(|until| until.since(now));
        RoomRefusal::Banned { room, why: self.reason.clone(), left }
    }
}

/// The bans of one room, oldest first.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct RoomMasks(Vec<RoomBan>);

impl RoomMasks {
    /// These, or the first so many of them.
    pub(crate) fn of(mut bans: Vec<RoomBan>) -> Self {
        bans.truncate(MAX_BANS);
        Self(bans)
    }

    /// All of them, also those that have expired.
    pub(crate) fn all(&self) -> &[RoomBan] {
        &self.0
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Those in force.
    pub(crate) fn iter(&self, now: Moment) -> impl Iterator<Item = &RoomBan> {
        self.0.iter().filter(move |ban| ban.is_in_force(now))
    }

    /// The oldest one in force that covers a client with this `source`.
    pub(crate) fn covering(
        &self,
        now: Moment,
        client: &Client,
        source: impl FnOnce() -> String,
    ) -> Option<&RoomBan> {
        if self.0.is_empty() {
            return None;
        }
        let source = source();
        self.iter(now).find(|ban| ban.covers(client.nick, client.login, &source))
    }

    /// Adds one, in the place of another with the same mask, and removes those that have expired.
    /// Returns false if there are too many.
    pub(crate) fn add(&mut self, now: Moment, ban: RoomBan) -> bool {
        self.0.retain(|other| other.is_in_force(now) && !other.mask.is_like(&ban.mask));
        if self.0.len() >= MAX_BANS {
            return false;
        }
        self.0.push(ban);
        true
    }

    /// Removes the one with that mask in any spelling; returns it.
    pub(crate) fn remove(&mut self, now: Moment, mask: &RoomMask) -> Option<RoomBan> {
        let is_meant = |ban: &RoomBan| ban.is_in_force(now) && ban.mask.is_like(mask);
        let index = self.0.iter().position(is_meant)?;
        Some(self.0.remove(index))
    }

    /// Whether they are not too many: a check of a restored snapshot.
    pub(crate) fn are_consistent(&self) -> bool {
        self.0.len() <= MAX_BANS
    }
}
