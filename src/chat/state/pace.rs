//! `Pace`: the clients that spoke in a slow room recently, and therefore have to wait.

use std::collections::VecDeque;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::client::Client;
use crate::address::Address;
use crate::chat::model::{ClientId, Nick};

/// Most speakers remembered; one more replaces the one that spoke first.
const MAX: usize = 1024;

/// A client that spoke, and when.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Spoke {
    at: Duration,
    client: ClientId,
    from: Address,
    login: Option<Nick>,
}

/// The speakers of a slow room, oldest first.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Pace(VecDeque<Spoke>);

impl Pace {
    /// Records that a client spoke in a room with this `pause` between lines.
    pub(crate) fn note(&mut self, now: Duration, pause: Duration, id: ClientId, client: &Client) {
        self.0.retain(|spoke| spoke.at.saturating_add(pause) > now && spoke.client != id);
        if self.0.len() == MAX {
            self.0.pop_front();
        }
        let Client { origin, login, .. } = *client;
        self.0.push_back(Spoke { at: now, client: id, from: origin.address(), login });
    }

    /// When the client spoke last. Also counts lines of its account, and of clients from the same
    /// address that left, so that it cannot speak sooner by reconnecting.
    pub(crate) fn last(
        &self,
        id: ClientId,
        client: &Client,
        is_here: impl Fn(ClientId) -> bool,
    ) -> Option<Duration> {
        let came_again = |spoke: &Spoke| {
            spoke.from == client.address() && spoke.at <= client.connected && !is_here(spoke.client)
        };
        let is_own = |spoke: &&Spoke| {
            spoke.client == id
                || (spoke.login.is_some() && spoke.login == client.login)
                || came_again(spoke)
        };
        self.0.iter().rev().find(is_own).map(|spoke| spoke.at)
    }

    /// Whether no one spoke later than `uptime`: a check of a restored snapshot.
    pub(crate) fn is_consistent(&self, uptime: Duration) -> bool {
        self.0.iter().all(|spoke| spoke.at <= uptime)
    }

    /// Replaces the ids of clients.
    pub(crate) fn renumber(&mut self, new: impl Fn(ClientId) -> ClientId) {
        self.0.iter_mut().for_each(|spoke| spoke.client = new(spoke.client));
    }

    /// Forgets all speakers.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}
