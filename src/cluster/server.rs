//! `ServerAddress`: where Redis is, as `--cluster` says it. Never with a password.

use std::fmt;
use std::net::Ipv6Addr;
use std::str::FromStr;

/// The port of Redis, if the address names none.
const REDIS_PORT: u16 = 6379;
/// The port of Sentinel, if the address names none.
const SENTINEL_PORT: u16 = 26379;

/// A Redis server, or the Sentinels that know which server is the primary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerAddress {
    /// The ACL user to log in as; Redis' default user if none.
    pub user: Option<String>,
    /// How to find the server.
    pub place: ServerPlace,
}

/// How to find a Redis server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerPlace {
    /// At this address: `redis://HOST[:PORT][/DB]`, or `rediss://…` for TLS.
    Direct {
        /// Whether it speaks TLS.
        tls: bool,
        /// Where it listens.
        host: HostPort,
        /// The number of the database.
        database: u32,
    },
    /// By asking Sentinel: `redis+sentinel://HOST[:PORT],…/NAME`.
    Sentinel {
        /// The Sentinels, to be asked in turn; at least one.
        hosts: Vec<HostPort>,
        /// What they call the primary.
        primary: String,
    },
}

/// A host name or address, and a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostPort {
    /// The name, or the address; of IPv6 without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
}

impl FromStr for ServerAddress {
    type Err = &'static str;

    fn from_str(url: &str) -> Result<Self, Self::Err> {
        let (scheme, rest) = url.split_once("://").ok_or(SCHEMES)?;
        let (user, rest) = match rest.rsplit_once('@') {
            Some((user, rest)) => (Some(user_name(user)?), rest),
            None => (None, rest),
        };
        let (hosts, path) = match rest.split_once('/') {
            Some((hosts, path)) => (hosts, Some(path)),
            None => (rest, None),
        };
        let place = match scheme {
            "redis" => direct(false, hosts, path)?,
            "rediss" => direct(true, hosts, path)?,
            "redis+sentinel" => sentinel(hosts, path)?,
            _ => return Err(SCHEMES),
        };
        Ok(Self { user, place })
    }
}

const SCHEMES: &str = "must begin with redis://, rediss:// or redis+sentinel://";

fn user_name(text: &str) -> Result<String, &'static str> {
    match text {
        _ if text.contains(':') => Err("must not contain a password, which others could see in \
                                        the list of processes: use --cluster-password-file"),
        _ if is_name(text) => Ok(text.to_owned()),
        _ => Err("the user before @ may only have letters, digits, and . _ -"),
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|c| c.is_ascii_alphanumeric() || b"._-".contains(&c))
}

fn direct(tls: bool, host: &str, path: Option<&str>) -> Result<ServerPlace, &'static str> {
    let host = host_port(host, REDIS_PORT)?;
    let database = match path.unwrap_or_default() {
        "" => 0,
        digits => number(digits).ok_or("the database behind the host must be a number")?,
    };
    Ok(ServerPlace::Direct { tls, host, database })
}

fn sentinel(hosts: &str, path: Option<&str>) -> Result<ServerPlace, &'static str> {
    let hosts = hosts.split(',').map(|host| host_port(host, SENTINEL_PORT));
    let hosts = hosts.collect::<Result<_, _>>()?;
    match path {
        Some(primary) if is_name(primary) => {
            Ok(ServerPlace::Sentinel { hosts, primary: primary.to_owned() })
        }
        Some("") | None => Err("must end with the name that Sentinel has for the primary: \
                                redis+sentinel://HOST:PORT/NAME"),
        Some(_) => Err("the name of the primary may only have letters, digits, and . _ -"),
    }
}

fn host_port(text: &str, default: u16) -> Result<HostPort, &'static str> {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (host, port) = rest.split_once(']').ok_or("an IPv6 address must end with ]")?;
            host.parse::<Ipv6Addr>().map_err(|_| "between [ and ] must be an IPv6 address")?;
            (host, port)
        }
        None => {
            let (host, port) = text.split_at(text.find(':').unwrap_or(text.len()));
            if !is_name(host) {
                return Err("the host must be a name or an address, an IPv6 address in brackets");
            }
            (host, port)
        }
    };
    let port = match port {
        "" => Some(default),
        _ => port.strip_prefix(':').and_then(number).filter(|port| *port > 0),
    };
    let port = port.ok_or("the port must be a number from 1 to 65535")?;
    Ok(HostPort { host: host.to_owned(), port })
}

/// The number that `digits` are, without a sign.
fn number<N: FromStr>(digits: &str) -> Option<N> {
    let is_number = digits.bytes().all(|digit| digit.is_ascii_digit());
    if is_number { digits.parse().ok() } else { None }
}

impl fmt::Display for ServerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let user = self.user.iter().fold(String::new(), |_, user| format!("{user}@"));
        match &self.place {
            ServerPlace::Direct { tls, host, database } => {
                let scheme = if *tls { "rediss" } else { "redis" };
                write!(f, "{scheme}://{user}{host}")?;
                if *database > 0 { write!(f, "/{database}") } else { Ok(()) }
            }
            ServerPlace::Sentinel { hosts, primary } => {
                let hosts: Vec<_> = hosts.iter().map(HostPort::to_string).collect();
                write!(f, "redis+sentinel://{user}{}/{primary}", hosts.join(","))
            }
        }
    }
}

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port } = self;
        if host.contains(':') { write!(f, "[{host}]:{port}") } else { write!(f, "{host}:{port}") }
    }
}

/// The password of Redis, which is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct ServerPassword(pub String);

impl fmt::Debug for ServerPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServerPassword(_)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(url: &str) -> String {
        url.parse::<ServerAddress>().map_or_else(str::to_owned, |address| address.to_string())
    }

    #[test]
    fn an_address_is_shown_with_its_port() {
        for (url, full) in [
            ("redis://box1", "redis://box1:6379"),
            ("redis://10.0.0.1:7000/0", "redis://10.0.0.1:7000"),
            ("rediss://chat@redis.example.org/3", "rediss://chat@redis.example.org:6379/3"),
            ("redis://[::1]:7000/", "redis://[::1]:7000"),
            ("redis+sentinel://a,b:1/main", "redis+sentinel://a:26379,b:1/main"),
            ("redis+sentinel://chat@[fe80::1]/m", "redis+sentinel://chat@[fe80::1]:26379/m"),
        ] {
            assert_eq!(shown(url), full);
            assert_eq!(shown(full), full);
        }
    }

    #[test]
    fn a_password_in_an_address_is_refused_and_not_repeated() {
        for url in ["redis://:secret@box", "rediss://chat:secret@box", "redis://a:secret@b@box"] {
            let error = url.parse::<ServerAddress>().unwrap_err();
            assert!(error.contains("--cluster-password-file"), "{error}");
        }
        assert_eq!(format!("{:?}", ServerPassword("secret".to_owned())), "ServerPassword(_)");
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for url in [
            "",
            "box1",
            "redis:box1",
            "http://box1",
            "redis://",
            "redis://:6379",
            "redis://box1:",
            "redis://box1:0",
            "redis://box1:65536",
            "redis://box1:+7",
            "redis://box1/x",
            "redis://box1/-1",
            "redis://box1/0?protocol=3",
            "redis://box1#x",
            "redis://@box1",
            "redis://a%40b@box1",
            "redis://::1",
            "redis://[::1",
            "redis://[box1]",
            "redis://[::1]7",
            "redis://a,b",
            "redis+sentinel://a",
            "redis+sentinel://a/",
            "redis+sentinel://a,/main",
            "redis+sentinel://a/main/0",
        ] {
            assert!(url.parse::<ServerAddress>().is_err(), "{url}");
        }
    }
}
