//! `Unheard`: proxies that connected for themselves and have sent nothing, such as health checks.
//! The log does not mention them before their first byte.

use std::collections::HashMap;

use crate::chat::{ClientId, Nick};

/// Each client, with its nick once it has one.
#[derive(Debug, Default)]
pub(super) struct Unheard(HashMap<ClientId, Option<Nick>>);

impl Unheard {
    pub(super) fn add(&mut self, id: ClientId) {
        self.0.insert(id, None);
    }

    /// Notes the nick of a client that came in; false if the log is to mention it at once.
    pub(super) fn note(&mut self, id: ClientId, nick: Nick) -> bool {
        self.0.get_mut(&id).map(|noted| *noted = Some(nick)).is_some()
    }

    /// Removes a client that has sent something. The log is to mention it now, if it is in.
    pub(super) fn hear(&mut self, id: ClientId) -> Option<Nick> {
        self.0.remove(&id).flatten()
    }

    /// Removes a client that is gone; true if the log does not know it.
    pub(super) fn remove(&mut self, id: ClientId) -> bool {
        self.0.remove(&id).is_some()
    }
}
