//! Replies of the broadcaster as answers.

use serde::Serialize;

use super::ask::Reply;
use super::denied::Denied;
use crate::chat::{Entry, RoomName};
use crate::net::{Response, Status};

const JSON: &str = "application/json";

/// An answer with what was asked for.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    content_type: &'static str,
    body: Vec<u8>,
}

impl Answer {
    fn json(value: &impl Serialize) -> Self {
        // Fails only for a map whose keys are no strings.
        let mut body = serde_json::to_vec(value).unwrap_or_default();
        body.push(b'\n');
        Self { content_type: JSON, body }
    }

    /// The answer to the request with that head.
    pub(super) fn to_bytes(&self, head: &[u8]) -> Vec<u8> {
        let Self { content_type, body } = self;
        let response = Response { content_type, ..Response::plain(Status::Ok) };
        Response { body: body.into(), ..response }.to_bytes(head)
    }
}

/// The answer to a request whose lines were said. Alertmanager takes a JSON object without
/// `"ok": true` for a failure, and repeats the request for ever.
pub(super) fn of_post(room: RoomName, reply: Reply) -> Result<Answer, Denied> {
    let Reply::Said { nick, durable, lines } = reply else {
        return Err(Status::ServiceUnavailable.into());
    };
    let said = lines.iter().map(SaidLine::of).collect();
    let (room, nick) = (room.as_str(), nick.as_str());
    Ok(Answer::json(&Posted { ok: true, room, nick, durable, said }))
}

#[derive(Serialize)]
struct Posted<'a> {
    ok: bool,
    room: &'a str,
    nick: &'a str,
    durable: bool,
    said: Vec<SaidLine<'a>>,
}

#[derive(Serialize)]
struct SaidLine<'a> {
    id: String,
    ts: i64,
    text: &'a str,
}

impl<'a> SaidLine<'a> {
    fn of(line: &'a Entry) -> Self {
        Self { id: line.id.short(), ts: line.at.unix_ms, text: line.text.as_str() }
    }
}
