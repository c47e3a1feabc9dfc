//! `Meanwhile`: what was said elsewhere while the clients of this node did not see it.

use std::collections::{BTreeSet, VecDeque};

use serde::{Deserialize, Serialize};

use super::replica::SaidLine;
use crate::chat::{ClientId, Entry, LineId, RoomName};

/// Most lines that are kept; the oldest are dropped.
const MAX: usize = 10_000;

/// Lines in the order of the log, each once, although a snapshot may bring them again.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Meanwhile {
    lines: VecDeque<SaidLine>,
    ids: BTreeSet<LineId>,
}

impl Meanwhile {
    pub(super) fn push(&mut self, line: SaidLine) {
        if !self.ids.insert(line.2.id.clone()) {
            return;
        }
        self.lines.push_back(line);
        if self.lines.len() > MAX
            && let Some((.., oldest)) = self.lines.pop_front()
        {
            self.ids.remove(&oldest.id);
        }
    }

    /// The lines said in one room.
    pub(super) fn in_room(&self, room: RoomName) -> Vec<(ClientId, Entry)> {
        let lines = self.lines.iter().filter(|(other, ..)| *other == room);
        lines.map(|(_, by, line)| (*by, line.clone())).collect()
    }
}
