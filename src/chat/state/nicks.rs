//! Nicks: which client holds which nick, and which are reserved for addresses whose clients left.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::chat::model::{ClientId, Folded, Nick};
use crate::chat::refusal::Refusal;
use crate::text::Text;

/// How long an abandoned nick stays reserved for the address that had it.
const RESERVED_FOR: Duration = Duration::from_secs(60);
/// Most nicks reserved for one address, and in all, so that a client that renames all day neither
/// fills the memory nor displaces the nicks of others.
const MAX_RESERVED_EACH: usize = 64;
const MAX_RESERVED: usize = 65_536;

/// The nicks in use and the reserved ones.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Nicks {
    taken: BTreeMap<Folded, ClientId>,
    #[serde(rename = "kept")]
    reserved: Reserved,
    guests: u64,
}

impl Nicks {
    /// Gives a new client a free guest's nick.
    pub(crate) fn take_guest(&mut self, client: ClientId) -> Nick {
        loop {
            self.guests += 1;
            let nick = Nick::guest(self.guests);
            if let Entry::Vacant(free) = self.taken.entry(nick.folded()) {
                free.insert(client);
                return nick;
            }
        }
    }

    /// A free guest's nick, for somebody who is not connected.
    pub(crate) fn next_guest(&mut self) -> Nick {
        loop {
            self.guests += 1;
            let nick = Nick::guest(self.guests);
            if !self.taken.contains_key(&nick.folded()) {
                return nick;
            }
        }
    }

    /// A guest's nick such as the next one, for somebody who has none yet.
    pub(crate) fn some_guest(&self) -> Nick {
        Nick::guest(self.guests + 1)
    }

    /// Fails if a client has the nick, or if it is reserved for another address.
    pub(crate) fn check_free(
        &self,
        now: Duration,
        nick: Nick,
        from: Address,
    ) -> Result<(), Refusal> {
        let folded = nick.folded();
        let owner = self.reserved.owner(now, folded);
        if self.taken.contains_key(&folded) || owner.is_some_and(|owner| owner != from) {
            return Err(Refusal::Taken(Text::new(nick.as_str())));
        }
        Ok(())
    }

    /// Gives a restored client its nick back, if no other client has it.
    pub(crate) fn take_back(&mut self, client: ClientId, nick: Nick) -> bool {
        // New guests get higher numbers than those in use.
        self.guests = self.guests.max(nick.guest_number().unwrap_or(0));
        *self.taken.entry(nick.folded()).or_insert(client) == client
    }

    /// Gives `client`, now called `old`, the nick it asks for.
    ///
    /// # Errors
    /// When the nick is not valid, reserved for another address, or another client's.
    pub(crate) fn rename(
        &mut self,
        now: Duration,
        client: ClientId,
        (old, address): (Nick, Address),
        wish: &str,
    ) -> Result<Nick, Refusal> {
        let respelt = Nick::new(wish).filter(|nick| nick.resembles(old));
        if let Some(respelt) = respelt {
            return Ok(respelt);
        }
        let nick = Nick::chosen_at_first(wish)?;
        self.check_free(now, nick, address)?;
        self.leave(now, old, address);
        self.taken.insert(nick.folded(), client);
        Ok(nick)
    }

    /// Gives `client`, now called `old`, the nick of its account. No client may hold that nick.
    pub(crate) fn claim(
        &mut self,
        now: Duration,
        client: ClientId,
        (old, address): (Nick, Address),
        nick: Nick,
    ) {
        self.leave(now, old, address);
        self.taken.insert(nick.folded(), client);
    }

    /// Frees `nick` and reserves it for `address`.
    pub(crate) fn leave(&mut self, now: Duration, nick: Nick, address: Address) {
        let folded = nick.folded();
        self.taken.remove(&folded);
        // Guests' numbers are not reused, so there is nothing to reserve.
        if !nick.is_guest() {
            self.reserved.add(now, folded, address);
        }
    }

    /// Replaces the ids of clients.
    pub(crate) fn renumber(&mut self, new: impl Fn(ClientId) -> ClientId) {
        self.taken.values_mut().for_each(|holder| *holder = new(*holder));
    }

    /// Whether `clients` clients can hold these nicks: a check of a restored snapshot.
    pub(crate) fn are_consistent(&self, clients: usize) -> bool {
        self.taken.len() == clients && self.guests < u64::MAX / 2
    }

    /// The holder of a nick, in any spelling.
    pub(crate) fn holder(&self, name: &str) -> Option<ClientId> {
        let folded = Nick::new(name)?.folded();
        self.taken.get(&folded).copied()
    }
}

/// Abandoned nicks, and the addresses that they are reserved for.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Reserved {
    until: BTreeMap<Folded, (Address, Duration)>,
    /// The nicks of each address, oldest first.
    by_address: BTreeMap<Address, VecDeque<(Duration, Folded)>>,
    /// When to look for expired reservations of an address.
    reviews: VecDeque<(Duration, Address)>,
}

impl Reserved {
    fn owner(&self, now: Duration, nick: Folded) -> Option<Address> {
        self.until.get(&nick).filter(|(_, until)| *until > now).map(|(address, _)| *address)
    }

    fn add(&mut self, now: Duration, nick: Folded, address: Address) {
        self.review(now);
        let until = now + RESERVED_FOR;
        self.until.insert(nick, (address, until));
        let own = self.by_address.entry(address).or_default();
        own.push_back((until, nick));
        if own.len() > MAX_RESERVED_EACH {
            self.drop_oldest(address);
        } else {
            self.reviews.push_back((until, address));
        }
        if self.reviews.len() > MAX_RESERVED
            && let Some((_, longest)) = self.reviews.pop_front()
        {
            self.drop_oldest(longest);
        }
    }

    fn review(&mut self, now: Duration) {
        while let Some(&(due, address)) = self.reviews.front()
            && due <= now
        {
            self.reviews.pop_front();
            let oldest = self.by_address.get(&address).and_then(VecDeque::front);
            match oldest {
                Some(&(until, _)) if until <= now => self.drop_oldest(address),
                Some(&(until, _)) => self.reviews.push_back((until, address)),
                None => {}
            }
        }
    }

    fn drop_oldest(&mut self, address: Address) {
        let Some(own) = self.by_address.get_mut(&address) else { return };
        if let Some((until, nick)) = own.pop_front()
            // The nick may have been taken and abandoned again since.
            && self.until.get(&nick) == Some(&(address, until))
        {
            self.until.remove(&nick);
        }
        if own.is_empty() {
            self.by_address.remove(&address);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALICE: ClientId = ClientId(1);
    const BOB: ClientId = ClientId(2);
    const START: Duration = Duration::ZERO;

    fn address(last: u8) -> Address {
        Address::of([192, 0, 2, last].into())
    }

    #[test]
    fn a_taken_nick_is_refused_under_folding_but_its_holder_may_respell_it() {
        let mut nicks = Nicks::default();
        let guest = nicks.take_guest(ALICE);
        let bob = nicks.rename(START, ALICE, (guest, address(1)), "bob").unwrap();
        let other = nicks.take_guest(BOB);
        for spelling in ["bob", "BOB", "b0b"] {
            let refused = nicks.rename(START, BOB, (other, address(1)), spelling);
            assert_eq!(refused, Err(Refusal::Taken(Text::new(spelling))));
        }
        let respelt = nicks.rename(START, ALICE, (bob, address(1)), "B0B").unwrap();
        assert_eq!(respelt.as_str(), "B0B");
        assert_eq!(nicks.holder("bob"), Some(ALICE));
        let guest = other.to_string().to_uppercase();
        assert!(nicks.rename(START, BOB, (other, address(1)), &guest).is_ok());
    }

    fn seconds(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    #[test]
    fn a_nick_that_was_left_is_kept_60_seconds_for_its_address() {
        let mut nicks = Nicks::default();
        let guest = nicks.take_guest(ALICE);
        let bob = nicks.rename(START, ALICE, (guest, address(1)), "bob").unwrap();
        nicks.leave(START, bob, address(1));
        let other = nicks.take_guest(BOB);
        let almost = seconds(59.999);
        assert!(nicks.rename(almost, BOB, (other, address(2)), "b0b").is_err());
        let same_place = nicks.rename(almost, BOB, (other, address(1)), "bob").unwrap();
        nicks.leave(almost, same_place, address(1));
        assert!(nicks.rename(seconds(60.0), BOB, (other, address(2)), "bob").is_err(), "kept anew");
        assert!(nicks.rename(seconds(119.999), BOB, (other, address(2)), "bob").is_ok());
    }

    /// Takes and abandons that many nicks, one per millisecond.
    fn rename_on_and_on(nicks: &mut Nicks, from: Address, start: Duration, count: usize) {
        let mut nick = nicks.take_guest(ALICE);
        for number in 0..count {
            let now = start + Duration::from_millis(number as u64);
            let wish = format!("n{number}-");
            nick = nicks.rename(now, ALICE, (nick, from), &wish).unwrap();
        }
        nicks.leave(start + Duration::from_millis(count as u64), nick, from);
    }

    #[test]
    fn renaming_on_and_on_pushes_out_only_ones_own() {
        let mut nicks = Nicks::default();
        let bobs = nicks.take_guest(BOB);
        let bob = nicks.rename(START, BOB, (bobs, address(1)), "bob").unwrap();
        nicks.leave(START, bob, address(1));
        rename_on_and_on(&mut nicks, address(2), START, 50_000);
        assert_eq!(nicks.reserved.by_address[&address(2)].len(), MAX_RESERVED_EACH);
        let eve = nicks.take_guest(BOB);
        assert!(nicks.rename(seconds(59.0), BOB, (eve, address(2)), "bob").is_err());
    }

    #[test]
    fn nothing_is_left_of_nicks_that_ran_out() {
        let mut nicks = Nicks::default();
        rename_on_and_on(&mut nicks, address(1), START, 1000);
        for minute in 2..4 {
            nicks.reserved.review(seconds(60.0 * f64::from(minute)));
        }
        let Reserved { until, by_address, reviews } = &nicks.reserved;
        assert!(until.is_empty() && by_address.is_empty() && reviews.is_empty());
    }
}
