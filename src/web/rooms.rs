//! `/rooms…`: what is said over HTTP, and what can be read there, without being connected.

mod denied; // why a request is refused
mod ask; // what the broadcaster is asked, and its replies
mod target; // the path and the query
mod said; // the lines in a body
mod author; // who speaks
mod read; // what is to be read, and in which form
mod answer; // replies as answers

use std::io;
use std::time::{Duration, Instant};

pub use self::ask::{Ask, Begin, Posting, ReadRequest, Reply};
use self::author::author_of;
pub use self::denied::Denied;
use self::denied::only;
use self::read::List;
use self::said::{Form, Said};
use self::target::{Place, Target};
use super::forwarded::Forwarded;
use super::guard::Guard;
use crate::chat::{RoomName, TokenHash};
use crate::net::{Body, Framing, Patience, Request, Status, Transport, http};
use crate::wire::stream::Stream;

/// How long a body may take.
const BODY: Duration = Duration::from_secs(10);
/// How long the answer may take to be sent.
const ANSWER: Duration = Duration::from_secs(5);
/// Characters of an Idempotency-Key.
const MAX_KEY: usize = 64;
/// Tells the client to send the body.
const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// The chat, as a request over HTTP sees it.
pub struct ChatAccess<'a> {
    /// The longest line that is accepted, in bytes.
    pub max_line: usize,
    /// Asks the broadcaster; `None` if it does not answer in time.
    pub ask: &'a dyn Fn(Ask, &Forwarded) -> Option<Reply>,
}

/// Whether a path belongs here.
pub(super) fn has(path: &str) -> bool {
    path == "/rooms" || path.starts_with("/rooms/")
}

/// What somebody reads from now on, and how.
pub(super) type Reads = (Stream, Box<ReadRequest>);

/// What a request comes to.
enum Outcome {
    Answer(answer::Answer),
    Reads(Reads),
}

/// A request for a path here, and the connection that it came on.
pub(super) struct Exchange<'a> {
    request: &'a Request,
    /// The bytes that the client sent right after the head.
    early: Vec<u8>,
    transport: &'a Transport,
    patience: Patience<'a>,
    chat: &'a ChatAccess<'a>,
    /// What a proxy says of the client.
    forwarded: Forwarded,
}

/// What the head of a `POST` says of the lines.
struct PostHead {
    form: Form,
    framing: Framing,
    /// The speaker that it names.
    nick: Option<String>,
    token: Option<TokenHash>,
    /// By what a retry is recognised.
    key: Option<String>,
}

impl<'a> Exchange<'a> {
    pub(super) fn new(
        request: &'a Request,
        early: Vec<u8>,
        transport: &'a Transport,
        patience: Patience<'a>,
        (chat, forwarded): (&'a ChatAccess<'a>, Forwarded),
    ) -> Self {
        Self { request, early, transport, patience, chat, forwarded }
    }

    /// Answers the request, of which `head` is the head; or returns what it reads from now on.
    ///
    /// # Errors
    /// The connection fails, or the answer cannot be sent in time.
    pub(super) fn serve(&mut self, guard: &Guard, head: &[u8]) -> io::Result<Option<Reads>> {
        let answer = match self.handle(guard)? {
            Ok(Outcome::Answer(answer)) => answer.to_bytes(head),
            Ok(Outcome::Reads(reads)) => return Ok(Some(reads)),
            Err(denied) if self.request.is_read() => denied.of_reading().to_bytes(head),
            Err(denied) => denied.to_bytes(head),
        };
        self.transport.send_all(&answer, self.within(ANSWER)).map(|()| None)
    }

    /// Asks the broadcaster.
    fn ask(&self, ask: Ask) -> Result<Reply, Denied> {
        let reply = (self.chat.ask)(ask, &self.forwarded);
        reply.unwrap_or_else(Reply::no_answer).into_result()
    }

    fn within(&self, most: Duration) -> Patience<'_> {
        Patience { deadline: Instant::now() + most, ..self.patience }
    }

    fn handle(&mut self, guard: &Guard) -> io::Result<Result<Outcome, Denied>> {
        let target = match self.admit(guard) {
            Ok(target) => target,
            Err(denied) => return Ok(Err(denied)),
        };
        if self.request.method == "POST" {
            return Ok(self.post(&target)?.map(Outcome::Answer));
        }
        Ok(match target.place {
            Place::Rooms => self.list_rooms().map(Outcome::Answer),
            Place::History(room) => self.show_past(room, &target).map(Outcome::Answer),
            Place::Room(room) => self.read_room(room, &target),
        })
    }

    /// Checks everything that the head shows.
    fn admit(&self, guard: &Guard) -> Result<Target, Denied> {
        let site = only(&self.request.fields, "sec-fetch-site")?.unwrap_or_default();
        let is_listed = self.request.origin.as_deref().is_some_and(|origin| guard.lists(origin));
        let is_foreign =
            ["cross-site", "same-site"].iter().any(|foreign| site.eq_ignore_ascii_case(foreign));
        if is_foreign && !is_listed {
            return Err(Denied::new(Status::Forbidden, "a page of another server sent this"));
        }
        let place = Place::of(&self.request.path)?;
        if !place.methods().contains(&self.request.method.as_str()) {
            return Err(Denied::method(place.allow()));
        }
        let target = Target::new(place, self.request.query.as_deref())?;
        let expect = only(&self.request.fields, "expect")?.filter(|_| self.request.is_1_1);
        if expect.is_some_and(|expect| !expect.eq_ignore_ascii_case("100-continue")) {
            return Err(Denied::new(Status::ExpectationFailed, "expect 100-continue or nothing"));
        }
        Ok(target)
    }

    fn token(&self) -> Result<Option<TokenHash>, Denied> {
        author::token_of(&self.request.fields)
    }

    fn list_rooms(&self) -> Result<answer::Answer, Denied> {
        if let Some(token) = self.token()? {
            self.ask(Ask::MayRead { room: None, token: Some(token) })?;
        }
        let form = List::of(self.request)?;
        answer::of_rooms(form, self.ask(Ask::Rooms)?)
    }

    fn show_past(&self, room: RoomName, target: &Target) -> Result<answer::Answer, Denied> {
        let (form, lines) = (List::of(self.request)?, read::limit(target)?);
        let since = read::since(target)?;
        let (in_text, token) = (form == List::Text, self.token()?);
        answer::of_past(form, room, self.ask(Ask::Past { room, since, lines, in_text, token })?)
    }

    /// Has the client read the room from now on; sends a browser to the page.
    fn read_room(&self, room: RoomName, target: &Target) -> Result<Outcome, Denied> {
        let Some(stream) = read::stream(self.request, target)? else {
            // The page asks for a password, if need be.
            self.ask(Ask::MayRead { room: None, token: None })?;
            return Ok(Outcome::Answer(answer::Answer::page_of(&self.request.path)));
        };
        let since = read::begin_of_stream(self.request, target)?;
        let token = self.token()?;
        self.ask(Ask::MayRead { room: Some(room), token: token.clone() })?;
        let mut head = answer::head_of_stream(stream.form);
        if self.request.method == "HEAD" {
            return Ok(Outcome::Answer(answer::Answer::only_head(head)));
        }
        head.extend(answer::retry(stream.form));
        Ok(Outcome::Reads((stream, Box::new(ReadRequest { room, since, token, head }))))
    }

    fn post(&mut self, target: &Target) -> io::Result<Result<answer::Answer, Denied>> {
        let head = match self.head_of_post(target) {
            Ok(head) => head,
            Err(denied) => return Ok(Err(denied)),
        };
        let body = match self.read_body(head.framing)? {
            Ok(body) => body,
            Err(denied) => return Ok(Err(denied)),
        };
        Ok(self.say(target, head, &body))
    }

    /// What the head says of the lines; asks whether the author may speak if the client waits to
    /// know.
    fn head_of_post(&self, target: &Target) -> Result<PostHead, Denied> {
        let (fields, token, key) = (&self.request.fields, self.token()?, self.key()?);
        let form = Form::of(fields)?;
        let framing = Framing::of(fields, self.request.is_1_1).map_err(framing_denied)?;
        let nick = author::named(fields, target)?;
        if self.waits_to_send(framing)?
            && let Some(room) = target.room()
        {
            let is_named_in_body = form == Form::Json && nick.is_none() && token.is_none();
            let author = author_of(token.as_ref(), nick.as_deref());
            self.ask(match is_named_in_body {
                true => Ask::MayRead { room: None, token: None },
                false => Ask::MaySpeak { room, author },
            })?;
        }
        Ok(PostHead { form, framing, nick, token, key })
    }

    /// Whether the client waits for `100 Continue`.
    fn waits_to_send(&self, framing: Framing) -> Result<bool, Denied> {
        let expects = self.request.is_1_1 && only(&self.request.fields, "expect")?.is_some();
        Ok(expects && self.early.is_empty() && framing != Framing::Length(0))
    }

    fn read_body(&mut self, framing: Framing) -> io::Result<Result<Vec<u8>, Denied>> {
        let patience = self.within(BODY);
        if self.waits_to_send(framing).is_ok_and(|waits| waits) {
            self.transport.send_all(CONTINUE, patience)?;
        }
        let mut body = Body::new(framing);
        let mut is_whole = body.take(&self.early);
        loop {
            match is_whole {
                Ok(true) => return Ok(Ok(body.into_bytes())),
                Ok(false) => {}
                Err(status) => return Ok(Err(framing_denied(status))),
            }
            is_whole = match self.transport.receive_within(patience) {
                Ok(more) if more.is_end && more.bytes.is_empty() => {
                    let words = "the body is cut short; nothing was said";
                    return Ok(Err(Denied::new(Status::BadRequest, words)));
                }
                Ok(more) => body.take(&more.bytes),
                Err(error) if error.kind() == io::ErrorKind::TimedOut => {
                    let words = "the body did not come in time; nothing was said";
                    return Ok(Err(Denied::new(Status::RequestTimeout, words)));
                }
                Err(error) => return Err(error),
            };
        }
    }

    /// The key of the request, bare or quoted, by which a retry is recognised.
    fn key(&self) -> Result<Option<String>, Denied> {
        let Some(value) = only(&self.request.fields, "idempotency-key")? else { return Ok(None) };
        let quoted = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
        let key = quoted.unwrap_or(value);
        let is_key = key.bytes().all(|byte| (b' '..=b'~').contains(&byte) && byte != b'"');
        if !is_key || !(1..=MAX_KEY).contains(&key.len()) {
            let words = "an Idempotency-Key has 1 to 64 characters of ASCII; nothing was said";
            return Err(Denied::new(Status::BadRequest, words));
        }
        Ok(Some(key.to_owned()))
    }

    fn say(
        &self,
        target: &Target,
        PostHead { form, nick, token, key, .. }: PostHead,
        body: &[u8],
    ) -> Result<answer::Answer, Denied> {
        let Some(room) = target.room() else { return Err(Status::NotFound.into()) };
        let Said { lines, kind, nick: named } = form.read(body, self.chat.max_line)?;
        let author = match (nick, named) {
            (Some(one), Some(other)) if one != other => return Err(author::contradiction()),
            (one, other) => author_of(token.as_ref(), one.or(other).as_deref()),
        };
        let posting = Posting { room, author, kind, lines, key };
        answer::of_post(room, self.ask(Ask::Post(posting))?)
    }
}

fn framing_denied(status: Status) -> Denied {
    match status {
        Status::ContentTooLarge => {
            let words = format!(
                "the body is too long, the limit is {} bytes (with 8 KiB beside the text of chunks); \
                 nothing was said",
                http::MAX_BODY
            );
            Denied::new(status, words)
        }
        Status::BadRequest => {
            let words = "the length of the body is not clear: send one Content-Length, or \
                         Transfer-Encoding: chunked; nothing was said";
            Denied::new(status, words)
        }
        other => other.into(),
    }
}
