//! `Door`: who may come in, by how many are inside.

use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::bucket::Bucket;
use super::limits::Limits;
use crate::address::Address;
use crate::chat::ClientId;
use crate::telemetry::metrics::Refused;

/// Counts the connected clients, and so decides who may come in.
#[derive(Debug, Default)]
pub struct Door {
    ids: AtomicU64,
    inside: Mutex<Inside>,
}

#[derive(Debug, Default)]
struct Inside {
    clients: usize,
    arriving: usize,
    by_address: HashMap<Address, FromThere>,
    /// Addresses known when those without significance were forgotten last.
    known: usize,
}

/// What is known of one address.
#[derive(Debug)]
struct FromThere {
    clients: usize,
    /// Connections that are not clients yet.
    arriving: usize,
    /// What its clients may still say at once, all together.
    bursts: Bucket,
}

/// Connections that may be on their way in at once: each costs a thread.
const MAX_ARRIVING: usize = 1024;
/// From one address there may be as many of them as there may be clients, but no fewer than this: a
/// browser asks for the parts of the page all at once.
const MIN_ARRIVING: usize = 16;
/// Addresses that may be known before it is worth looking for some to forget.
const FEW: usize = 1024;

/// A place inside, given back when dropped.
#[derive(Debug)]
pub struct Place {
    door: Arc<Door>,
    address: Address,
    /// How many lines the client may send at once.
    pub burst: u32,
}

/// A connection that is on its way in; counted until dropped.
#[derive(Debug)]
pub struct Arriving {
    door: Arc<Door>,
    address: Address,
}

/// Why somebody is turned away. Its `Display` is what they are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TurnedAway {
    /// There are already as many clients as may be.
    Full(usize),
    /// There are already as many from there as may be.
    TooManyFromThere(usize),
    /// The system has no thread for another client.
    NoThread,
}

impl fmt::Display for TurnedAway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full(limit) => write!(f, "the server is full ({limit} clients)"),
            Self::TooManyFromThere(limit) => {
                write!(f, "too many connections from your address (the limit is {limit})")
            }
            Self::NoThread => f.write_str("the server has no room for another client"),
        }?;
        f.write_str("; try again later")
    }
}

impl TurnedAway {
    /// What it is counted as.
    pub fn counted(self) -> Refused {
        match self {
            Self::Full(_) => Refused::Full,
            Self::TooManyFromThere(_) => Refused::Address,
            Self::NoThread => Refused::Thread,
        }
    }
}

impl Door {
    /// Lets somebody in from `ip`, if the limits allow it. Loopback counts as nobody's address.
    pub fn enter(
        self: &Arc<Self>,
        ip: IpAddr,
        limits: &Limits,
        now: Duration,
    ) -> Result<Place, TurnedAway> {
        let (address, is_exempt) = (Address::of(ip), ip.to_canonical().is_loopback());
        let mut inside = self.lock();
        if inside.clients >= limits.max_clients {
            return Err(TurnedAway::Full(limits.max_clients));
        }
        let shared = limits.for_an_address();
        let from_there = inside.from(address, &shared, now);
        if from_there.clients >= limits.max_per_ip && !is_exempt {
            return Err(TurnedAway::TooManyFromThere(limits.max_per_ip));
        }
        from_there.clients += 1;
        let burst = if is_exempt {
            limits.burst.max(1)
        } else {
            from_there.bursts.take_up_to(limits.burst.max(1), &shared, now)
        };
        inside.clients += 1;
        Ok(Place { door: Arc::clone(self), address, burst })
    }

    /// Lets somebody from `ip` begin to come in, if not too many do so already. Loopback counts
    /// as nobody's address.
    pub fn approach(
        self: &Arc<Self>,
        ip: IpAddr,
        limits: &Limits,
        now: Duration,
    ) -> Option<Arriving> {
        let (address, is_exempt) = (Address::of(ip), ip.to_canonical().is_loopback());
        let mut inside = self.lock();
        let arriving = inside.arriving;
        let from_there = inside.from(address, &limits.for_an_address(), now);
        let is_crowd = from_there.arriving >= limits.max_per_ip.max(MIN_ARRIVING) && !is_exempt;
        if arriving >= MAX_ARRIVING || is_crowd {
            return None;
        }
        from_there.arriving += 1;
        inside.arriving += 1;
        Some(Arriving { door: Arc::clone(self), address })
    }

    /// A place for somebody who was inside already, before this process was.
    pub fn readmit(
        self: &Arc<Self>,
        id: ClientId,
        ip: IpAddr,
        limits: &Limits,
        now: Duration,
    ) -> Place {
        self.count_from(ClientId(id.0 + 1));
        let address = Address::of(ip);
        let mut inside = self.lock();
        inside.from(address, &limits.for_an_address(), now).clients += 1;
        inside.clients += 1;
        Place { door: Arc::clone(self), address, burst: limits.burst.max(1) }
    }

    /// What the clients of each address may still say at once, where it is less than it can be.
    pub fn spent(&self, limits: &Limits, now: Duration) -> Vec<(Address, Bucket)> {
        let (shared, mut inside) = (limits.for_an_address(), self.lock());
        let known = inside.by_address.iter_mut();
        let spent = known.filter_map(|(address, from_there)| {
            let bursts = &mut from_there.bursts;
            (!bursts.is_full(&shared, now)).then_some((*address, *bursts))
        });
        spent.collect()
    }

    /// Goes on with what was [spent](Self::spent) in another process; to be done before anybody
    /// is let in.
    pub fn recall(&self, spent: Vec<(Address, Bucket)>) {
        let known = |(address, bursts)| (address, FromThere { clients: 0, arriving: 0, bursts });
        self.lock().by_address.extend(spent.into_iter().map(known));
    }

    /// Uses no number below `next` any more.
    pub fn count_from(&self, next: ClientId) {
        self.ids.fetch_max(next.0, Ordering::Relaxed);
    }

    /// How many are on their way in.
    pub fn arriving(&self) -> usize {
        self.lock().arriving
    }

    /// How many are inside.
    pub fn clients(&self) -> usize {
        self.lock().clients
    }

    /// A number that no client had before.
    pub fn next_id(&self) -> ClientId {
        ClientId(self.ids.fetch_add(1, Ordering::Relaxed))
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inside {
    /// What is known of an address.
    fn from(&mut self, address: Address, shared: &Limits, now: Duration) -> &mut FromThere {
        self.forget_idle(shared, now);
        self.by_address.entry(address).or_insert_with(|| FromThere {
            clients: 0,
            arriving: 0,
            bursts: Bucket::new(shared.burst, now),
        })
    }

    /// Forgets the addresses that nobody is here from and that could say all they want again.
    fn forget_idle(&mut self, shared: &Limits, now: Duration) {
        if self.by_address.len() >= FEW.max(2 * self.known) {
            self.by_address.retain(|_, from_there| {
                from_there.clients + from_there.arriving > 0
                    || !from_there.bursts.is_full(shared, now)
            });
            self.known = self.by_address.len();
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut inside = self.door.lock();
        inside.clients -= 1;
        if let Some(from_there) = inside.by_address.get_mut(&self.address) {
            from_there.clients -= 1;
        }
    }
}

impl Drop for Arriving {
    fn drop(&mut self) {
        let mut inside = self.door.lock();
        inside.arriving -= 1;
        if let Some(from_there) = inside.by_address.get_mut(&self.address) {
            from_there.arriving -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::net::Ipv4Addr;

    const NOW: Duration = Duration::ZERO;

    fn limits(max_clients: usize, max_per_ip: usize) -> Limits {
        Limits { max_clients, max_per_ip, ..Limits::USUAL }
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn the_door_closes_when_full_and_opens_when_somebody_leaves() {
        let (door, limits) = (Arc::new(Door::default()), limits(2, 64));
        let first = door.enter(ip("192.0.2.1"), &limits, NOW).unwrap();
        let _second = door.enter(ip("192.0.2.2"), &limits, NOW).unwrap();
        assert_eq!(door.enter(ip("192.0.2.3"), &limits, NOW).err(), Some(TurnedAway::Full(2)));
        drop(first);
        assert!(door.enter(ip("192.0.2.3"), &limits, NOW).is_ok());
    }

    #[test]
    fn an_ipv4_address_and_an_ipv6_64_have_so_many_places_and_loopback_any() {
        let (door, limits) = (Arc::new(Door::default()), limits(100, 1));
        let _held =
            ["192.0.2.1", "2001:db8::1"].map(|from| door.enter(ip(from), &limits, NOW).unwrap());
        for from in ["192.0.2.1", "::ffff:192.0.2.1", "2001:db8::2"] {
            let refused = door.enter(ip(from), &limits, NOW).err();
            assert_eq!(refused, Some(TurnedAway::TooManyFromThere(1)), "{from}");
        }
        let many = ["127.0.0.1", "127.0.0.1", "::1", "::1", "::ffff:127.0.0.1"];
        let _loopback = many.map(|from| door.enter(ip(from), &limits, NOW).unwrap());
    }

    #[test]
    fn coming_back_again_and_again_gives_an_address_no_more_than_staying() {
        let (door, limits) = (Arc::new(Door::default()), limits(100, 3));
        let bursts = |from, now| {
            let place = |_| door.enter(ip(from), &limits, now).unwrap().burst;
            (0..5).map(place).collect::<Vec<_>>()
        };
        assert_eq!(bursts("192.0.2.1", NOW), [20, 20, 20, 0, 0]);
        assert_eq!(bursts("192.0.2.2", NOW), [20, 20, 20, 0, 0]);
        assert_eq!(bursts("127.0.0.1", NOW), [20; 5]);
        assert_eq!(bursts("192.0.2.1", Duration::from_secs(2)), [20, 10, 0, 0, 0]);
    }

    #[test]
    fn only_so_many_are_on_their_way_in_at_once() {
        let door = Arc::new(Door::default());
        for (max_per_ip, most) in [(1, MIN_ARRIVING), (20, 20)] {
            let limits = limits(2, max_per_ip);
            let come = || door.approach(ip("192.0.2.1"), &limits, NOW);
            let first: Vec<_> = (0..most).map(|_| come().unwrap()).collect();
            assert!(come().is_none());
            drop(first);
        }
        let limits = limits(2, 1);
        let crowd: Vec<_> = (0..MAX_ARRIVING)
            .map(|_| door.approach(ip("127.0.0.1"), &limits, NOW).unwrap())
            .collect();
        assert!(door.approach(ip("127.0.0.1"), &limits, NOW).is_none());
        assert!(door.approach(ip("192.0.2.1"), &limits, NOW).is_none());
        drop(crowd);
        assert!(door.approach(ip("192.0.2.1"), &limits, NOW).is_some());
    }

    #[test]
    fn addresses_are_forgotten_when_nobody_is_here_from_them() {
        let (door, limits) = (Arc::new(Door::default()), limits(100, 1));
        let stays = door.enter(ip("192.0.2.1"), &limits, NOW);
        for number in 0..10_000u32 {
            let now = Duration::from_millis(u64::from(number));
            assert!(door.enter(Ipv4Addr::from_bits(number).into(), &limits, now).is_ok());
        }
        let inside = door.lock();
        assert!(inside.by_address.len() < 10_000 && inside.clients == 1);
        assert!(inside.by_address.contains_key(&Address::of(ip("192.0.2.1"))));
        drop((inside, stays));
    }
}
