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
    /// How many of these are blank, at most. Lines fill them before any row scrolls out.
    blank: usize,
}

impl Shown {
    pub(crate) fn add(&mut self, line: String, paint: Vec<Paint>) {
        self.bytes += line.len();
        match self.blank.checked_sub(1) {
            Some(blank) => self.blank = blank,
            None => self.own += 1,
        }
        self.lines.push_back((line, paint));
        while self.lines.len() > MAX_LINES || self.bytes > MAX_BYTES {
            let oldest = self.lines.pop_front().map_or(0, |(line, _)| line.len());
            self.bytes -= oldest;
            (self.own, self.blank) = (self.own.min(self.lines.len()), 0);
        }
    }

    /// The screen was cleared; it has so many rows.
    pub(crate) fn clear(&mut self, height: usize) {
        *self = Self { own: height, blank: height, ..Self::default() };
    }

    /// The screen has another height. A lower one loses blank rows first.
    pub(crate) fn resize(&mut self, old: usize, new: usize) {
        let lost = old.saturating_sub(new).min(self.blank);
        self.own -= lost;
        self.blank -= lost;
    }

    /// Another program may have written to the screen.
    pub(crate) fn share(&mut self) {
        (self.own, self.blank) = (0, 0);
    }

    /// How many rows of a screen of this height may have something else in them; from now on, they
    /// have not.
    pub(crate) fn claim(&mut self, height: usize) -> usize {
        let others = height.saturating_sub(self.own);
        if others > 0 {
            (self.own, self.blank) = (height, height.saturating_sub(self.lines.len()));
        }
        others
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
        assert_eq!((shown.lines.len(), shown.own), (MAX_LINES, MAX_LINES));
        (0..10).for_each(|_| shown.add("x".repeat(MAX_BYTES / 3), Vec::new()));
        assert!(shown.bytes <= MAX_BYTES && shown.lines.len() == 3);
        assert_eq!(shown.claim(4), 1, "there may be older lines on the screen");
    }

    fn add(shown: &mut Shown, lines: usize) {
        (0..lines).for_each(|_| shown.add(String::new(), Vec::new()));
    }

    #[test]
    fn the_rows_of_another_program_are_not_its_own() {
        let mut shown = Shown::default();
        add(&mut shown, 5);
        assert_eq!([shown.claim(5), shown.claim(6), shown.claim(6)], [0, 1, 0]);
        shown.clear(24);
        assert_eq!(shown.claim(24), 0);
        shown.share();
        assert_eq!([shown.claim(24), shown.claim(24)], [24, 0]);
    }

    #[test]
    fn of_a_higher_screen_only_the_further_rows_may_be_of_another_program() {
        let mut shown = Shown::default();
        add(&mut shown, 3);
        assert_eq!(shown.claim(24), 21);
        for height in 25..50 {
            assert_eq!(shown.claim(height), 1);
        }
    }

    #[test]
    fn a_line_in_a_blank_row_makes_no_further_row_its_own() {
        let mut shown = Shown::default();
        for _ in 0..3 {
            shown.clear(24);
            add(&mut shown, 24);
        }
        assert_eq!(shown.own, 24);
        add(&mut shown, 2);
        assert_eq!(shown.claim(28), 2, "two lines have scrolled out");
        shown.share();
        shown.clear(24);
        add(&mut shown, 4);
        assert_eq!(shown.claim(30), 6);
        add(&mut shown, 27);
        assert_eq!(shown.own, 31, "26 rows were blank");
    }

    #[test]
    fn blank_rows_of_a_lower_screen_are_lost() {
        let mut shown = Shown::default();
        shown.clear(24);
        add(&mut shown, 4);
        shown.resize(24, 10);
        shown.resize(10, 24);
        assert_eq!(shown.claim(24), 14);
        add(&mut shown, 24);
        shown.resize(24, 10);
        assert_eq!(shown.claim(24), 0);
    }
}
