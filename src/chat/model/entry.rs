//! `Entry`: a line in the history.

use serde::{Deserialize, Serialize};

use super::line_id::LineId;
use super::moment::Moment;
use super::name::Nick;
use crate::text::Text;

/// A room as the store has it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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
    /// A notice, which nobody answers by a program.
    Noticed,
    /// A marker for lost lines; the text says how many.
    Gap,
    /// A marker for so many lines in a row that were forgotten; the text says it, too.
    Removed(u32),
}

impl Kind {
    /// Whether nobody said it.
    pub(crate) fn is_marker(self) -> bool {
        matches!(self, Self::Gap | Self::Removed(_))
    }
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
    /// Whether the room was private when it was said: then it is shown only to members, while the
    /// room is private.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub private: bool,
}

impl Entry {
    /// The marker in the place of `lines` forgotten lines, of which the last was said `at` that
    /// time.
    pub(crate) fn removed(id: LineId, at: Moment, lines: u32) -> Self {
        let plural = if lines == 1 { "" } else { "s" };
        let text = Text::new(format!("[{lines} line{plural} removed]"));
        Self { id, at, from: Nick::server(), kind: Kind::Removed(lines), text, private: false }
    }

    /// The marker for what `self` and the next entry stand for, if both are forgotten lines.
    pub(crate) fn merge(&self, next: &Self) -> Option<Self> {
        match (self.kind, next.kind) {
            (Kind::Removed(lines), Kind::Removed(more)) if self.private == next.private => {
                let marker = Self::removed(next.id.clone(), next.at, lines.saturating_add(more));
                Some(Self { private: self.private, ..marker })
            }
            _ => None,
        }
    }

    /// Whether both are the same line, or end with the same forgotten line.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        if self.id.is_unknown() { self == other } else { self.id == other.id }
    }
}
