//! The answer to a request that the [guard](super::Guard) did not admit, and its line in the log.

use super::fields::PAGE_FIELDS;
use super::guard::{Barred, WebOrigin, is_host};
use crate::net::{Response, Status};
use crate::text::Text;

/// Characters of a host or an origin in the log.
const LOGGED: usize = 100;

/// Explains why, and what the operator can do; as a page for a browser (`is_html`), or in one line.
/// `is_bare` if the connection is without TLS.
pub(super) fn answer(barred: &Barred, is_html: bool, is_bare: bool) -> Response<'static> {
    if is_html { page(barred, is_bare) } else { line(barred, is_bare) }
}

fn line(barred: &Barred, is_bare: bool) -> Response<'static> {
    let words = match barred {
        Barred::Host(name) => {
            let shown = shown(name);
            let scheme = scheme(is_bare);
            format!(
                "this server is not called {shown}; --web-origin {scheme}://{shown} allows it\n"
            )
        }
        Barred::Origin(origin) if origin == "null" => {
            "a page without an origin of its own sent this\n".to_owned()
        }
        Barred::Origin(origin) => {
            let shown = shown_origin(origin);
            format!("a page of {shown} sent this; --web-origin {shown} allows it\n")
        }
        Barred::NoHost => "the request has no Host\n".to_owned(),
    };
    Response {
        fields: PAGE_FIELDS.to_vec(),
        body: words.into_bytes().into(),
        ..Response::plain(Status::Forbidden)
    }
}

fn scheme(is_bare: bool) -> &'static str {
    if is_bare { "http" } else { "https" }
}

/// A host as it can be shown: anything but a valid one could be markup.
fn shown(name: &str) -> &str {
    if is_host(name) { name } else { "NAME" }
}

/// The same for an origin.
fn shown_origin(origin: &str) -> &str {
    if origin.parse::<WebOrigin>().is_ok() { origin } else { "ORIGIN" }
}

fn page(barred: &Barred, is_bare: bool) -> Response<'static> {
    let (why, origin) = match barred {
        Barred::Host(name) => {
            let origin = format!("{}://{}", scheme(is_bare), shown(name));
            let why = format!("This server is not called {}.", shown(name));
            (why, origin)
        }
        Barred::Origin(origin) => {
            let why = "The request comes from a page of another server.";
            (why.to_owned(), shown_origin(origin).to_owned())
        }
        Barred::NoHost => ("The request has no Host.".to_owned(), "ORIGIN".to_owned()),
    };
    let body = format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>Forbidden</title>\n\
         <h1>This chat server does not answer here</h1>\n<p>{why}</p>\n\
         <p>If you run this server: start chatd with <code>--web-origin {origin}</code> (with \
         <code>:PORT</code> if the address in the browser has one) to allow it.</p>\n</html>\n"
    );
    Response {
        status: Status::Forbidden,
        fields: PAGE_FIELDS.to_vec(),
        content_type: "text/html; charset=utf-8",
        body: body.into_bytes().into(),
    }
}

/// The reason, for the log.
pub(super) fn in_log(barred: &Barred) -> String {
    match barred {
        Barred::NoHost => "it asked for no host".to_owned(),
        Barred::Host(name) => {
            format!("it asked for the host {:?}, which --web-origin does not name", short(name))
        }
        Barred::Origin(origin) => {
            format!("a page of {:?} asked, which --web-origin does not name", short(origin))
        }
    }
}

fn short(words: &str) -> String {
    Text::new(words).as_str().chars().take(LOGGED).collect()
}
