//! `Arrivals`: clients that are not announced yet, and when each is at the latest.

use std::collections::VecDeque;
use std::time::Duration;

use crate::chat::model::ClientId;

/// How long after connecting a client is announced, whatever it sends meanwhile: otherwise half a
/// line, or a keep-alive now and then, would be a way to read unseen.
pub(crate) const ANNOUNCED_AFTER: Duration = Duration::from_secs(10);

/// In the order in which they connected.
#[derive(Debug, Default)]
pub(crate) struct Arrivals(VecDeque<(Duration, ClientId)>);

impl Arrivals {
    /// A client connected.
    pub(crate) fn add(&mut self, connected: Duration, id: ClientId) {
        self.0.push_back((connected.saturating_add(ANNOUNCED_AFTER), id));
    }

    /// Starts over with those who connected at these times.
    pub(crate) fn reset(&mut self, mut clients: Vec<(Duration, ClientId)>) {
        clients.sort_unstable();
        self.0.clear();
        clients.into_iter().for_each(|(connected, id)| self.add(connected, id));
    }

    /// When somebody is to be announced.
    pub(crate) fn next_deadline(&self) -> Option<Duration> {
        self.0.front().map(|&(due, _)| due)
    }

    /// Somebody to be announced now.
    pub(crate) fn take_due(&mut self, now: Duration) -> Option<ClientId> {
        let &(due, id) = self.0.front()?;
        (due <= now).then(|| self.0.pop_front())?;
        Some(id)
    }

    /// Forgets those at the front for whom there is nothing to wait any more.
    pub(crate) fn forget(&mut self, is_over: impl Fn(ClientId) -> bool) {
        while self.0.front().is_some_and(|&(_, id)| is_over(id)) {
            self.0.pop_front();
        }
    }
}
