//! `Pace`: who spoke in a slow room a moment ago, and may not again yet.

use std::collections::VecDeque;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::client::Client;
use crate::address::Address;
use crate::chat::model::{ClientId, Nick};

/// People that are remembered; beyond that, whoever has the least to wait is forgotten.
const MAX: usize = 1024;

/// Somebody spoke.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Spoke {
    at: Duration,
    client: ClientId,
    from: Address,
    login: Option<Nick>,
}

/// The last lines of a slow room, oldest first, without their words.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Pace(VecDeque<Spoke>);

impl Pace {
    /// A client spoke, in a room where the next line has to be `pause` later.
    pub(crate) fn note(&mut self, now: Duration, pause: Duration, id: ClientId, client: &Client) {
        self.0.retain(|spoke| spoke.at.saturating_add(pause) > now && spoke.client != id);
        if self.0.len() == MAX {
            self.0.pop_front();
        }
        let Client { origin, login, .. } = *client;
        self.0.push_back(Spoke { at: now, client: id, from: origin.address(), login });
    }

    /// When the client spoke last: under its account, too, and as somebody from the same address
    /// who is gone by now, so that coming again is no way to speak sooner.
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

    /// Whether nobody spoke later than `uptime`.
    pub(crate) fn is_sound(&self, uptime: Duration) -> bool {
        self.0.iter().all(|spoke| spoke.at <= uptime)
    }

    /// Everybody may speak.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}
