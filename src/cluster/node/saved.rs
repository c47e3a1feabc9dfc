//! `SavedNode`: a node over a hot restart.

use serde::{Deserialize, Serialize};

/// What the next process needs to be the same node.
#[derive(Debug, Serialize, Deserialize)]
pub struct SavedNode {
    pub(super) origin: String,
}
