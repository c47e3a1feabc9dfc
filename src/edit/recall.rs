//! The history of typed lines, for the arrow keys.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

const MAX_LINES: usize = 500;
/// Bytes of all lines.
const MAX_BYTES: usize = 64 * 1024;

/// Typed lines, and the position among them.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Recall {
    lines: VecDeque<String>,
    /// Bytes in `lines`.
    bytes: usize,
    /// How far back the user went; 0 is the line that the user is typing.
    back: usize,
    /// The line that the user was typing, while an older one is shown.
    draft: String,
}

impl Recall {
    /// Ends the walk through earlier lines.
    pub(super) fn end(&mut self) {
        self.back = 0;
        self.draft.clear();
    }

    pub(super) fn add(&mut self, line: &str) {
        self.end();
        if self.lines.back().is_some_and(|last| last == line) {
            return;
        }
        self.lines.push_back(line.to_owned());
        self.bytes += line.len();
        while self.lines.len() > MAX_LINES || self.bytes > MAX_BYTES {
            let oldest = self.lines.pop_front().unwrap_or_default();
            self.bytes -= oldest.len();
        }
    }

    /// The last line with `text` in it, before the one that is `skipped` lines back; and how far
    /// back it is.
    pub(super) fn find(&self, text: &str, skipped: usize) -> Option<(usize, &str)> {
        let lines = self.lines.iter().rev().enumerate().skip(skipped);
        let mut found = lines.filter(|(_, line)| line.contains(text));
        found.next().map(|(back, line)| (back + 1, line.as_str()))
    }

    /// The previous line, if there is one; `current` is the line on the screen.
    pub(super) fn back(&mut self, current: &str) -> Option<String> {
        if self.back == self.lines.len() {
            return None;
        }
        if self.back == 0 {
            current.clone_into(&mut self.draft);
        }
        self.back += 1;
        self.lines.get(self.lines.len() - self.back).cloned()
    }

    /// The next line, if the user went back.
    pub(super) fn forward(&mut self) -> Option<String> {
        self.back = self.back.checked_sub(1)?;
        match self.back {
            0 => Some(std::mem::take(&mut self.draft)),
            back => self.lines.get(self.lines.len() - back).cloned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_back_and_the_draft_is_kept() {
        let mut recall = Recall::default();
        assert_eq!((recall.back("x"), recall.forward()), (None, None));
        ["one", "two", "two"].iter().for_each(|line| recall.add(line));
        assert_eq!(recall.back("dra"), Some("two".to_owned()));
        assert_eq!(recall.back("two"), Some("one".to_owned()));
        assert_eq!(recall.back("one"), None);
        assert_eq!(recall.forward(), Some("two".to_owned()));
        assert_eq!(recall.forward(), Some("dra".to_owned()));
        assert_eq!(recall.forward(), None);
    }

    #[test]
    fn lines_are_found() {
        let mut recall = Recall::default();
        ["one", "two", "on two"].iter().for_each(|line| recall.add(line));
        assert_eq!(recall.find("on", 0), Some((1, "on two")));
        assert_eq!(recall.find("on", 1), Some((3, "one")));
        assert_eq!((recall.find("on", 3), recall.find("x", 0)), (None, None));
    }

    #[test]
    fn it_begins_at_the_end_again_after_each_line() {
        let mut recall = Recall::default();
        recall.add("one");
        recall.back("");
        recall.add("two");
        assert_eq!(recall.back(""), Some("two".to_owned()));
    }

    #[test]
    fn the_oldest_are_forgotten() {
        let mut recall = Recall::default();
        (0..=MAX_LINES).for_each(|n| recall.add(&n.to_string()));
        let oldest = std::iter::from_fn(|| recall.back("")).last();
        assert_eq!(oldest, Some("1".to_owned()));
        let long = |c: &str| c.repeat(MAX_BYTES / 2);
        ["a", "b", "c"].iter().for_each(|c| recall.add(&long(c)));
        let oldest = std::iter::from_fn(|| recall.back("")).last();
        assert_eq!((oldest, recall.bytes), (Some(long("b")), MAX_BYTES));
    }
}
