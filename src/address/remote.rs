//! `Remote`: the far end of a connection, of which operators see everything.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};

use super::origin::{Origin, of_user, user_of};

/// The far end of a connection: an address and a port, or a user of this machine. A port of 0 is
/// not known.
///
/// A user is held as an address in a network that nobody has, because everything that
/// knows addresses, such as limits, bans and snapshots, then knows users, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Remote(SocketAddr);

impl Remote {
    /// The far end `addr`; an IPv4 address mapped into IPv6 becomes IPv4.
    pub fn of(addr: SocketAddr) -> Self {
        Self(SocketAddr::new(addr.ip().to_canonical(), addr.port()))
    }

    /// The far end that a proxy states; `None` if it is an address that stands for a user.
    pub fn stated(ip: impl Into<IpAddr>, port: u16) -> Option<Self> {
        let ip = ip.into();
        user_of(ip).is_none().then(|| Self::of(SocketAddr::new(ip, port)))
    }

    /// The same with the address in text.
    pub fn parse(ip: &str, port: u16) -> Option<Self> {
        Self::stated(ip.parse::<IpAddr>().ok()?, port)
    }

    /// A process of the user `uid` on this machine.
    pub fn user(uid: u32) -> Self {
        Self(SocketAddr::new(of_user(uid), 0))
    }

    /// Its address.
    pub fn ip(self) -> IpAddr {
        self.0.ip()
    }

    /// Its origin.
    pub fn origin(self) -> Origin {
        Origin::of(self.0.ip())
    }

    /// Whether it is a user of this machine.
    pub fn is_user(self) -> bool {
        user_of(self.ip()).is_some()
    }

    /// Whether it is on this machine for sure.
    pub fn is_local(self) -> bool {
        self.ip().is_loopback() || self.is_user()
    }
}

impl fmt::Display for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.port() {
            0 => self.origin().fmt(f),
            _ => self.0.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::Address;

    #[test]
    fn a_user_is_shown_by_its_number_and_counts_for_itself() {
        let [root, alice, last] = [0, 1000, u32::MAX].map(Remote::user);
        assert_eq!(
            [root, alice, last].map(|user| user.to_string()),
            ["unix:0", "unix:1000", "unix:4294967295"]
        );
        assert_eq!(Origin::parse("unix:1000"), Some(alice.origin()));
        assert_eq!(Origin::parse("unix:x"), None);
        assert!(alice.is_local());
        assert_ne!(Address::of(alice.ip()), Address::of(root.ip()));
        assert_eq!(Remote::stated(alice.ip(), 7), None);
    }

    #[test]
    fn an_address_is_shown_with_its_port_if_that_is_known() {
        let remote = |addr: &str| Remote::of(addr.parse().unwrap());
        assert_eq!(remote("[::ffff:192.0.2.1]:7").to_string(), "192.0.2.1:7");
        assert_eq!(remote("[2001:db8::1]:0").to_string(), "2001:db8::1");
        assert!(remote("[::ffff:127.0.0.1]:7").is_local());
        assert!(!remote("[2001:db8::1]:7").is_local());
    }
}
