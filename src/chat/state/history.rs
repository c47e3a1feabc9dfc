//! `History`: the last lines said in a room.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::chat::model::{Allowance, AnswerForm, ClientId, Entry, Moment};

/// Lines that a room remembers at least, for `/history N`, even if it replays fewer.
const REMEMBERED: usize = 100;

/// Bounded in number; the wire bounds the length of each line.
#[derive(Debug, Serialize, Deserialize)]
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

    pub(crate) fn push(&mut self, by: ClientId, entry: Entry) {
        if self.capacity == 0 {
            return;
        }
        if self.entries.len() == self.capacity {
            self.entries.pop_front();
        }
        self.entries.push_back((by, entry));
    }

    /// The last `count` entries, oldest first, without those older than `oldest` or said by
    /// `ignored` clients; fewer if they exceed an answer's allowance.
    pub(crate) fn last(
        &self,
        count: usize,
        oldest: Option<Moment>,
        ignored: &[ClientId],
        form: AnswerForm,
    ) -> Vec<Entry> {
        let mut allowance = Allowance::new(form);
        let is_shown = |(by, entry): &&(ClientId, Entry)| {
            !ignored.contains(by) && oldest.is_none_or(|oldest| entry.at >= oldest)
        };
        let heard = self.entries.iter().rev().filter(is_shown);
        let fits = heard.take(count).take_while(|(_, entry)| allowance.allows(entry));
        let mut last: Vec<_> = fits.map(|(_, entry)| entry.clone()).collect();
        last.reverse();
        last
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}
