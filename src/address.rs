//! Where a client comes from: `Address` as limits and reserved nicks count it, `Origin` in full for
//! operators, and `Network` for bans.

mod origin; // whole addresses
mod remote; // the far end of a connection

use std::fmt;
pub use std::net::IpAddr;
use std::net::Ipv6Addr;
use std::str::FromStr;
use std::sync::Arc;

use ipnet::{IpNet, Ipv4Net};
use serde::{Deserialize, Serialize};

pub use self::origin::Origin;
pub use self::remote::Remote;

/// An IPv4 address, or the /64 of an IPv6 address, which is what one household or host gets
/// (RFC 6177); or one of the [networks](Address::networks) around that. Opaque, so that no code
/// shows it to other users by accident.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Address(Ipv6Addr);

/// Lengths of the prefixes of wider networks.
const WIDTHS: [u32; 2] = [56, 48];

impl Address {
    /// The part of `ip` that counts. IPv4 addresses mapped into IPv6 count as IPv4.
    pub fn of(ip: IpAddr) -> Self {
        Self(match ip.to_canonical() {
            IpAddr::V4(v4) => v4.to_ipv6_mapped(),
            IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 64)),
        })
    }

    /// The networks whose members have a limit together: the address itself, and the /56 and the
    /// /48 of an IPv6 address, as a customer has 256 /64s or 65,536 of them (RFC 6177).
    pub fn networks(self) -> impl Iterator<Item = Self> {
        let widths: &[u32] = if self.is_ipv4() { &[] } else { &WIDTHS };
        let wider = move |length: &u32| {
            // What is in the lower half of no /64 tells the networks that begin alike apart.
            let network = self.0.to_bits() & (u128::MAX << (128 - length));
            Self(Ipv6Addr::from_bits(network | u128::from(*length)))
        };
        std::iter::once(self).chain(widths.iter().map(wider))
    }

    /// Whether that is one of the [networks](Self::networks) of this.
    pub fn is_in(self, network: Self) -> bool {
        self.networks().any(|own| own == network)
    }

    /// The first of these for what one household or host can have, the others for its /56 and its
    /// /48.
    pub fn choose<T>(self, [own, site, large]: [T; 3]) -> T {
        match self.0.to_bits() as u64 {
            _ if self.is_ipv4() => own,
            56 => site,
            48 => large,
            _ => own,
        }
    }

    fn is_ipv4(self) -> bool {
        self.0.to_ipv4_mapped().is_some()
    }

    /// The part that counts as an IPv6 address, for a hash.
    pub(crate) fn octets(self) -> [u8; 16] {
        self.0.octets()
    }

    /// The first full address in it.
    pub fn first(self) -> Origin {
        Origin::of(self.0.into())
    }
}

impl Origin {
    /// The part of it that counts.
    pub fn address(self) -> Address {
        Address::of(self.ip())
    }
}

/// A network, such as 192.0.2.0/24.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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

    /// The network of `origin` with a prefix of `length` bits; `None` if it has fewer.
    pub fn around(origin: Origin, length: u8) -> Option<Self> {
        IpNet::new(origin.ip(), length).ok().map(|network| Self(network.trunc()))
    }

    /// Whether it is one of IPv4, and the length of its prefix.
    pub fn kind(&self) -> (bool, u8) {
        (matches!(self.0, IpNet::V4(_)), self.0.prefix_len())
    }

    /// Whether `origin` is in the network.
    pub fn contains(&self, origin: Origin) -> bool {
        self.0.contains(&origin.ip())
    }
}

/// The networks of proxies.
#[derive(Clone, Debug, Default)]
pub struct Networks(Arc<[Network]>);

impl Networks {
    /// Whether `ip` is in one of them.
    pub fn contain(&self, ip: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(Origin::of(ip)))
    }
}

impl FromIterator<Network> for Networks {
    fn from_iter<I: IntoIterator<Item = Network>>(networks: I) -> Self {
        Self(networks.into_iter().collect())
    }
}

impl FromStr for Network {
    type Err = &'static str;

    /// Parses an address, which is the network of itself alone, or a network.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let host = |ip: IpAddr| Self(ip.to_canonical().into());
        let alone = text.parse().ok().map(host);
        alone
            .or_else(|| Self::parse(text))
            .ok_or("expected an address or a network, such as 192.0.2.0/24")
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

    #[test]
    fn ipv6_addresses_share_a_56_and_a_48_and_ipv4_addresses_nothing() {
        let networks = |ip| address(ip).networks().collect::<Vec<_>>();
        let shared = |one, other| {
            let others = networks(other);
            networks(one).into_iter().filter(|network| others.contains(network)).count()
        };
        for (one, other, count) in [
            ("2001:db8:0:1::1", "2001:db8:0:1::2", 3),
            ("2001:db8:0:1::1", "2001:db8:0:ff::1", 2),
            ("2001:db8:0:1::1", "2001:db8:0:100::1", 1),
            ("2001:db8:0:1::1", "2001:db8:1:1::1", 0),
            ("192.0.2.1", "192.0.2.1", 1),
            ("192.0.2.1", "192.0.2.2", 0),
            ("::", "0.0.0.48", 0),
        ] {
            assert_eq!(shared(one, other), count, "{one} {other}");
        }
        let widths = |ip| networks(ip).into_iter().map(|it| it.choose([64, 56, 48]));
        assert!(widths("2001:db8::1").eq([64, 56, 48]));
        assert!(widths("192.0.2.56").eq([64]));
    }
}
