//! What a request wants to read, and in which form.

use super::ask::Begin;
use super::denied::Denied;
use super::target::Target;
use crate::net::{Request, Status};
use crate::wire::stream::Form;

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
pub(super) fn stream_form(request: &Request) -> Result<Option<Form>, Denied> {
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
    let is_id = (1..=MAX_ID).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
    match is_id {
        true => Ok(Begin::Behind(text.to_owned())),
        false => Err(odd("since")),
    }
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

fn odd(name: &str) -> Denied {
    Denied::new(Status::BadRequest, format!("{name} is not valid"))
}
