//! `Note`: what the log of a cluster makes a node write besides lines and topics.

use crate::chat::RollChange;
use crate::cluster::NodeOrigin;

/// A change by the shared log, or about it. Writing it twice is the same as writing it once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Note {
    Roll(RollChange),
    Lineage(String),
    Origin(NodeOrigin),
    /// The edit with this id is in the log.
    Published(i64),
}

/// A change that `chatd account` or `chatd ban` made, and that is not in the shared log yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// Its number; no other edit of this database ever has the same.
    pub id: i64,
    /// What was changed.
    pub change: RollChange,
}

/// The cluster that a database was last used in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Membership {
    /// The lineage of its log; `None` if the database was never used in a cluster.
    pub lineage: Option<String>,
    /// What the node was there at the end.
    pub origin: Option<NodeOrigin>,
}
