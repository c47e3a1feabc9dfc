//! `Shown`: of each origin the last input that the clients of this node have seen the effects of.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::chat::{Chat, LineId};

/// Most origins that are remembered; the chat knows fewer.
const MAX: usize = 4096;

/// What was shown, so that nothing is shown again: be it read again, or in a block of late lines.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Shown(BTreeMap<String, u64>);

impl Shown {
    /// Whether a line was not shown yet.
    pub(super) fn is_new(&self, id: &LineId) -> bool {
        self.is_new_input(id.origin(), id.oseq())
    }

    /// Whether an input was not shown yet.
    pub(super) fn is_new_input(&self, origin: &str, oseq: u64) -> bool {
        self.0.get(origin).is_none_or(|last| oseq > *last)
    }

    /// Notes an input that is shown.
    pub(super) fn note(&mut self, origin: &str, oseq: u64) {
        match self.0.get_mut(origin) {
            Some(last) => *last = oseq.max(*last),
            None => drop(self.0.insert(origin.to_owned(), oseq)),
        }
    }

    /// Notes that everything that `chat` has heard is shown, and forgets origins that it does not
    /// know any more if there are too many.
    pub(super) fn note_all(&mut self, chat: &Chat) {
        chat.all_heard().for_each(|(origin, oseq)| self.note(origin, oseq));
        if self.0.len() > MAX {
            self.0.retain(|origin, _| chat.heard(origin) > 0);
        }
    }
}
