//! `Answered`: requests with a key that were answered, so that a retry gets the same answer.

use std::collections::VecDeque;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::chat::model::{LineId, Moment, Nick, PostKey, Principal};

/// How long a retry gets the answer.
const REMEMBERED_FOR: Duration = Duration::from_secs(600);
/// Most requests remembered; one more forgets the oldest.
const MAX: usize = 4096;

/// A request.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct AnsweredPost {
    pub(crate) who: Principal,
    pub(crate) key: PostKey,
    pub(crate) nick: Nick,
    /// What was said, as far as it is.
    pub(crate) lines: Vec<(LineId, Moment)>,
    /// How many lines it has.
    pub(crate) parts: u32,
    pub(crate) until: Duration,
}

/// The requests, oldest first.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Answered(VecDeque<AnsweredPost>);

impl Answered {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The request with a key, whatever it said.
    pub(crate) fn find(
        &self,
        now: Duration,
        who: Principal,
        key: &PostKey,
    ) -> Option<&AnsweredPost> {
        let is_same = |post: &&AnsweredPost| post.who == who && post.key.key == key.key;
        self.0.iter().rev().find(is_same).filter(|post| post.until > now)
    }

    /// Notes a line of a request.
    pub(crate) fn note(
        &mut self,
        now: Duration,
        (who, key): (Principal, PostKey),
        (nick, parts, is_first): (Nick, u32, bool),
        line: (LineId, Moment),
    ) {
        if !is_first {
            let is_same = |post: &&mut AnsweredPost| post.who == who && post.key == key;
            if let Some(post) = self.0.iter_mut().rev().find(is_same) {
                post.lines.push(line);
            }
            return;
        }
        while self.0.front().is_some_and(|post| post.until <= now || self.0.len() >= MAX) {
            self.0.pop_front();
        }
        let (lines, until) = (vec![line], now + REMEMBERED_FOR);
        self.0.push_back(AnsweredPost { who, key, nick, lines, parts, until });
    }

    /// Whether none is remembered for longer than possible at `uptime`: a check of a restored
    /// snapshot.
    pub(crate) fn are_consistent(&self, uptime: Duration) -> bool {
        self.0.iter().all(|post| post.until <= uptime.saturating_add(REMEMBERED_FOR))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::Address;
    use crate::text::Text;

    #[test]
    fn only_so_many_answers_are_remembered_for_ten_minutes() {
        let mut answered = Answered::default();
        let who = Principal::Address(Address::of([192, 0, 2, 1].into()));
        let key = |number: usize| PostKey { key: Text::new(number.to_string()), digest: 7 };
        let nick = Nick::new("ci").unwrap();
        let line = || (LineId::new("box7-1", 1), Moment::default());
        for number in 0..=MAX {
            answered.note(Duration::ZERO, (who, key(number)), (nick, 1, true), line());
        }
        assert_eq!(answered.0.len(), MAX);
        let found = |seconds, number| {
            answered.find(Duration::from_secs(seconds), who, &key(number)).is_some()
        };
        assert!(!found(0, 0) && found(599, 1) && !found(600, 1));
    }
}
