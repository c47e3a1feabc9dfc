//! `Seen`: what the user has seen, so that after a reconnect only what was missed is shown.

use std::collections::{HashSet, VecDeque};
use std::hash::{BuildHasher, RandomState};

use crate::heard::{Form, Speech};

/// Most lines of people remembered, of all rooms.
const MAX_LINES: usize = 500;
/// Most notices remembered; a hostile server could invent any number.
const MAX_NOTICES: usize = 1000;

/// Remembers hashes, which have the same size however long the lines are. Their seed is random, so
/// that no server can make two lines with the same one.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    hashes: RandomState,
    /// Lines that people said, with their rooms, without times.
    lines: VecDeque<(u64, u64)>,
    notices: HashSet<u64>,
}

/// The lines of a replay that the user has not seen.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Missed {
    /// The number of lines before them.
    pub(crate) from: usize,
    /// Whether still more may be missing: none of the lines was seen.
    pub(crate) is_more: bool,
}

/// A line as it is remembered: what is the same in a replay.
pub(crate) fn key(form: Form, nick: &str, text: &str) -> String {
    match form {
        Form::Done => format!("* {nick} {text}"),
        _ => format!("<{nick}> {text}"),
    }
}

impl Seen {
    /// The user sees a line of a person in a room.
    pub(crate) fn add(&mut self, room: &str, key: &str) {
        self.lines.push_back((self.hash(room), self.hash(key)));
        if self.lines.len() > MAX_LINES {
            self.lines.pop_front();
        }
    }

    /// The user sees a notice; returns whether it is new.
    pub(crate) fn add_notice(&mut self, line: &str) -> bool {
        if self.notices.len() == MAX_NOTICES {
            self.notices.clear();
        }
        self.notices.insert(self.hash(line))
    }

    /// The part of a room's replay that comes after everything seen.
    pub(crate) fn missed(&self, room: &str, replay: &[Speech<'_>]) -> Missed {
        let keys = replay.iter().map(|said| key(said.form, said.nick, said.text));
        let replay: Vec<_> = keys.map(|key| self.hash(key.as_str())).collect();
        let room = self.hash(room);
        let seen = self.lines.iter().filter(|(at, _)| *at == room).map(|(_, line)| *line);
        let seen: Vec<_> = seen.collect();
        // The last lines seen, a few more than the replay has: some of them are not replayed.
        let seen = &seen[seen.len().saturating_sub(2 * replay.len() + 20)..];
        let from = last_in_common(seen, &replay).map_or(0, |last| last + 1);
        Missed { from, is_more: from == 0 && !seen.is_empty() && !replay.is_empty() }
    }

    fn hash(&self, text: &str) -> u64 {
        self.hashes.hash_one(text)
    }
}

/// The position in `replay` of the last line of a longest common subsequence.
fn last_in_common(seen: &[u64], replay: &[u64]) -> Option<usize> {
    // The length of the longest one of the parts up to each line of the replay, and where it ends.
    let mut best = vec![(0, None); replay.len() + 1];
    for line in seen {
        let mut before = best[0];
        for (at, replayed) in replay.iter().enumerate() {
            let above = best[at + 1];
            if replayed == line {
                best[at + 1] = longer(above, (before.0 + 1, Some(at)));
            }
            best[at + 1] = longer(best[at + 1], best[at]);
            before = above;
        }
    }
    best[replay.len()].1
}

type Common = (usize, Option<usize>);

/// The longer one; if none is, the one that ends first, so that no line is taken for seen.
fn longer(one: Common, other: Common) -> Common {
    if other.0 > one.0 || (other.0 == one.0 && other.1 < one.1) { other } else { one }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn missed(seen: &[&str], replay: &[&str]) -> Missed {
        let mut all = Seen::default();
        seen.iter().for_each(|line| all.add("dev", line));
        all.add("ops", "<eve> elsewhere");
        let replay: Vec<_> = replay.iter().map(|line| Speech::of(line).unwrap()).collect();
        all.missed("dev", &replay)
    }

    #[test]
    fn what_comes_after_the_last_line_seen_was_missed() {
        let from = |from| Missed { from, is_more: false };
        assert_eq!(missed(&["<a> 1", "<a> 2"], &["<a> 1", "<a> 2", "<a> 3"]), from(2));
        assert_eq!(missed(&["<a> 1", "<a> 2"], &["<a> 1", "[14:02] <a> 2"]), from(2));
        assert_eq!(missed(&["* a waves"], &["[2026-11-22 14:02] * a waves", "<a> 1"]), from(1));
        assert_eq!(missed(&["<a> ok", "<b> x"], &["<b> x", "<a> ok"]), from(1), "said again");
        assert_eq!(missed(&["<me> mine", "<b> x"], &["<b> x", "<me> mine", "<b> y"]), from(1));
        assert_eq!(missed(&["<a> 1"], &[]), from(0));
        assert_eq!(missed(&[], &["<a> 1"]), from(0));
        assert_eq!(missed(&["<a> 1"], &["<eve> elsewhere"]), Missed { from: 0, is_more: true });
    }

    #[test]
    fn notices_are_shown_once() {
        let mut seen = Seen::default();
        assert!(seen.add_notice("-- motd") && !seen.add_notice("-- motd"));
        assert!((0..=MAX_NOTICES).all(|n| seen.add_notice(&n.to_string())));
        assert!(seen.notices.len() <= MAX_NOTICES);
    }
}
