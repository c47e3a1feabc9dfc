//! The accept loop: who is let in, and how the others are told that they are not.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::address::Address;
use crate::chat::ClientId;
use crate::limits::Limits;
use crate::os::{self, Bell, Ready, Socket};
use crate::session::{Session, Shared};

/// Enough for reading and decoding, and for the report of a panic. Only what is touched is
/// resident.
const STACK: usize = 128 * 1024;
/// A client that the network lost is noticed after this time. Not sooner, because the kernel
/// counts a client that is suspended with its window full as lost, too.
const DEAD_AFTER: Duration = Duration::from_secs(300);
/// How long to wait when accepting fails for want of something: at first, and at most.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(10), Duration::from_secs(1));
/// Connections turned away stay open this long, for the line they were sent to be read.
const LINGER: Duration = Duration::from_secs(1);
/// So many of them at most.
const MAX_LINGERING: usize = 64;

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

    fn next_id(&self) -> ClientId {
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

/// Accepts text clients from one listener.
#[derive(Debug)]
pub struct Acceptor {
    listener: TcpListener,
    door: Arc<Door>,
    shared: Shared,
    closing: Arc<Bell>,
    /// Those turned away, and until when they may read why.
    lingering: VecDeque<(Instant, Arc<Socket>)>,
}

impl Acceptor {
    /// One for `listener`, which must be non-blocking, until `closing` rings.
    pub fn new(listener: TcpListener, door: Arc<Door>, shared: Shared, closing: Arc<Bell>) -> Self {
        Self { listener, door, shared, closing, lingering: VecDeque::new() }
    }

    /// Accepts until the bell rings. No error ends it: those about one connection concern that
    /// one, and those for want of descriptors or memory pass.
    pub fn run(mut self) {
        let mut back_off = BACK_OFF.0;
        loop {
            let timeout = (!self.lingering.is_empty()).then_some(LINGER);
            match os::wait_readable(&self.listener, &self.closing, timeout) {
                Ok(Ready::Woken) => return,
                Ok(Ready::TimedOut) => {}
                Ok(Ready::Readable) | Err(_) => match self.listener.accept() {
                    Ok((stream, addr)) => {
                        back_off = BACK_OFF.0;
                        self.let_in(stream, addr);
                    }
                    Err(error) if os::is_about_one_connection(&error) => {}
                    Err(error) => {
                        log::error!("cannot accept: {error}; trying again in {back_off:?}");
                        if let Ok(Ready::Woken) = os::wait_bell(&self.closing, back_off) {
                            return;
                        }
                        back_off = (back_off * 2).min(BACK_OFF.1);
                    }
                },
            }
            self.stop_lingering();
        }
    }

    fn let_in(&mut self, stream: TcpStream, addr: SocketAddr) {
        let addr = SocketAddr::new(addr.ip().to_canonical(), addr.port());
        let socket = match Socket::new(stream, DEAD_AFTER) {
            Ok(socket) => Arc::new(socket),
            Err(error) => return log::debug!("{addr} was gone at once: {error}"),
        };
        let entered = self.door.enter(addr.ip(), &self.shared.limits.get());
        let started = entered.and_then(|place| self.start_session(&socket, addr, place));
        if let Err(reason) = started {
            self.turn_away(socket, addr, reason);
        }
    }

    fn start_session(
        &self,
        socket: &Arc<Socket>,
        addr: SocketAddr,
        place: Place,
    ) -> Result<(), TurnedAway> {
        let (id, socket, shared) = (self.door.next_id(), Arc::clone(socket), self.shared.clone());
        let session = move || {
            let _place = place;
            Session::new(id, socket, addr, shared).run();
        };
        let thread = thread::Builder::new().name(format!("client {id}")).stack_size(STACK);
        thread.spawn(session).map(drop).map_err(|error| {
            log::error!("cannot start a thread: {error}");
            TurnedAway::NoThread
        })
    }

    /// Says why, and keeps the connection for a moment: closing it while something of the
    /// client's arrives would take the words back.
    fn turn_away(&mut self, socket: Arc<Socket>, addr: SocketAddr, reason: TurnedAway) {
        log::warn!("refused {addr}: {reason}");
        // A new socket takes one line; if not, its client is gone.
        let _ = socket.send_now(format!("!! {reason}\r\n").as_bytes());
        socket.finish_sending();
        if self.lingering.len() == MAX_LINGERING {
            self.lingering.pop_front();
        }
        self.lingering.push_back((Instant::now() + LINGER, socket));
    }

    fn stop_lingering(&mut self) {
        let now = Instant::now();
        while self.lingering.front().is_some_and(|(until, _)| *until <= now) {
            self.lingering.pop_front();
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
