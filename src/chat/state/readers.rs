//! `Readers`: those who read a room over HTTP. They are in no room, and nobody is told of them but
//! how many they are.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::address::Origin;
use crate::chat::model::{ClientId, NodeNumber, RoomId, TokenHash};

/// Somebody who reads.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Reader {
    pub(crate) room: RoomId,
    pub(crate) origin: Origin,
    /// The token of its request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) token: Option<TokenHash>,
}

/// The readers, by the id of their connection.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Readers(BTreeMap<ClientId, Reader>);

impl Readers {
    /// Whether nobody reads.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds a reader; returns the one of that id before.
    pub(crate) fn insert(&mut self, id: ClientId, reader: Reader) -> Option<Reader> {
        self.0.insert(id, reader)
    }

    /// Removes a reader.
    pub(crate) fn remove(&mut self, id: ClientId) -> Option<Reader> {
        self.0.remove(&id)
    }

    /// The room that a reader reads.
    pub(crate) fn room_of(&self, id: ClientId) -> Option<&RoomId> {
        self.0.get(&id).map(|reader| &reader.room)
    }

    /// All of them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (ClientId, &Reader)> {
        self.0.iter().map(|(id, reader)| (*id, reader))
    }

    /// The readers of a node, or of all others.
    pub(crate) fn on(&self, node: NodeNumber, is_on: bool) -> Vec<ClientId> {
        self.0.keys().copied().filter(|id| (id.node() == node) == is_on).collect()
    }

    /// Replaces the ids of connections.
    pub(crate) fn renumber(&mut self, new: impl Fn(ClientId) -> ClientId) {
        let readers = std::mem::take(&mut self.0);
        self.0 = readers.into_iter().map(|(id, reader)| (new(id), reader)).collect();
    }
}
