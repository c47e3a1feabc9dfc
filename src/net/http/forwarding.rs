//! `Forwarding`: for whom a proxy sends a request (RFC 7239, and the older `X-Forwarded-…` fields).

use std::net::SocketAddr;

use crate::address::{Networks, Remote};

/// A field states no address, or two fields differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NoAddress;

/// The fields in which proxies state for whom they send a request. Anybody can send them, so they
/// say nothing unless the request comes from a proxy that is trusted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Forwarding {
    /// `X-Forwarded-For`.
    pub(super) older: Vec<String>,
    /// `Forwarded`.
    pub(super) standard: Vec<String>,
    /// `X-Forwarded-Proto`.
    pub(super) scheme: Vec<String>,
}

impl Forwarding {
    /// The client that the last of the `trusted` proxies had: the rightmost address that is none of
    /// theirs. `None` if there is none.
    ///
    /// # Errors
    /// The address is none, or the two fields differ: some proxy sets the one only, and its client
    /// sent the other.
    pub(crate) fn client(&self, trusted: &Networks) -> Result<Option<Remote>, NoAddress> {
        let older = elements(&self.older).map(node);
        let standard = self.standard.iter().flat_map(|field| nodes_of(field));
        let is_there = |fields| elements(fields).next().is_some();
        let older = (rightmost(older, trusted)?, is_there(&self.older));
        let standard = (rightmost(standard, trusted)?, is_there(&self.standard));
        match (older, standard) {
            ((older, true), (standard, true))
                if older.map(Remote::ip) != standard.map(Remote::ip) =>
            {
                Err(NoAddress)
            }
            ((client, true), _) | (_, (client, _)) => Ok(client),
        }
    }

    /// Whether the client's connection to the last proxy is encrypted.
    pub(crate) fn is_encrypted(&self) -> bool {
        let last = elements(&self.scheme).next_back();
        last.is_some_and(|scheme| scheme.eq_ignore_ascii_case("https"))
    }
}

/// The rightmost address that is not trusted. What is left of it may be anything.
fn rightmost(
    nodes: impl DoubleEndedIterator<Item = Result<Remote, NoAddress>>,
    trusted: &Networks,
) -> Result<Option<Remote>, NoAddress> {
    for node in nodes.rev() {
        let node = node?;
        if !trusted.contain(node.ip()) {
            return Ok(Some(node));
        }
    }
    Ok(None)
}

/// The elements of a list in several fields, without empty ones (RFC 9110, section 5.6.1).
fn elements(fields: &[String]) -> impl DoubleEndedIterator<Item = &str> {
    let split = fields.iter().flat_map(|field| field.split(','));
    split.map(str::trim).filter(|element| !element.is_empty())
}

/// The `for` of each element of a field `Forwarded`. A field with a quote that does not end is an
/// error as a whole: a client could hide behind it what its proxy appends.
fn nodes_of(field: &str) -> Vec<Result<Remote, NoAddress>> {
    match split(field, ',') {
        Some(elements) => {
            let elements = elements.into_iter().filter(|element| !element.trim().is_empty());
            elements.map(|element| node(&node_of(element)?)).collect()
        }
        None => vec![Err(NoAddress)],
    }
}

/// Splits at each `separator` that is not quoted. `None` if a quote does not end.
fn split(text: &str, separator: char) -> Option<Vec<&str>> {
    let (mut parts, mut start, mut is_quoted, mut is_escaped) = (Vec::new(), 0, false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' if is_quoted => is_escaped = true,
            '"' => is_quoted = !is_quoted,
            _ if c == separator && !is_quoted => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    (!is_quoted).then_some(parts)
}

/// The `for` of an element of `Forwarded`, without its quotes.
fn node_of(element: &str) -> Result<String, NoAddress> {
    let pairs =
        split(element, ';').into_iter().flatten().filter_map(|pair| pair.trim().split_once('='));
    let mut nodes = pairs.filter(|(name, _)| name.eq_ignore_ascii_case("for"));
    match (nodes.next(), nodes.next()) {
        (Some((_, node)), None) => {
            let quoted = node.strip_prefix('"').and_then(|node| node.strip_suffix('"'));
            Ok(quoted.unwrap_or(node).replace('\\', ""))
        }
        _ => Err(NoAddress),
    }
}

/// An address, perhaps in brackets and with a port.
fn node(text: &str) -> Result<Remote, NoAddress> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
    let with_port = |addr: SocketAddr| Remote::stated(addr.ip(), addr.port());
    let alone = Remote::parse(bare.unwrap_or(text), 0);
    alone.or_else(|| text.parse().ok().and_then(with_port)).ok_or(NoAddress)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(older: &[&str], standard: &[&str]) -> Result<Option<String>, NoAddress> {
        let fields = |fields: &[&str]| fields.iter().map(|&field| field.to_owned()).collect();
        let forwarding =
            Forwarding { older: fields(older), standard: fields(standard), scheme: Vec::new() };
        let trusted = ["10.0.0.0/8", "::1"].map(|network| network.parse().unwrap());
        let client = forwarding.client(&trusted.into_iter().collect())?;
        Ok(client.map(|client| client.to_string()))
    }

    fn found(client: &str) -> Result<Option<String>, NoAddress> {
        Ok(Some(client.to_owned()))
    }

    #[test]
    fn the_client_is_the_rightmost_address_that_is_not_a_proxys() {
        assert_eq!(client(&[], &[]), Ok(None));
        assert_eq!(client(&[" , "], &[]), Ok(None));
        assert_eq!(client(&["10.1.2.3, ::1"], &[]), Ok(None));
        assert_eq!(client(&["192.0.2.7"], &[]), found("192.0.2.7"));
        assert_eq!(client(&["192.0.2.6, 192.0.2.7"], &[]), found("192.0.2.7"));
        assert_eq!(client(&["192.0.2.6", "192.0.2.7, 10.9.9.9"], &[]), found("192.0.2.7"));
        assert_eq!(client(&["unknown, 192.0.2.7"], &[]), found("192.0.2.7"));
        assert_eq!(client(&[], &["for=192.0.2.6, for=192.0.2.7;by=10.0.0.1"]), found("192.0.2.7"));
    }

    #[test]
    fn ports_brackets_and_quotes_are_taken() {
        for (older, shown) in [
            ("192.0.2.7:4321", "192.0.2.7:4321"),
            ("2001:db8::7", "2001:db8::7"),
            ("[2001:db8::7]", "2001:db8::7"),
            ("[2001:db8::7]:4321", "[2001:db8::7]:4321"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
        ] {
            assert_eq!(client(&[older], &[]), found(shown), "{older}");
        }
        for standard in [
            r#"For="[2001:db8::7]""#,
            r#"proto="a,b;c";for="[2001:db8::7]""#,
            r#"for="[2001:db8\::7]""#,
        ] {
            assert_eq!(client(&[], &[standard]), found("2001:db8::7"), "{standard}");
        }
    }

    #[test]
    fn what_is_no_address_is_an_error() {
        for older in
            ["unknown", "_hidden", "192.0.2.7, nonsense", "192.0.2", "1.2.3.4:x", "0:1:0:1::"]
        {
            assert_eq!(client(&[older], &[]), Err(NoAddress), "{older}");
        }
        for standard in [
            "for=unknown",
            "for=_hidden",
            "proto=https",
            "for=192.0.2.7;for=192.0.2.8",
            "for=\"192.0.2.7",
            "for=192.0.2.6;x=\", for=\"[2001:db8::7]\"",
        ] {
            assert_eq!(client(&[], &[standard]), Err(NoAddress), "{standard}");
        }
    }

    #[test]
    fn two_fields_must_agree() {
        assert_eq!(client(&["192.0.2.7:99"], &["for=192.0.2.7"]), found("192.0.2.7:99"));
        assert_eq!(client(&["", " , "], &["for=192.0.2.7"]), found("192.0.2.7"));
        assert_eq!(client(&["192.0.2.7"], &[""]), found("192.0.2.7"));
        for standard in ["for=192.0.2.8", "for=10.0.0.1"] {
            assert_eq!(client(&["192.0.2.7"], &[standard]), Err(NoAddress));
        }
    }

    #[test]
    fn the_last_proxy_says_whether_it_was_encrypted() {
        let is_encrypted = |scheme: &str| {
            Forwarding { scheme: vec![scheme.to_owned()], ..Forwarding::default() }.is_encrypted()
        };
        assert!(is_encrypted("https") && is_encrypted("http, HTTPS"));
        assert!(!is_encrypted("http") && !is_encrypted("https, http") && !is_encrypted(""));
    }
}
