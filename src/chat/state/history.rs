//! `History`: the last lines said in a room.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::chat::model::{Allowance, AnswerForm, ClientId, Entry, Moment};

/// Lines that a room remembers at least, for `/history N`, even if it replays fewer. In a cluster it
/// remembers exactly as many.
pub(super) const REMEMBERED: usize = 100;

/// Bounded in number; the wire bounds the length of each line.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct History {
    entries: VecDeque<(ClientId, Entry)>,
    capacity: usize,
}

impl History {
    /// A history that can replay `replay` lines; 0 remembers nothing.
    pub(crate) fn new(replay: usize) -> Self {
        let mut history = Self { entries: VecDeque::new(), capacity: 0 };
        history.remember(replay);
        history
    }

    /// Changes how many lines can be replayed.
    pub(crate) fn remember(&mut self, replay: usize) {
        self.capacity = if replay == 0 { 0 } else { replay.max(REMEMBERED) };
        let surplus = self.entries.len().saturating_sub(self.capacity);
        self.entries.drain(..surplus);
    }

    /// All lines, oldest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &(ClientId, Entry)> {
        self.entries.iter()
    }

    /// The oldest line, if it is full: there may have been older ones.
    pub(crate) fn oldest_if_full(&self) -> Option<&Entry> {
        let is_full = self.entries.len() == self.capacity;
        self.entries.front().filter(|_| is_full).map(|(_, entry)| entry)
    }

    /// Replaces the ids of clients.
    pub(crate) fn renumber(&mut self, new: impl Fn(ClientId) -> ClientId) {
        self.entries.iter_mut().for_each(|(by, _)| *by = new(*by));
    }

    pub(crate) fn push(&mut self, by: ClientId, entry: Entry) {
        if self.capacity == 0 {
            return;
        }
        if self.entries.len() == self.capacity {
            self.entries.pop_front();
        }
        self.entries.push_back((by, entry));
    }

    /// Puts `entries` from the store before the lines said since. Lines that are in both are not
    /// repeated.
    pub(super) fn recall(&mut self, mut entries: Vec<Entry>) {
        if self.capacity == 0 {
            return;
        }
        let has = |own: &VecDeque<(ClientId, Entry)>, entry| {
            own.iter().any(|(_, own)| own.is_same(entry))
        };
        let older = match (self.entries.front(), entries.first()) {
            (Some((_, first)), Some(oldest)) => {
                let index = entries.iter().rposition(|entry| entry.is_same(first));
                let is_known = || has(&self.entries, oldest);
                index.unwrap_or_else(|| if is_known() { 0 } else { entries.len() })
            }
            _ => entries.len(),
        };
        entries.truncate(older);
        let surplus = (entries.len() + self.entries.len()).saturating_sub(self.capacity);
        // The store does not know which client said a line.
        let older = entries.into_iter().skip(surplus).map(|entry| (ClientId::NOBODY, entry));
        let newer = std::mem::take(&mut self.entries);
        self.entries = older.chain(newer).collect();
        self.merge_markers();
    }

    /// The last `count` entries, oldest first, without those older than `oldest`, said by `ignored`
    /// clients, or in private unless `with_private`; fewer if they exceed an answer's allowance.
    pub(crate) fn last(
        &self,
        count: usize,
        oldest: Option<Moment>,
        ignored: &[ClientId],
        form: AnswerForm,
        with_private: bool,
    ) -> Vec<Entry> {
        let mut allowance = Allowance::new(form);
        let is_shown = |(by, entry): &&(ClientId, Entry)| {
            (with_private || !entry.private)
                && !ignored.contains(by)
                && oldest.is_none_or(|oldest| entry.at >= oldest)
        };
        let heard = self.entries.iter().rev().filter(is_shown);
        let fits = heard.take(count).take_while(|(_, entry)| allowance.allows(entry));
        let mut last: Vec<_> = fits.map(|(_, entry)| entry.clone()).collect();
        last.reverse();
        last
    }

    /// Removes the lines that match, and leaves a marker for each run of them.
    pub(crate) fn forget(&mut self, matches: impl Fn(&Entry) -> bool) {
        for line in self.entries.iter_mut().filter(|(_, entry)| matches(entry)) {
            let Entry { id, at, private, .. } = line.1.clone();
            *line = (ClientId::NOBODY, Entry { private, ..Entry::removed(id, at, 1) });
        }
        self.merge_markers();
    }

    fn merge_markers(&mut self) {
        let mut merged: VecDeque<(ClientId, Entry)> = VecDeque::new();
        for line in self.entries.drain(..) {
            if let Some((_, last)) = merged.back_mut()
                && let Some(marker) = last.merge(&line.1)
            {
                *last = marker;
            } else {
                merged.push_back(line);
            }
        }
        self.entries = merged;
    }

    /// Removes all lines.
    pub(crate) fn clear(&mut self) {
        self.entries.clear();
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::{Kind, LineId, Nick};
    use crate::text::Text;

    fn entries(numbers: std::ops::Range<i64>) -> Vec<Entry> {
        let entry = |number: i64| {
            let (from, text) = (Nick::new("alice").unwrap(), Text::new(number.to_string()));
            let id = LineId::new("box7-1", number.cast_unsigned());
            Entry {
                id,
                at: Moment { unix_ms: number },
                from,
                kind: Kind::Said,
                text,
                private: false,
            }
        };
        numbers.map(entry).collect()
    }

    #[test]
    fn what_the_store_has_comes_before_what_was_said_since_and_nothing_comes_twice() {
        for (own, stored, all) in [
            (0..0, 0..9, 0..9),
            (5..9, 0..9, 0..9),
            (5..9, 0..5, 0..9),
            (5..9, 0..7, 0..9),
            (5..9, 7..9, 5..9),
            (5..9, 0..0, 5..9),
            (200..290, 150..290, 190..290),
        ] {
            let mut history = History::new(20);
            entries(own.clone()).into_iter().for_each(|entry| history.push(ClientId(1), entry));
            history.recall(entries(stored.clone()));
            let last = history.last(1000, None, &[], AnswerForm::Lines, true);
            assert_eq!(last, entries(all), "{own:?} {stored:?}");
        }
    }

    #[test]
    fn forgotten_lines_leave_a_marker_for_each_run_at_the_place_and_time_of_its_last_line() {
        let mut history = History::new(20);
        let lines = entries(0..7);
        lines.iter().for_each(|entry| history.push(ClientId(1), entry.clone()));
        let forget = |history: &mut History, numbers: &[i64]| {
            history.forget(|entry| numbers.contains(&entry.at.unix_ms));
        };
        let shown = |history: &History| -> Vec<_> {
            let last = history.last(9, None, &[ClientId(1)], AnswerForm::Lines, true);
            last.iter().map(|entry| (entry.at.unix_ms, entry.text.to_string())).collect()
        };
        let marker = |at: i64, text: &str| (at, text.to_owned());
        forget(&mut history, &[1, 2, 5]);
        assert_eq!(
            shown(&history),
            [marker(2, "[2 lines removed]"), marker(5, "[1 line removed]")]
        );
        forget(&mut history, &[3, 4]);
        assert_eq!(shown(&history), [marker(5, "[5 lines removed]")]);
        assert_eq!(history.entries.len(), 3);
        // The store has the same lines, and those before them.
        let removed = Entry::removed(lines[5].id.clone(), lines[5].at, 5);
        let [first, last] = [0, 6].map(|index: usize| lines[index].clone());
        let stored = vec![first, removed, last];
        history.recall(stored.clone());
        assert_eq!(history.last(9, None, &[], AnswerForm::Lines, true), stored);
    }
}
