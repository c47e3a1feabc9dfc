//! `Limits`: how many clients there may be, and what each may do. All can change at run time.

use std::time::Duration;

use crate::address::Address;

/// The limits in force. A reload of the settings replaces them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Clients that may be connected at once.
    pub max_clients: usize,
    /// Clients from one [`Address`](crate::address::Address); a wider network may have more.
    pub max_per_ip: usize,
    /// Bytes in a line.
    pub max_line: usize,
    /// Lines per second after a burst; 0 means no limit.
    pub rate: u32,
    /// Lines that may be sent at once.
    pub burst: u32,
    /// Bytes that may be queued for one client.
    pub send_queue: usize,
    /// How long a client may send no line; `None` means no limit.
    pub idle_timeout: Option<Duration>,
}

impl Limits {
    /// How many clients may be connected from a network at once.
    pub fn clients_of(&self, network: Address) -> usize {
        self.max_per_ip.saturating_mul(network.choose([1, 4, 16]))
    }

    /// The rate and burst of all clients of a network together: those of one client, times the
    /// clients that it may have. A client that reconnects therefore does not get a new burst.
    pub fn shared_in(&self, network: Address) -> Self {
        let clients = u32::try_from(self.clients_of(network)).unwrap_or(u32::MAX);
        let rate = self.rate.saturating_mul(clients);
        let burst = self.burst.max(1).saturating_mul(clients);
        Self { rate, burst, ..*self }
    }
}

/// One address may always have so many connections in their handshake, whatever the limit on its
/// clients: a browser requests all parts of the page at once.
pub(super) const LEAST_ARRIVING: usize = 16;

impl Limits {
    /// How many connections from a network may be in their handshake at once. A /56 may have twice
    /// and a /48 four times as many as an address, which leaves slots for all other networks.
    pub fn handshakes_from(&self, network: Address) -> usize {
        self.max_per_ip.max(LEAST_ARRIVING).saturating_mul(network.choose([1, 2, 4]))
    }

    /// The rate and burst of TLS handshakes of a network; each handshake costs a millisecond of a
    /// processor. For each connection that may be in its handshake: four, then one per two seconds.
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
