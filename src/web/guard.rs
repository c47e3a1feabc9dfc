//! `Guard`: which pages may contact the server, and under which host names.

use std::net::IpAddr;
use std::str::FromStr;

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
                let origin = origin.strip_suffix(own_port).unwrap_or(&origin);
                Ok(Self(origin.replacen(host, without_dot(host), 1)))
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

/// Admits requests from chatd's page and from programs, but not those that other pages make a
/// browser send.
#[derive(Clone, Debug)]
pub struct Guard {
    names: Vec<String>,
    origins: Vec<WebOrigin>,
}

/// Why a request is not admitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Barred {
    /// Its Host field is malformed.
    NoHost,
    /// It asks for this host, which is not a name of the server.
    Host(String),
    /// It comes from a page of this other origin.
    Origin(String),
}

impl Guard {
    /// The guard of a server with these host names. Pages of `origins` may contact it, too.
    pub fn new(names: Vec<String>, origins: Vec<WebOrigin>) -> Self {
        let names = names.iter().map(|name| without_dot(name).to_ascii_lowercase()).collect();
        Self { names, origins }
    }

    /// Admits a request for `host` from a page of `origin`. A request without a host is not from a
    /// browser.
    ///
    /// Any page can send requests anywhere, and the browser then names the page's origin. A page
    /// whose host name was changed to resolve to this server (DNS rebinding) has the same origin as
    /// the server, so the host name is checked, too.
    ///
    /// # Errors
    /// Why the request is not admitted.
    pub fn admit(&self, host: Option<&str>, origin: Option<&str>) -> Result<(), Barred> {
        let authority = host.map(str::to_ascii_lowercase);
        if let Some(authority) = &authority {
            let name = without_dot(host_of(authority).ok_or(Barred::NoHost)?);
            if !self.answers_to(name) {
                return Err(Barred::Host(name.to_owned()));
            }
        }
        match origin.map(str::to_ascii_lowercase) {
            Some(origin) if !self.is_welcome(&origin, authority.as_deref()) => {
                Err(Barred::Origin(origin))
            }
            _ => Ok(()),
        }
    }

    /// Whether pages of `origin` may contact the server although it is another one.
    pub fn lists(&self, origin: &str) -> bool {
        let origin = origin.to_ascii_lowercase();
        origin.parse().is_ok_and(|origin: WebOrigin| self.origins.contains(&origin))
    }

    fn answers_to(&self, name: &str) -> bool {
        let is_listed = |origin: &WebOrigin| origin.host() == name;
        is_own(name)
            || self.names.iter().any(|own| own == name)
            || self.origins.iter().any(is_listed)
    }

    fn is_welcome(&self, origin: &str, authority: Option<&str>) -> bool {
        let same = origin.split_once("://").is_some_and(|(_, from)| Some(from) == authority);
        same || self.lists(origin)
    }
}

/// A name without the trailing dot of a fully qualified one.
fn without_dot(name: &str) -> &str {
    name.strip_suffix('.').unwrap_or(name)
}

/// Whether no attacker can make this name resolve to another address.
fn is_own(host: &str) -> bool {
    let address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    host == "localhost" || address.parse::<IpAddr>().is_ok()
}

/// The host of `host[:port]`.
pub(super) fn host_of(authority: &str) -> Option<&str> {
    let (host, port) = match authority.rfind(']') {
        Some(end) => authority.split_at(end + 1),
        None => authority.split_at(authority.find(':').unwrap_or(authority.len())),
    };
    let is_port = |port: &str| port.parse::<u16>().is_ok() && !port.starts_with('+');
    let fits = port.is_empty() || port.strip_prefix(':').is_some_and(is_port);
    (fits && !host.is_empty()).then_some(host)
}

/// Whether `host` is a valid name or address.
pub(super) fn is_host(host: &str) -> bool {
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
        Guard::new(
            vec!["Box7".to_owned(), "box8.example.org.".to_owned()],
            vec!["https://chat.example.org".parse().unwrap()],
        )
    }

    #[test]
    fn an_origin_is_what_a_browser_calls_it() {
        for (given, named) in [
            ("https://A:443", "https://a"),
            ("http://[::1]:80", "http://[::1]"),
            ("https://a:80", "https://a:80"),
            ("http://a:8080", "http://a:8080"),
            ("http://a.b.:8080", "http://a.b:8080"),
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
        for host in [
            "127.0.0.1:80",
            "[::1]",
            "192.0.2.1",
            "LOCALHOST:1",
            "localhost.",
            "box7:8080",
            "BOX7.:8080",
            "box8.example.org",
            "chat.example.org",
            "Chat.Example.Org.",
        ] {
            assert_eq!(guard().admit(Some(host), None), Ok(()), "{host}");
        }
        for host in ["evil.example", "box7.evil.example", "localhost.evil.example", "box7.."] {
            assert!(matches!(guard().admit(Some(host), None), Err(Barred::Host(_))), "{host}");
        }
        assert_eq!(guard().admit(Some("a:b"), None), Err(Barred::NoHost));
        assert_eq!(guard().admit(None, None), Ok(()));
    }

    #[test]
    fn pages_of_others_are_turned_away() {
        let admit = |origin| guard().admit(Some("box7:8080"), Some(origin));
        for origin in [
            "http://box7:8080",
            "HTTP://BOX7:8080",
            "https://chat.example.org",
            "https://chat.example.org.",
        ] {
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
            assert_eq!(admit(origin), Err(Barred::Origin(origin.to_owned())), "{origin}");
        }
        assert_eq!(guard().admit(Some("box7.:80"), Some("http://box7.:80")), Ok(()));
        assert!(guard().admit(None, Some("http://box7:8080")).is_err());
    }
}
