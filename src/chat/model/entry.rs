//! `Entry`: something said that is remembered.

use serde::{Deserialize, Serialize};

use super::moment::Moment;
use super::name::Nick;
use crate::text::Text;

/// What a store has of a room.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoomPast {
    /// Its topic.
    pub topic: Option<Text>,
    /// The last lines, oldest first.
    pub lines: Vec<Entry>,
}

/// How something was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    /// As a line.
    Said,
    /// As an action.
    Emoted,
    /// Not at all: the text says what is missing.
    Gap,
}

/// Something said that is remembered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// When.
    pub at: Moment,
    /// By whom, as they were called then.
    pub from: Nick,
    /// How.
    pub kind: Kind,
    /// What.
    pub text: Text,
}
