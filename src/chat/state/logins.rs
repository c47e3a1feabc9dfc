//! `Logins`: failed logins slow down whoever comes from the same address, and nobody else.

use std::collections::HashMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::address::Address;

/// How long to wait after a first failure, and at most; each wait is twice the one before.
const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(60);
/// Failures are forgotten when there was none for so long.
const FORGOTTEN: Duration = Duration::from_secs(600);
/// Addresses that are remembered; beyond that, the one whose wait ends first is forgotten.
const MAX: usize = 4096;

/// How often somebody failed, and until when to wait.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Failures {
    count: u32,
    until: Duration,
}

/// Logins that failed of late, by where they came from.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Logins(HashMap<Address, Failures>);

impl Logins {
    /// Somebody tries. Counts as a failure until it is [taken back](Self::take_back), so that
    /// trying on many connections at once is no faster.
    ///
    /// # Errors
    /// How long to wait first.
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

    /// It was no wrong password: there is nothing to wait for. Failures before count on, or an
    /// account of one's own would be a way to guess the password of another without a pause.
    pub(crate) fn take_back(&mut self, now: Duration, from: Address) {
        if let Some(failures) = self.0.get_mut(&from) {
            failures.count = failures.count.saturating_sub(1);
            failures.until = now;
        }
        self.0.retain(|_, failures| failures.count > 0);
    }

    /// Whether nobody has to wait longer than anybody ever has to.
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
