//! `Registrations`: limits how many names one address registers, so that no visitor takes all.

use std::collections::HashMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::address::Address;

/// Names that one address may register at once, and the wait for each further one.
const MAX_AT_ONCE: u32 = 10;
const PAUSE: Duration = Duration::from_secs(360);
/// Most addresses remembered; one more replaces the one that registered least.
const MAX: usize = 4096;

/// When each address will have its full allowance again.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Registrations(HashMap<Address, Duration>);

impl Registrations {
    /// Begins a registration. It counts until it is [taken back](Self::take_back).
    ///
    /// # Errors
    /// If the address has to wait first: how long.
    pub(crate) fn attempt(&mut self, now: Duration, from: Address) -> Result<(), Duration> {
        let before = self.0.get(&from).copied().filter(|until| *until > now);
        let until = before.unwrap_or(now) + PAUSE;
        let most = now + MAX_AT_ONCE * PAUSE;
        if until > most {
            return Err(until - most);
        }
        if before.is_none() {
            self.make_room(now);
        }
        self.0.insert(from, until);
        Ok(())
    }

    /// Takes back a registration that failed.
    pub(crate) fn take_back(&mut self, from: Address) {
        if let Some(until) = self.0.get_mut(&from) {
            *until = until.saturating_sub(PAUSE);
        }
    }

    /// Whether no time in them is later than `uptime` allows: a check of a restored snapshot.
    pub(crate) fn are_sound(&self, uptime: Duration) -> bool {
        self.0.values().all(|until| *until <= uptime + MAX_AT_ONCE * PAUSE)
    }

    fn make_room(&mut self, now: Duration) {
        if self.0.len() < MAX {
            return;
        }
        self.0.retain(|_, until| *until > now);
        let first = self.0.iter().min_by_key(|(_, until)| **until);
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
    fn only_so_many_addresses_are_remembered() {
        let mut registrations = Registrations::default();
        for number in 0..5000 {
            assert_eq!(registrations.attempt(Duration::ZERO, address(number)), Ok(()));
        }
        assert_eq!(registrations.0.len(), MAX);
    }
}
