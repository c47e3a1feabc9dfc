//! `Unheard`: proxies that connected for themselves and have sent nothing, such as health checks.
//! The log does not mention them before their first byte.

use std::collections::HashSet;

use crate::chat::ClientId;

/// The clients that the log does not mention yet.
#[derive(Debug, Default)]
pub(super) struct Unheard(HashSet<ClientId>);

impl Unheard {
    pub(super) fn add(&mut self, id: ClientId) {
        self.0.insert(id);
    }

    pub(super) fn has(&self, id: ClientId) -> bool {
        self.0.contains(&id)
    }

    /// Removes a client that has sent something, or is gone; returns whether it was there.
    pub(super) fn remove(&mut self, id: ClientId) -> bool {
        // Without proxies nothing is ever here: do not even hash.
        !self.0.is_empty() && self.0.remove(&id)
    }
}
