//! As much of HTTP/1.1 as a page and an upgrade need (RFC 9110, RFC 9112).
//!
//! Pure: parses a [`Request`] from bytes, and encodes an [`Response`].

mod accept;
mod forwarding;

use std::borrow::Cow;
use std::fmt::Write;

pub(crate) use self::accept::Accept;
pub(crate) use self::forwarding::Forwarding;

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

/// A request to switch to WebSocket (RFC 6455, section 4.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upgrade {
    /// The key, from which the server derives `Sec-WebSocket-Accept`.
    pub key: String,
    /// The version of the protocol.
    pub version: String,
    /// Sub-protocols that the client offers, in order of preference.
    pub protocols: Vec<String>,
}

/// The status of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are those of RFC 9110")]
pub enum Status {
    SwitchingProtocols = 101,
    Ok = 200,
    BadRequest = 400,
    Forbidden = 403,
    NotFound = 404,
    MethodNotAllowed = 405,
    RequestTimeout = 408,
    UpgradeRequired = 426,
    HeadTooLarge = 431,
    ServiceUnavailable = 503,
}

impl Status {
    fn phrase(self) -> &'static str {
        match self {
            Self::SwitchingProtocols => "Switching Protocols",
            Self::Ok => "OK",
            Self::BadRequest => "Bad Request",
            Self::Forbidden => "Forbidden",
            Self::NotFound => "Not Found",
            Self::MethodNotAllowed => "Method Not Allowed",
            Self::RequestTimeout => "Request Timeout",
            Self::UpgradeRequired => "Upgrade Required",
            Self::HeadTooLarge => "Request Header Fields Too Large",
            Self::ServiceUnavailable => "Service Unavailable",
        }
    }

    /// The text for a person: an explanation, or the phrase.
    fn words(self) -> &'static str {
        match self {
            Self::HeadTooLarge => {
                "The request is too large: more than 8 KiB, or more than 64 header fields.\n\
                 Most of it may be cookies that other services on this host have left in your browser.\n\
                 Delete the cookies of this host, then load the page again.\n"
            }
            _ => self.phrase(),
        }
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
    let fields = Fields(head.headers);
    let target = head.path.unwrap_or_default();
    let host = fields.only("host")?;
    if host.is_none() && head.version != Some(0) {
        return Err(Status::BadRequest);
    }
    // HTTP/1.0 has no upgrade (RFC 9110, section 7.8), and WebSocket's is a GET (RFC 6455, 4.1).
    let may_upgrade = head.version == Some(1) && head.method == Some("GET");
    Ok(Request {
        method: head.method.unwrap_or_default().to_owned(),
        path: path(target).ok_or(Status::BadRequest)?.to_owned(),
        host: host.map(str::to_owned),
        origin: fields.only("origin")?.map(str::to_owned),
        upgrade: if may_upgrade { fields.upgrade()? } else { None },
        accept: Accept::new(fields.list("accept")?),
        forwarding: fields.forwarding(),
    })
}

/// The path of a target in origin form, or in absolute form, which proxies use (RFC 9112,
/// section 3.2).
fn path(target: &str) -> Option<&str> {
    let target = match target.split_once("://") {
        Some((_, rest)) if !target.starts_with('/') => rest.find('/').map_or("/", |at| &rest[at..]),
        _ => target,
    };
    let path = target.split(['?', '#']).next()?;
    path.starts_with('/').then_some(path)
}

struct Fields<'a, 'b>(&'a [httparse::Header<'b>]);

impl<'b> Fields<'_, 'b> {
    /// The values of all fields of that name.
    fn all(&self, name: &str) -> impl Iterator<Item = Result<&'b str, Status>> {
        let named = self.0.iter().filter(move |field| field.name.eq_ignore_ascii_case(name));
        named.map(|field| str::from_utf8(field.value).map_err(|_| Status::BadRequest))
    }

    /// The value of the only field of that name. Two are an error, since a proxy may read the
    /// other.
    fn only(&self, name: &str) -> Result<Option<&'b str>, Status> {
        let mut values = self.all(name);
        match (values.next(), values.next()) {
            (first, None) => Ok(first.transpose()?.map(str::trim)),
            (_, Some(_)) => Err(Status::BadRequest),
        }
    }

    /// The members of a comma-separated list.
    fn list(&self, name: &str) -> Result<Vec<&'b str>, Status> {
        let values: Vec<_> = self.all(name).collect::<Result<_, _>>()?;
        let members = values.iter().flat_map(|value| value.split(',')).map(str::trim);
        Ok(members.filter(|member| !member.is_empty()).collect())
    }

    fn forwarding(&self) -> Forwarding {
        let all = |name: &str| {
            let named = self.0.iter().filter(|field| field.name.eq_ignore_ascii_case(name));
            named.map(|field| String::from_utf8_lossy(field.value).into_owned()).collect()
        };
        Forwarding {
            older: all("x-forwarded-for"),
            standard: all("forwarded"),
            scheme: all("x-forwarded-proto"),
        }
    }

    /// Whether the request has a body (RFC 9112, section 6).
    fn has_body(&self) -> Result<bool, Status> {
        let length = self.only("content-length")?;
        Ok(length.is_some_and(|length| length != "0") || self.all("transfer-encoding").count() > 0)
    }

    fn upgrade(&self) -> Result<Option<Upgrade>, Status> {
        let names = |name, wanted: &str| -> Result<bool, Status> {
            Ok(self.list(name)?.iter().any(|member| member.eq_ignore_ascii_case(wanted)))
        };
        if !names("connection", "upgrade")? || !names("upgrade", "websocket")? {
            return Ok(None);
        }
        if self.has_body()? {
            // A proxy would take for the body what this server takes for frames (request
            // smuggling).
            return Err(Status::BadRequest);
        }
        let field = |name| Ok(self.only(name)?.unwrap_or_default().to_owned());
        let protocols = self.list("sec-websocket-protocol")?;
        Ok(Some(Upgrade {
            key: field("sec-websocket-key")?,
            version: field("sec-websocket-version")?,
            protocols: protocols.into_iter().map(str::to_owned).collect(),
        }))
    }
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
        head.push_str("Cache-Control: no-cache\r\nConnection: close\r\n\r\n");
        [head.as_bytes(), if is_whole { &self.body } else { &[] }].concat()
    }
}

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
        assert_eq!(of("box7:80"), Err(Status::BadRequest));
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_strange(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = parse(&bytes);
        }
    }
}
