//! `Shown`: the last lines on the screen, to be drawn again when its width has changed.

use std::collections::VecDeque;

use chatd::edit::Paint;

/// Most lines kept, as many as the highest screen has rows, and most bytes of them.
const MAX_LINES: usize = 1000;
const MAX_BYTES: usize = 256 * 1024;

/// The lines, the newest last, with the looks of their parts.
#[derive(Debug, Default)]
pub(crate) struct Shown {
    lines: VecDeque<(String, Vec<Paint>)>,
    bytes: usize,
    /// How many rows of the screen, from the last, have nothing else in them, at least.
    own: usize,
}

impl Shown {
    pub(crate) fn add(&mut self, line: String, paint: Vec<Paint>) {
        self.bytes += line.len();
        self.own += 1;
        self.lines.push_back((line, paint));
        while self.lines.len() > MAX_LINES || self.bytes > MAX_BYTES {
            let oldest = self.lines.pop_front().map_or(0, |(line, _)| line.len());
            self.bytes -= oldest;
            self.own = self.own.min(self.lines.len());
        }
    }

    /// The screen was cleared; it has so many rows.
    pub(crate) fn clear(&mut self, height: usize) {
        *self = Self { own: self.own.max(height), ..Self::default() };
    }

    /// Another program may have written to the screen.
    pub(crate) fn share(&mut self) {
        self.own = 0;
    }

    /// Whether so many rows, from the last, have nothing else in them.
    pub(crate) fn owns(&self, height: usize) -> bool {
        self.own >= height
    }

    /// So many rows have nothing else in them now.
    pub(crate) fn own(&mut self, height: usize) {
        self.own = self.own.max(height);
    }

    pub(crate) fn lines(&self) -> impl DoubleEndedIterator<Item = (&str, &[Paint])> {
        self.lines.iter().map(|(line, paint)| (&**line, &**paint))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_bounded() {
        let mut shown = Shown::default();
        (0..2 * MAX_LINES).for_each(|n| shown.add(n.to_string(), Vec::new()));
        assert_eq!((shown.lines.len(), shown.owns(MAX_LINES)), (MAX_LINES, true));
        (0..10).for_each(|_| shown.add("x".repeat(MAX_BYTES / 3), Vec::new()));
        assert!(shown.bytes <= MAX_BYTES && shown.lines.len() == 3);
        assert!(!shown.owns(4), "there may be older lines on the screen");
    }

    #[test]
    fn the_rows_of_another_program_are_not_its_own() {
        let mut shown = Shown::default();
        assert!(!shown.owns(1));
        (0..5).for_each(|_| shown.add(String::new(), Vec::new()));
        assert!(shown.owns(5) && !shown.owns(6));
        shown.clear(24);
        assert!(shown.owns(24));
        shown.share();
        assert!(!shown.owns(1));
    }
}
