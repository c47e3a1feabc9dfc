//! `Fork`: what the clients see while the node is not with the others.

use std::time::Duration;

use crate::chat::{Chat, Now};

/// How long clients wait for the log at the start, and for a node to be with the others again.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);

/// The chat of a node that is cut off from the others.
#[derive(Debug)]
pub(super) struct Fork {
    pub(super) chat: Chat,
    /// When it began, by this node's clock, and the time of the chat then.
    pub(super) since: Duration,
    pub(super) uptime: Duration,
    /// How many people are out of reach; when the clients are told, and whether they were.
    pub(super) people: usize,
    pub(super) tell_at: Duration,
    pub(super) is_told: bool,
    /// Whether the node has not been with the others yet.
    pub(super) is_first: bool,
    /// Whether inputs wait, because the node may join soon.
    pub(super) holds: bool,
}

impl Fork {
    /// What the clients see until the node is with the others for the first time.
    pub(super) fn first(chat: Chat, now: Now) -> Self {
        let (since, tell_at) = (now.uptime, now.uptime + PATIENCE);
        let (people, is_told) = (0, false);
        let uptime = now.uptime;
        Self { chat, since, uptime, people, tell_at, is_told, is_first: true, holds: true }
    }

    /// The time of its chat.
    pub(super) fn now(&self, now: Now) -> Now {
        let uptime = self.uptime + now.uptime.saturating_sub(self.since);
        Now { uptime, moment: now.moment }
    }
}
