//! As much of HTTP/1.1 as a page and an upgrade need (RFC 9110, RFC 9112).
//!
//! Pure: parses a [`Request`] from bytes, and encodes an [`Response`].

mod status;
mod forwarding;
mod fields;
mod body;
mod accept;

use std::borrow::Cow;
use std::fmt::Write;

pub(crate) use self::accept::Accept;
pub(crate) use self::body::MAX_BODY;
pub use self::body::{Body, Framing};
pub use self::fields::Fields;
pub(crate) use self::fields::Upgrade;
pub(crate) use self::forwarding::Forwarding;
pub use self::status::Status;

/// Bytes in the head of a request.
pub const MAX_HEAD: usize = 8 * 1024;
/// Header fields in the head of a request.
const MAX_FIELDS: usize = 64;

/// The head of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The method, which is case-sensitive.
    pub method: String,
    /// The target's path, without a query.
    pub path: String,
    /// The target's query, if it has one.
    pub query: Option<String>,
    /// Whether it is HTTP/1.1 and not HTTP/1.0.
    pub is_1_1: bool,
    /// All header fields.
    pub fields: Fields,
    /// The authority in the Host field. Browsers always send it; HTTP/1.0, which some health checks
    /// speak, may omit it.
    pub host: Option<String>,
    /// The origin of the page that sends the request; browsers send it.
    pub origin: Option<String>,
    /// The request to switch to WebSocket, if it is one.
    pub upgrade: Option<Upgrade>,
    /// The media types that the client accepts.
    pub accept: Accept,
    /// For whom a proxy sends it.
    pub forwarding: Forwarding,
}

impl Request {
    /// Whether it is GET, or HEAD, whose answer differs only in having no body (RFC 9110, section
    /// 9.3.2).
    pub fn is_read(&self) -> bool {
        ["GET", "HEAD"].contains(&&*self.method)
    }
}

/// Parses the head of a request at the front of `bytes`; returns it with its length, or `None` if
/// it is incomplete.
///
/// # Errors
/// The status of the answer, if the head is malformed or too large.
pub fn parse(bytes: &[u8]) -> Result<Option<(Request, usize)>, Status> {
    let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
    let mut head = httparse::Request::new(&mut fields);
    match head.parse(&bytes[..bytes.len().min(MAX_HEAD)]) {
        Ok(httparse::Status::Complete(length)) => Ok(Some((request(&head)?, length))),
        Ok(httparse::Status::Partial) if bytes.len() < MAX_HEAD => Ok(None),
        Ok(httparse::Status::Partial) | Err(httparse::Error::TooManyHeaders) => {
            Err(Status::HeadTooLarge)
        }
        Err(_) => Err(Status::BadRequest),
    }
}

fn request(head: &httparse::Request<'_, '_>) -> Result<Request, Status> {
    let fields = Fields::of(head.headers);
    let target = match (head.method, head.path.unwrap_or_default()) {
        // The server as a whole (RFC 9112, section 3.2.4).
        (Some("OPTIONS"), "*") => "/",
        (_, target) => target,
    };
    let (path, query) = split(target).ok_or(Status::BadRequest)?;
    let host = fields.only("host")?.map(str::to_owned);
    if host.is_none() && head.version != Some(0) {
        return Err(Status::BadRequest);
    }
    // HTTP/1.0 has no upgrade (RFC 9110, section 7.8), and WebSocket's is a GET (RFC 6455, 4.1).
    let may_upgrade = head.version == Some(1) && head.method == Some("GET");
    Ok(Request {
        method: head.method.unwrap_or_default().to_owned(),
        path: path.to_owned(),
        query: query.map(str::to_owned),
        is_1_1: head.version == Some(1),
        host,
        origin: fields.only("origin")?.map(str::to_owned),
        upgrade: if may_upgrade { fields.upgrade()? } else { None },
        accept: Accept::new(fields.list("accept")?),
        forwarding: fields.forwarding(),
        fields,
    })
}

/// The path and query of a target in origin form, or in absolute form, which proxies use (RFC 9112,
/// section 3.2).
fn split(target: &str) -> Option<(&str, Option<&str>)> {
    let target = match target.split_once("://") {
        Some((_, rest)) if !target.starts_with('/') => rest.find('/').map_or("/", |at| &rest[at..]),
        _ => target,
    };
    let target = target.split('#').next()?;
    let (path, query) = match target.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (target, None),
    };
    path.starts_with('/').then_some((path, query))
}

/// An answer, after which the connection ends.
#[derive(Clone, Debug)]
pub(crate) struct Response<'a> {
    pub status: Status,
    /// Header fields beside those that every answer has.
    pub fields: Vec<(&'static str, &'a str)>,
    pub content_type: &'static str,
    pub body: Cow<'a, [u8]>,
}

impl Response<'_> {
    /// An answer with the text of `status`.
    pub(crate) fn plain(status: Status) -> Response<'static> {
        let content_type = "text/plain; charset=utf-8";
        let body = status.words().as_bytes();
        Response { status, fields: Vec::new(), content_type, body: body.into() }
    }

    /// Encodes the answer to `request`. The answer to HEAD has no body, but the length of the body
    /// (RFC 9110, section 9.3.2).
    pub(crate) fn to_bytes(&self, request: &[u8]) -> Vec<u8> {
        let mut head = head(self.status, &self.fields);
        let content_type = self.content_type;
        let length = self.body.len();
        let is_whole = !asks_for_head(request);
        // Writing to a String cannot fail.
        let _ = write!(head, "Content-Type: {content_type}\r\nContent-Length: {length}\r\n");
        head.push_str(ON_ALL);
        head.push_str("Cache-Control: no-cache\r\nConnection: close\r\n\r\n");
        [head.as_bytes(), if is_whole { &self.body } else { &[] }].concat()
    }
}

/// Fields of all answers: no browser guesses their type, or lets pages of others embed them.
pub(crate) const ON_ALL: &str =
    "X-Content-Type-Options: nosniff\r\nCross-Origin-Resource-Policy: same-origin\r\n";

/// Whether `request`, which may be incomplete, is a HEAD request.
fn asks_for_head(request: &[u8]) -> bool {
    request.trim_ascii_start().starts_with(b"HEAD ")
}

/// The answer that switches the connection to WebSocket.
pub(crate) fn switch_to_websocket(accept: &str, protocol: Option<&str>) -> Vec<u8> {
    let mut fields =
        vec![("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Accept", accept)];
    fields.extend(protocol.map(|protocol| ("Sec-WebSocket-Protocol", protocol)));
    let mut head = head(Status::SwitchingProtocols, &fields);
    head.push_str("\r\n");
    head.into_bytes()
}

fn head(status: Status, fields: &[(&str, &str)]) -> String {
    let mut head = format!("HTTP/1.1 {} {}\r\n", status as u16, status.phrase());
    for (name, value) in fields {
        let _ = write!(head, "{name}: {value}\r\n");
    }
    head
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parsed(head: &str) -> Result<Request, Status> {
        parse(head.as_bytes()).map(|parsed| parsed.unwrap().0)
    }

    #[test]
    fn a_head_is_taken_when_it_is_whole_however_it_comes() {
        let head = "GET /a?b=c HTTP/1.1\r\nHost: box7:8080\r\nOrigin: http://box7:8080\r\n\r\n";
        let rest = b"more";
        for end in 0..head.len() {
            assert_eq!(parse(&head.as_bytes()[..end]), Ok(None), "{end}");
        }
        let (request, length) = parse(&[head.as_bytes(), rest].concat()).unwrap().unwrap();
        assert_eq!(length, head.len());
        assert_eq!((request.method.as_str(), request.path.as_str()), ("GET", "/a"));
        assert_eq!(request.host.as_deref(), Some("box7:8080"));
        assert_eq!(request.origin.as_deref(), Some("http://box7:8080"));
        assert_eq!(request.upgrade, None);
    }

    #[test]
    fn the_host_is_named_once() {
        for head in ["GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"] {
            assert_eq!(parsed(head), Err(Status::BadRequest), "{head}");
        }
        assert_eq!(parsed("GET / HTTP/1.0\r\n\r\n").unwrap().host, None);
    }

    #[test]
    fn a_head_has_its_limits() {
        let long = format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}", "x".repeat(MAX_HEAD));
        assert_eq!(parse(long.as_bytes()), Err(Status::HeadTooLarge));
        let many = |count| format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", "X: y\r\n".repeat(count));
        assert!(parsed(&many(MAX_FIELDS - 1)).is_ok());
        assert_eq!(parsed(&many(MAX_FIELDS)), Err(Status::HeadTooLarge));
    }

    #[test]
    fn an_upgrade_is_asked_for_in_lists_and_in_any_case() {
        let head = "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, UPGRADE\r\n\
                    Upgrade: h2c, WebSocket\r\nSec-WebSocket-Key: k\r\nSec-WebSocket-Version: 13\r\n\
                    Sec-WebSocket-Protocol: a, b\r\nSec-WebSocket-Protocol: chatd.v1\r\n\r\n";
        let upgrade = parsed(head).unwrap().upgrade.unwrap();
        assert_eq!((upgrade.key.as_str(), upgrade.version.as_str()), ("k", "13"));
        assert_eq!(upgrade.protocols, ["a", "b", "chatd.v1"]);
    }

    #[test]
    fn targets_may_be_absolute_and_must_have_a_path() {
        let of = |target: &str| parsed(&format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n"));
        assert_eq!(of("http://box7/ws?x").unwrap().path, "/ws");
        assert_eq!(of("http://box7").unwrap().path, "/");
        assert_eq!(of("/a://b").unwrap().path, "/a://b");
        assert_eq!(of("*"), Err(Status::BadRequest));
        assert_eq!(parsed("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n").unwrap().path, "/");
        assert_eq!(of("box7:80"), Err(Status::BadRequest));
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_strange(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = parse(&bytes);
        }
    }
}
