//! `SavedReader`: somebody who reads a room over HTTP and is still given the past.

use serde::{Deserialize, Serialize};

use crate::chat::{LineId, Moment, RoomName, Since, TokenHash};

/// What such a reader reads, and what it has of that.
#[derive(Debug, Serialize, Deserialize)]
pub struct SavedReader {
    /// The room.
    pub room: RoomName,
    /// The token of the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<TokenHash>,
    /// How often the log of a cluster will still say that it reads.
    #[serde(default)]
    pub entering: u32,
    /// What the store is to be asked next; `None` if it only waits for the log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query: Option<PastQuery>,
}

/// What a reader wants to know of the store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastQuery {
    /// From where on.
    pub since: Since,
    /// The line before, and its time, if that is known.
    pub after: Option<(LineId, Moment)>,
}

impl PastQuery {
    /// What is behind this line.
    pub fn behind(line: (LineId, Moment)) -> Self {
        Self { since: Since::Id(line.0.short()), after: Some(line) }
    }
}
