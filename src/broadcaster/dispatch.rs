//! `Dispatcher`: an input becomes effects.
//!
//! Read it from top to bottom. It never blocks: bytes that a socket does not take wait in that
//! client's send queue.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use super::archive::Archive;
use super::asked::Asked;
use super::behind::{Behind, Chore, Ending};
use super::identity::{PendingAuth, is_login, log_arrival};
use super::log::Log;
use super::pending::Pending;
use super::readers::Readers;
use super::requests::Requests;
use super::shared_log::SharedLog;
use super::status::Status;
use super::unheard::Unheard;
use crate::admission::Limits;
use crate::chat::{self, Chat, ClientId, Effects, Event, Message, Now, Reason, Refusal, RoomName};
use crate::cluster::SavedNode;
use crate::config::Durability;
use crate::delivery::{Peer, Peers, Senders};
use crate::intake::{Caller, Input, unwanted_header};
use crate::os::WritablePoll;
use crate::restart::{ManagerThread, SavedRequests};
use crate::runtime::{Clock, Replaceable, Wakeup};
use crate::store::{Store, UnsavedBans};
use crate::telemetry::{Metrics, Refused};
use crate::text::{Line, Text};
use crate::wire::{
    Dialect, Draw, EditingNews, Farewell, Incoming, MAX_WITHOUT_LINE_END, Speech, WireError,
    http_refusal,
};

/// What an IRC client is told at a port for text, before it sends its password or has it shown.
const NO_IRC: &[u8] = b"ERROR :this port does not speak IRC\r\n";

/// What the broadcaster shares with the rest of the server.
#[derive(Debug)]
pub struct Environment {
    /// The clock that all times here are measured by.
    pub clock: Clock,
    /// The limits in force.
    pub limits: Replaceable<Limits>,
    /// Says when the server has to end at once.
    pub wakeup: Arc<Wakeup>,
    /// The threads that help to send.
    pub senders: Senders,
    /// Informs the service manager.
    pub manager: ManagerThread,
    /// The counters of events.
    pub metrics: Arc<Metrics>,
    /// The store, and whether lines wait for it.
    pub store: Option<(Store, Durability)>,
    /// The port to name to clients that send HTTP to the text port.
    pub web_port: Option<u16>,
}

/// What a broadcaster begins with: the chat, which is this server's alone or that of a cluster, and
/// the changes of bans that are in force in it and not saved.
pub type Beginning = (Result<SharedLog, Chat>, UnsavedBans, SavedRequests);

/// The chat, the sending halves of its clients, and the store.
#[derive(Debug)]
pub(super) struct Dispatcher {
    pub(super) limits: Replaceable<Limits>,
    pub(super) log: Log,
    /// Edits of the disk that are on their way into the log.
    pub(super) edits: VecDeque<i64>,
    pub(super) peers: Peers,
    pub(super) effects: Effects,
    pub(super) archive: Archive,
    pub(super) status: Status,
    pub(super) pending: Pending,
    pub(super) pending_auth: PendingAuth,
    pub(super) unheard: Unheard,
    pub(super) behind: Behind,
    pub(super) requests: Requests,
    pub(super) readers: Readers,
    pub(super) asked: Asked,
    pub(super) unsaved_bans: UnsavedBans,
    /// Whether effects of an applied input are being carried out.
    pub(super) is_following: bool,
    /// Clients that get the rest of their queue, and when they are closed, earliest first.
    pub(super) leaving: VecDeque<(Duration, ClientId)>,
    /// IRC clients that may not have registered yet, and until when they may, earliest first.
    pub(super) registering: VecDeque<(Duration, ClientId)>,
    /// IRC clients that watch for others, and some that have left.
    pub(super) watchers: BTreeSet<ClientId>,
    /// The most people that were here at once, as far as anybody asked.
    pub(super) most_people: usize,
    web_port: Option<u16>,
}

impl Dispatcher {
    pub(super) fn new(
        environment: Environment,
        writable: Arc<WritablePoll>,
        (chat, unsaved_bans, requests): Beginning,
    ) -> Self {
        let Environment { limits, senders, manager, metrics, store, web_port, .. } = environment;
        let is_shared = chat.is_ok();
        let is_strict = matches!(store, Some((_, Durability::Strict)));
        Self {
            limits,
            log: chat.map_or_else(Log::alone, |shared| Log::Shared(Box::new(shared))),
            edits: VecDeque::new(),
            peers: Peers::new(writable, manager.clone(), senders),
            effects: Effects::default(),
            archive: Archive::new(store.map(|(store, _)| store), is_strict, is_shared),
            status: Status::new(manager, metrics),
            pending: Pending::default(),
            pending_auth: PendingAuth::default(),
            unheard: Unheard::default(),
            behind: Behind::default(),
            requests: Requests::after(requests),
            readers: Readers::default(),
            asked: Asked::default(),
            unsaved_bans,
            is_following: false,
            leaving: VecDeque::new(),
            registering: VecDeque::new(),
            watchers: BTreeSet::new(),
            most_people: 0,
            web_port,
        }
    }

    /// Handles an input, and the deferred input that is released by it.
    pub(super) fn dispatch(&mut self, now: Now, input: Input) {
        self.dispatch_behind_disk(now, input);
        self.dispatch_released(now);
    }

    /// Like [`dispatch_in_turn`](Self::dispatch_in_turn), but the end of a session waits for the
    /// disk first: the client still gets the effects that are held back.
    fn dispatch_behind_disk(&mut self, now: Now, input: Input) {
        if self.archive.is_holding() {
            self.pending.wait_for_disk(now.uptime, &input);
        }
        self.dispatch_in_turn(now, input);
    }

    /// Handles the deferred input of clients that do not wait any more.
    pub(super) fn dispatch_released(&mut self, now: Now) {
        self.end_unanswered(now);
        while let Some((input, has_waited_for_disk)) = self.pending.take_released() {
            if has_waited_for_disk {
                self.dispatch_in_turn(now, input);
            } else {
                self.dispatch_behind_disk(now, input);
            }
            self.end_unanswered(now);
        }
    }

    /// Handles an input, or defers it if its client waits for an answer.
    fn dispatch_in_turn(&mut self, now: Now, mut input: Input) {
        self.draw_at_once(&mut input);
        let Some(input) = self.pending.defer(input) else { return };
        match input {
            Input::Connected { id, transport, from, slot, dialect, reads } => {
                let speech = Speech::new(dialect, self.log.chat().settings().name.as_str());
                let peer = Peer::new(transport, from.remote, slot, speech);
                match dialect.stream().zip(reads) {
                    Some((stream, reads)) => self.connect_reader(now, id, peer, (stream, *reads)),
                    None => self.connect(now, id, peer, from),
                }
            }
            Input::Settled(id) => self.apply(now, id, Event::Settled),
            Input::Received(id, items) => self.receive(now, id, items),
            Input::Tasks(id, tasks) => self.run_tasks(now, id, tasks),
            Input::Silent(id, was_asked) => self.handle_silence(now, id, was_asked),
            Input::Idle(id, limit) => self.apply(now, id, Event::Idle(limit)),
            Input::Gone(id, reason) => {
                self.readers.remove(id);
                self.apply(now, id, Event::Gone(reason));
                self.behind(now, id, Chore::Close(Ending::Gone));
            }
            Input::Writable(id) => self.peers.with(id, |peer, _| peer.set_writable()),
            Input::Store(event) => self.handle_store_event(now, *event),
            Input::Log(event) => {
                self.log.hear(now, *event);
                self.follow(now);
            }
            Input::Request { id, remote, ask, reply } => {
                self.handle_request(now, id, remote, (*ask, reply));
            }
            Input::Count(reply) => drop(reply.try_send(self.count())),
            Input::Configure(settings) => {
                self.log.configure(settings);
                self.read_rooms(now);
            }
            // The loop handles these.
            Input::Parked(..) | Input::HandOver(..) | Input::Stop => {}
        }
    }

    /// Draws the edited line of a client that waits: it sees what it types meanwhile.
    fn draw_at_once(&mut self, input: &mut Input) {
        let Input::Received(id, items) = input else { return };
        if self.pending.has(*id) {
            let draws = items.extract_if(.., |item| matches!(item, Incoming::Draw(_)));
            for draw in draws.collect::<Vec<_>>() {
                if let Incoming::Draw(draw) = draw {
                    self.draw(*id, draw);
                }
            }
        }
    }

    fn draw(&mut self, id: ClientId, draw: Draw) {
        let is_lasting = draw.is_lasting();
        self.peers.with(id, |peer, feeds| peer.draw(draw, feeds));
        if is_lasting {
            self.note(id);
        }
    }

    fn connect(&mut self, now: Now, id: ClientId, peer: Peer, from: Caller) {
        let traits = peer.dialect().traits(from.is_encrypted);
        self.peers.add(id, peer);
        if from.is_unheard {
            self.unheard.add(id);
        }
        self.await_registration(now, id);
        self.apply(now, id, Event::Connected(from.remote.origin(), traits));
    }

    /// Handles the items of one read; defers those behind one that waits for an answer.
    fn receive(&mut self, now: Now, id: ClientId, items: Vec<Incoming>) {
        if self.unheard.remove(id)
            && let Some(nick) = self.log.nick(id)
        {
            log_arrival(nick, self.peers.remote(id));
        }
        let mut items = items.into_iter();
        while !self.pending.has(id)
            && let Some(incoming) = items.next()
        {
            self.apply_incoming(now, id, incoming);
            self.end_unanswered(now);
            if self.peers.is_batch_full() {
                self.flush(now);
            }
        }
        if items.len() > 0 {
            let mut rest = Input::Received(id, items.collect());
            self.draw_at_once(&mut rest);
            let rest = self.pending.defer(rest);
            debug_assert!(rest.is_none(), "the client waits");
        }
    }

    /// Handles one item: an event for the chat, or a matter of the protocol for the client's peer.
    fn apply_incoming(&mut self, now: Now, id: ClientId, incoming: Incoming) {
        match incoming {
            Incoming::Line(line) => self.apply_line(now, id, None, line),
            Incoming::LineIn(..) | Incoming::ManyRooms if !self.log.chat().allows_many_rooms() => {
                self.apply(now, id, Event::Malformed);
            }
            Incoming::LineIn(room, line) => self.apply_line(now, id, Some(room), line),
            Incoming::ManyRooms => self.apply(now, id, Event::ManyRooms),
            Incoming::TooLong { bytes, limit } if self.peers.irc(id).is_some() => {
                self.refuse_length(now, id, bytes, limit);
            }
            Incoming::TooLong { bytes, limit } => {
                self.apply(now, id, Event::TooLong { bytes, limit });
            }
            Incoming::Ping => self.apply(now, id, Event::Ping),
            Incoming::Quit => self.apply(now, id, Event::Quit),
            Incoming::Malformed => self.apply(now, id, Event::Malformed),
            Incoming::Irc(line) => self.apply_irc(now, id, &line),
            Incoming::NotUtf8 => self.refuse_bytes(now, id),
            Incoming::BareLineFeeds => self.peers.with(id, |peer, feeds| {
                peer.respeak(feeds, Dialect::with_bare_line_feeds);
            }),
            Incoming::SpeaksTelnet => self.peers.with(id, |peer, _| peer.is_telnet = true),
            Incoming::Editing(news) => {
                self.peers.with(id, |peer, feeds| peer.tell(&words_of(news), feeds));
            }
            Incoming::Draw(draw) => self.draw(id, draw),
            Incoming::Answer(bytes) => self.peers.with(id, |peer, feeds| peer.send(&bytes, feeds)),
            Incoming::Error(WireError::EndlessLine) => {
                self.apply(now, id, Event::EndlessLine(MAX_WITHOUT_LINE_END));
            }
            Incoming::Error(WireError::Http) => self.refuse(now, id, "HTTP", Refused::Http),
            Incoming::Error(WireError::Irc) => self.refuse(now, id, "IRC", Refused::Irc),
            Incoming::Error(WireError::Tls) => self.refuse(now, id, "TLS", Refused::Tls),
            Incoming::Error(WireError::Proxy) => self.refuse_proxy(now, id),
            Incoming::Error(WireError::WebSocket(code)) => {
                self.apply(now, id, Event::Gone(Reason::Disconnected));
                self.disconnect_behind(now, id, Farewell::Broken(code));
            }
            Incoming::HungUp => {
                self.apply(now, id, Event::Gone(Reason::Disconnected));
                self.behind(now, id, Chore::Close(Ending::HungUp));
            }
        }
    }

    /// Whether a line changes bans while too many changes are not saved yet.
    pub(super) fn is_ban_without_place(&self, line: &Line) -> bool {
        self.unsaved_bans.is_full() && chat::changes_bans(line)
    }

    /// Handles a line, which may be for one of the client's rooms.
    pub(super) fn apply_line(
        &mut self,
        now: Now,
        id: ClientId,
        room: Option<RoomName>,
        line: Line,
    ) {
        if self.is_ban_without_place(&line) {
            return self.apply(now, id, Event::TooManyBanChanges);
        }
        let copy = self.pending_auth.is_asking().then(|| line.clone());
        let (event, password) = chat::conceal(line);
        if let Some(line) = copy.filter(|_| is_login(&event))
            && self.awaits_turn(now, id, || Input::Received(id, vec![Incoming::Line(line)]))
        {
            return;
        }
        if let Some(password) = password {
            self.pending_auth.keep(id, password);
        }
        let event = match (event, room) {
            (Event::Line(line), Some(room)) => Event::LineIn(room, line),
            (event, _) => event,
        };
        self.apply(now, id, event);
    }

    /// Disconnects a client that speaks another protocol, and tells it where HTTP is served.
    pub(super) fn refuse(&mut self, now: Now, id: ClientId, protocol: &str, reason: Refused) {
        if let Some(remote) = self.peers.remote(id) {
            let port = if self.peers.irc(id).is_some() { "IRC" } else { "text" };
            log::warn!("refused {remote}: it sent {protocol} to the {port} port");
            self.status.count_refused(reason);
        }
        if self.peers.irc(id).is_some() {
            self.refuse_on_irc(id, reason);
        } else {
            let answer = match reason {
                Refused::Irc => NO_IRC.to_vec(),
                _ => http_refusal(self.web_port),
            };
            self.peers.with(id, |peer, feeds| peer.send(&answer, feeds));
        }
        self.apply(now, id, Event::Gone(Reason::Disconnected));
        self.disconnect_behind(now, id, Farewell::Expelled);
    }

    /// Disconnects a client whose first line is a PROXY header that nobody asked it for.
    fn refuse_proxy(&mut self, now: Now, id: ClientId) {
        let remote = self.peers.remote(id);
        let (why, words) = unwanted_header(remote);
        if let Some(remote) = remote {
            log::warn!("refused {remote}: {why}");
            self.status.count_refused(Refused::Proxy);
        }
        let refusal = Message::Refused(Refusal::TurnedAway(Text::new(words)));
        self.peers.with(id, |peer, feeds| peer.tell(&refusal, feeds));
        self.apply(now, id, Event::Gone(Reason::Disconnected));
        self.disconnect_behind(now, id, Farewell::Expelled);
    }

    /// Tells all clients that the server is going down.
    pub(super) fn go_down(&mut self, now: Now) {
        self.send_heads();
        self.log.go_down(&mut self.effects);
        self.carry_out(now);
    }

    /// The parts that the next process gets.
    pub(super) fn into_parts(self) -> (Chat, Option<SavedNode>, UnsavedBans, Peers) {
        let (chat, node) = self.log.into_saved();
        (chat, node, self.unsaved_bans, self.peers)
    }
}

/// What a client is told about `/edit`.
fn words_of(news: EditingNews) -> Message {
    match news {
        EditingNews::On => Message::Notice(Text::new("editing is on")),
        EditingNews::Off => Message::Notice(Text::new("editing is off")),
        EditingNews::Declined => Message::Refused(Refusal::NotTelnet),
        EditingNews::OneLine(command) => {
            Message::Refused(Refusal::TakesOneLine(Text::new(command)))
        }
    }
}

#[cfg(test)]
mod tests;
