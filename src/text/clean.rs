//! `Text`: the filter's result.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::filter::Filter;
use super::words::is_blank;

/// One line without control, bidirectional-override or invisible characters. Cheap to clone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct Text(Arc<str>);

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl From<Text> for String {
    fn from(text: Text) -> Self {
        text.as_str().to_owned()
    }
}

impl Text {
    /// Cleans `raw`; the only way to make a `Text`.
    ///
    /// Bytes that are not UTF-8 become U+FFFD, TAB becomes a space, and characters that move the
    /// cursor, reorder or hide text are dropped. Idempotent.
    pub fn new(raw: impl AsRef<[u8]>) -> Self {
        Self::filtered(raw.as_ref()).0
    }

    /// Cleans `raw`; also returns the offset before which the filter changed something, 0 if it
    /// changed nothing.
    pub(super) fn filtered(raw: &[u8]) -> (Self, usize) {
        // Looks at all bytes, even after one that is not plain: so several are compared at once.
        let is_plain = raw.iter().fold(true, |so_far, byte| so_far & matches!(byte, b' '..=b'~'));
        if is_plain && let Ok(plain) = std::str::from_utf8(raw) {
            return (Self(plain.into()), 0);
        }
        let mut filter = Filter::with_capacity(raw.len());
        filter.push_bytes(raw);
        let (kept, changed) = filter.finish();
        (Self(kept.into()), changed)
    }

    /// The text as a string slice.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether nothing in it is visible: it is empty or all blanks.
    pub fn is_blank(&self) -> bool {
        is_blank(&self.0)
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
