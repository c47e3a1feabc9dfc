//! The web port: serves the page, and upgrades HTTP to WebSocket.

mod forwarded; // for whom a proxy sent a request
mod guard; // which requests are admitted
mod names; // the names of the machine
mod fields; // header fields of the page
mod barred; // the answer to a request that is not admitted
mod rejection; // why a request does not get what it asks for
mod plain; // the answer to a request without TLS
mod token; // what a program shows to speak as an account
mod rooms; // what is said and read over HTTP

use std::fmt;
use std::io;

use tungstenite::handshake::derive_accept_key;

use self::fields::PAGE_FIELDS;
pub use self::forwarded::{Forwarded, MISSTATED, Trust};
pub use self::guard::{Barred, Guard, WebOrigin};
pub use self::names::machine_names;
pub use self::plain::is_http;
use self::rejection::{Rejection, malformed, refusal};
use self::rooms::Exchange;
pub use self::rooms::{Ask, Begin, ChatAccess, Denied, Posting, ReadRequest, Reply};
pub use self::token::{new_token, token_hash};
use crate::net::{MAX_HEAD, Patience, Request, Response, Status, Transport, Upgrade, http};
use crate::runtime::Replaceable;
use crate::telemetry::{CONTENT_TYPE, PLAIN_CONTENT_TYPE, to_plain_text};
use crate::wire::stream::Stream;
use crate::wire::{Dialect, SUBPROTOCOL};

const SCRIPT: &str = "text/javascript; charset=utf-8";

/// A client that upgraded to WebSocket, or that reads over HTTP.
#[derive(Debug)]
pub struct Upgraded {
    /// The dialect that the client asked for: lines, or `chatd.v1`.
    pub dialect: Dialect,
    /// The bytes that it sent right after the request.
    pub early: Vec<u8>,
    /// What it reads over HTTP, if it did not switch to WebSocket.
    pub reads: Option<Box<ReadRequest>>,
}

/// What a web port serves, and the guard that admits requests.
#[derive(Debug)]
pub struct Site {
    guard: Replaceable<Guard>,
    content: Content,
}

/// The content of a port.
enum Content {
    /// The page, and the upgrade to the chat.
    Page,
    /// The metrics that this function returns.
    Figures(Box<dyn Fn() -> String + Send + Sync>),
    /// Only the health check, because the server is too busy for more.
    Health,
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Page => "Page",
            Self::Figures(_) => "Figures",
            Self::Health => "Health",
        })
    }
}

impl Site {
    /// A site with the page and the upgrade to the chat.
    pub fn page(guard: Replaceable<Guard>) -> Self {
        Self { guard, content: Content::Page }
    }

    /// A site with the metrics that `figures` returns.
    pub fn figures(
        guard: Replaceable<Guard>,
        figures: impl Fn() -> String + Send + Sync + 'static,
    ) -> Self {
        Self { guard, content: Content::Figures(Box::new(figures)) }
    }

    /// This site while the server is too busy for anything but health checks.
    pub fn only_health(&self) -> Self {
        Self { guard: self.guard.clone(), content: Content::Health }
    }

    /// Whether it serves monitoring rather than the chat.
    pub fn is_for_machines(&self) -> bool {
        matches!(self.content, Content::Figures(_))
    }
}

/// The result of a request.
#[derive(Debug)]
pub enum Served {
    /// The client switched to WebSocket.
    Upgraded(Upgraded),
    /// The request was answered.
    Answered,
    /// The request was not admitted; the reason, for the log.
    Barred(String),
    /// The server was too busy for the request, and answered so.
    Busy,
    /// A proxy did not say for whom it sent the request, and was told so.
    Misstated,
}

impl Served {
    /// The client reads from now on.
    fn reads((stream, request): (Stream, Box<ReadRequest>)) -> Self {
        let (dialect, early) = (Dialect::Stream(stream), Vec::new());
        Self::Upgraded(Upgraded { dialect, early, reads: Some(request) })
    }
}

/// Handles one request, of which `received` was read before: answers it, or returns the client if
/// it switched to WebSocket. With `trust`, the request comes from a proxy.
///
/// # Errors
/// The connection fails, or the answer cannot be sent in time.
pub fn serve(
    transport: &Transport,
    mut received: Vec<u8>,
    site: &Site,
    trust: Option<Trust<'_>>,
    patience: Patience<'_>,
    chat: &ChatAccess<'_>,
) -> io::Result<(Served, Forwarded)> {
    let mut forwarded = Forwarded::default();
    let mut is_html = false;
    let routed = match read_request(transport, &mut received, patience)? {
        Ok((request, early)) => {
            is_html = wants_html(&request);
            let taken = trust.map_or(Ok(()), |trust| trust.take(&request, &mut forwarded));
            taken
                .map_err(Rejection::from)
                .and_then(|()| route(&request, site).map(|route| (route, request, early)))
        }
        Err(Status::RequestTimeout) if matches!(site.content, Content::Health) => {
            Err(Rejection::Status(Status::ServiceUnavailable))
        }
        Err(status) => Err(Rejection::Status(status)),
    };
    let (answer, served) = match routed {
        Ok((Route::Switch { accept, is_json }, _, early)) => {
            let upgraded = switched(transport, &accept, is_json, early, patience)?;
            return Ok((Served::Upgraded(upgraded), forwarded));
        }
        Ok((Route::Rooms, request, early)) => {
            let mut exchange =
                Exchange::new(&request, early, transport, patience, (chat, forwarded));
            let reads = exchange.serve(&site.guard.get(), &received)?;
            return Ok((reads.map_or(Served::Answered, Served::reads), forwarded));
        }
        Ok((Route::Response(answer), ..)) => (answer, Served::Answered),
        Err(rejection) => {
            rejected(&rejection, is_html, transport.is_bare() && !forwarded.is_encrypted)
        }
    };
    transport.send_all(&answer.to_bytes(&received), patience)?;
    Ok((served, forwarded))
}

/// The answer to a request that does not get what it asks for, as a page if it `is_html`; and what
/// came of it.
fn rejected(rejection: &Rejection, is_html: bool, is_bare: bool) -> (Response<'static>, Served) {
    match rejection {
        Rejection::Status(Status::ServiceUnavailable) => {
            (refusal(Status::ServiceUnavailable), Served::Busy)
        }
        Rejection::Status(status) => (refusal(*status), Served::Answered),
        Rejection::NoHost => (malformed("the request has no Host"), Served::Answered),
        Rejection::Misstated => (malformed(MISSTATED), Served::Misstated),
        Rejection::Barred(barred) => {
            let answer = barred::answer(barred, is_html, is_bare);
            (answer, Served::Barred(barred::in_log(barred)))
        }
    }
}

/// Answers a connection whose PROXY header is wrong or unwanted.
///
/// # Errors
/// The connection fails, or the answer cannot be sent in time.
pub fn refuse_header(transport: &Transport, why: &str, patience: Patience<'_>) -> io::Result<()> {
    transport.send_all(&malformed(why).to_bytes(&[]), patience)
}

/// Switches the connection to WebSocket.
fn switched(
    transport: &Transport,
    accept: &str,
    is_json: bool,
    early: Vec<u8>,
    patience: Patience<'_>,
) -> io::Result<Upgraded> {
    let protocol = is_json.then_some(SUBPROTOCOL);
    transport.send_all(&http::switch_to_websocket(accept, protocol), patience)?;
    let lines = Dialect::Lines { timestamps: false, bell: false };
    Ok(Upgraded { dialect: if is_json { Dialect::Json } else { lines }, early, reads: None })
}

/// Refuses a request without TLS on a TLS port, of which `received` was read before.
///
/// # Errors
/// The connection fails, or the answer cannot be sent in time.
pub fn refuse_plain(
    transport: &Transport,
    mut received: Vec<u8>,
    patience: Patience<'_>,
) -> io::Result<()> {
    let request = read_request(transport, &mut received, patience)?;
    let answer = plain::answer(request.ok().and_then(|(request, _)| request.host));
    transport.send_all(&answer.to_bytes(&received), patience)
}

/// The answer to any request while too many others are being handled.
pub fn too_busy() -> Vec<u8> {
    refusal(Status::ServiceUnavailable).to_bytes(&[])
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
    Response(Response<'static>),
    /// For the [rooms].
    Rooms,
    Switch {
        accept: String,
        is_json: bool,
    },
}

/// The paths of health checks and metrics.
const FOR_MACHINES: [&str; 2] = ["/healthz", "/metrics"];

/// Whether a refusal is to be a page. Programs accept anything, and browsers prefer pages.
fn wants_html(request: &Request) -> bool {
    let is_silent = request.fields.all("accept").next().is_none();
    !rooms::has(&request.path) && (is_silent || request.accept.prefers("text/html", "text/plain"))
}

fn route(request: &Request, site: &Site) -> Result<Route, Rejection> {
    if request.host.is_none() && !FOR_MACHINES.contains(&&*request.path) {
        return Err(Rejection::NoHost);
    }
    let (host, origin) = (request.host.as_deref(), request.origin.as_deref());
    site.guard.with(|guard| guard.admit(host, origin))?;
    if matches!(site.content, Content::Health) && request.path != "/healthz" {
        return Err(Status::ServiceUnavailable.into());
    }
    if matches!(site.content, Content::Page) && rooms::has(&request.path) {
        return Ok(Route::Rooms);
    }
    if !request.is_read() {
        return Err(Status::MethodNotAllowed.into());
    }
    match (&site.content, request.path.as_str()) {
        (_, "/healthz") => Ok(healthy()),
        (Content::Health, _) => Err(Status::NotFound.into()),
        (Content::Figures(figures), "/metrics") => Ok(metrics(request, figures())),
        (Content::Figures(_), _) => Err(Status::NotFound.into()),
        (Content::Page, _) => Ok(page(request)?),
    }
}

fn healthy() -> Route {
    let body = b"ok\n".as_slice().into();
    let content_type = "text/plain; charset=utf-8";
    Route::Response(Response {
        status: Status::Ok,
        fields: PAGE_FIELDS.to_vec(),
        content_type,
        body,
    })
}

fn metrics(request: &Request, figures: String) -> Route {
    let is_plain = request.accept.prefers("text/plain", "application/openmetrics-text");
    let (content_type, text) = if is_plain {
        (PLAIN_CONTENT_TYPE, to_plain_text(&figures))
    } else {
        (CONTENT_TYPE, figures)
    };
    let body = text.into_bytes().into();
    Route::Response(Response { status: Status::Ok, fields: Vec::new(), content_type, body })
}

fn page(request: &Request) -> Result<Route, Status> {
    let (content_type, body): (_, &'static [u8]) = match request.path.as_str() {
        "/" => ("text/html; charset=utf-8", include_bytes!("web/page/index.html")),
        "/app.js" => (SCRIPT, include_bytes!("web/page/app.js")),
        "/account.js" => (SCRIPT, include_bytes!("web/page/account.js")),
        "/link.js" => (SCRIPT, include_bytes!("web/page/link.js")),
        "/lists.js" => (SCRIPT, include_bytes!("web/page/lists.js")),
        "/log.js" => (SCRIPT, include_bytes!("web/page/log.js")),
        "/compose.js" => (SCRIPT, include_bytes!("web/page/compose.js")),
        "/links.js" => (SCRIPT, include_bytes!("web/page/links.js")),
        "/mention.js" => (SCRIPT, include_bytes!("web/page/mention.js")),
        "/obstacle.js" => (SCRIPT, include_bytes!("web/page/obstacle.js")),
        "/outbox.js" => (SCRIPT, include_bytes!("web/page/outbox.js")),
        "/places.js" => (SCRIPT, include_bytes!("web/page/places.js")),
        "/view.js" => (SCRIPT, include_bytes!("web/page/view.js")),
        "/room.js" => (SCRIPT, include_bytes!("web/page/room.js")),
        "/menu.js" => (SCRIPT, include_bytes!("web/page/menu.js")),
        "/page.js" => (SCRIPT, include_bytes!("web/page/page.js")),
        "/talk.js" => (SCRIPT, include_bytes!("web/page/talk.js")),
        "/code.js" => (SCRIPT, include_bytes!("web/page/code.js")),
        "/complete.js" => (SCRIPT, include_bytes!("web/page/complete.js")),
        "/early.js" => (SCRIPT, include_bytes!("web/page/early.js")),
        "/naming.js" => (SCRIPT, include_bytes!("web/page/naming.js")),
        "/preferences.js" => (SCRIPT, include_bytes!("web/page/preferences.js")),
        "/search.js" => (SCRIPT, include_bytes!("web/page/search.js")),
        "/worker.js" => (SCRIPT, include_bytes!("web/page/worker.js")),
        "/icon.png" => ("image/png", include_bytes!("web/page/icon.png")),
        "/large.png" => ("image/png", include_bytes!("web/page/large.png")),
        "/manifest.webmanifest" => {
            ("application/manifest+json", include_bytes!("web/page/manifest.webmanifest"))
        }
        "/style.css" => ("text/css; charset=utf-8", include_bytes!("web/page/style.css")),
        "/ws" => return switch(request.upgrade.as_ref()),
        _ => return Err(Status::NotFound),
    };
    let fields = PAGE_FIELDS.to_vec();
    Ok(Route::Response(Response { status: Status::Ok, fields, content_type, body: body.into() }))
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
