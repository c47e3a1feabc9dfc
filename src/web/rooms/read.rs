//! What a request wants to read, and in which form.

use super::ask::Begin;
use super::denied::{Denied, only};
use super::target::Target;
use crate::net::{Request, Status};
use crate::wire::stream::{Form, Stream};

/// The lines of `/history` that are returned unless the request says how many, and the most.
const USUAL: usize = 50;
const MOST: usize = 500;
/// Bytes of an id.
const MAX_ID: usize = 64;

/// The form of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum List {
    /// Lines.
    Text,
    /// One JSON object.
    Json,
    /// An object a line.
    Objects,
}

impl List {
    /// The form that the client prefers.
    ///
    /// # Errors
    /// It accepts none.
    pub(super) fn of(request: &Request) -> Result<Self, Denied> {
        let types = [
            ("text/plain", Self::Text),
            ("application/json", Self::Json),
            ("application/x-ndjson", Self::Objects),
        ];
        let words = "this is text/plain, application/json or application/x-ndjson";
        request.accept.best(&types).ok_or(Denied::new(Status::NotAcceptable, words))
    }
}

/// The form of a stream; `None` for a browser, which gets the page.
///
/// # Errors
/// The client accepts none.
fn stream_form(request: &Request) -> Result<Option<Form>, Denied> {
    let types = [
        ("text/plain", Some(Form::Text)),
        ("text/event-stream", Some(Form::Events)),
        ("application/x-ndjson", Some(Form::Objects)),
        ("text/html", None),
    ];
    let words = "this is text/plain, text/event-stream or application/x-ndjson";
    request.accept.best(&types).ok_or(Denied::new(Status::NotAcceptable, words))
}

/// From where on the query wants to read.
///
/// # Errors
/// It is neither an id nor a duration.
pub(super) fn since(target: &Target) -> Result<Option<Begin>, Denied> {
    target.get("since").map(begin).transpose()
}

/// A duration such as `10m`, or else an id.
pub(super) fn begin(text: &str) -> Result<Begin, Denied> {
    if let Ok(ago) = humantime::parse_duration(text) {
        return Ok(Begin::Ago(ago));
    }
    match is_id(text) {
        true => Ok(Begin::Behind(text.to_owned())),
        false => {
            let words = "since is the id of a line, or a duration such as 10m";
            Err(Denied::new(Status::BadRequest, words))
        }
    }
}

/// Whether a text looks like the id of a line: it ends in a dash and a number.
fn is_id(text: &str) -> bool {
    let is_of_id = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    let is_number =
        |number: &str| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let parts = text.rsplit_once('-');
    text.len() <= MAX_ID
        && text.bytes().all(is_of_id)
        && parts.is_some_and(|(origin, number)| !origin.is_empty() && is_number(number))
}

/// How many lines of the past the query wants.
///
/// # Errors
/// It is no number from 1 to 500.
pub(super) fn limit(target: &Target) -> Result<usize, Denied> {
    number(target, "limit", 1, MOST).map(|limit| limit.unwrap_or(USUAL))
}

/// The value of a parameter as a number.
fn number(target: &Target, name: &str, least: usize, most: usize) -> Result<Option<usize>, Denied> {
    let Some(text) = target.get(name) else { return Ok(None) };
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|number| is_number && (least..=most).contains(number));
    number.map(Some).ok_or_else(|| {
        Denied::new(Status::BadRequest, format!("{name} is a number from {least} to {most}"))
    })
}

/// How the client wants to read a room; `None` for a browser, which gets the page.
///
/// # Errors
/// The query is not valid, or the client accepts no form that there is.
pub(super) fn stream(request: &Request, target: &Target) -> Result<Option<Stream>, Denied> {
    let Some(form) = stream_form(request)? else { return Ok(None) };
    Ok(Some(Stream { form, quiet: quiet(target)?, ping: ping(target, form)? }))
}

/// From where on the client wants to read: what `EventSource` has last wins over the query.
///
/// # Errors
/// It is not valid.
pub(super) fn begin_of_stream(request: &Request, target: &Target) -> Result<Option<Begin>, Denied> {
    let queried = since(target)?;
    let last = only(&request.fields, "last-event-id")?.filter(|id| !id.is_empty());
    Ok(last.map(|id| Begin::Behind(id.to_owned())).or(queried))
}

/// How often the query wants a stream to be kept alive, in seconds; 0 for never.
///
/// # Errors
/// It is no number from 5 to 300.
fn ping(target: &Target, form: Form) -> Result<u16, Denied> {
    let usual = match form {
        Form::Text => 0,
        Form::Events => 15,
        Form::Objects => 30,
    };
    let seconds = number(target, "ping", 5, 300)?;
    Ok(seconds.and_then(|seconds| u16::try_from(seconds).ok()).unwrap_or(usual))
}

/// Whether the query leaves out joins and leaves.
///
/// # Errors
/// It is neither `on` nor `off`.
fn quiet(target: &Target) -> Result<bool, Denied> {
    match target.get("quiet") {
        None | Some("on") => Ok(true),
        Some("off") => Ok(false),
        Some(_) => Err(odd("quiet")),
    }
}

fn odd(name: &str) -> Denied {
    Denied::new(Status::BadRequest, format!("{name} is not valid"))
}
