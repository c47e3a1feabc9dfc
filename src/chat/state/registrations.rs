//! `Registrations`: limits how many nicks one address registers.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::address::Address;

/// Names that one address may register at once, and the wait for each further one.
const MAX_AT_ONCE: u32 = 10;
const PAUSE: Duration = Duration::from_secs(360);
/// How many times more names a /56 and a /48 may have than an address: the owner of a network can
/// connect from any of its /64s.
const SHARES: [u32; 3] = [1, 2, 4];
/// Most addresses and networks remembered; one more replaces the one that registered least.
const MAX: usize = 3 * 4096;
/// How many of them one attempt may add.
const NEW: usize = 3;

/// When each address will have its full allowance again.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Registrations(BTreeMap<Address, Duration>);

impl Registrations {
    /// Begins a registration. It counts until it is [taken back](Self::take_back).
    ///
    /// # Errors
    /// If the address has to wait first: how long.
    pub(crate) fn attempt(&mut self, now: Duration, from: Address) -> Result<(), Duration> {
        let most = now + MAX_AT_ONCE * PAUSE;
        let next = |network: Address| {
            let before = self.0.get(&network).copied().filter(|until| *until > now);
            (network, before.unwrap_or(now) + PAUSE / network.choose(SHARES))
        };
        let next: Vec<_> = from.networks().map(next).collect();
        if let Some(until) = next.iter().map(|(_, until)| *until).max().filter(|it| *it > most) {
            return Err(until - most);
        }
        self.make_room(now);
        self.0.extend(next);
        Ok(())
    }

    /// Takes back a registration that failed.
    pub(crate) fn take_back(&mut self, from: Address) {
        for network in from.networks() {
            if let Some(until) = self.0.get_mut(&network) {
                *until = until.saturating_sub(PAUSE / network.choose(SHARES));
            }
        }
    }

    /// Whether no time in them is later than `uptime` allows: a check of a restored snapshot.
    pub(crate) fn are_consistent(&self, uptime: Duration) -> bool {
        self.0.values().all(|until| *until <= uptime + MAX_AT_ONCE * PAUSE)
    }

    /// Removes entries until an address and the networks around it fit.
    fn make_room(&mut self, now: Duration) {
        if self.0.len() + NEW <= MAX {
            return;
        }
        self.0.retain(|_, until| *until > now);
        while self.0.len() + NEW > MAX {
            // The first among equals: no order of a hash map may decide.
            let first = self.0.iter().min_by_key(|(_, until)| **until);
            let Some(address) = first.map(|(address, _)| *address) else { return };
            self.0.remove(&address);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(number: u32) -> Address {
        Address::of(number.to_be_bytes().into())
    }

    #[test]
    fn an_address_has_ten_names_and_one_more_each_six_minutes() {
        let (mut registrations, now) = (Registrations::default(), Duration::from_secs(7));
        for _ in 0..10 {
            assert_eq!(registrations.attempt(now, address(1)), Ok(()));
        }
        assert_eq!(registrations.attempt(now, address(1)), Err(PAUSE));
        assert_eq!(registrations.attempt(now, address(2)), Ok(()));
        assert_eq!(registrations.attempt(now + PAUSE, address(1)), Ok(()));
        assert_eq!(registrations.attempt(now + PAUSE, address(1)), Err(PAUSE));
    }

    #[test]
    fn the_64s_of_a_network_have_only_so_many_names_together() {
        let (mut registrations, now) = (Registrations::default(), Duration::from_secs(7));
        let from = |subnet: u32| Address::of(format!("2001:db8:0:{subnet:x}::1").parse().unwrap());
        let mut register = |subnet| registrations.attempt(now, from(subnet)).is_ok();
        assert_eq!((0..0x100).filter(|&subnet| register(subnet)).count(), 20);
        assert_eq!((0x100..0x1000).filter(|&subnet| register(subnet)).count(), 20);
        registrations.take_back(from(0));
        let mut register = |subnet| registrations.attempt(now, from(subnet)).is_ok();
        assert!(register(0x99) && !register(0x98));
    }

    #[test]
    fn only_so_many_addresses_are_remembered() {
        let mut registrations = Registrations::default();
        for number in 0..13_000 {
            assert_eq!(registrations.attempt(Duration::ZERO, address(number)), Ok(()));
        }
        assert_eq!(registrations.0.len(), MAX - NEW + 1);
        // Among equals the first address is forgotten, not one that a hash map begins with.
        let rest = 13_000 - registrations.0.len() as u32..13_000;
        assert!(registrations.0.keys().copied().eq(rest.map(address)));
    }
}
