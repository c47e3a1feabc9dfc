//! `Token`: what a program shows to speak as an account.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::moment::Moment;
use super::name::{Nick, RoomName};
use crate::text::{Text, is_blank};

/// A token of an account. The token itself is kept nowhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// What it is recognised by.
    pub hash: TokenHash,
    /// The account.
    pub nick: Nick,
    /// The word by which its owner knows it.
    pub label: Text,
    /// The rooms that it is for; none are all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rooms: Vec<RoomName>,
    /// When it was made.
    pub created: Moment,
}

/// Characters of a label.
const MAX_LABEL: usize = 32;

impl Token {
    /// The word of `/token` that revokes a token, which none is called therefore.
    pub const REVOKE: &str = "revoke";

    /// Whether a token can be called so: one word.
    pub fn is_label(word: &str) -> bool {
        (1..=MAX_LABEL).contains(&word.chars().count())
            && word != Self::REVOKE
            && !word.contains(char::is_whitespace)
            && !is_blank(word)
    }

    /// Whether it is for a room.
    pub fn is_for(&self, room: RoomName) -> bool {
        self.rooms.is_empty() || self.rooms.contains(&room)
    }
}

/// The hash of a token (SHA-256), in hexadecimal digits. There is nothing to guess in a token, so
/// that it needs no salt and no slow hash. Its `Debug` does not show it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TokenHash(String);

impl TokenHash {
    /// The hash with these digits.
    pub fn new(digits: impl Into<String>) -> Self {
        Self(digits.into())
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash(..)")
    }
}
