//! Bans: who may not connect, by name, address or network.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::moment::Moment;
use super::name::Nick;
use crate::address::{Network, Origin};
use crate::text::Text;

/// The target of a ban.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Mask {
    /// Anybody with that nick, or one that looks like it.
    Name(Nick),
    /// Anybody from that IPv4 address or IPv6 /64.
    Address(Origin),
    /// Anybody from one of these addresses.
    Network(Network),
}

impl Mask {
    /// Parses `text` as an address, a network such as 192.0.2.0/24, or a nick.
    pub fn new(text: &str) -> Option<Self> {
        let address = || Origin::parse(text).map(Self::Address);
        let network = || Network::parse(text).map(Self::Network);
        let name = || Nick::new(text).map(Self::Name);
        address().or_else(network).or_else(name)
    }

    /// Whether it covers clients from `origin`.
    pub fn covers(&self, origin: Origin) -> bool {
        match self {
            Self::Name(_) => false,
            Self::Address(address) => address.address() == origin.address(),
            Self::Network(network) => network.contains(origin),
        }
    }

    /// Whether it covers clients called `nick`.
    pub fn names(&self, nick: Nick) -> bool {
        matches!(self, Self::Name(name) if name.resembles(nick))
    }

    /// Whether somebody who types this mask means `other`: any spelling stands for a banned name.
    pub fn is_like(&self, other: &Self) -> bool {
        match self {
            Self::Name(nick) => other.names(*nick),
            _ => self == other,
        }
    }

    /// Its kind in a word, as the database stores it; must never change.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Name(_) => "name",
            Self::Address(_) => "address",
            Self::Network(_) => "network",
        }
    }
}

impl fmt::Display for Mask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(nick) => nick.fmt(f),
            Self::Address(address) => address.fmt(f),
            Self::Network(network) => network.fmt(f),
        }
    }
}

impl From<Mask> for String {
    fn from(mask: Mask) -> Self {
        mask.to_string()
    }
}

impl TryFrom<String> for Mask {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::new(&text).ok_or("that can't be banned")
    }
}

/// A ban; ends by itself or when an operator lifts it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ban {
    /// The clients that it covers.
    pub mask: Mask,
    /// The operator who ordered it.
    pub by: Nick,
    /// The reason, if one was given.
    pub reason: Option<Text>,
    /// The end; `None` for ever.
    pub until: Option<Moment>,
}

impl Ban {
    /// Whether it has not expired yet.
    pub fn is_in_force(&self, now: Moment) -> bool {
        self.until.is_none_or(|until| until.unix_ms > now.unix_ms)
    }
}

/// A change to the bans, answered only when it is on disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum BanChange {
    /// Add a ban; replaces one with the same mask.
    Ban(Ban),
    /// Lift the ban with exactly this mask.
    Unban(Mask),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mask(text: &str) -> Mask {
        Mask::new(text).unwrap()
    }

    fn origin(text: &str) -> Origin {
        Origin::parse(text).unwrap()
    }

    #[test]
    fn a_mask_is_an_address_a_network_or_a_nick() {
        for (text, shown) in [
            ("192.0.2.7", "192.0.2.7"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("2001:DB8::1", "2001:db8::1"),
            ("192.0.2.7/24", "192.0.2.0/24"),
            ("::ffff:192.0.2.7/120", "192.0.2.0/24"),
            ("2001:db8::1/32", "2001:db8::/32"),
            ("Eve", "Eve"),
        ] {
            assert_eq!(mask(text).to_string(), shown);
        }
        for bad in ["", "192.0.2", "192.0.2.7/33", "10.0.0.0/", "-1", "300.1.1.1", "a b"] {
            assert_eq!(Mask::new(bad), None, "{bad}");
        }
    }

    #[test]
    fn addresses_and_networks_cover_what_they_say() {
        for (text, inside, outside) in [
            ("192.0.2.7", "::ffff:192.0.2.7", "192.0.2.8"),
            ("2001:db8::1", "2001:db8::ffff:2", "2001:db8:0:1::1"),
            ("192.0.2.0/24", "::ffff:192.0.2.255", "192.0.3.0"),
            ("2001:db8::/32", "2001:db8:ffff::1", "2001:db9::"),
            ("0.0.0.0/0", "127.0.0.1", "::1"),
            ("127.0.0.0/8", "127.0.0.1", "::1"),
        ] {
            assert!(mask(text).covers(origin(inside)), "{text} {inside}");
            assert!(!mask(text).covers(origin(outside)), "{text} {outside}");
        }
    }

    #[test]
    fn a_name_means_its_look_alikes_too() {
        assert!(mask("b0b").names(Nick::new("BOB").unwrap()));
        assert!(!mask("bob").names(Nick::new("rob").unwrap()));
        assert!(!mask("bob").covers(origin("127.0.0.1")));
    }
}
