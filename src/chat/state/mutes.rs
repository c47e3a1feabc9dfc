//! Mutes: who may not speak for a while, by client, and by address once that client has left.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::chat::model::{Account, Moment, Nick};

/// Mutes of people who left that are remembered.
const MAX: usize = 1024;

/// Somebody may not speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mute {
    /// Since when.
    pub(crate) since: Moment,
    /// Until when, if not until an operator says so.
    pub(crate) until: Option<Moment>,
    /// The account that is meant, if that was known.
    pub(crate) of: Option<Nick>,
    /// Whether it was left behind by somebody from the same address.
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

    /// Whether it was somebody else from there, and not whoever has this account: that would have
    /// to be another, and not one made to get around it.
    fn spares(&self, account: &Account) -> bool {
        self.is_inherited
            && self.of != Some(account.nick)
            && account.created.unix_ms < self.since.unix_ms
    }
}

/// Those that muted people left behind, so that coming back is no way around them: whoever comes
/// from that address is meant, until they log in to an account that was there before the mute.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Mutes(VecDeque<(Address, Mute)>);

impl Mutes {
    /// Somebody who is muted left, who was logged in to that account.
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

    /// The mute of those who come from there.
    pub(crate) fn find(&self, now: Moment, from: Address) -> Option<Mute> {
        let here = |(address, mute): &&(Address, Mute)| *address == from && mute.is_in_force(now);
        let mutes = self.0.iter().filter(here).map(|(_, mute)| *mute);
        mutes.reduce(|one, other| if other.outlasts(&one) { other } else { one })
    }

    /// All that are in force, and where from.
    pub(crate) fn all(&self, now: Moment) -> impl DoubleEndedIterator<Item = (Address, Mute)> {
        self.0.iter().copied().filter(move |(_, mute)| mute.is_in_force(now))
    }

    /// The mute of somebody from there who logs in, and had that one until now.
    pub(crate) fn after_login(
        &self,
        now: Moment,
        mute: Option<Mute>,
        account: &Account,
    ) -> Option<Mute> {
        let kept = mute.filter(|mute| !mute.spares(account));
        let own = |mute: &Mute| mute.of == Some(account.nick) && mute.is_in_force(now);
        kept.or_else(|| self.0.iter().map(|(_, mute)| *mute).find(own))
    }

    /// They may speak again.
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
