//! Numbers that stand for clients and rooms, each used once only.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Names a client for good: never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ClientId(pub u64);

impl ClientId {
    /// No client's.
    pub const NOBODY: Self = Self(u64::MAX);
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "c{}", self.0)
    }
}

/// Names a room for good: never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RoomId(pub(crate) u64);

impl RoomId {
    /// Where everybody is at first.
    pub const LOBBY: Self = Self(0);
}
