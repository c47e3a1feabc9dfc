//! `Logins`: failed logins slow down further logins from the same address, and from no other.

use std::collections::HashMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::address::Address;

/// The wait after the first failure, and the longest one; each wait is twice the one before.
const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(60);
/// Failures are forgotten after this time without another one.
const FORGOTTEN: Duration = Duration::from_secs(600);
/// Most addresses remembered; one more replaces the one whose wait ends first.
const MAX: usize = 4096;

/// How often logins from an address failed, and when the next one is allowed.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Failures {
    count: u32,
    until: Duration,
}

/// Recently failed logins by address.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Logins(HashMap<Address, Failures>);

impl Logins {
    /// Begins a login. It counts as a failure until it is [taken back](Self::take_back), so that
    /// trying on many connections at once is no faster.
    ///
    /// # Errors
    /// If the address has to wait first: how long.
    pub(crate) fn attempt(&mut self, now: Duration, from: Address) -> Result<(), Duration> {
        let before = self.0.get(&from).filter(|failures| failures.until + FORGOTTEN > now);
        let count = before.map_or(0, |failures| failures.count);
        if let Some(failures) = before.filter(|failures| failures.until > now) {
            return Err(failures.until - now);
        }
        if before.is_none() {
            self.make_room(now);
        }
        let wait = FIRST.saturating_mul(1 << count.min(6)).min(LONGEST);
        self.0.insert(from, Failures { count: count.saturating_add(1), until: now + wait });
        Ok(())
    }

    /// Takes back a login whose password was not wrong. Earlier failures still count: otherwise
    /// logging in to one's own account would reset the wait while guessing another's password.
    pub(crate) fn take_back(&mut self, now: Duration, from: Address) {
        if let Some(failures) = self.0.get_mut(&from) {
            failures.count = failures.count.saturating_sub(1);
            failures.until = now;
        }
        self.0.retain(|_, failures| failures.count > 0);
    }

    /// Whether no wait is longer than possible at `uptime`: a check of a restored snapshot.
    pub(crate) fn are_sound(&self, now: Duration) -> bool {
        self.0.values().all(|failures| failures.until <= now.saturating_add(LONGEST))
    }

    fn make_room(&mut self, now: Duration) {
        if self.0.len() < MAX {
            return;
        }
        self.0.retain(|_, failures| failures.until + FORGOTTEN > now);
        let first = self.0.iter().min_by_key(|(_, failures)| failures.until);
        if let Some(address) = first.map(|(address, _)| *address).filter(|_| self.0.len() >= MAX) {
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
        for number in 0..5000 {
            assert_eq!(
                logins.attempt(Duration::from_millis(u64::from(number)), address(number)),
                Ok(())
            );
        }
        assert_eq!(logins.0.len(), MAX);
    }
}
