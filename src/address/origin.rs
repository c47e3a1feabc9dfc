//! `Origin`: a whole address, which may be that of a user of this machine.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use serde::{Deserialize, Serialize};

/// A whole address. Shown to operators only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin(IpAddr);

impl Origin {
    /// The origin `ip`; an IPv4 address mapped into IPv6 becomes IPv4.
    pub fn of(ip: IpAddr) -> Self {
        Self(ip.to_canonical())
    }

    /// Parses a typed address, or a user of this machine: `unix:UID`.
    pub fn parse(text: &str) -> Option<Self> {
        match text.strip_prefix("unix:") {
            Some(uid) => uid.parse().ok().map(|uid| Self(of_user(uid))),
            None => text.parse().ok().map(Self::of),
        }
    }

    /// Whether it is one of IPv4.
    pub fn is_ipv4(self) -> bool {
        self.0.is_ipv4()
    }

    /// The address.
    pub fn ip(self) -> IpAddr {
        self.0
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match user_of(self.0) {
            Some(uid) => write!(f, "unix:{uid}"),
            None => self.0.fmt(f),
        }
    }
}

/// The upper 32 bits of a user's address. The IETF keeps ::/8 for itself (RFC 4291, section 2.4).
const USERS: u128 = 1 << 96;

/// The address of a user; each has a /64 of its own, as a household has.
pub(super) fn of_user(uid: u32) -> IpAddr {
    Ipv6Addr::from_bits(USERS | (u128::from(uid) << 64)).into()
}

/// The user whose address that is.
pub(super) fn user_of(ip: IpAddr) -> Option<u32> {
    let IpAddr::V6(v6) = ip else { return None };
    let uid = (v6.to_bits() >> 64) as u32;
    (of_user(uid) == ip).then_some(uid)
}
