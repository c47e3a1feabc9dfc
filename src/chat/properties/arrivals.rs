//! Nobody stays unseen.

use crate::chat::model::Now;
use crate::chat::state::{ANNOUNCED_AFTER, Chat, Client};

/// Nobody has been here for so long without being announced.
pub(super) fn check(chat: &Chat, now: Now) {
    let is_late = |client: &Client| now.uptime - client.connected >= ANNOUNCED_AFTER;
    assert!(
        chat.clients
            .values()
            .all(|client| client.announced || client.speaks_irc() || !is_late(client))
    );
}
