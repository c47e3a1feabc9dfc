//! `Late`: what is to be passed on to the other nodes once this node is with them again.

use serde::{Deserialize, Serialize};

use super::change::Change;
use crate::chat::{Chat, LateLine, LineFilter, RollChange};

/// Most lines that wait, and most bytes of them.
const MAX_LINES: usize = 10_000;
const MAX_BYTES: usize = 8 * 1024 * 1024;
/// Most other changes that wait.
const MAX_CHANGES: usize = 1000;

/// Lines, and what operators did.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Late {
    lines: Vec<LateLine>,
    bytes: usize,
    changes: Vec<RollChange>,
    forgotten: Vec<LineFilter>,
    /// Whether a line was refused: so are all later ones, as they are known by their last number.
    is_full: bool,
    /// Whether one of the other changes was dropped.
    #[serde(default)]
    has_dropped: bool,
}

impl Late {
    /// Adds a line; returns whether it is the first that is not passed on.
    pub(super) fn push(&mut self, line: LateLine) -> bool {
        let bytes = size_of::<LateLine>() + line.entry.text.as_str().len();
        if self.is_full {
            return false;
        }
        if self.lines.len() >= MAX_LINES || self.bytes + bytes > MAX_BYTES {
            self.is_full = true;
            return true;
        }
        self.bytes += bytes;
        self.lines.push(line);
        false
    }

    /// Adds a change of the accounts or bans.
    pub(super) fn push_change(&mut self, change: RollChange) {
        match self.changes.len() < MAX_CHANGES {
            true => self.changes.push(change),
            false => self.has_dropped = true,
        }
    }

    /// Adds lines that are to be forgotten.
    pub(super) fn push_forgotten(&mut self, filter: LineFilter) {
        match self.forgotten.len() < MAX_CHANGES {
            true => self.forgotten.push(filter),
            false => self.has_dropped = true,
        }
    }

    /// Whether a change other than a line is not passed on, because too many wait.
    pub(super) fn has_dropped(&self) -> bool {
        self.has_dropped
    }

    /// Puts lines before those that wait already.
    pub(super) fn put_before(&mut self, lines: Vec<LateLine>) {
        let later = std::mem::take(&mut self.lines);
        self.bytes = 0;
        for line in lines.into_iter().chain(later) {
            self.push(line);
        }
    }

    /// The changes that pass on what `chat` does not know yet, and how many lines they have.
    pub(super) fn changes(&self, chat: &Chat) -> (Vec<Change>, usize) {
        let lines = self.lines.iter();
        let is_unknown = |line: &&LateLine| !chat.heard().has_line(&line.entry.id);
        let lines: Vec<_> = lines.filter(is_unknown).cloned().collect();
        let count = lines.len();
        let lines = (count > 0).then_some(Change::Late(lines));
        let changes = self.changes.iter().cloned().map(Change::Roll);
        let forgotten = self.forgotten.iter().cloned().map(Change::Forget);
        (lines.into_iter().chain(changes).chain(forgotten).collect(), count)
    }

    /// How many lines wait.
    pub(super) fn len(&self) -> usize {
        self.lines.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::Nick;

    #[test]
    fn changes_that_are_too_many_are_known_to_be_dropped() {
        for push in [
            |late: &mut Late| late.push_change(RollChange::Remove(Nick::new("ann").unwrap())),
            |late: &mut Late| late.push_forgotten(LineFilter::default()),
        ] {
            let mut late = Late::default();
            (0..MAX_CHANGES).for_each(|_| push(&mut late));
            assert!(!late.has_dropped());
            push(&mut late);
            assert!(late.has_dropped());
        }
    }
}
