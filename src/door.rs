//! `Door`: who may come in, by how many are inside.

use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::address::Address;
use crate::chat::ClientId;
use crate::limits::Limits;

/// Counts the connected clients, and so decides who may come in.
#[derive(Debug, Default)]
pub struct Door {
    ids: AtomicU64,
    inside: Mutex<Inside>,
}

#[derive(Debug, Default)]
struct Inside {
    clients: usize,
    by_address: HashMap<Address, usize>,
}

/// A place inside, given back when dropped.
#[derive(Debug)]
pub struct Place {
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

impl Door {
    /// Lets somebody in from `ip`, if the limits allow it. Loopback counts as nobody's address.
    pub fn enter(self: &Arc<Self>, ip: IpAddr, limits: &Limits) -> Result<Place, TurnedAway> {
        let address = Address::of(ip);
        let mut inside = self.lock();
        if inside.clients >= limits.max_clients {
            return Err(TurnedAway::Full(limits.max_clients));
        }
        let from_there = inside.by_address.entry(address).or_default();
        if *from_there >= limits.max_per_ip && !ip.to_canonical().is_loopback() {
            return Err(TurnedAway::TooManyFromThere(limits.max_per_ip));
        }
        *from_there += 1;
        inside.clients += 1;
        Ok(Place { door: Arc::clone(self), address })
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

impl Drop for Place {
    fn drop(&mut self) {
        let mut inside = self.door.lock();
        inside.clients -= 1;
        if let Some(count) = inside.by_address.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                inside.by_address.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(max_clients: usize, max_per_ip: usize) -> Limits {
        let (max_line, rate, burst, send_queue) = (1024, 5, 20, 1 << 20);
        let idle_timeout = None;
        Limits { max_clients, max_per_ip, max_line, rate, burst, send_queue, idle_timeout }
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn the_door_closes_when_full_and_opens_when_somebody_leaves() {
        let (door, limits) = (Arc::new(Door::default()), limits(2, 64));
        let first = door.enter(ip("192.0.2.1"), &limits).unwrap();
        let _second = door.enter(ip("192.0.2.2"), &limits).unwrap();
        assert_eq!(door.enter(ip("192.0.2.3"), &limits).err(), Some(TurnedAway::Full(2)));
        drop(first);
        assert!(door.enter(ip("192.0.2.3"), &limits).is_ok());
    }

    #[test]
    fn an_ipv4_address_and_an_ipv6_64_have_so_many_places_and_loopback_any() {
        let (door, limits) = (Arc::new(Door::default()), limits(100, 1));
        let _held = ["192.0.2.1", "2001:db8::1"].map(|from| door.enter(ip(from), &limits).unwrap());
        for from in ["192.0.2.1", "::ffff:192.0.2.1", "2001:db8::2"] {
            let refused = door.enter(ip(from), &limits).err();
            assert_eq!(refused, Some(TurnedAway::TooManyFromThere(1)), "{from}");
        }
        let many = ["127.0.0.1", "127.0.0.1", "::1", "::1", "::ffff:127.0.0.1"];
        let _loopback = many.map(|from| door.enter(ip(from), &limits).unwrap());
    }

    #[test]
    fn nothing_is_left_of_those_who_left() {
        let (door, limits) = (Arc::new(Door::default()), limits(2, 1));
        drop(door.enter(ip("192.0.2.1"), &limits));
        assert_eq!(door.clients(), 0);
        assert!(door.lock().by_address.is_empty());
    }
}
