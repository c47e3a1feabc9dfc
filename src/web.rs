//! The web port: serves the page, and upgrades HTTP to WebSocket.

mod guard;

use std::fmt;
use std::io;

use tungstenite::handshake::derive_accept_key;

pub use self::guard::{Guard, SharedGuard, WebOrigin};

use crate::net::http;
use crate::net::http::{Answer, MAX_HEAD, Request, Status, Upgrade};
use crate::net::transport::{Patience, Transport};
use crate::telemetry::metrics::CONTENT_TYPE;
use crate::wire::Dialect;
use crate::wire::websocket::SUBPROTOCOL;

/// Headers that let the page contact its own origin only.
const PAGE_FIELDS: [(&str, &str); 3] = [
    (
        "Content-Security-Policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
         img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
];

const SCRIPT: &str = "text/javascript; charset=utf-8";

/// A client that upgraded to WebSocket.
#[derive(Debug)]
pub struct Upgraded {
    /// Its dialect.
    pub dialect: Dialect,
    /// The bytes that it sent after the request.
    pub early: Vec<u8>,
}

/// What the port serves.
pub enum Site {
    /// The page and WebSocket.
    Page(SharedGuard),
    /// The metrics that this function returns.
    Metrics(Box<dyn Fn() -> String + Send + Sync>),
}

impl fmt::Debug for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Page(guard) => f.debug_tuple("Page").field(guard).finish(),
            Self::Metrics(_) => f.write_str("Metrics"),
        }
    }
}

/// Handles one request, of which `received` was read already: answers it, or returns the client if
/// it upgraded to WebSocket.
///
/// # Errors
/// When the connection fails, or the answer cannot be sent in time.
pub fn serve(
    transport: &Transport,
    mut received: Vec<u8>,
    site: &Site,
    patience: Patience<'_>,
) -> io::Result<Option<Upgraded>> {
    let answered = match read_request(transport, &mut received, patience)? {
        Ok((request, early)) => match route(&request, site) {
            Ok(Route::Switch { accept, is_json }) => {
                let protocol = is_json.then_some(SUBPROTOCOL);
                transport.send_all(&http::switch_to_websocket(&accept, protocol), patience)?;
                let lines = Dialect::Lines { timestamps: false };
                let dialect = if is_json { Dialect::Json } else { lines };
                return Ok(Some(Upgraded { dialect, early }));
            }
            Ok(Route::Answer(answer)) => answer,
            Err(status) => refusal(status),
        },
        Err(status) => refusal(status),
    };
    transport.send_all(&answered.to_bytes(&received), patience)?;
    Ok(None)
}

/// The answer to any request while too many others are under way.
pub fn too_busy() -> Vec<u8> {
    let busy = Answer::plain(Status::ServiceUnavailable);
    let fields = [&[("Retry-After", "5")], PAGE_FIELDS.as_slice()].concat();
    Answer { fields, ..busy }.to_bytes(&[])
}

/// Reads until the head of a request is complete; returns it with the bytes that follow.
fn read_request(
    transport: &Transport,
    received: &mut Vec<u8>,
    patience: Patience<'_>,
) -> io::Result<Result<(Request, Vec<u8>), Status>> {
    loop {
        match http::parse(received) {
            Ok(None) => {}
            Ok(Some((request, length))) => return Ok(Ok((request, received.split_off(length)))),
            Err(status) => return Ok(Err(status)),
        }
        match transport.receive_within(patience) {
            Ok(more) if more.is_end => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(more) => received.extend(more.bytes),
            Err(error) if error.kind() == io::ErrorKind::TimedOut => {
                return Ok(Err(Status::RequestTimeout));
            }
            Err(error) => return Err(error),
        }
        debug_assert!(received.len() <= 2 * MAX_HEAD + 64 * 1024);
    }
}

enum Route {
    Answer(Answer<'static>),
    Switch { accept: String, is_json: bool },
}

fn route(request: &Request, site: &Site) -> Result<Route, Status> {
    if let Site::Page(guard) = site {
        guard.admit(&request.host, request.origin.as_deref())?;
    }
    if request.method != "GET" {
        return Err(Status::MethodNotAllowed);
    }
    match site {
        Site::Page(_) => page(request),
        Site::Metrics(figures) => metrics(request, figures),
    }
}

fn metrics(request: &Request, figures: &dyn Fn() -> String) -> Result<Route, Status> {
    if request.path != "/metrics" {
        return Err(Status::NotFound);
    }
    let (content_type, body) = (CONTENT_TYPE, figures().into_bytes().into());
    Ok(Route::Answer(Answer { status: Status::Ok, fields: Vec::new(), content_type, body }))
}

fn page(request: &Request) -> Result<Route, Status> {
    let (content_type, body): (_, &'static [u8]) = match request.path.as_str() {
        "/" => ("text/html; charset=utf-8", include_bytes!("web/page/index.html")),
        "/app.js" => (SCRIPT, include_bytes!("web/page/app.js")),
        "/account.js" => (SCRIPT, include_bytes!("web/page/account.js")),
        "/link.js" => (SCRIPT, include_bytes!("web/page/link.js")),
        "/lists.js" => (SCRIPT, include_bytes!("web/page/lists.js")),
        "/log.js" => (SCRIPT, include_bytes!("web/page/log.js")),
        "/page.js" => (SCRIPT, include_bytes!("web/page/page.js")),
        "/talk.js" => (SCRIPT, include_bytes!("web/page/talk.js")),
        "/style.css" => ("text/css; charset=utf-8", include_bytes!("web/page/style.css")),
        "/healthz" => ("text/plain; charset=utf-8", b"ok\n"),
        "/ws" => return switch(request.upgrade.as_ref()),
        _ => return Err(Status::NotFound),
    };
    let fields = PAGE_FIELDS.to_vec();
    Ok(Route::Answer(Answer { status: Status::Ok, fields, content_type, body: body.into() }))
}

fn switch(upgrade: Option<&Upgrade>) -> Result<Route, Status> {
    let upgrade =
        upgrade.filter(|upgrade| upgrade.version == "13").ok_or(Status::UpgradeRequired)?;
    if !is_key(&upgrade.key) {
        return Err(Status::BadRequest);
    }
    let accept = derive_accept_key(upgrade.key.as_bytes());
    let is_json = upgrade.protocols.iter().any(|protocol| protocol == SUBPROTOCOL);
    Ok(Route::Switch { accept, is_json })
}

/// Whether it is a WebSocket key: 16 bytes in base64 (RFC 6455, section 4.1).
fn is_key(key: &str) -> bool {
    let is_digit = |byte: u8| byte.is_ascii_alphanumeric() || b"+/".contains(&byte);
    key.strip_suffix("==").is_some_and(|digits| digits.len() == 22 && digits.bytes().all(is_digit))
}

fn refusal(status: Status) -> Answer<'static> {
    let fields = match status {
        Status::MethodNotAllowed => vec![("Allow", "GET")],
        Status::UpgradeRequired => vec![("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13")],
        _ => Vec::new(),
    };
    Answer { fields: [fields, PAGE_FIELDS.to_vec()].concat(), ..Answer::plain(status) }
}
