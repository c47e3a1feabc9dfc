//! `Registration`: that the broadcaster knows a client.

use super::inbox::Input;
use crate::chat::{ClientId, Reason};
use crate::runtime::channel::Sender;

/// Tells the broadcaster when dropped that the client is gone, even if its thread panics.
#[derive(Debug)]
pub(super) struct Registration {
    pub(super) id: ClientId,
    inbox: Sender<Input>,
    /// Why the client is gone.
    pub(super) reason: Reason,
    /// Whether another process takes it over.
    pub(super) is_parked: bool,
}

impl Registration {
    pub(super) fn new(id: ClientId, inbox: Sender<Input>) -> Self {
        Self { id, inbox, reason: Reason::Disconnected, is_parked: false }
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        if self.is_parked {
            return;
        }
        let reason = std::mem::replace(&mut self.reason, Reason::Disconnected);
        // Fails only if the broadcaster has ended.
        let _ = self.inbox.send(Input::Gone(self.id, reason));
    }
}
