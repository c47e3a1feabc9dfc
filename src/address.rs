//! Where a client comes from: `Address` as limits and reserved nicks count it, `Origin` in full for
//! operators, and `Network` for bans.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net};
use serde::{Deserialize, Serialize};

/// An IPv4 address, or the /64 of an IPv6 address, which is what one household or host gets
/// (RFC 6177). Opaque, so that no code shows it to other users by accident.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Address(Ipv6Addr);

impl Address {
    /// The part of `ip` that counts. IPv4 addresses mapped into IPv6 count as IPv4.
    pub fn of(ip: IpAddr) -> Self {
        Self(match ip.to_canonical() {
            IpAddr::V4(v4) => v4.to_ipv6_mapped(),
            IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 64)),
        })
    }

    /// The first full address in it.
    pub fn first(self) -> Origin {
        Origin::of(self.0.into())
    }
}

/// A whole address. Shown to operators only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin(IpAddr);

impl Origin {
    /// The origin `ip`; an IPv4 address mapped into IPv6 becomes IPv4.
    pub fn of(ip: IpAddr) -> Self {
        Self(ip.to_canonical())
    }

    /// Parses a typed address.
    pub fn parse(text: &str) -> Option<Self> {
        text.parse().ok().map(Self::of)
    }

    /// The part of it that counts.
    pub fn address(self) -> Address {
        Address::of(self.0)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A network, such as 192.0.2.0/24.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network(IpNet);

impl Network {
    /// Parses a typed network. Clears the host bits, and turns IPv4 mapped into IPv6 into IPv4.
    pub fn parse(text: &str) -> Option<Self> {
        let network: IpNet = text.parse().ok()?;
        let mapped = match network {
            IpNet::V6(v6) => v6.network().to_ipv4_mapped().zip(v6.prefix_len().checked_sub(96)),
            IpNet::V4(_) => None,
        };
        let v4 = mapped.and_then(|(address, length)| Ipv4Net::new(address, length).ok());
        Some(Self(v4.map_or(network, IpNet::V4).trunc()))
    }

    /// Whether `origin` is in the network.
    pub fn contains(&self, origin: Origin) -> bool {
        self.0.contains(&origin.0)
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(ip: &str) -> Address {
        Address::of(ip.parse().unwrap())
    }

    #[test]
    fn ipv4_counts_whole_and_ipv6_by_its_64() {
        assert_ne!(address("192.0.2.1"), address("192.0.2.2"));
        assert_eq!(address("192.0.2.1"), address("::ffff:192.0.2.1"));
        assert_eq!(address("2001:db8::1"), address("2001:db8::ffff:1"));
        assert_ne!(address("2001:db8::1"), address("2001:db8:0:1::1"));
    }
}
