//! `Roles`: the roles of a room's members, and those held for members that left.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::chat::model::{ClientId, Folded, Nick, RoomRole, RoomRoles};
use crate::chat::state::client::Client;

/// How long a role is held for a member that left.
const HELD_FOR: Duration = Duration::from_secs(60);
/// Most members that left whose roles are held.
const MAX_HELD: usize = 256;

/// Most accounts that have roles in a kept room.
pub(crate) const MAX_ACCOUNTS: usize = 1000;

/// The roles in one room.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Roles {
    members: BTreeMap<ClientId, RoomRoles>,
    /// The accounts whose roles members have, also after they logged out.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    accounts: BTreeMap<ClientId, Nick>,
    /// Those of members that left, oldest first.
    #[serde(default, skip_serializing_if = "VecDeque::is_empty")]
    held: VecDeque<Held>,
    /// Those of members that may come back after a crash.
    #[serde(skip)]
    awaited: BTreeMap<Folded, RoomRoles>,
}

/// The roles of a member that left.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Held {
    client: ClientId,
    nick: Folded,
    from: Address,
    login: Option<Nick>,
    roles: RoomRoles,
    until: Duration,
}

impl Held {
    /// Whether it is for that client: the same, or one with the same nick from the same address, or
    /// with the same account.
    fn is_for(&self, id: ClientId, client: &Client) -> bool {
        self.client == id
            || (self.nick == client.nick.folded() && self.from == client.address())
            || (self.login.is_some() && self.login == client.login)
    }
}

/// For whom a room is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Kept {
    /// The owner's account.
    pub(crate) owner: Nick,
    /// The roles of accounts.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) roles: BTreeMap<Nick, RoomRoles>,
}

impl Kept {
    /// Whether an account has a role, or can get one.
    pub(crate) fn has_place_for(&self, login: Nick) -> bool {
        self.roles.len() < MAX_ACCOUNTS || self.roles.contains_key(&login)
    }
}

impl Roles {
    /// Whether nobody has a role.
    pub(crate) fn is_empty(&self) -> bool {
        self.members.is_empty() && self.held.is_empty()
    }

    /// The roles of a member.
    pub(crate) fn of(&self, client: ClientId) -> RoomRoles {
        self.members.get(&client).copied().unwrap_or_default()
    }

    /// The account whose roles a member has, although it may have logged out.
    pub(crate) fn account_of(&self, client: ClientId) -> Option<Nick> {
        self.accounts.get(&client).copied()
    }

    /// Notes that a member has the roles of an account.
    pub(crate) fn note_account(&mut self, client: ClientId, account: Nick) {
        self.accounts.insert(client, account);
    }

    /// Gives roles to a member, besides those that it has.
    pub(crate) fn add(&mut self, client: ClientId, roles: RoomRoles) {
        let all = self.of(client).and(roles);
        if !all.is_empty() {
            self.members.insert(client, all);
        }
    }

    /// Gives a member a role, or takes it.
    pub(crate) fn set(&mut self, client: ClientId, role: RoomRole, on: bool) {
        let mut roles = self.of(client);
        roles.set(role, on);
        if roles.is_empty() {
            self.end(client);
        } else {
            self.members.insert(client, roles);
        }
    }

    /// Holds the roles of a member that leaves.
    pub(crate) fn hold(&mut self, now: Duration, id: ClientId, client: &Client) {
        self.accounts.remove(&id);
        let Some(roles) = self.members.remove(&id) else { return };
        let (nick, from, login) = (client.nick.folded(), client.address(), client.login);
        let until = now + HELD_FOR;
        self.add_held(now, Held { client: id, nick, from, login, roles, until });
    }

    fn add_held(&mut self, now: Duration, new: Held) {
        self.held.retain(|held| held.until > now);
        if self.held.len() >= MAX_HELD {
            self.held.pop_front();
        }
        self.held.push_back(new);
    }

    /// Ends the roles of a member that is made to leave.
    pub(crate) fn end(&mut self, client: ClientId) {
        self.members.remove(&client);
        self.accounts.remove(&client);
    }

    /// Holds no role for an account any more: it is banned, or it is gone.
    pub(crate) fn end_held_for(&mut self, is_meant: impl Fn(Nick) -> bool) {
        self.held.retain(|held| !held.login.is_some_and(&is_meant));
    }

    /// The roles that are held for a client.
    pub(crate) fn held_for(&self, now: Duration, id: ClientId, client: &Client) -> RoomRoles {
        let own = self.held.iter().filter(|held| held.until > now && held.is_for(id, client));
        own.fold(RoomRoles::default(), |all, held| all.and(held.roles))
    }

    /// Gives a member the roles that are held for it.
    pub(crate) fn restore(&mut self, now: Duration, id: ClientId, client: &Client) {
        let held = self.held_for(now, id, client);
        self.held.retain(|held| held.until > now && !held.is_for(id, client));
        self.add(id, held);
    }

    /// Has a member that comes back after a crash get a role.
    pub(super) fn await_member(&mut self, nick: Nick, role: RoomRole) {
        self.awaited.entry(nick.folded()).or_default().set(role, true);
    }

    /// Gives a member that has come back after a crash its roles.
    pub(crate) fn welcome_back(&mut self, id: ClientId, client: &Client) {
        if let Some(roles) = self.awaited.remove(&client.nick.folded()) {
            self.held.retain(|held| !held.is_for(id, client));
            self.add(id, roles);
        }
    }

    /// Holds a role for an account.
    pub(crate) fn hold_for_account(&mut self, now: Duration, account: Nick, role: RoomRole) {
        let mut roles = RoomRoles::default();
        roles.set(role, true);
        let (client, nick, login) = (ClientId::NOBODY, account.folded(), Some(account));
        let (from, until) = (Address::of([0, 0, 0, 0].into()), now + HELD_FOR);
        self.add_held(now, Held { client, nick, from, login, roles, until });
    }

    /// Replaces the ids of clients.
    pub(crate) fn renumber(&mut self, new: impl Fn(ClientId) -> ClientId) {
        let members = std::mem::take(&mut self.members);
        self.members = members.into_iter().map(|(id, roles)| (new(id), roles)).collect();
        let accounts = std::mem::take(&mut self.accounts);
        self.accounts = accounts.into_iter().map(|(id, account)| (new(id), account)).collect();
        self.held.iter_mut().for_each(|held| held.client = new(held.client));
    }

    /// Whether only members have roles: a check of a restored snapshot.
    pub(crate) fn are_consistent(&self, members: &[ClientId]) -> bool {
        self.members.keys().all(|id| members.contains(id))
            && self.accounts.keys().all(|id| self.members.contains_key(id))
            && self.held.len() <= MAX_HELD
    }
}
