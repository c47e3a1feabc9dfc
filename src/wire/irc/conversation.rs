//! `Conversation`: one client on this wire: its session, and what it alone is told.

use serde::{Deserialize, Serialize};

use super::caps::{Cap, Caps, Offer};
use super::commands::{Task, Tasks, with_label};
use super::label::{Labelled, framed};
use super::line::Line;
use super::login::Way;
use super::monitor::{self, Monitored};
use super::numeric::ERR_INPUTTOOLONG;
use super::replies::Replies;
use super::request::Request;
use super::session::{Session, Step};
use crate::chat::{Deed, Message, Place, Refusal, Source};
use crate::text::Text;
use crate::wire::farewell::Farewell;

/// One client, with what the server tells it in answer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Conversation {
    /// The server's name.
    pub(super) server: String,
    /// The client's nick; `*` before it has one.
    pub(super) nick: String,
    session: Session,
    /// How many batches there were.
    #[serde(default)]
    batches: u64,
    /// The request with a label that is being answered.
    #[serde(skip)]
    label: Option<Labelled>,
    /// The password that is being checked.
    #[serde(skip)]
    pub(super) login: Option<Way>,
    /// Whom the client watches for.
    #[serde(default, skip_serializing_if = "Monitored::is_empty")]
    monitored: Monitored,
    /// Why the server ends the conversation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) end_reason: Option<String>,
    /// The service that answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) service: Option<String>,
    /// Whether it has ended: nothing more is run or sent.
    #[serde(default)]
    is_over: bool,
}

impl Conversation {
    /// That of a client which has just connected.
    pub fn new(server: &str) -> Self {
        Self {
            server: server.to_owned(),
            nick: "*".to_owned(),
            session: Session::new(),
            batches: 0,
            label: None,
            login: None,
            monitored: Monitored::default(),
            end_reason: None,
            service: None,
            is_over: false,
        }
    }

    /// That of a client which is in the chat already, under this nick.
    pub fn resumed(server: &str, nick: &str, caps: Caps) -> Self {
        let mut session = Session::default();
        session.caps = caps;
        Self { nick: nick.to_owned(), session, ..Self::new(server) }
    }

    /// Whether the client is in the chat.
    pub fn is_registered(&self) -> bool {
        self.session.is_registered()
    }

    /// Whether it has ended.
    pub fn is_over(&self) -> bool {
        self.is_over
    }

    /// The capabilities of the client.
    pub fn caps(&self) -> Caps {
        self.session.caps
    }

    /// Runs a line of the client as far as the wire can, and returns what is left to do, with the
    /// label that the answer has to have. Appends the replies. `offer` says what the server
    /// has.
    pub fn take(
        &mut self,
        line: &str,
        offer: Offer,
        out: &mut Vec<u8>,
    ) -> Option<(Step, Option<String>)> {
        if self.is_over {
            return None;
        }
        let request = Request::parse(line);
        let label = self.session.label(&request).map(str::to_owned);
        let is_blank = request.is_blank();
        let mut lines = Vec::new();
        let mut replies = Replies { server: &self.server, nick: &self.nick, out: &mut lines };
        let step = self.session.take(request, offer, &mut replies);
        match (label, step) {
            (Some(label), None) if !is_blank => out.extend(self.framed(&label, lines)),
            (label, Some(step)) => {
                out.extend(lines);
                return Some((step, label));
            }
            (_, None) => out.extend(lines),
        }
        None
    }

    /// Answers a line that is not UTF-8.
    pub fn refuse_bytes(&mut self, out: &mut Vec<u8>) {
        self.reply(out, |replies| {
            replies.standard("FAIL", "*", "INVALID_UTF8", "not sent: the line is not UTF-8");
        });
    }

    /// Answers a line of which so many bytes are too many.
    pub fn refuse_length(&mut self, bytes: usize, limit: usize, out: &mut Vec<u8>) {
        let refusal = Refusal::TooLong { bytes, limit };
        self.reply(out, |replies| replies.numeric(ERR_INPUTTOOLONG, &[], refusal));
    }

    /// Appends replies of the server, unless the conversation has ended.
    pub fn reply(&self, out: &mut Vec<u8>, write: impl FnOnce(&mut Replies<'_>)) {
        if !self.is_over {
            write(&mut Replies { server: &self.server, nick: &self.nick, out });
        }
    }

    /// The same with the session.
    pub(super) fn with_session(
        &mut self,
        out: &mut Vec<u8>,
        act: impl FnOnce(&mut Session, &mut Replies<'_>),
    ) {
        let Self { session, server, nick, .. } = self;
        act(session, &mut Replies { server, nick, out });
    }

    /// Asks the client whether it is there.
    pub fn ping(&self, out: &mut Vec<u8>) {
        if self.is_registered() && !self.is_over {
            Line::bare("PING").last(&self.server).end(out);
        }
    }

    /// From here on, everything that the client is told answers the request with this label, or
    /// goes on to. Returns the answer to an earlier one that was never complete.
    pub fn open_label(&mut self, label: &str) -> Vec<u8> {
        if let Some(open) = self.label.as_mut().filter(|open| open.label == label) {
            open.is_waiting = false;
            return Vec::new();
        }
        let earlier = self.take_answer();
        let (label, lines) = (label.to_owned(), Vec::new());
        self.label = Some(Labelled { label, lines, is_waiting: false });
        earlier
    }

    /// The rest of the answer waits for the store.
    pub fn pause_label(&mut self) {
        if let Some(open) = &mut self.label {
            open.is_waiting = true;
        }
    }

    /// The label of an answer that waits for the store.
    pub fn paused_label(&self) -> Option<&str> {
        self.label.as_ref().filter(|open| open.is_waiting).map(|open| &*open.label)
    }

    /// Whether a message is no answer to what the client asks for, even if that caused it.
    pub fn is_beside_answers(&self, message: &Message) -> bool {
        match message {
            Message::PrivateFrom { .. } => true,
            Message::Relay(relay) => {
                matches!(&relay.deed, Deed::Signal(sent) if matches!(sent.to, Place::Nick(_)))
            }
            _ => false,
        }
    }

    /// Closes a label for a moment.
    pub fn take_label(&mut self) -> Option<Labelled> {
        self.label.take()
    }

    /// Opens it again.
    pub fn put_label(&mut self, label: Labelled) {
        self.label = Some(label);
    }

    /// What the client is told from here on is said by a service.
    pub fn begin_service(&mut self, name: &str) {
        self.service = Some(name.to_owned());
    }

    /// The answer to the last request is complete: what it is, framed; nothing without a label.
    pub fn close_label(&mut self) -> Vec<u8> {
        self.service = None;
        self.take_answer()
    }

    fn take_answer(&mut self) -> Vec<u8> {
        match self.label.take() {
            Some(Labelled { label, lines, .. }) => self.framed(&label, lines),
            None => Vec::new(),
        }
    }

    /// Where lines go instead of to the client, while a label is open.
    pub fn held(&mut self) -> Option<&mut Vec<u8>> {
        self.label.as_mut().filter(|open| !open.is_waiting).map(|open| &mut open.lines)
    }

    /// The answer to a request with this label, framed.
    pub fn framed(&mut self, label: &str, lines: Vec<u8>) -> Vec<u8> {
        let reference = self.next_batch();
        framed(&self.server, label, &reference, lines)
    }

    /// A name for a batch.
    pub(super) fn next_batch(&mut self) -> String {
        self.batches += 1;
        format!("b{}", self.batches)
    }

    /// The chat has taken the client in, under this nick.
    pub(super) fn enter(&mut self, nick: &str) {
        nick.clone_into(&mut self.nick);
        self.session.enter();
    }

    /// The tasks of a request of a client that is in the chat, and is `source`.
    pub fn tasks(&mut self, request: Request, label: Option<Text>, source: &Source) -> Vec<Task> {
        let names = (&*self.server, &*self.nick);
        let mut tasks = Tasks { names, source, list: Vec::new() };
        tasks.add(request);
        with_label(tasks.list, label)
    }

    /// Answers MONITOR; `source` gives the source of somebody who is here.
    pub fn monitor(
        &mut self,
        request: &Request,
        source: impl Fn(&str) -> Option<String>,
        out: &mut Vec<u8>,
    ) {
        let mut replies = Replies { server: &self.server, nick: &self.nick, out };
        self.monitored.take(&request.params, source, &mut replies);
    }

    /// Whether the client watches for anybody.
    pub fn is_watching(&self) -> bool {
        !self.monitored.is_empty()
    }

    /// Whether it watches for that nick.
    pub fn watches(&self, nick: &str) -> bool {
        self.monitored.has(nick)
    }

    /// Whether it is told what that nick does, although they share no room.
    pub fn follows(&self, nick: &str) -> bool {
        self.caps().has(Cap::ExtendedMonitor) && self.watches(nick)
    }

    /// Tells the client that somebody came, who is `source`, or that they are gone.
    pub fn tell_seen(&self, nick: &str, source: Option<&str>, out: &mut Vec<u8>) {
        let source = |_: &str| source.map(str::to_owned);
        self.reply(out, |replies| monitor::tell(std::iter::once(nick), source, replies));
    }

    /// The chat refuses to take the client in.
    pub(super) fn refuse_introduction(&mut self) {
        self.session.forget_nick();
    }

    /// Ends the conversation as the server closes the connection.
    pub fn end(&mut self, farewell: Farewell, out: &mut Vec<u8>) {
        let refusal = self.end_reason.take().filter(|_| farewell == Farewell::Expelled);
        match (refusal, farewell) {
            (Some(refusal), _) => self.end_with(&refusal, out),
            (None, Farewell::GoingDown) => self.end_with("the server is going down", out),
            (None, Farewell::TimedOut) => self.end_with("timed out", out),
            (None, _) => self.end_with("goodbye", out),
        }
    }

    /// Ends the conversation, unless it has ended: appends ERROR with these words.
    pub fn end_with(&mut self, words: &str, out: &mut Vec<u8>) {
        if !std::mem::replace(&mut self.is_over, true) {
            Line::bare("ERROR").last(words).end(out);
        }
    }

    /// Ends it without a word.
    pub fn end_silently(&mut self) {
        self.is_over = true;
    }
}
