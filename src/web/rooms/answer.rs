//! Replies of the broadcaster as answers.

use std::hash::{BuildHasher, RandomState};

use serde::Serialize;

use super::ask::Reply;
use super::denied::Denied;
use super::read::List;
use crate::chat::{Entry, ListedRoom, PastSlice, RoomName};
use crate::net::{ON_ALL, Response, Status};
use crate::wire::stream::{self, Form};

const JSON: &str = "application/json";

const OBJECTS: &str = "application/x-ndjson";
const TEXT: &str = "text/plain; charset=utf-8";

/// An answer with what was asked for.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    status: Status,
    content_type: &'static str,
    body: Vec<u8>,
    /// Where to go, relative to the request's path.
    location: Option<String>,
    /// Whether an earlier request was answered so.
    replayed: bool,
    /// The whole answer, if it is a head without a body.
    head: Option<Vec<u8>>,
}

impl Answer {
    /// The head of a stream that is not opened.
    pub(super) fn only_head(head: Vec<u8>) -> Self {
        Self { head: Some(head), ..Self::new(TEXT, Vec::new()) }
    }

    fn new(content_type: &'static str, body: Vec<u8>) -> Self {
        Self { status: Status::Ok, content_type, body, location: None, replayed: false, head: None }
    }

    /// Sends a browser to the page, with the room of that path. Relative, so that it is right
    /// under any path that a proxy puts before it.
    pub(super) fn page_of(path: &str) -> Self {
        let room = path.rsplit('/').next().unwrap_or_default();
        let room = room.trim_start_matches("%23");
        let location = Some(format!("../#{room}"));
        Self { status: Status::SeeOther, location, ..Self::new(TEXT, Vec::new()) }
    }

    fn json(value: &impl Serialize) -> Self {
        // Fails only for a map whose keys are no strings.
        let mut body = serde_json::to_vec(value).unwrap_or_default();
        body.push(b'\n');
        Self::new(JSON, body)
    }

    /// The answer to the request with that head.
    pub(super) fn to_bytes(&self, head: &[u8]) -> Vec<u8> {
        let Self { status, content_type, body, location, replayed, head: whole } = self;
        if let Some(whole) = whole {
            return whole.clone();
        }
        let mut fields = vec![("Vary", "Accept")];
        if *replayed {
            fields.push(("Idempotency-Replayed", "true"));
        }
        fields.extend(location.as_deref().map(|location| ("Location", location)));
        let response = Response { content_type, fields, ..Response::plain(*status) };
        Response { body: body.into(), ..response }.to_bytes(head)
    }
}

/// The answer to a request whose lines were said. Alertmanager takes a JSON object without
/// `"ok": true` for a failure, and repeats the request for ever.
pub(super) fn of_post(room: RoomName, reply: Reply) -> Result<Answer, Denied> {
    let Reply::Said { nick, durable, lines, replayed } = reply else {
        return Err(Status::ServiceUnavailable.into());
    };
    let said = lines.iter().map(SaidLine::of).collect();
    let (room, nick) = (room.as_str(), nick.as_str());
    let answer = Answer::json(&Posted { ok: true, room, nick, durable, said });
    Ok(Answer { replayed, ..answer })
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

/// The answer to who asks for the rooms.
pub(super) fn of_rooms(form: List, reply: Reply) -> Result<Answer, Denied> {
    let Reply::Rooms(rooms) = reply else { return Err(Status::ServiceUnavailable.into()) };
    let objects = rooms.iter().map(RoomObject::of);
    Ok(match form {
        List::Text => Answer::new(TEXT, rooms.iter().flat_map(as_line).collect()),
        List::Json => Answer::json(&Rooms { rooms: objects.collect() }),
        List::Objects => {
            let lines = objects.flat_map(|room| Answer::json(&room).body);
            Answer::new(OBJECTS, lines.collect())
        }
    })
}

fn as_line(ListedRoom { room, here, topic }: &ListedRoom) -> Vec<u8> {
    let topic = topic.as_ref().map_or_else(String::new, |topic| format!(" {topic}"));
    format!("{room} {here}{topic}\n").into_bytes()
}

#[derive(Serialize)]
struct Rooms<'a> {
    rooms: Vec<RoomObject<'a>>,
}

#[derive(Serialize)]
struct RoomObject<'a> {
    room: &'a str,
    here: usize,
    topic: Option<&'a str>,
}

impl<'a> RoomObject<'a> {
    fn of(listed: &'a ListedRoom) -> Self {
        let topic = listed.topic.as_ref().map(|topic| topic.as_str());
        Self { room: listed.room.as_str(), here: listed.here, topic }
    }
}

/// The answer to who asks for what was said.
pub(super) fn of_past(form: List, room: RoomName, reply: Reply) -> Result<Answer, Denied> {
    let PastSlice { lines, more, gap } = match reply {
        Reply::PastText(text) => return Ok(Answer::new(TEXT, text)),
        Reply::Past(past) => past,
        _ => return Err(Status::ServiceUnavailable.into()),
    };
    let mut body = Vec::new();
    Ok(match form {
        List::Text | List::Objects => {
            if gap {
                Form::Objects.encode_gap(&mut body);
            }
            Form::Objects.encode_past(room, lines, &mut body);
            Answer::new(OBJECTS, body)
        }
        List::Json => {
            let gap = if gap { br#"{"t":"gap"}"#.to_vec() } else { Vec::new() };
            let lines = stream::objects(room, &lines);
            let comma = if gap.is_empty() || lines.is_empty() { "" } else { "," };
            body.extend(format!(r#"{{"room":"{room}","messages":["#).into_bytes());
            body.extend([gap, comma.into(), lines].concat());
            body.extend(format!("],\"more\":{more}}}\n").into_bytes());
            Answer::new(JSON, body)
        }
    })
}

/// The head of a stream.
pub(super) fn head_of_stream(form: Form) -> Vec<u8> {
    let content_type = match form {
        Form::Text => TEXT,
        Form::Events => "text/event-stream",
        Form::Objects => OBJECTS,
    };
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nCache-Control: no-store\r\n\
         X-Accel-Buffering: no\r\nVary: Accept\r\n{ON_ALL}Connection: close\r\n\r\n"
    );
    head.into_bytes()
}

/// When `EventSource` is to come back: spread over some seconds, so that not everybody does so at
/// once after a restart. Nothing in other forms.
pub(super) fn retry(form: Form) -> Vec<u8> {
    let retry = RandomState::new().hash_one(0_u8) % 4001 + 1000;
    if form == Form::Events { format!("retry: {retry}\n\n").into_bytes() } else { Vec::new() }
}
