//! `Ignored`: ignored people who have left, so that reconnecting does not end an ignore.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::client::Client;
use crate::address::Address;
use crate::chat::model::{ClientId, Nick};

/// Most departures that are remembered; one more forgets the oldest.
const MAX: usize = 16_384;
/// Most departures of one person that are remembered for one client that ignores them.
const MAX_EACH: usize = 8;

/// The identity of a person: the account, or else the nick together with the address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Identity {
    nick: Nick,
    login: Option<Nick>,
    from: Address,
}

impl Identity {
    pub(crate) fn of(client: &Client) -> Self {
        Self { nick: client.nick, login: client.login, from: client.address() }
    }

    /// The same under another nick.
    pub(crate) fn called(self, nick: Nick) -> Self {
        Self { nick, ..self }
    }

    /// Whether both are one person. Guests' nicks identify nobody.
    fn is(&self, other: &Self) -> bool {
        let is_nick = self.from == other.from && self.nick.resembles(other.nick);
        let is_account = self.login.is_some() && self.login == other.login;
        is_account || (is_nick && !self.nick.is_guest())
    }
}

/// An ignored client that has left.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Gone {
    /// The client that ignores it.
    by: ClientId,
    client: ClientId,
    identity: Identity,
}

/// The departures, in order.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Ignored(VecDeque<Gone>);

impl Ignored {
    /// Records that `client`, which `by` ignores, has left. If that removes another record, returns
    /// its two clients: the one that ignores, and the ignored one.
    pub(crate) fn leave(
        &mut self,
        by: ClientId,
        client: ClientId,
        identity: Identity,
    ) -> Option<(ClientId, ClientId)> {
        let is_same = |gone: &Gone| gone.by == by && gone.identity.is(&identity);
        let first = self.0.iter().position(is_same).unwrap_or(0);
        let is_full =
            self.0.len() >= MAX || self.0.iter().filter(|gone| is_same(gone)).count() >= MAX_EACH;
        let forgotten = if is_full { self.0.remove(first) } else { None };
        self.0.push_back(Gone { by, client, identity });
        forgotten.map(|gone| (gone.by, gone.client))
    }

    /// The clients that ignore this person.
    pub(crate) fn by_whom(&self, identity: &Identity) -> Vec<ClientId> {
        let same = self.0.iter().filter(|gone| gone.identity.is(identity));
        let mut by: Vec<_> = same.map(|gone| gone.by).collect();
        by.sort_unstable();
        by.dedup();
        by
    }

    /// The clients that ignore this one, which has left.
    pub(crate) fn by_whom_client(&self, client: ClientId) -> impl Iterator<Item = ClientId> {
        self.0.iter().filter(move |gone| gone.client == client).map(|gone| gone.by)
    }

    /// The nicks of the people whom `by` ignores and who have left.
    pub(crate) fn names(&self, by: ClientId) -> impl Iterator<Item = Nick> {
        self.0.iter().filter(move |gone| gone.by == by).map(|gone| gone.identity.nick)
    }

    /// Records that `by` no longer ignores this person; returns the person's former clients.
    pub(crate) fn forget(&mut self, by: ClientId, identity: &Identity) -> Vec<ClientId> {
        let is_same = |gone: &Gone| gone.by == by && gone.identity.is(identity);
        let same = self.0.iter().filter(|gone| is_same(gone)).map(|gone| gone.client).collect();
        self.0.retain(|gone| !is_same(gone));
        same
    }

    /// Records that `by` no longer ignores this client.
    pub(crate) fn forget_client(&mut self, by: ClientId, client: ClientId) {
        self.0.retain(|gone| gone.by != by || gone.client != client);
    }

    /// Replaces the ids of clients.
    pub(crate) fn renumber(&mut self, new: impl Fn(ClientId) -> ClientId) {
        for gone in &mut self.0 {
            (gone.by, gone.client) = (new(gone.by), new(gone.client));
        }
    }

    /// Removes all ignores of `by`, which has left.
    pub(crate) fn forget_all_of(&mut self, by: ClientId) {
        self.0.retain(|gone| gone.by != by);
    }
}
