//! Bans: who may not come in, by name, address or network.

use std::fmt;
use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net};
use rusqlite::{Connection, Result, params};

use super::lines::lenient;
use super::now;
use super::request::{Denial, Outcome};
use crate::address::Address;
use crate::chat::{Moment, Nick};
use crate::text::Text;

/// Bans that there can be.
const MAX: u32 = 10_000;

/// Whom a ban is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mask {
    /// Whoever is called that, or something that looks like it.
    Name(Nick),
    /// Whoever comes from there; of an IPv6 address, its /64 counts.
    Address(IpAddr),
    /// Whoever comes from one of these addresses.
    Network(IpNet),
}

impl Mask {
    /// What somebody means by `text`: an address, a network such as 192.0.2.0/24, or a nick.
    pub fn new(text: &str) -> Option<Self> {
        let address = || text.parse().ok().map(|ip: IpAddr| Self::Address(ip.to_canonical()));
        let network = || text.parse().ok().map(|network| Self::Network(canonical(network)));
        let name = || Nick::new(text).map(Self::Name);
        address().or_else(network).or_else(name)
    }

    /// Whether somebody who comes from `ip` is meant.
    pub fn covers(&self, ip: IpAddr) -> bool {
        match self {
            Self::Name(_) => false,
            Self::Address(address) => Address::of(*address) == Address::of(ip),
            Self::Network(network) => network.contains(&ip.to_canonical()),
        }
    }

    /// Whether somebody called `nick` is meant.
    pub fn names(&self, nick: Nick) -> bool {
        matches!(self, Self::Name(name) if name.resembles(nick))
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Name(_) => "name",
            Self::Address(_) => "address",
            Self::Network(_) => "network",
        }
    }
}

/// A network without what is not of the network, and as IPv4 if it is IPv4 mapped into IPv6.
fn canonical(network: IpNet) -> IpNet {
    let mapped = match network {
        IpNet::V6(v6) => v6.network().to_ipv4_mapped().zip(v6.prefix_len().checked_sub(96)),
        IpNet::V4(_) => None,
    };
    let v4 = mapped.and_then(|(address, length)| Ipv4Net::new(address, length).ok());
    v4.map_or(network, IpNet::V4).trunc()
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

/// Somebody is to stay out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ban {
    /// Who.
    pub mask: Mask,
    /// Who said so.
    pub by: Nick,
    /// Why, if that was said.
    pub reason: Option<Text>,
    /// Until when, if not for ever.
    pub until: Option<Moment>,
}

impl Ban {
    /// Whether it still counts.
    pub fn is_in_force(&self, now: Moment) -> bool {
        self.until.is_none_or(|until| until.unix_ms > now.unix_ms)
    }
}

/// All bans, at most as many as there can be, oldest first.
pub(super) fn all(connection: &Connection) -> Result<Vec<Ban>> {
    let sql = "SELECT mask, by, reason, until FROM ban ORDER BY id LIMIT ?1";
    let mut query = connection.prepare(sql)?;
    let bans = query.query_map([MAX], |row| {
        let text = |column| lenient::<String>(row, column).map(Option::unwrap_or_default);
        let (mask, by) = (Mask::new(&text(0)?), Nick::new(&text(1)?));
        let reason = lenient::<String>(row, 2)?.map(Text::new);
        let until = lenient(row, 3)?.map(|unix_ms| Moment { unix_ms });
        Ok(mask.zip(by).map(|(mask, by)| Ban { mask, by, reason, until }))
    })?;
    bans.filter_map(Result::transpose).collect()
}

/// Adds a ban, in the place of one with the same mask.
pub(super) fn add(connection: &Connection, ban: &Ban) -> Outcome<()> {
    expire(connection, now())?;
    let _ = remove(connection, ban.mask)?;
    let count: u32 = connection.query_row("SELECT count(*) FROM ban", [], |row| row.get(0))?;
    if count >= MAX {
        return Ok(Err(Denial::Full));
    }
    let Ban { mask, by, reason, until } = ban;
    let reason = reason.as_ref().map(Text::as_str);
    let until = until.map(|until| until.unix_ms);
    let sql = "INSERT INTO ban(kind, mask, by, reason, until) VALUES(?1, ?2, ?3, ?4, ?5)";
    let values = params![mask.kind(), mask.to_string(), by.as_str(), reason, until];
    connection.execute(sql, values)?;
    Ok(Ok(()))
}

/// Removes the ban with that mask.
pub(super) fn remove(connection: &Connection, mask: Mask) -> Outcome<()> {
    let sql = "DELETE FROM ban WHERE kind = ?1 AND mask = ?2";
    let removed = connection.execute(sql, [mask.kind(), &mask.to_string()])?;
    Ok(if removed > 0 { Ok(()) } else { Err(Denial::NotBanned(mask)) })
}

/// Removes the bans that have run out.
pub(super) fn expire(connection: &Connection, now: Moment) -> Result<()> {
    connection.execute("DELETE FROM ban WHERE until <= ?1", [now.unix_ms]).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mask(text: &str) -> Mask {
        Mask::new(text).unwrap()
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
            assert!(mask(text).covers(inside.parse().unwrap()), "{text} {inside}");
            assert!(!mask(text).covers(outside.parse().unwrap()), "{text} {outside}");
        }
    }

    #[test]
    fn a_name_means_its_look_alikes_too() {
        assert!(mask("b0b").names(Nick::new("BOB").unwrap()));
        assert!(!mask("bob").names(Nick::new("rob").unwrap()));
        assert!(!mask("bob").covers([127, 0, 0, 1].into()));
    }
}
