//! `LineId`: the permanent id of a line, the same on every wire, in memory and on the disk.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::text::fnv1a;

/// The process in which a line was said (its origin), and its number in that process.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct LineId {
    origin: Arc<str>,
    oseq: u64,
}

impl LineId {
    /// The id of line number `oseq` of `origin`, counted from 1.
    pub fn new(origin: impl Into<Arc<str>>, oseq: u64) -> Self {
        Self { origin: origin.into(), oseq }
    }

    /// Whether the line comes from a version without ids.
    pub fn is_unknown(&self) -> bool {
        self.oseq == 0
    }

    /// Whether it was said in the same process as `other`, and later.
    pub fn is_after(&self, other: &Self) -> bool {
        self.origin == other.origin && self.oseq > other.oseq
    }

    /// The id in at most 40 letters, digits and dashes, for wires that allow no others: the id
    /// itself if it fits, or else a hash of the origin in place of the origin.
    pub fn short(&self) -> String {
        let full = self.to_string();
        let is_plain = full.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        match is_plain && full.len() <= MAX_SHORT {
            true => full,
            false => format!("{}-{}", hashed(&self.origin), self.oseq),
        }
    }

    /// The process; unique for ever.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The number in that process.
    pub fn oseq(&self) -> u64 {
        self.oseq
    }
}

/// Most characters of a [short](LineId::short) id.
const MAX_SHORT: usize = 40;

/// An origin as 64 bits.
fn hashed(origin: &str) -> String {
    format!("x{:016x}", fnv1a(origin.bytes()))
}

impl fmt::Display for LineId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.origin, self.oseq)
    }
}

impl From<LineId> for String {
    fn from(id: LineId) -> Self {
        id.to_string()
    }
}

impl From<String> for LineId {
    fn from(text: String) -> Self {
        let parts = text.rsplit_once('-').map(|(origin, oseq)| (origin, oseq.parse()));
        match parts {
            Some((origin, Ok(oseq))) => Self::new(origin, oseq),
            _ => Self::default(),
        }
    }
}

/// Numbers the lines of one process.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(from = "LineId", into = "LineId")]
pub(crate) struct LineIds {
    origin: Arc<str>,
    given: u64,
}

impl From<LineId> for LineIds {
    fn from(LineId { origin, oseq: given }: LineId) -> Self {
        Self { origin, given }
    }
}

impl From<LineIds> for LineId {
    fn from(ids: LineIds) -> Self {
        ids.last()
    }
}

impl LineIds {
    pub(crate) fn of(origin: &str) -> Self {
        Self { origin: origin.into(), given: 0 }
    }

    /// Gives the next line this id.
    pub(crate) fn set_next(&mut self, origin: &str, oseq: u64) {
        if *self.origin != *origin {
            self.origin = origin.into();
        }
        self.given = oseq.saturating_sub(1);
    }

    /// The id of the last line.
    pub(crate) fn last(&self) -> LineId {
        LineId { origin: Arc::clone(&self.origin), oseq: self.given }
    }

    pub(crate) fn next(&mut self) -> LineId {
        self.given += 1;
        LineId { origin: Arc::clone(&self.origin), oseq: self.given }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_saved_id_comes_back_whatever_its_origin_is_called() {
        for origin in ["box7-1795348952000", "", "a", "7-"] {
            let mut ids = LineIds::of(origin);
            for oseq in 1..4 {
                let id = ids.next();
                assert_eq!((id.origin(), id.oseq()), (origin, oseq));
                assert_eq!(LineId::from(String::from(id.clone())), id);
            }
        }
        for none in ["", "-", "7", "box7-", "box7--", "box7-x", "box7-0"] {
            assert!(LineId::from(none.to_owned()).is_unknown(), "{none}");
        }
    }
}
