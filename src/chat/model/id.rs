//! Identifiers of clients and rooms, never reused.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Identifies a client; never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ClientId(pub u64);

impl ClientId {
    /// Belongs to no client.
    pub const NOBODY: Self = Self(u64::MAX);

    /// The client that its node knows under `local`, which is below 2^40.
    pub fn on(node: NodeNumber, local: u64) -> Self {
        Self(u64::from(node.0) << LOCAL_BITS | local & LOCAL)
    }

    /// The node that it is connected to.
    pub fn node(self) -> NodeNumber {
        NodeNumber(u32::try_from(self.0 >> LOCAL_BITS).unwrap_or(u32::MAX))
    }

    /// Its number on its node.
    pub fn local(self) -> u64 {
        self.0 & LOCAL
    }
}

/// How many bits of a client's id number it on its node; the others number the node.
const LOCAL_BITS: u32 = 40;
const LOCAL: u64 = (1 << LOCAL_BITS) - 1;

/// Numbers the nodes of a cluster in the order of joining; 0 is a server without a cluster.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
pub struct NodeNumber(pub u32);

impl NodeNumber {
    /// A server without a cluster, or a node that has not joined yet.
    pub const ALONE: Self = Self(0);
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "c{}", self.0)
    }
}

/// Identifies a room; never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RoomId(pub(crate) u64);

impl RoomId {
    /// The room that new clients are in.
    pub const LOBBY: Self = Self(0);
}
