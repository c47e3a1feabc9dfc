//! Identifiers of clients and rooms, never reused.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Identifies a client; never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ClientId(pub u64);

impl ClientId {
    /// Belongs to no client.
    pub const NOBODY: Self = Self(u64::MAX);
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "c{}", self.0)
    }
}

/// Identifies a room; never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RoomId(pub(crate) u64);

impl RoomId {
    /// The room that new clients are in.
    pub const LOBBY: Self = Self(0);
}
