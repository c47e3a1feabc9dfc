//! `RoomRecord`: what is recorded about a room for a restart after a crash.

use serde::{Deserialize, Serialize};

use crate::chat::model::{Nick, RoomName, RoomRole, RoomSettings};

/// A room's settings, and the roles of its members by their nicks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomRecord {
    /// The room.
    pub name: RoomName,
    #[serde(flatten)]
    settings: RoomSettings,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    operators: Vec<Nick>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    voices: Vec<Nick>,
}

impl RoomRecord {
    /// The record of a room with these people; `None` if there is nothing to record.
    pub(super) fn new(
        name: RoomName,
        settings: &RoomSettings,
        operators: Vec<Nick>,
        voices: Vec<Nick>,
    ) -> Option<Self> {
        let is_empty = settings.are_default() && operators.is_empty() && voices.is_empty();
        (!is_empty).then(|| Self { name, settings: settings.clone(), operators, voices })
    }

    /// Forgets one of the roles, a voice if there is one; returns whether there was one.
    pub fn forget_a_role(&mut self) -> bool {
        self.voices.pop().or_else(|| self.operators.pop()).is_some()
    }

    /// The settings.
    pub(super) fn settings(&self) -> &RoomSettings {
        &self.settings
    }

    /// All roles in it.
    pub(crate) fn roles(&self) -> impl Iterator<Item = (Nick, RoomRole)> {
        let with = |role: RoomRole| move |nick: &Nick| (*nick, role);
        let operators = self.operators.iter().map(with(RoomRole::Operator));
        operators.chain(self.voices.iter().map(with(RoomRole::Voice)))
    }
}
