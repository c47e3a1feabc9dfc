//! `Arrivals`: clients that are not announced yet, and the deadline of each announcement.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::chat::model::ClientId;

/// How long after connecting a client is announced at the latest, whatever it sends meanwhile:
/// otherwise it could read unseen by sending half a line, or a keep-alive now and then.
pub(crate) const ANNOUNCED_AFTER: Duration = Duration::from_secs(10);

/// Deadlines and clients: exactly those that are not announced, so that a chat that was saved and
/// read back has the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Arrivals(BTreeSet<(Duration, ClientId)>);

impl Arrivals {
    /// Adds a client that has connected.
    pub(crate) fn add(&mut self, connected: Duration, id: ClientId) {
        self.0.insert(due((connected, id)));
    }

    /// Replaces all clients by these, given with the time at which each connected.
    pub(crate) fn reset(&mut self, clients: impl Iterator<Item = (Duration, ClientId)>) {
        self.0 = clients.map(due).collect();
    }

    /// Replaces the ids of clients.
    pub(crate) fn renumber(&mut self, new: impl Fn(ClientId) -> ClientId) {
        self.0 = self.0.iter().map(|&(due, id)| (due, new(id))).collect();
    }

    /// When the next client has to be announced.
    pub(crate) fn next_deadline(&self) -> Option<Duration> {
        self.0.first().map(|&(due, _)| due)
    }

    /// Takes a client that has to be announced now.
    pub(crate) fn take_due(&mut self, now: Duration) -> Option<ClientId> {
        let &(due, id) = self.0.first()?;
        (due <= now).then(|| self.0.pop_first())?;
        Some(id)
    }

    /// Removes a client that is announced or gone.
    pub(crate) fn remove(&mut self, connected: Duration, id: ClientId) {
        self.0.remove(&due((connected, id)));
    }
}

fn due((connected, id): (Duration, ClientId)) -> (Duration, ClientId) {
    (connected.saturating_add(ANNOUNCED_AFTER), id)
}
