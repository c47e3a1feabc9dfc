//! `Allowance`: how much of an answer may still be sent.

use super::entry::Entry;
use crate::text::Text;

/// Bytes in one answer, so that the client can receive it without being too slow.
const MOST: usize = 64 * 1024;

/// Bytes in what was said while nodes were apart: half of what may wait for a client by default.
const MOST_LATE: usize = 512 * 1024;

/// The form in which a client gets an answer, as far as its length depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnswerForm {
    /// As lines, each perhaps in a WebSocket message.
    Lines,
    /// As the JSON objects of `chatd.v1`, which are longer.
    Objects,
}

impl AnswerForm {
    /// The most bytes sent around a text, besides a nick and an id: a date and a room's name, or
    /// the fields of an object with them.
    fn around(self) -> usize {
        match self {
            Self::Lines => 64,
            Self::Objects => 120,
        }
    }

    /// The bytes of a text. JSON escapes quotation marks and backslashes with one more byte.
    fn length(self, text: &str) -> usize {
        let escaped = |byte: &u8| self == Self::Objects && matches!(byte, b'"' | b'\\');
        text.len() + text.bytes().filter(escaped).count()
    }

    fn length_of_line(self, entry: &Entry) -> usize {
        let id = match self {
            Self::Lines => 0,
            Self::Objects => entry.id.origin().len() + 20,
        };
        entry.from.as_str().len() + id + self.length(entry.text.as_str())
    }
}

/// The bytes that one answer has left. It always allows the first item.
#[derive(Debug)]
pub struct Allowance {
    form: AnswerForm,
    left: usize,
    is_untouched: bool,
}

impl Allowance {
    /// The allowance of an empty answer.
    pub fn new(form: AnswerForm) -> Self {
        Self { form, left: MOST, is_untouched: true }
    }

    /// An allowance that does not end, for answers whose lines are counted.
    pub(crate) fn without_limit(form: AnswerForm) -> Self {
        Self { left: usize::MAX, ..Self::new(form) }
    }

    /// The allowance for what was said while nodes were apart.
    pub(crate) fn for_late_lines(form: AnswerForm) -> Self {
        Self { left: MOST_LATE, ..Self::new(form) }
    }

    /// Whether a line of the history still fits; if so, counts it.
    pub fn allows(&mut self, entry: &Entry) -> bool {
        self.take(self.form.length_of_line(entry))
    }

    /// Whether a text of the server still fits; if so, counts it.
    pub(crate) fn allows_words(&mut self, words: &Text) -> bool {
        self.take(self.form.length(words.as_str()))
    }

    fn take(&mut self, bytes: usize) -> bool {
        let left = self.left.checked_sub(self.form.around() + bytes);
        let is_allowed = left.is_some() || self.is_untouched;
        self.left = left.unwrap_or(0);
        self.is_untouched = false;
        is_allowed
    }
}
