//! `Line`: what a client sent as one line.

use std::ops::Deref;

use serde::{Deserialize, Serialize};

use super::clean::Text;

/// A cleaned line that knows how far the filter changed it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "SavedLine", into = "SavedLine")]
pub struct Line {
    text: Text,
    /// The filter last changed something before this offset; 0 if nothing.
    changed: usize,
}

impl Line {
    /// Cleans `raw` as [`Text::new`] does.
    pub fn new(raw: impl AsRef<[u8]>) -> Self {
        let (text, changed) = Text::filtered(raw.as_ref());
        Self { text, changed }
    }

    /// The same line, marked as having lost something at an unknown place before it was cleaned.
    pub fn with_loss(self) -> Self {
        Self { changed: usize::MAX, ..self }
    }

    /// Whether everything from `offset` on is what the client sent, byte by byte.
    pub fn is_as_sent_from(&self, offset: usize) -> bool {
        self.changed <= offset
    }

    /// Whether `end`, with which the line ends except for blanks, is what the client sent. If not,
    /// different inputs could give the same `end`.
    pub fn ends_as_sent(&self, end: &str) -> bool {
        let start = self.as_str().trim_end().len().saturating_sub(end.len());
        self.is_as_sent_from(start) && !end.contains(char::REPLACEMENT_CHARACTER)
    }

    /// The cleaned text.
    pub fn into_text(self) -> Text {
        self.text
    }
}

impl From<Text> for Line {
    fn from(text: Text) -> Self {
        Self { text, changed: 0 }
    }
}

impl Deref for Line {
    type Target = Text;

    fn deref(&self) -> &Text {
        &self.text
    }
}

/// A line in a snapshot. Older snapshots have only its text.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum SavedLine {
    Text(Text),
    /// The offset is not a `usize`: programs of another word size read it, too.
    Changed {
        text: Text,
        changed: u64,
    },
}

impl From<SavedLine> for Line {
    fn from(saved: SavedLine) -> Self {
        match saved {
            SavedLine::Text(text) => Self { text, changed: 0 },
            SavedLine::Changed { text, changed } => {
                Self { text, changed: usize::try_from(changed).unwrap_or(usize::MAX) }
            }
        }
    }
}

impl From<Line> for SavedLine {
    fn from(Line { text, changed }: Line) -> Self {
        match changed {
            0 => Self::Text(text),
            usize::MAX => Self::Changed { text, changed: u64::MAX },
            _ => Self::Changed { text, changed: changed as u64 },
        }
    }
}
