//! `Entry`: a line in the history.

use serde::{Deserialize, Serialize};

use super::line_id::LineId;
use super::moment::Moment;
use super::name::Nick;
use crate::text::Text;

/// A room as the store has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoomPast {
    /// Its topic.
    pub topic: Option<Text>,
    /// The last lines, oldest first.
    pub lines: Vec<Entry>,
}

/// What kind of line an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    /// A line.
    Said,
    /// An action (`/me`).
    Emoted,
    /// A marker for lost lines; the text says how many.
    Gap,
}

/// A line in the history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its id; unknown for a line from a version without ids.
    #[serde(default, skip_serializing_if = "LineId::is_unknown")]
    pub id: LineId,
    /// When it was said.
    pub at: Moment,
    /// The speaker's nick at that time.
    pub from: Nick,
    /// Its kind.
    pub kind: Kind,
    /// Its text.
    pub text: Text,
}
