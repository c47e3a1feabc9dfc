//! `Broadcaster`: the one thread that knows all clients and does all the telling.
//!
//! It takes all that is queued, lets the [`Chat`] decide, then sends each client that is due
//! something once. It never blocks: what a socket does not take waits in that client's queue.

mod status;
mod succession;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError};

use self::status::Status;
use self::succession::Successor;
use crate::address::Address;
use crate::alarm::Alarm;
use crate::chat::{Audience, Chat, ClientId, Effect, Effects, Event, Message, Now, Reason};
use crate::clock::Clock;
use crate::feed::Feeds;
use crate::handover::SavedSession;
use crate::inbox::Input;
use crate::limits::SharedLimits;
use crate::os::WritablePoll;
use crate::peer::Peer;
use crate::peers::Peers;
use crate::systemd::Keeper;
use crate::wire::text::{MAX_WITHOUT_LINE_END, http_refusal};
use crate::wire::{Dialect, Farewell, Incoming, WireError};

/// Inputs taken before everybody is flushed, so that a flood cannot hold back what was said.
const MAX_BATCH: usize = 256;
/// How long to wait, under load only, for more to flush at once.
const GATHERING: Duration = Duration::from_micros(100);
/// How often WebSocket clients are pinged: proxies close what is silent for a minute.
const PING_INTERVAL: Duration = Duration::from_secs(30);
/// How long a client that is leaving may take to read the rest.
const FAREWELL: Duration = Duration::from_secs(1);
/// How long all of them may take when the server goes down.
const LAST_FLUSH: Duration = Duration::from_secs(2);

/// What a broadcaster finds around it.
#[derive(Debug)]
pub struct Surroundings {
    /// The time.
    pub clock: Clock,
    /// The limits in force.
    pub limits: SharedLimits,
    /// Tells when to hurry.
    pub alarm: Arc<Alarm>,
    /// Informs the service manager.
    pub keeper: Keeper,
    /// Where those who speak HTTP should go.
    pub web_port: Option<u16>,
}

/// The clients, their sending halves, and the chat among them.
#[derive(Debug)]
pub struct Broadcaster {
    inbox: Receiver<Input>,
    clock: Clock,
    limits: SharedLimits,
    alarm: Arc<Alarm>,
    chat: Chat,
    peers: Peers,
    effects: Effects,
    /// Clients that are leaving, in the order in which their time is up.
    leaving: VecDeque<(Duration, ClientId)>,
    stopping: bool,
    /// Where those who speak HTTP should go.
    web_port: Option<u16>,
    /// What the service manager knows.
    status: Status,
    /// Sessions that left everything as it is.
    parked: HashMap<ClientId, Box<SavedSession>>,
    /// Who wants everything when all sessions did.
    successor: Option<Successor>,
    /// When WebSocket clients are pinged next, if there are any.
    next_ping: Option<Duration>,
}

impl Broadcaster {
    /// A broadcaster without clients, for a chat that may have some already: those that are not
    /// [adopted](Self::adopt) before it runs are gone.
    pub fn new(
        inbox: Receiver<Input>,
        surroundings: Surroundings,
        writable: Arc<WritablePoll>,
        chat: Chat,
    ) -> Self {
        let Surroundings { clock, limits, alarm, keeper, web_port } = surroundings;
        Self {
            inbox,
            clock,
            limits,
            alarm,
            chat,
            peers: Peers::new(writable, keeper.clone()),
            status: Status::new(keeper),
            parked: HashMap::new(),
            successor: None,
            effects: Effects::default(),
            leaving: VecDeque::new(),
            stopping: false,
            web_port,
            next_ping: None,
        }
    }

    /// Runs until told to stop, and until everybody was told that it does.
    pub fn run(mut self) {
        self.begin();
        while !self.stopping && !self.alarm.is_over() && !self.can_hand_over() {
            if !self.inbox.is_empty() {
                // Others are about to have their say, too, and one flush for all costs less.
                thread::sleep(GATHERING);
            }
            let first = self.wait(self.next_deadline());
            let now = self.clock.now();
            first.into_iter().for_each(|input| self.take(now, input));
            for _ in 1..MAX_BATCH {
                // The alarm means that nobody waits for the inbox to be empty any more.
                let Ok(input) = self.inbox.try_recv() else { break };
                self.take(now, input);
                if self.alarm.is_over() {
                    break;
                }
            }
            self.pass_time(now);
            self.flush(now);
        }
        match self.successor.take() {
            Some(successor) => self.hand_over(&successor),
            None => self.say_goodbye(),
        }
    }

    /// The next input, or `None` if there is none until `deadline`.
    fn wait(&mut self, deadline: Option<Duration>) -> Option<Input> {
        let timeout = deadline.map(|deadline| deadline.saturating_sub(self.clock.uptime()));
        let received = match timeout {
            Some(timeout) => self.inbox.recv_timeout(timeout),
            None => self.inbox.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        self.stopping |= matches!(received, Err(RecvTimeoutError::Disconnected));
        received.ok()
    }

    fn next_deadline(&self) -> Option<Duration> {
        let leaving = self.leaving.front().map(|&(deadline, _)| deadline);
        let (digest, slow) = (self.chat.next_deadline(), self.peers.next_deadline());
        let look = self.successor.as_ref().map(|next| next.next_look(self.clock.uptime()));
        let others = [digest, slow, self.next_ping, self.status.next_pulse(), look];
        leaving.into_iter().chain(others.into_iter().flatten()).min()
    }

    fn take(&mut self, now: Now, input: Input) {
        match input {
            Input::Connected { id, transport, addr, place, dialect } => {
                self.connect(now, id, Peer::new(transport, addr, place, dialect), dialect);
            }
            Input::Settled(id) => self.happen(now, id, Event::Settled),
            Input::Received(id, items) => {
                for incoming in items {
                    self.hear(now, id, incoming);
                    if self.peers.is_batch_full() {
                        self.flush(now);
                    }
                }
            }
            Input::Idle(id, limit) => self.happen(now, id, Event::Idle(limit)),
            Input::Gone(id, reason) => {
                self.happen(now, id, Event::Gone(reason));
                self.see_off(now, id, |peer, _| peer.finish_unread());
            }
            Input::Writable(id) => self.peers.with(id, |peer, _| peer.go_on()),
            Input::Configure(settings) => self.chat.configure(settings),
            Input::Parked(id, saved) => drop(self.parked.insert(id, saved)),
            Input::HandOver(legacy, door) => self.expect_successor(legacy, door),
            Input::Stop => self.stopping = true,
        }
    }

    fn connect(&mut self, now: Now, id: ClientId, peer: Peer, dialect: Dialect) {
        let addr = peer.addr();
        self.peers.add(id, peer);
        self.happen(now, id, Event::Connected(Address::of(addr.ip()), dialect.traits()));
        if let Some(nick) = self.chat.nick(id) {
            log::info!("{nick} connected from {addr}");
        }
    }

    fn hear(&mut self, now: Now, id: ClientId, incoming: Incoming) {
        match incoming {
            Incoming::Line(line) => self.happen(now, id, Event::Line(line)),
            Incoming::TooLong { bytes, limit } => {
                self.happen(now, id, Event::TooLong { bytes, limit });
            }
            Incoming::Ping => self.happen(now, id, Event::Ping),
            Incoming::Quit => self.happen(now, id, Event::Quit),
            Incoming::Malformed => self.happen(now, id, Event::Malformed),
            Incoming::BareLineFeeds => self.peers.with(id, |peer, feeds| {
                peer.respeak(feeds, Dialect::with_bare_line_feeds);
            }),
            Incoming::Answer(bytes) => self.peers.with(id, |peer, feeds| peer.send(&bytes, feeds)),
            Incoming::Error(WireError::EndlessLine) => {
                self.happen(now, id, Event::EndlessLine(MAX_WITHOUT_LINE_END));
            }
            Incoming::Error(WireError::Http) => self.refuse(now, id, "HTTP"),
            Incoming::Error(WireError::Tls) => self.refuse(now, id, "TLS"),
            Incoming::Error(WireError::WebSocket(code)) => {
                self.happen(now, id, Event::Gone(Reason::Disconnected));
                self.part_from(now, id, Farewell::Broken(code));
            }
            Incoming::HungUp => {
                self.happen(now, id, Event::Gone(Reason::Disconnected));
                self.see_off(now, id, |peer, _| peer.finish());
            }
        }
    }

    /// Turns away a client that turned out not to be one of ours.
    fn refuse(&mut self, now: Now, id: ClientId, what: &str) {
        if let Some(addr) = self.peers.addr(id) {
            log::warn!("refused {addr}: it speaks {what} to the text port");
        }
        let answer = http_refusal(self.web_port);
        self.peers.with(id, |peer, feeds| peer.send(&answer, feeds));
        self.happen(now, id, Event::Gone(Reason::Disconnected));
        self.part_from(now, id, Farewell::Expelled);
    }

    /// Lets the chat decide what follows from an event, and does that.
    fn happen(&mut self, now: Now, id: ClientId, event: Event) {
        self.chat.handle(now, id, event, &mut self.effects);
        self.carry_out(now);
        self.status.note(id, &self.chat, self.peers.dialect(id));
    }

    fn carry_out(&mut self, now: Now) {
        let mut effects = std::mem::take(&mut self.effects);
        let (list, except) = effects.drain();
        list.for_each(|effect| self.carry_out_one(now, effect, except));
        effects.clear();
        self.effects = effects;
    }

    fn carry_out_one(&mut self, now: Now, effect: Effect, except: &[ClientId]) {
        match effect {
            Effect::Tell { to: Audience::One(id), message } => {
                self.peers.with(id, |peer, feeds| peer.tell(&message, feeds));
            }
            Effect::Tell { to: Audience::Room(room, range), message } => {
                if matches!(message, Message::Said { .. }) {
                    self.status.count_line();
                }
                log_words(&message);
                self.peers.tell_room(room, &except[range], message);
            }
            Effect::Tell { to: Audience::Everyone, message } => {
                self.peers.with_all(|peer, feeds| peer.tell(&message, feeds));
            }
            Effect::Entered(id, room) => {
                self.peers.with(id, |peer, feeds| peer.enter(room, feeds));
            }
            Effect::Left(id, room) => self.peers.with(id, |peer, feeds| peer.leave(room, feeds)),
            Effect::Timestamps(id, on) => self.peers.with(id, |peer, feeds| {
                peer.respeak(feeds, |dialect| dialect.with_timestamps(on));
            }),
            Effect::Departed(id, nick, reason) => {
                if let Some(addr) = self.peers.addr(id) {
                    log::info!("{nick} left: {} ({addr})", reason.without_words());
                }
            }
            Effect::Disconnect(id, Reason::Quit(_)) => self.part_from(now, id, Farewell::Done),
            Effect::Disconnect(id, _) => self.part_from(now, id, Farewell::Expelled),
        }
    }

    /// Ends a client's connection from this side.
    fn part_from(&mut self, now: Now, id: ClientId, farewell: Farewell) {
        self.see_off(now, id, |peer, feeds| peer.say_farewell(farewell, feeds));
    }

    /// Lets a client have the rest, and then the end; it has a moment to take them.
    fn see_off(&mut self, now: Now, id: ClientId, finish: impl FnOnce(&mut Peer, &mut Feeds)) {
        self.peers.with(id, finish);
        self.leaving.push_back((now.uptime + FAREWELL, id));
    }

    /// Does what is due by the clock.
    fn pass_time(&mut self, now: Now) {
        while let Some(&(deadline, id)) = self.leaving.front()
            && deadline <= now.uptime
        {
            self.leaving.pop_front();
            self.peers.with(id, |peer, _| peer.close());
        }
        if self.next_ping.is_some_and(|due| due <= now.uptime) {
            self.peers.with_all(Peer::ping);
            self.next_ping = None;
        }
        if self.peers.have_websockets() {
            self.next_ping.get_or_insert(now.uptime + PING_INTERVAL);
        }
        self.status.pulse(now.uptime, self.peers.len(), &self.chat);
        self.chat.tick(now, &mut self.effects);
        self.carry_out(now);
    }

    /// Sends every client what it is due. Who is too far behind goes, which may be news for the
    /// others in turn.
    fn flush(&mut self, now: Now) {
        let limit = self.limits.get().send_queue;
        loop {
            let slow = self.peers.flush(&self.chat, now.uptime, limit);
            if slow.is_empty() {
                return;
            }
            for id in slow {
                self.peers.with(id, |peer, _| peer.abort());
                self.happen(now, id, Event::Gone(Reason::TooSlow));
            }
        }
    }

    /// Tells everybody, and gives them a moment to read it.
    fn say_goodbye(mut self) {
        let deadline = self.clock.uptime() + LAST_FLUSH;
        self.chat.go_down(&mut self.effects);
        self.carry_out(self.clock.now());
        self.peers.with_all(|peer, feeds| peer.say_farewell(Farewell::GoingDown, feeds));
        self.peers.flush(&self.chat, self.clock.uptime(), usize::MAX);
        while self.peers.are_queued() && self.clock.uptime() < deadline {
            if let Some(Input::Writable(id)) = self.wait(Some(deadline)) {
                self.peers.with(id, |peer, _| peer.go_on());
                self.peers.flush(&self.chat, self.clock.uptime(), usize::MAX);
            }
        }
    }
}

/// What people say is for those who debug only.
fn log_words(message: &Message) {
    match message {
        Message::Said { room, entry } => {
            log::debug!("{} in {room}: {}", entry.from, entry.text);
        }
        Message::Left { room, nick, reason: Reason::Quit(Some(words)), .. } => {
            log::debug!("{nick} quits {room}: {words}");
        }
        _ => {}
    }
}
