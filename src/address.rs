//! `Address`: where a client comes from, as far as limits and kept names go.

use std::net::{IpAddr, Ipv6Addr};

use serde::{Deserialize, Serialize};

/// An IPv4 address, or the /64 of an IPv6 address: what one household or host can have for
/// itself (RFC 6177). Opaque, so that nothing can show it to other users by accident.
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
