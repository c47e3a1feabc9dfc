//! `RoomRole`: what a client may do in a room, besides talking.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A role in a room, the highest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RoomRole {
    /// May change the room, and who is in it.
    Operator,
    /// May speak in a moderated room.
    Voice,
}

impl fmt::Display for RoomRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Operator => "operator",
            Self::Voice => "voice",
        })
    }
}

/// The roles of one client in one room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RoomRoles {
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    operator: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    voice: bool,
}

impl RoomRoles {
    /// Those of the client that makes a room.
    pub const MAKER: Self = Self { operator: true, voice: false };

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self == Self::default()
    }

    /// Whether that is one of them.
    pub fn has(self, role: RoomRole) -> bool {
        match role {
            RoomRole::Operator => self.operator,
            RoomRole::Voice => self.voice,
        }
    }

    /// Adds or removes a role.
    pub fn set(&mut self, role: RoomRole, on: bool) {
        match role {
            RoomRole::Operator => self.operator = on,
            RoomRole::Voice => self.voice = on,
        }
    }

    /// Whether that is one of them, or a lower one.
    pub fn reaches(self, role: RoomRole) -> bool {
        self.highest().is_some_and(|own| own <= role)
    }

    /// The higher one, if there is any.
    pub fn highest(self) -> Option<RoomRole> {
        [RoomRole::Operator, RoomRole::Voice].into_iter().find(|role| self.has(*role))
    }

    /// Those of either.
    pub fn and(self, other: Self) -> Self {
        Self { operator: self.operator || other.operator, voice: self.voice || other.voice }
    }

    /// Those that are not among others.
    pub fn without(self, other: Self) -> Self {
        Self { operator: self.operator && !other.operator, voice: self.voice && !other.voice }
    }

    /// Each of them.
    pub fn iter(self) -> impl Iterator<Item = RoomRole> {
        [RoomRole::Operator, RoomRole::Voice].into_iter().filter(move |role| self.has(*role))
    }
}
