//! `Logins`: failed logins slow down further logins from the same address, and from no other.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::address::Address;

/// The wait after the first failure, and the longest one; each wait is twice the one before.
const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(60);
/// Failures are forgotten after this time without another one.
const FORGOTTEN: Duration = Duration::from_secs(600);
/// How many times more failures a /56 and a /48 may have than an address: the owner of a network
/// can try from any of its /64s.
const SHARES: [u32; 3] = [1, 2, 4];
/// Most addresses and networks remembered; one more replaces the one that failed least.
const MAX: usize = 3 * 4096;
/// How many of them one attempt may add.
const NEW: usize = 3;

/// How often logins from an address failed, and when the next one is allowed.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Failures {
    count: u32,
    until: Duration,
}

/// Recently failed logins by address.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Logins(BTreeMap<Address, Failures>);

impl Logins {
    /// Begins a login. It counts as a failure until it is [taken back](Self::take_back), so that
    /// trying on many connections at once is no faster.
    ///
    /// # Errors
    /// If the address has to wait first: how long.
    pub(crate) fn attempt(&mut self, now: Duration, from: Address) -> Result<(), Duration> {
        if let Some(wait) = self.wait_of(now, from) {
            return Err(wait);
        }
        self.make_room(now);
        for network in from.networks() {
            let before = self.0.get(&network).filter(|failures| !failures.are_forgotten(now));
            let count = before.map_or(0, |failures| failures.count);
            let share = network.choose(SHARES);
            let wait = FIRST.saturating_mul(1 << (count / share).min(6)).min(LONGEST) / share;
            let failures = Failures { count: count.saturating_add(1), until: now + wait };
            self.0.insert(network, failures);
        }
        Ok(())
    }

    /// How long the address has to wait, if it has to.
    pub(crate) fn wait_of(&self, now: Duration, from: Address) -> Option<Duration> {
        from.networks().filter_map(|network| self.wait(now, network)).max()
    }

    fn wait(&self, now: Duration, network: Address) -> Option<Duration> {
        let until = self.0.get(&network)?.until;
        (until > now).then(|| until - now)
    }

    /// Takes back a login whose password was not wrong. Earlier failures still count: otherwise
    /// logging in to one's own account would reset the wait while guessing another's password.
    pub(crate) fn take_back(&mut self, now: Duration, from: Address) {
        for network in from.networks() {
            if let Some(failures) = self.0.get_mut(&network) {
                failures.count = failures.count.saturating_sub(1);
                failures.until = now;
            }
        }
        self.0.retain(|_, failures| failures.count > 0);
    }

    /// Whether no wait is longer than possible at `uptime`: a check of a restored snapshot.
    pub(crate) fn are_consistent(&self, now: Duration) -> bool {
        self.0.values().all(|failures| failures.until <= now.saturating_add(LONGEST))
    }

    /// Removes entries until an address and the networks around it fit.
    fn make_room(&mut self, now: Duration) {
        if self.0.len() + NEW <= MAX {
            return;
        }
        self.0.retain(|_, failures| !failures.are_forgotten(now));
        while self.0.len() + NEW > MAX {
            // Removes networks with few failures first, and remembers those that fail again and
            // again. Among equals it removes the first: no order of a hash map may decide.
            let weight = |(network, failures): &(&Address, &Failures)| {
                (failures.count / network.choose(SHARES), failures.until)
            };
            let Some((least, _)) = self.0.iter().min_by_key(weight) else { return };
            let least = *least;
            self.0.remove(&least);
        }
    }
}

impl Failures {
    fn are_forgotten(&self, now: Duration) -> bool {
        self.until + FORGOTTEN <= now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(number: u32) -> Address {
        Address::of(number.to_be_bytes().into())
    }

    #[test]
    fn each_failure_doubles_the_wait_up_to_a_minute_for_its_address_only() {
        let (mut logins, mut now) = (Logins::default(), Duration::ZERO);
        for wait in [1, 2, 4, 8, 16, 32, 60, 60] {
            assert_eq!(logins.attempt(now, address(1)), Ok(()));
            let wait = Duration::from_secs(wait);
            assert_eq!(logins.attempt(now, address(1)), Err(wait));
            assert_eq!(logins.attempt(now + wait / 2, address(1)), Err(wait / 2));
            now += wait;
        }
        assert_eq!(logins.attempt(now, address(2)), Ok(()));
    }

    #[test]
    fn trying_from_every_64_of_a_network_is_little_faster_than_from_one() {
        for (subnets, share) in [(0x100, 2), (0x10000, 4)] {
            let (mut logins, mut now, mut tries) = (Logins::default(), Duration::ZERO, 0);
            while now < Duration::from_secs(3600) {
                // From as many /64s, and never from the same again soon.
                let from = format!("2001:db8:0:{:x}::1", tries * 0x101 % subnets);
                match logins.attempt(now, Address::of(from.parse().unwrap())) {
                    Ok(()) => tries += 1,
                    Err(wait) => now += wait,
                }
            }
            // An address has one a minute, and a few to get there.
            assert!(tries <= share * (60 + 10), "{tries} tries in an hour");
        }
    }

    #[test]
    fn a_failure_hardly_holds_up_others_in_the_same_network() {
        let (mut logins, now) = (Logins::default(), Duration::ZERO);
        let from = |subnet: u32| Address::of(format!("2001:db8:0:{subnet:x}::1").parse().unwrap());
        assert_eq!(logins.attempt(now, from(0)), Ok(()));
        assert_eq!(logins.attempt(now, from(1)), Err(Duration::from_millis(500)));
        assert_eq!(logins.attempt(now, from(0x100)), Err(Duration::from_millis(250)));
        let later = now + Duration::from_millis(500);
        assert_eq!(logins.attempt(later, from(1)), Ok(()));
        logins.take_back(later, from(1));
        assert_eq!(logins.attempt(later, from(2)), Ok(()), "that was no failure");
        assert!(logins.attempt(later, from(0)).is_err());
    }

    #[test]
    fn ones_own_account_is_no_way_around_the_wait() {
        let (mut logins, now) = (Logins::default(), Duration::ZERO);
        assert_eq!(logins.attempt(now, address(1)), Ok(()));
        let later = Duration::from_secs(1);
        assert_eq!(logins.attempt(later, address(1)), Ok(()));
        logins.take_back(later, address(1));
        assert_eq!(logins.attempt(later, address(1)), Ok(()));
        assert_eq!(logins.attempt(later, address(1)), Err(Duration::from_secs(2)));
    }

    #[test]
    fn only_so_many_addresses_are_remembered() {
        let mut logins = Logins::default();
        for number in 0..13_000 {
            assert_eq!(
                logins.attempt(Duration::from_millis(u64::from(number)), address(number)),
                Ok(())
            );
        }
        assert_eq!(logins.0.len(), MAX - NEW + 1);
    }

    #[test]
    fn among_equals_it_is_the_first_address_that_is_forgotten() {
        let mut logins = Logins::default();
        (0..13_000).for_each(|number| logins.attempt(Duration::ZERO, address(number)).unwrap());
        let rest = 13_000 - logins.0.len() as u32..13_000;
        assert!(logins.0.keys().copied().eq(rest.map(address)));
    }
}
