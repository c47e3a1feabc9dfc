//! Mutes: clients that may not speak for a while, and addresses whose muted clients have left.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::chat::model::{Account, Moment, Nick};

/// Most mutes of people who left that are remembered.
const MAX: usize = 1024;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mute {
    /// When it began.
    pub(crate) since: Moment,
    /// When it ends; `None` if only an operator ends it.
    pub(crate) until: Option<Moment>,
    /// The account that was muted, if the client was logged in.
    pub(crate) of: Option<Nick>,
    /// Whether the mute comes from a client that left, and applies by its address.
    pub(crate) is_inherited: bool,
}

impl Mute {
    pub(crate) fn is_in_force(&self, now: Moment) -> bool {
        self.until.is_none_or(|until| until.unix_ms > now.unix_ms)
    }

    fn outlasts(&self, other: &Self) -> bool {
        match (self.until, other.until) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(own), Some(others)) => own.unix_ms >= others.unix_ms,
        }
    }

    /// Whether the mute does not apply to this account: it came from the address, the account is
    /// not the muted one, and it existed before the mute.
    fn spares(&self, account: &Account) -> bool {
        self.is_inherited
            && self.of != Some(account.nick)
            && account.created.unix_ms < self.since.unix_ms
    }
}

/// Mutes of people who left, so that reconnecting does not end one. A mute applies to every client
/// from that address until it logs in to an account that existed before the mute.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Mutes(VecDeque<(Address, Mute)>);

impl Mutes {
    /// Adds the mute of a client that left; `login` is the account that it was logged in to.
    pub(crate) fn leave(&mut self, from: Address, login: Option<Nick>, mute: Mute) {
        let mute = Mute { of: login.or(mute.of), is_inherited: true, ..mute };
        let same = |(address, other): &(Address, Mute)| {
            other.of == mute.of && (*address == from || mute.of.is_some())
        };
        if self.0.iter().any(|entry| same(entry) && entry.1.outlasts(&mute)) {
            return;
        }
        self.0.retain(|entry| !same(entry));
        if self.0.len() == MAX {
            self.0.pop_front();
        }
        self.0.push_back((from, mute));
    }

    /// The mute that applies to clients from that address.
    pub(crate) fn find(&self, now: Moment, from: Address) -> Option<Mute> {
        let here = |(address, mute): &&(Address, Mute)| *address == from && mute.is_in_force(now);
        let mutes = self.0.iter().filter(here).map(|(_, mute)| *mute);
        mutes.reduce(|one, other| if other.outlasts(&one) { other } else { one })
    }

    /// All mutes in force, with their addresses.
    pub(crate) fn all(&self, now: Moment) -> impl DoubleEndedIterator<Item = (Address, Mute)> {
        self.0.iter().copied().filter(move |(_, mute)| mute.is_in_force(now))
    }

    /// The mute that a client has after a login, if it had `mute` before.
    pub(crate) fn after_login(
        &self,
        now: Moment,
        mute: Option<Mute>,
        account: &Account,
    ) -> Option<Mute> {
        let remaining = mute.filter(|mute| !mute.spares(account));
        let own = |mute: &Mute| mute.of == Some(account.nick) && mute.is_in_force(now);
        remaining.or_else(|| self.0.iter().map(|(_, mute)| *mute).find(own))
    }

    /// Removes the mutes of that address and that account.
    pub(crate) fn lift(&mut self, from: Address, login: Option<Nick>) {
        let own = |mute: &Mute| login.is_some() && mute.of == login;
        self.0.retain(|(address, mute)| *address != from && !own(mute));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shorter_mute_does_not_end_the_longer_one_of_the_same_address() {
        let (from, now) = (Address::of([192, 0, 2, 1].into()), Moment::default());
        let mute = |until| Mute { since: now, until, of: None, is_inherited: false };
        let soon = Some(Moment { unix_ms: 2000 });
        let later = Moment { unix_ms: 3000 };
        for order in [[None, soon], [soon, None]] {
            let mut mutes = Mutes::default();
            order.into_iter().for_each(|until| mutes.leave(from, None, mute(until)));
            assert!(mutes.find(later, from).is_some_and(|mute| mute.until.is_none()));
        }
    }
}
