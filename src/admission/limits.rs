//! `Limits`: what one client may do, and how many there may be. All can change while running.

use std::time::Duration;

use crate::address::Address;

/// The limits in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Clients connected at once.
    pub max_clients: usize,
    /// Of them, from one [`Address`](crate::address::Address); a wider network may have more.
    pub max_per_ip: usize,
    /// Bytes in a line.
    pub max_line: usize,
    /// Lines a second after a burst; 0 is without limit.
    pub rate: u32,
    /// Lines at once.
    pub burst: u32,
    /// Bytes that may wait for one client.
    pub send_queue: usize,
    /// How long a client may be silent.
    pub idle_timeout: Option<Duration>,
}

impl Limits {
    /// How many clients may be connected from a network at once.
    pub fn clients_of(&self, network: Address) -> usize {
        self.max_per_ip.saturating_mul(network.choose([1, 4, 16]))
    }

    /// What all clients of a network may say together: as much as the most of them that may be
    /// connected at once. Coming back again and again is no way around it.
    pub fn shared_in(&self, network: Address) -> Self {
        let clients = u32::try_from(self.clients_of(network)).unwrap_or(u32::MAX);
        let (rate, burst) = (self.rate.saturating_mul(clients), self.burst.max(1));
        Self { rate, burst: burst.saturating_mul(clients), ..*self }
    }
}

/// Fewer connections than this on their way in from one address are no crowd, whatever the limit
/// on its clients: a browser asks for the parts of the page all at once.
pub(super) const LEAST_ARRIVING: usize = 16;

impl Limits {
    /// How many connections may be on their way in from a network at once. A /56 and a /48 have
    /// twice and four times as many as an address: not so many that nobody else gets in.
    pub fn handshakes_from(&self, network: Address) -> usize {
        self.max_per_ip.max(LEAST_ARRIVING).saturating_mul(network.choose([1, 2, 4]))
    }

    /// The TLS handshakes of a network, each of which costs a millisecond of a processor: a few
    /// for each connection that it may have on its way in at once, and then one each two seconds.
    pub fn handshakes_of(&self, network: Address) -> Self {
        let clients = u32::try_from(self.handshakes_from(network)).unwrap_or(u32::MAX);
        Self { rate: clients / 2, burst: clients.saturating_mul(4), ..*self }
    }
}

#[cfg(test)]
impl Limits {
    /// The defaults, for tests to vary.
    pub(crate) const USUAL: Self = Self {
        max_clients: 4096,
        max_per_ip: 64,
        max_line: 1024,
        rate: 5,
        burst: 20,
        send_queue: 1 << 20,
        idle_timeout: None,
    };
}
