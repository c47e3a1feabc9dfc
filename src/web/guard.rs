//! `Guard`: which pages may contact the server, and under which host names.

use std::net::IpAddr;
use std::str::FromStr;
use std::sync::{Arc, PoisonError, RwLock};

use crate::net::http::Status;

/// The origin of a page: `scheme://host[:port]` (RFC 6454, section 6.2), in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebOrigin(String);

impl FromStr for WebOrigin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let origin = text.to_ascii_lowercase();
        // Browsers leave out the scheme's default port.
        let own_port = if origin.starts_with("https:") { ":443" } else { ":80" };
        let authority = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
        match authority.and_then(host_of) {
            Some(host) if is_host(host) => {
                Ok(Self(origin.strip_suffix(own_port).unwrap_or(&origin).to_owned()))
            }
            _ => Err(
                "expected scheme://host or scheme://host:port, such as https://chat.example.org"
                    .to_owned(),
            ),
        }
    }
}

impl WebOrigin {
    fn host(&self) -> &str {
        let (_, authority) = self.0.split_once("://").unwrap_or_default();
        host_of(authority).unwrap_or_default()
    }
}

/// Admits requests from chatd's page and from programs, not those that other pages make a browser
/// send.
#[derive(Clone, Debug)]
pub struct Guard {
    name: String,
    origins: Vec<WebOrigin>,
}

impl Guard {
    /// A guard for a server called `name` that also accepts pages from `origins`.
    pub fn new(name: &str, origins: Vec<WebOrigin>) -> Self {
        Self { name: name.to_ascii_lowercase(), origins }
    }

    /// Checks a request for `host` from a page of `origin`.
    ///
    /// Any page can send requests anywhere, and the browser then names the page's origin. A page
    /// whose host name was changed to resolve to this server (DNS rebinding) has the same origin as
    /// the server, so the host name is checked, too.
    ///
    /// # Errors
    /// The status to refuse it with.
    pub fn admit(&self, host: &str, origin: Option<&str>) -> Result<(), Status> {
        let authority = host.to_ascii_lowercase();
        let name = host_of(&authority).ok_or(Status::BadRequest)?;
        let is_listed = |origin: &WebOrigin| origin.host() == name;
        if !is_own(name) && name != self.name && !self.origins.iter().any(is_listed) {
            return Err(Status::Forbidden);
        }
        match origin.map(str::to_ascii_lowercase) {
            Some(origin) if !self.is_welcome(&origin, &authority) => Err(Status::Forbidden),
            _ => Ok(()),
        }
    }

    fn is_welcome(&self, origin: &str, authority: &str) -> bool {
        let same = origin.split_once("://").is_some_and(|(_, from)| from == authority);
        same || self.origins.iter().any(|listed| listed.0 == origin)
    }
}

/// A guard that threads share and a reload replaces.
#[derive(Clone, Debug)]
pub struct SharedGuard(Arc<RwLock<Guard>>);

impl SharedGuard {
    /// A shared `guard`.
    pub fn new(guard: Guard) -> Self {
        Self(Arc::new(RwLock::new(guard)))
    }

    /// See [`Guard::admit`].
    ///
    /// # Errors
    /// The status to refuse it with.
    pub fn admit(&self, host: &str, origin: Option<&str>) -> Result<(), Status> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).admit(host, origin)
    }

    /// Replaces the guard.
    pub fn replace(&self, guard: Guard) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = guard;
    }
}

/// Whether no one can make the name resolve to another address.
fn is_own(host: &str) -> bool {
    let address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    host == "localhost" || address.parse::<IpAddr>().is_ok()
}

/// The host of `host[:port]`.
fn host_of(authority: &str) -> Option<&str> {
    let (host, port) = match authority.rfind(']') {
        Some(end) => authority.split_at(end + 1),
        None => authority.split_at(authority.find(':').unwrap_or(authority.len())),
    };
    let is_port = |port: &str| port.parse::<u16>().is_ok() && !port.starts_with('+');
    let fits = port.is_empty() || port.strip_prefix(':').is_some_and(is_port);
    (fits && !host.is_empty()).then_some(host)
}

/// Whether it is a valid host: a name, or an address.
fn is_host(host: &str) -> bool {
    let is_name = |host: &str| {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        host.bytes().all(fits)
    };
    is_own(host) || is_name(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guard() -> Guard {
        Guard::new("Box7", vec!["https://chat.example.org".parse().unwrap()])
    }

    #[test]
    fn an_origin_is_what_a_browser_calls_it() {
        for (given, named) in [
            ("https://A:443", "https://a"),
            ("http://[::1]:80", "http://[::1]"),
            ("https://a:80", "https://a:80"),
            ("http://a:8080", "http://a:8080"),
        ] {
            assert_eq!(given.parse(), Ok(WebOrigin(named.to_owned())));
        }
    }

    #[test]
    fn an_origin_is_a_scheme_a_host_and_perhaps_a_port() {
        for good in
            ["http://a", "https://Chat.Example.org:8443", "http://[::1]:80", "http://1.2.3.4"]
        {
            assert!(good.parse::<WebOrigin>().is_ok(), "{good}");
        }
        for bad in [
            "",
            "*",
            "a",
            "http://",
            "http://*",
            "http://a/",
            "http://a/b",
            "ftp://a",
            "http://a:",
            "http://a:80:80",
            "http://a:port",
            "http://a:99999",
            "http://u@a",
            "http://a b",
            "null",
            "http://a,http://b",
        ] {
            assert!(bad.parse::<WebOrigin>().is_err(), "{bad}");
        }
    }

    #[test]
    fn the_server_answers_to_addresses_and_names_of_its_own() {
        for host in
            ["127.0.0.1:80", "[::1]", "192.0.2.1", "LOCALHOST:1", "box7:8080", "chat.example.org"]
        {
            assert_eq!(guard().admit(host, None), Ok(()), "{host}");
        }
        for host in ["evil.example", "box7.evil.example", "localhost.evil.example", "a:b"] {
            assert!(guard().admit(host, None).is_err(), "{host}");
        }
    }

    #[test]
    fn pages_of_others_are_turned_away() {
        let admit = |origin| guard().admit("box7:8080", Some(origin));
        for origin in ["http://box7:8080", "HTTP://BOX7:8080", "https://chat.example.org"] {
            assert_eq!(admit(origin), Ok(()), "{origin}");
        }
        for origin in [
            "http://box7",
            "http://box7:8081",
            "null",
            "",
            "http://chat.example.org",
            "https://evil",
        ] {
            assert_eq!(admit(origin), Err(Status::Forbidden), "{origin}");
        }
    }
}
