//! `Arrivals`: clients that are not announced yet, and the deadline of each announcement.

use std::collections::VecDeque;
use std::time::Duration;

use crate::chat::model::ClientId;

/// How long after connecting a client is announced at the latest, whatever it sends meanwhile:
/// otherwise it could read unseen by sending half a line, or a keep-alive now and then.
pub(crate) const ANNOUNCED_AFTER: Duration = Duration::from_secs(10);

/// Deadlines and clients, in the order in which the clients connected.
#[derive(Debug, Default)]
pub(crate) struct Arrivals(VecDeque<(Duration, ClientId)>);

impl Arrivals {
    /// Adds a client that has connected.
    pub(crate) fn add(&mut self, connected: Duration, id: ClientId) {
        self.0.push_back((connected.saturating_add(ANNOUNCED_AFTER), id));
    }

    /// Replaces all clients by these, given with the time at which each connected.
    pub(crate) fn reset(&mut self, mut clients: Vec<(Duration, ClientId)>) {
        clients.sort_unstable();
        self.0.clear();
        clients.into_iter().for_each(|(connected, id)| self.add(connected, id));
    }

    /// Replaces the ids of clients.
    pub(crate) fn renumber(&mut self, new: impl Fn(ClientId) -> ClientId) {
        self.0.iter_mut().for_each(|(_, id)| *id = new(*id));
    }

    /// When the next client has to be announced.
    pub(crate) fn next_deadline(&self) -> Option<Duration> {
        self.0.front().map(|&(due, _)| due)
    }

    /// Takes a client that has to be announced now.
    pub(crate) fn take_due(&mut self, now: Duration) -> Option<ClientId> {
        let &(due, id) = self.0.front()?;
        (due <= now).then(|| self.0.pop_front())?;
        Some(id)
    }

    /// Removes clients from the front for which `is_over` holds: they are announced or gone.
    pub(crate) fn forget(&mut self, is_over: impl Fn(ClientId) -> bool) {
        while self.0.front().is_some_and(|&(_, id)| is_over(id)) {
            self.0.pop_front();
        }
    }
}
