//! What Ctrl-_ takes back: the changes of the line, the last one first.

use std::collections::VecDeque;
use std::ops::Range;

const MAX_CHANGES: usize = 200;
/// Bytes of all that was removed; enough for one line of any length.
const MAX_BYTES: usize = 64 * 1024;
/// Erased characters that are taken back at once, in bytes.
const MAX_ERASED: usize = 256;

/// The changes since the line was empty.
#[derive(Debug, Default)]
pub(super) struct Undo {
    changes: VecDeque<Change>,
    /// Bytes that they removed.
    bytes: usize,
    /// Whether the next change cannot go on with the last one.
    is_over: bool,
}

/// A part of the line that was replaced.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Change {
    /// Where it begins, in bytes.
    pub(super) start: usize,
    pub(super) removed: String,
    /// Bytes that stand there instead.
    pub(super) inserted: usize,
}

impl Undo {
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// The line changes. A typed character goes on with the word before it, and an erased one with
    /// those beside it.
    pub(super) fn note(&mut self, line: &str, range: Range<usize>, new: &str) {
        let removed = &line[range.clone()];
        if std::mem::take(&mut self.is_over) || !self.goes_on(line, range.start, removed, new) {
            let (start, inserted) = (range.start, new.len());
            self.changes.push_back(Change { start, removed: removed.to_owned(), inserted });
        }
        self.bytes += removed.len();
        while self.changes.len() > MAX_CHANGES || self.bytes > MAX_BYTES {
            let Some(oldest) = self.changes.pop_front() else { return };
            self.bytes -= oldest.removed.len();
        }
    }

    /// Takes the last change.
    pub(super) fn take(&mut self) -> Option<Change> {
        self.is_over = true;
        let change = self.changes.pop_back()?;
        self.bytes -= change.removed.len();
        Some(change)
    }

    /// Adds to the last change if this one belongs to it.
    fn goes_on(&mut self, line: &str, start: usize, removed: &str, new: &str) -> bool {
        let Some(last) = self.changes.back_mut() else { return false };
        let end = last.start + last.inserted;
        let is_blank = |c: Option<char>| c.is_some_and(char::is_whitespace);
        match (removed, new) {
            ("", new) if last.removed.is_empty() && end == start && new.chars().count() == 1 => {
                let before = line[..start].chars().next_back();
                if is_blank(before) && !is_blank(new.chars().next()) {
                    return false;
                }
                last.inserted += new.len();
            }
            (removed, "") if last.inserted == 0 && last.removed.len() < MAX_ERASED => {
                if start == last.start {
                    last.removed.push_str(removed);
                } else if start + removed.len() == last.start {
                    last.removed.insert_str(0, removed);
                    last.start = start;
                } else {
                    return false;
                }
            }
            _ => return false,
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_it_keeps_is_bounded() {
        let mut undo = Undo::default();
        let line = "x".repeat(MAX_BYTES / 4);
        for _ in 0..10 {
            undo.note(&line, 0..line.len(), "y");
            assert!(undo.bytes <= MAX_BYTES);
        }
        assert_eq!(undo.changes.len(), 4);
        (0..=2 * MAX_CHANGES).for_each(|_| undo.note("a b", 1..2, "xy"));
        assert_eq!((undo.changes.len(), undo.bytes), (MAX_CHANGES, MAX_CHANGES));
        let long = "x".repeat(MAX_BYTES + 1);
        undo.note(&long, 0..long.len(), "");
        assert_eq!((undo.take(), undo.bytes), (None, 0));
    }
}
