//! `Bans`: all bans, with a fast look-up by name, address or network however many there are.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use crate::address::{Address, Network, Origin};
use crate::chat::model::{Ban, Folded, Mask, Moment, Nick};

/// All bans, numbered in the order of adding.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(from = "SavedBans")]
pub(crate) struct Bans {
    by_number: BTreeMap<u64, Ban>,
    #[serde(skip)]
    numbers: HashMap<Key, Vec<u64>>,
    /// How many bans there are on networks with a prefix of each length, of IPv4 and of IPv6.
    #[serde(skip)]
    lengths: BTreeMap<(bool, u8), usize>,
    next: u64,
}

/// The bans in a snapshot, without what finds them.
#[derive(Deserialize)]
struct SavedBans {
    by_number: BTreeMap<u64, Ban>,
    next: u64,
}

impl From<SavedBans> for Bans {
    fn from(saved: SavedBans) -> Self {
        let mut all = Self { next: saved.next, ..Self::default() };
        saved.by_number.into_iter().for_each(|(number, ban)| all.insert(number, ban));
        all
    }
}

/// The key by which a ban is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Key {
    Name(Folded),
    Address(Address),
    Network(Network),
}

impl Key {
    fn of(mask: Mask) -> Self {
        match mask {
            Mask::Name(nick) => Self::Name(nick.folded()),
            Mask::Address(origin) => Self::Address(origin.address()),
            Mask::Network(network) => Self::Network(network),
        }
    }
}

impl FromIterator<Ban> for Bans {
    fn from_iter<T: IntoIterator<Item = Ban>>(bans: T) -> Self {
        let mut all = Self::default();
        bans.into_iter().for_each(|ban| all.push(ban));
        all
    }
}

impl Bans {
    /// Whether each has a number that was given: a check of a restored snapshot.
    pub(crate) fn are_consistent(&self) -> bool {
        let last = self.by_number.keys().next_back();
        last.is_none_or(|last| *last < self.next) && self.next < u64::MAX / 2
    }

    /// All of them, oldest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Ban> {
        self.by_number.values()
    }

    /// Adds a ban, removes another with the same mask, and removes bans that have expired.
    pub(crate) fn add(&mut self, now: Moment, ban: Ban) {
        self.forget(|other| other.mask == ban.mask || !other.is_in_force(now));
        self.push(ban);
    }

    /// Removes the ban with that mask.
    pub(crate) fn remove(&mut self, mask: Mask) {
        self.forget(|ban| ban.mask == mask);
    }

    /// The oldest ban in force that covers an address.
    pub(crate) fn on_origin(&self, now: Moment, origin: Origin) -> Option<&Ban> {
        let lengths = self.lengths.keys().filter(|(is_ipv4, _)| *is_ipv4 == origin.is_ipv4());
        let networks = lengths.filter_map(|(_, length)| Network::around(origin, *length));
        let address = Key::Address(origin.address());
        self.oldest(now, std::iter::once(address).chain(networks.map(Key::Network)))
    }

    /// The oldest ban in force on a nick, or on one that looks like it.
    pub(crate) fn on_name(&self, now: Moment, nick: Nick) -> Option<&Ban> {
        self.oldest(now, [Key::Name(nick.folded())])
    }

    fn oldest(&self, now: Moment, keys: impl IntoIterator<Item = Key>) -> Option<&Ban> {
        let numbers = keys.into_iter().filter_map(|key| self.numbers.get(&key)).flatten();
        let bans = numbers.filter_map(|number| Some((number, self.by_number.get(number)?)));
        let in_force = bans.filter(|(_, ban)| ban.is_in_force(now));
        in_force.min_by_key(|(number, _)| **number).map(|(_, ban)| ban)
    }

    fn push(&mut self, ban: Ban) {
        self.insert(self.next, ban);
        self.next += 1;
    }

    fn insert(&mut self, number: u64, ban: Ban) {
        self.numbers.entry(Key::of(ban.mask)).or_default().push(number);
        if let Mask::Network(network) = ban.mask {
            *self.lengths.entry(network.kind()).or_default() += 1;
        }
        self.by_number.insert(number, ban);
    }

    fn forget(&mut self, is_over: impl Fn(&Ban) -> bool) {
        let over = self.by_number.iter().filter(|(_, ban)| is_over(ban));
        let over: Vec<_> = over.map(|(number, ban)| (*number, ban.mask)).collect();
        for (number, mask) in over {
            self.by_number.remove(&number);
            let key = Key::of(mask);
            if let Some(numbers) = self.numbers.get_mut(&key) {
                numbers.retain(|other| *other != number);
                if numbers.is_empty() {
                    self.numbers.remove(&key);
                }
            }
            if let Mask::Network(network) = mask
                && let Some(count) = self.lengths.get_mut(&network.kind())
            {
                *count -= 1;
                if *count == 0 {
                    self.lengths.remove(&network.kind());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ban((mask, until): (&str, Option<i64>)) -> Ban {
        let until = until.map(|unix_ms| Moment { unix_ms });
        Ban { mask: Mask::new(mask).unwrap(), by: Nick::server(), reason: None, until }
    }

    const MASKS: [&str; 14] = [
        "eve",
        "EVE",
        "b0b",
        "192.0.2.1",
        "192.0.2.2",
        "192.0.2.0/24",
        "192.0.2.0/31",
        "0.0.0.0/0",
        "2001:db8::1",
        "2001:db8::2",
        "2001:db8:0:1::1",
        "2001:db8::/48",
        "2001:db8::1/128",
        "::/0",
    ];
    const ORIGINS: [&str; 7] = [
        "192.0.2.1",
        "::ffff:192.0.2.2",
        "192.0.2.3",
        "198.51.100.1",
        "2001:db8::1",
        "2001:db8::ffff",
        "2001:db9::1",
    ];

    proptest! {
        #[test]
        fn the_oldest_that_fits_is_found_as_if_all_were_looked_at(
            steps in prop::collection::vec(
                (prop::sample::select(&MASKS[..]), prop::option::of(0..20i64), any::<bool>()),
                0..40,
            ),
        ) {
            let (mut bans, mut all) = (Bans::default(), Vec::<Ban>::new());
            for (time, (mask, until, is_lifted)) in steps.into_iter().enumerate() {
                let (now, ban) = (Moment { unix_ms: time as i64 / 2 }, ban((mask, until)));
                all.retain(|other| other.mask != ban.mask);
                if is_lifted {
                    bans.remove(ban.mask);
                } else {
                    all.retain(|other| other.is_in_force(now));
                    all.push(ban.clone());
                    bans.add(now, ban);
                }
                if time % 7 == 0 {
                    let saved = serde_json::to_string(&bans).unwrap();
                    bans = serde_json::from_str(&saved).unwrap();
                }
                prop_assert!(bans.iter().eq(all.iter()));
                let find = |fits: &dyn Fn(&Mask) -> bool| {
                    all.iter().find(|ban| ban.is_in_force(now) && fits(&ban.mask))
                };
                for origin in ORIGINS.map(|text| Origin::parse(text).unwrap()) {
                    prop_assert_eq!(bans.on_origin(now, origin), find(&|mask| mask.covers(origin)));
                }
                for nick in ["Eve", "bob", "carol"].map(|text| Nick::new(text).unwrap()) {
                    prop_assert_eq!(bans.on_name(now, nick), find(&|mask| mask.names(nick)));
                }
            }
            all.iter().for_each(|ban| bans.remove(ban.mask));
            prop_assert!(bans.numbers.is_empty() && bans.lengths.is_empty());
        }
    }
}
