//! `Invitations`: the clients that may enter a room once.

use std::collections::VecDeque;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::chat::model::ClientId;

/// How long an invitation is good.
const GOOD_FOR: Duration = Duration::from_secs(24 * 3600);
/// Most invitations to one room; one more replaces the oldest.
const MAX: usize = 256;

/// An invitation, and when it ends.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Invitation {
    client: ClientId,
    until: Duration,
}

/// The invitations to one room, oldest first.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Invitations(VecDeque<Invitation>);

impl Invitations {
    /// Whether nobody is invited.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Invites a client.
    pub(crate) fn add(&mut self, now: Duration, client: ClientId) {
        self.0.retain(|other| other.until > now && other.client != client);
        if self.0.len() == MAX {
            self.0.pop_front();
        }
        self.0.push_back(Invitation { client, until: now + GOOD_FOR });
    }

    /// Whether a client is invited.
    pub(crate) fn has(&self, now: Duration, client: ClientId) -> bool {
        self.0.iter().any(|own| own.client == client && own.until > now)
    }

    /// Ends the invitation of a client.
    pub(crate) fn end(&mut self, client: ClientId) {
        self.0.retain(|own| own.client != client);
    }

    /// Replaces the ids of clients.
    pub(crate) fn renumber(&mut self, new: impl Fn(ClientId) -> ClientId) {
        self.0.iter_mut().for_each(|own| own.client = new(own.client));
    }
}
