//! `Since`: from where on somebody wants to read what was said; and `PastSlice`, what is found.

use serde::{Deserialize, Serialize};

use super::entry::Entry;
use super::moment::Moment;

/// Where to begin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Since {
    /// Behind the line with this [short](super::LineId::short) id.
    Id(String),
    /// With the first line that was said at this moment or later.
    Moment(Moment),
}

/// Some of what was said in a room, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PastSlice {
    /// The lines.
    pub lines: Vec<Entry>,
    /// Whether there are more: behind them, or before them if the last ones were asked for.
    pub more: bool,
    /// Whether lines may be missing before them: the id is not known.
    pub gap: bool,
}

impl PastSlice {
    /// The first `count` of `lines` from `since` on, or the last ones.
    pub fn of(lines: Vec<Entry>, since: Option<&Since>, count: usize) -> Self {
        let (start, gap) = match since {
            None => (lines.len().saturating_sub(count), false),
            Some(Since::Moment(at)) => {
                let before = lines.iter().rposition(|line| line.at < *at);
                (before.map_or(0, |index| index + 1), false)
            }
            Some(Since::Id(id)) => {
                let index = lines.iter().rposition(|line| line.id.short() == *id);
                (index.map_or(0, |index| index + 1), index.is_none())
            }
        };
        let more = if since.is_none() { start > 0 } else { lines.len() - start > count };
        Self { lines: lines.into_iter().skip(start).take(count).collect(), more, gap }
    }
}
