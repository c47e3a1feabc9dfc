//! `Heard`: which inputs of each node are known, so that none has its effects twice.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::line_id::LineId;

/// Most numbers of lines that were passed on out of their order; with more, the oldest origin with
/// such lines counts as known up to its last one.
const MAX_LATE: usize = 200_000;

/// The inputs of each origin that are known: all up to one, and some behind it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heard {
    upto: BTreeMap<String, u64>,
    /// Lines that were passed on by other nodes, perhaps without those before them.
    late: BTreeMap<String, BTreeSet<u64>>,
}

impl Heard {
    /// Whether an input is known.
    pub fn has(&self, origin: &str, oseq: u64) -> bool {
        oseq <= self.upto(origin) || self.late.get(origin).is_some_and(|late| late.contains(&oseq))
    }

    /// Whether the input that said this line is known.
    pub fn has_line(&self, id: &LineId) -> bool {
        self.has(id.origin(), id.oseq())
    }

    /// Whether any input of an origin is known.
    pub fn knows(&self, origin: &str) -> bool {
        self.upto.contains_key(origin) || self.late.contains_key(origin)
    }

    /// Up to which number all inputs of an origin are known.
    pub fn upto(&self, origin: &str) -> u64 {
        self.upto.get(origin).copied().unwrap_or(0)
    }

    /// Notes an input that comes after all others of its origin; returns whether it is new.
    pub fn note(&mut self, origin: &str, oseq: u64) -> bool {
        let is_new = !self.has(origin, oseq);
        match self.upto.get_mut(origin) {
            Some(last) => *last = oseq.max(*last),
            None => drop(self.upto.insert(origin.to_owned(), oseq)),
        }
        if let Some(late) = self.late.get_mut(origin) {
            late.retain(|number| *number > oseq);
            if late.is_empty() {
                self.late.remove(origin);
            }
        }
        is_new
    }

    /// Notes a line that may come before others of its origin; returns whether it is new.
    pub fn note_late(&mut self, id: &LineId) -> bool {
        if self.has_line(id) {
            return false;
        }
        self.late.entry(id.origin().to_owned()).or_default().insert(id.oseq());
        while self.late.values().map(BTreeSet::len).sum::<usize>() > MAX_LATE {
            let Some((origin, late)) = self.late.pop_first() else { break };
            if let Some(last) = late.last() {
                self.note(&origin, *last);
            }
        }
        true
    }

    /// Notes everything that another one knows.
    pub fn note_all(&mut self, other: &Self) {
        for (origin, oseq) in &other.upto {
            self.note(origin, *oseq);
        }
        for (origin, late) in &other.late {
            let upto = self.upto(origin);
            let late = late.iter().copied().filter(|oseq| *oseq > upto);
            self.late.entry(origin.clone()).or_default().extend(late);
        }
        self.late.retain(|_, late| !late.is_empty());
    }

    /// Forgets an origin.
    pub fn forget(&mut self, origin: &str) {
        self.upto.remove(origin);
        self.late.remove(origin);
    }

    /// All origins of which an input is known.
    pub fn origins(&self) -> BTreeSet<String> {
        self.upto.keys().chain(self.late.keys()).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(oseq: u64) -> LineId {
        LineId::new("a", oseq)
    }

    #[test]
    fn a_line_is_new_once_in_whatever_order_it_comes() {
        let mut heard = Heard::default();
        assert!(heard.note("a", 3) && !heard.note("a", 3) && !heard.note("a", 2));
        assert!(heard.note_late(&line(9)) && !heard.note_late(&line(9)));
        assert!(heard.note_late(&line(5)), "it was not known by the later one");
        assert!(!heard.note_late(&line(3)));
        assert_eq!(heard.upto("a"), 3);
        assert!(heard.note("a", 4) && !heard.note("a", 5) && heard.note("a", 6));
        assert!(heard.has("a", 9) && !heard.has("a", 8));
        assert!(heard.note("a", 10) && heard.late.is_empty());
    }

    #[test]
    fn what_another_one_knows_is_known_as_well() {
        let (mut one, mut other) = (Heard::default(), Heard::default());
        one.note("a", 7);
        other.note("a", 5);
        other.note_late(&line(6));
        other.note_late(&line(9));
        one.note_all(&other);
        assert_eq!((one.upto("a"), one.has("a", 9), one.has("a", 8)), (7, true, false));
        assert_eq!(one.late["a"].len(), 1);
        one.forget("a");
        assert_eq!(one, Heard::default());
    }
}
