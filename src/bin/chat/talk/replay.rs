//! `Replay`: what people said while the client was entering again.

use std::collections::VecDeque;

use chatd::text::Text;

/// Most lines kept, and most bytes of them; a hostile server could send any number.
const MAX_LINES: usize = 10_000;
const MAX_BYTES: usize = 4 * 1024 * 1024;

/// The last lines, each with its room if it names one.
#[derive(Debug, Default)]
pub(super) struct Replay {
    lines: VecDeque<(Option<String>, Text)>,
    bytes: usize,
}

impl Replay {
    pub(super) fn push(&mut self, room: Option<&str>, line: &Text) {
        self.bytes += line.as_str().len();
        self.lines.push_back((room.map(str::to_owned), line.clone()));
        while self.lines.len() > MAX_LINES || self.bytes > MAX_BYTES {
            let oldest = self.lines.pop_front().map_or(0, |(_, line)| line.as_str().len());
            self.bytes -= oldest;
        }
    }

    /// The lines, oldest first.
    pub(super) fn into_lines(self) -> impl Iterator<Item = (Option<String>, Text)> {
        self.lines.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_lines_are_kept() {
        let mut replay = Replay::default();
        (0..=MAX_LINES).for_each(|n| replay.push(None, &Text::new(format!("<a> {n}"))));
        assert_eq!(replay.lines.len(), MAX_LINES);
        let long = Text::new("x".repeat(MAX_BYTES / 4));
        (0..10).for_each(|_| replay.push(Some("dev"), &long));
        assert_eq!(replay.bytes, MAX_BYTES);
        assert_eq!(replay.into_lines().count(), 4);
    }
}
