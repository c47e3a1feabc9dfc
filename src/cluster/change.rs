//! `Change`: what a sealed entry of the log holds.

use serde::{Deserialize, Serialize};

use super::entry::Position;
use crate::chat::{Event, Guest, LateLine, LineFilter, RollChange};

/// An input of a node that changes the chat, as JSON.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Change {
    /// Something happened to a client of the node, which has this number there.
    #[serde(rename = "c")]
    Client(u64, Event),
    /// All clients of the node, as it joins.
    #[serde(rename = "roster")]
    Roster(Vec<Guest>),
    /// What the node's clients said while it was cut off.
    #[serde(rename = "late")]
    Late(Vec<LateLine>),
    /// A change of accounts or bans that no client asked for here.
    #[serde(rename = "roll")]
    Roll(RollChange),
    /// The same, from a node's disk: only what the chat does not have.
    #[serde(rename = "own")]
    Missing(Vec<RollChange>),
    /// Lines are to be forgotten, as an operator said while the node was cut off.
    #[serde(rename = "forget")]
    Forget(LineFilter),
    /// All living nodes know this level, which is in force from here on.
    #[serde(rename = "level")]
    Level(u32),
    /// Every node notes the digest of its state here.
    #[serde(rename = "mark")]
    Mark,
    /// The digest of the node's state at a mark, in hexadecimal digits.
    #[serde(rename = "digest")]
    Digest {
        /// The place of the mark: another log may have one under the same number.
        at: Position,
        /// The digest.
        digest: String,
    },
}
