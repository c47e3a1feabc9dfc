//! `Parking`: the sessions saved for the next process, and the request to restart.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::Sender;

use crate::admission::Door;
use crate::chat::ClientId;
use crate::restart::{Handover, SavedSession};

/// How long sessions may take to park.
pub(super) const PARKING: Duration = Duration::from_secs(2);
/// How often to check whether they have.
const LOOK_AGAIN: Duration = Duration::from_millis(2);

/// The sessions that have parked, and the request that made them park.
#[derive(Debug, Default)]
pub(super) struct Parking {
    sessions: HashMap<ClientId, Box<SavedSession>>,
    request: Option<RestartRequest>,
}

/// A request to send everything to `reply` once all sessions have parked, or at the deadline.
#[derive(Debug)]
pub(super) struct RestartRequest {
    pub(super) reply: Sender<Handover>,
    pub(super) door: Arc<Door>,
    deadline: Duration,
}

impl Parking {
    pub(super) fn add(&mut self, id: ClientId, session: Box<SavedSession>) {
        self.sessions.insert(id, session);
    }

    pub(super) fn take(&mut self, id: ClientId) -> Option<SavedSession> {
        self.sessions.remove(&id).map(|session| *session)
    }

    pub(super) fn has(&self, id: ClientId) -> bool {
        self.sessions.contains_key(&id)
    }

    /// Begins to wait for all sessions.
    pub(super) fn begin(&mut self, uptime: Duration, reply: Sender<Handover>, door: Arc<Door>) {
        self.request = Some(RestartRequest { reply, door, deadline: uptime + PARKING });
    }

    /// When to check again whether all have parked.
    pub(super) fn next_look(&self, uptime: Duration) -> Option<Duration> {
        self.request.as_ref().map(|_| uptime + LOOK_AGAIN)
    }

    /// Whether a restart is wanted, and all of `clients` have parked or the deadline has passed.
    pub(super) fn is_complete(
        &self,
        uptime: Duration,
        mut clients: impl Iterator<Item = ClientId>,
        count: usize,
    ) -> bool {
        let Some(request) = &self.request else { return false };
        let all_are_here = count == request.door.clients();
        (all_are_here && clients.all(|id| self.has(id))) || uptime >= request.deadline
    }

    pub(super) fn take_request(&mut self) -> Option<RestartRequest> {
        self.request.take()
    }
}
