//! `Door`: counts clients and handshakes, and admits or refuses connections by these counts.

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
use crate::telemetry::Refused;

/// Counts the connected clients, and admits or refuses new ones by that. One for the whole process,
/// shared by all acceptors.
#[derive(Debug, Default)]
pub struct Door {
    ids: AtomicU64,
    inside: Mutex<Inside>,
}

#[derive(Debug, Default)]
struct Inside {
    clients: usize,
    handshakes: [usize; Share::COUNT],
    /// Counts for each address, and for the networks around it.
    by_address: HashMap<Address, FromThere>,
    /// How many addresses were left when idle ones were removed last.
    known: usize,
}

/// The counts of one address, or of a network around it.
#[derive(Debug)]
struct FromThere {
    clients: usize,
    /// Connections that are still connecting.
    handshakes: [usize; Share::COUNT],
    /// The lines that all its clients together may still send at once.
    bursts: Bucket,
    /// The TLS handshakes that it may still begin at once.
    handshake_rate: Bucket,
}

/// With fewer addresses than this, idle ones are not worth looking for.
const FEW: usize = 1024;

/// The slot of one client, which is released when dropped.
#[derive(Debug)]
pub struct Slot {
    door: Arc<Door>,
    address: Address,
    /// How many lines the client may send at once.
    pub burst: u32,
}

/// The slot of one connection in its handshake, which is released when dropped.
#[derive(Debug)]
pub struct HandshakeSlot {
    door: Arc<Door>,
    /// `None` for one that is not counted for any address.
    address: Option<Address>,
    share: Share,
}

/// Why a client is turned away. Its `Display` is the text that the client gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TurnedAway {
    /// The server has this many clients, which is the limit.
    Full(usize),
    /// Its address has this many clients, which is the limit.
    TooManyFromThere(usize),
    /// The network around its address has this many clients, which is the limit.
    TooManyFromNetwork(usize),
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
            Self::TooManyFromNetwork(limit) => {
                write!(f, "too many connections from your network (the limit is {limit})")
            }
            Self::NoThread => f.write_str("the server has no room for another client"),
        }?;
        f.write_str("; try again later")
    }
}

impl TurnedAway {
    /// The reason under which the metrics count it.
    pub fn counted(self) -> Refused {
        match self {
            Self::Full(_) => Refused::Full,
            Self::TooManyFromThere(_) | Self::TooManyFromNetwork(_) => Refused::Address,
            Self::NoThread => Refused::Thread,
        }
    }
}

impl Door {
    /// Admits a client from `ip`. The limits for each address do not apply if it `is_exempt`.
    ///
    /// # Errors
    /// When a limit is reached.
    pub fn enter(
        self: &Arc<Self>,
        ip: IpAddr,
        is_exempt: bool,
        limits: &Limits,
        now: Duration,
    ) -> Result<Slot, TurnedAway> {
        let address = Address::of(ip);
        let mut inside = self.lock();
        if inside.clients >= limits.max_clients {
            return Err(TurnedAway::Full(limits.max_clients));
        }
        let mut burst = limits.burst.max(1);
        for network in address.networks().filter(|_| !is_exempt) {
            let from_there = inside.from(network, limits, now);
            let most = limits.clients_of(network);
            if from_there.clients >= most {
                let kinds = [TurnedAway::TooManyFromThere, TurnedAway::TooManyFromNetwork];
                return Err(network.choose([kinds[0], kinds[1], kinds[1]])(most));
            }
            burst = burst.min(from_there.bursts.lines(&limits.shared_in(network), now));
        }
        for network in address.networks() {
            let from_there = inside.from(network, limits, now);
            from_there.clients += 1;
            if !is_exempt && limits.rate > 0 {
                from_there.bursts.take_lines(burst);
            }
        }
        inside.clients += 1;
        Ok(Slot { door: Arc::clone(self), address, burst })
    }

    /// Lets a connection begin its handshake. It counts for no address before it is
    /// [attributed](HandshakeSlot::attribute) to one.
    ///
    /// # Errors
    /// When there are too many.
    pub fn begin_handshake(self: &Arc<Self>, share: Share) -> Result<HandshakeSlot, Crowd> {
        let mut inside = self.lock();
        if inside.handshakes[share as usize] >= share.most() {
            return Err(Crowd::Everywhere);
        }
        inside.handshakes[share as usize] += 1;
        Ok(HandshakeSlot { door: Arc::clone(self), address: None, share })
    }

    /// Admits a client of the previous process, whatever the limits are.
    pub fn readmit(
        self: &Arc<Self>,
        id: ClientId,
        ip: IpAddr,
        limits: &Limits,
        now: Duration,
    ) -> Slot {
        self.count_from(ClientId(id.0 + 1));
        let address = Address::of(ip);
        let mut inside = self.lock();
        for network in address.networks() {
            inside.from(network, limits, now).clients += 1;
        }
        inside.clients += 1;
        Slot { door: Arc::clone(self), address, burst: limits.burst.max(1) }
    }

    /// The bucket of each address whose clients have sent lines lately, for the next process.
    pub fn spent(&self, limits: &Limits, now: Duration) -> Vec<(Address, Bucket)> {
        let mut inside = self.lock();
        let known = inside.by_address.iter_mut();
        let spent = known.filter_map(|(address, from_there)| {
            let bursts = &mut from_there.bursts;
            (!bursts.is_full(&limits.shared_in(*address), now)).then_some((*address, *bursts))
        });
        spent.collect()
    }

    /// Restores the buckets that another process had [spent](Self::spent). Must be called before
    /// any client is admitted.
    pub fn recall(&self, spent: Vec<(Address, Bucket)>, limits: &Limits, now: Duration) {
        let known = |(address, bursts)| {
            (address, FromThere { bursts, ..FromThere::unknown(address, limits, now) })
        };
        self.lock().by_address.extend(spent.into_iter().map(known));
    }

    /// Never returns an id below `next` again.
    pub fn count_from(&self, next: ClientId) {
        self.ids.fetch_max(next.0, Ordering::Relaxed);
    }

    /// How many connections are in their handshake.
    pub fn handshakes(&self) -> usize {
        self.lock().handshakes.iter().sum()
    }

    /// How many clients have a slot.
    pub fn clients(&self) -> usize {
        self.lock().clients
    }

    /// An id that no client had before.
    pub fn next_id(&self) -> ClientId {
        ClientId(self.ids.fetch_add(1, Ordering::Relaxed))
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl HandshakeSlot {
    /// Counts the handshake, with TLS or without, for the address of `ip`. The limits for each
    /// address do not apply if it `is_exempt`.
    ///
    /// # Errors
    /// When a limit is reached.
    pub fn attribute(
        &mut self,
        ip: IpAddr,
        is_exempt: bool,
        is_tls: bool,
        limits: &Limits,
        now: Duration,
    ) -> Result<(), Crowd> {
        let (address, share) = (Address::of(ip), self.share);
        let before = self.address.take();
        let mut inside = self.door.lock();
        inside.end_handshake(before, share);
        for network in address.networks().filter(|_| !is_exempt) {
            let from_there = inside.from(network, limits, now);
            if from_there.handshakes[share as usize] >= share.most_from(network, limits) {
                return Err(Crowd::There);
            }
            if is_tls && from_there.handshake_rate.lines(&limits.handshakes_of(network), now) == 0 {
                return Err(Crowd::Handshakes);
            }
        }
        for network in address.networks() {
            let from_there = inside.from(network, limits, now);
            from_there.handshakes[share as usize] += 1;
            if is_tls && !is_exempt {
                from_there.handshake_rate.take_lines(1);
            }
        }
        self.address = Some(address);
        Ok(())
    }
}

impl Inside {
    fn from(&mut self, network: Address, limits: &Limits, now: Duration) -> &mut FromThere {
        self.forget_idle(limits, now);
        self.by_address.entry(network).or_insert_with(|| FromThere::unknown(network, limits, now))
    }

    /// Counts a handshake less for an address.
    fn end_handshake(&mut self, address: Option<Address>, share: Share) {
        for network in address.into_iter().flat_map(Address::networks) {
            if let Some(from_there) = self.by_address.get_mut(&network) {
                from_there.handshakes[share as usize] -= 1;
            }
        }
    }

    /// Removes the addresses that have no client or handshake, and whose buckets are full.
    fn forget_idle(&mut self, limits: &Limits, now: Duration) {
        if self.by_address.len() >= FEW.max(2 * self.known) {
            self.by_address.retain(|network, there| !there.is_idle(*network, limits, now));
            self.known = self.by_address.len();
        }
    }
}

impl FromThere {
    /// The counts of a network that was not seen before.
    fn unknown(network: Address, limits: &Limits, now: Duration) -> Self {
        Self {
            clients: 0,
            handshakes: [0; Share::COUNT],
            bursts: Bucket::new(limits.shared_in(network).burst, now),
            handshake_rate: Bucket::new(limits.handshakes_of(network).burst, now),
        }
    }

    /// Whether these counts equal [`unknown`](Self::unknown), so that they can be removed.
    fn is_idle(&mut self, network: Address, limits: &Limits, now: Duration) -> bool {
        self.clients + self.handshakes.iter().sum::<usize>() == 0
            && self.bursts.is_full(&limits.shared_in(network), now)
            && self.handshake_rate.is_full(&limits.handshakes_of(network), now)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut inside = self.door.lock();
        inside.clients -= 1;
        for network in self.address.networks() {
            if let Some(from_there) = inside.by_address.get_mut(&network) {
                from_there.clients -= 1;
            }
        }
    }
}

impl Drop for HandshakeSlot {
    fn drop(&mut self) {
        let mut inside = self.door.lock();
        inside.handshakes[self.share as usize] -= 1;
        inside.end_handshake(self.address, self.share);
    }
}

#[cfg(test)]
mod tests;
