//! `Door`: who may come in, by how many are inside.

use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::bucket::Bucket;
use super::crowd::{Crowd, Share};
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
    arriving: [usize; Share::COUNT],
    by_address: HashMap<Address, FromThere>,
    /// Addresses known when those without significance were forgotten last.
    known: usize,
}

/// What is known of one address.
#[derive(Debug)]
struct FromThere {
    clients: usize,
    /// Connections that are not clients yet.
    arriving: [usize; Share::COUNT],
    /// What its clients may still say at once, all together.
    bursts: Bucket,
    /// The TLS handshakes that it may still begin at once.
    handshakes: Bucket,
}

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
    share: Share,
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
        let from_there = inside.from(address, limits, now);
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

    /// Lets somebody from `ip` begin to come in, over TLS or not, if not too many do so already.
    /// Loopback counts as nobody's address.
    ///
    /// # Errors
    /// When too many do.
    pub fn approach(
        self: &Arc<Self>,
        ip: IpAddr,
        share: Share,
        is_tls: bool,
        limits: &Limits,
        now: Duration,
    ) -> Result<Arriving, Crowd> {
        let (address, is_exempt) = (Address::of(ip), ip.to_canonical().is_loopback());
        let mut inside = self.lock();
        if inside.arriving[share as usize] >= share.most() {
            return Err(Crowd::Everywhere);
        }
        let from_there = inside.from(address, limits, now);
        if !is_exempt {
            if from_there.arriving[share as usize] >= share.most_from_one(limits) {
                return Err(Crowd::There);
            }
            if is_tls && from_there.handshakes.take(&limits.for_handshakes(), now).is_err() {
                return Err(Crowd::Handshakes);
            }
        }
        from_there.arriving[share as usize] += 1;
        inside.arriving[share as usize] += 1;
        Ok(Arriving { door: Arc::clone(self), address, share })
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
        inside.from(address, limits, now).clients += 1;
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
    pub fn recall(&self, spent: Vec<(Address, Bucket)>, limits: &Limits, now: Duration) {
        let known =
            |(address, bursts)| (address, FromThere { bursts, ..FromThere::unknown(limits, now) });
        self.lock().by_address.extend(spent.into_iter().map(known));
    }

    /// Uses no number below `next` any more.
    pub fn count_from(&self, next: ClientId) {
        self.ids.fetch_max(next.0, Ordering::Relaxed);
    }

    /// How many are on their way in.
    pub fn arriving(&self) -> usize {
        self.lock().arriving.iter().sum()
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
    fn from(&mut self, address: Address, limits: &Limits, now: Duration) -> &mut FromThere {
        self.forget_idle(limits, now);
        self.by_address.entry(address).or_insert_with(|| FromThere::unknown(limits, now))
    }

    /// Forgets the addresses that nobody is here from and that could say all they want again.
    fn forget_idle(&mut self, limits: &Limits, now: Duration) {
        if self.by_address.len() >= FEW.max(2 * self.known) {
            self.by_address.retain(|_, from_there| !from_there.is_idle(limits, now));
            self.known = self.by_address.len();
        }
    }
}

impl FromThere {
    /// Nothing is known yet.
    fn unknown(limits: &Limits, now: Duration) -> Self {
        Self {
            clients: 0,
            arriving: [0; Share::COUNT],
            bursts: Bucket::new(limits.for_an_address().burst, now),
            handshakes: Bucket::new(limits.for_handshakes().burst, now),
        }
    }

    /// Whether nothing would be different if it was not known.
    fn is_idle(&mut self, limits: &Limits, now: Duration) -> bool {
        self.clients + self.arriving.iter().sum::<usize>() == 0
            && self.bursts.is_full(&limits.for_an_address(), now)
            && self.handshakes.is_full(&limits.for_handshakes(), now)
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
        inside.arriving[self.share as usize] -= 1;
        if let Some(from_there) = inside.by_address.get_mut(&self.address) {
            from_there.arriving[self.share as usize] -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admission::limits::LEAST_ARRIVING;

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
        let come = |from, limits: &_| door.approach(ip(from), Share::Clients, false, limits, NOW);
        for (max_per_ip, most) in [(1, LEAST_ARRIVING), (20, 20)] {
            let limits = limits(2, max_per_ip);
            let first: Vec<_> = (0..most).map(|_| come("192.0.2.1", &limits).unwrap()).collect();
            assert_eq!(come("192.0.2.1", &limits).err(), Some(Crowd::There));
            drop(first);
        }
        let limits = limits(2, 1);
        let crowd: Vec<_> =
            (0..Share::Clients.most()).map(|_| come("127.0.0.1", &limits).unwrap()).collect();
        for from in ["127.0.0.1", "192.0.2.1"] {
            assert_eq!(come(from, &limits).err(), Some(Crowd::Everywhere));
            for share in [Share::Figures, Share::Health] {
                assert!(door.approach(ip(from), share, false, &limits, NOW).is_ok());
            }
        }
        drop(crowd);
        assert!(come("192.0.2.1", &limits).is_ok());
    }

    #[test]
    fn an_address_shakes_hands_only_so_often_and_loopback_as_often_as_it_likes() {
        let (door, limits) = (Arc::new(Door::default()), limits(100, 64));
        let shake = |from, now| door.approach(ip(from), Share::Clients, true, &limits, now);
        let burst = |from, now| (0..2000).filter(|_| shake(from, now).is_ok()).count();
        assert_eq!(burst("192.0.2.1", NOW), 256);
        assert_eq!(shake("192.0.2.1", NOW).err(), Some(Crowd::Handshakes));
        assert_eq!(burst("192.0.2.1", Duration::from_secs(1)), 32);
        assert_eq!(burst("2001:db8::1", NOW) + burst("2001:db8::2", NOW), 256, "a /64");
        assert_eq!(burst("127.0.0.1", NOW), 2000);
        assert!(door.approach(ip("192.0.2.1"), Share::Clients, false, &limits, NOW).is_ok());
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
