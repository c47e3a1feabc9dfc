//! `Broadcaster`: the one thread that knows all clients and does all the telling.
//!
//! It takes all that is queued, lets the [`Chat`] decide, then sends each client that is due
//! something once. It never blocks: what a socket does not take waits in that client's queue.

mod archive;
mod effects;
mod memory;
mod pending;
mod status;
mod succession;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError};

use self::archive::Archive;
use self::pending::Pending;
use self::status::Status;
use self::succession::Successor;
use crate::address::Origin;
use crate::admission::limits::SharedLimits;
use crate::chat::{Chat, ClientId, Effects, Event, Now, Reason};
use crate::config::Durability;
use crate::delivery::feed::Feeds;
use crate::delivery::peer::Peer;
use crate::delivery::peers::Peers;
use crate::intake::inbox::Input;
use crate::os::WritablePoll;
use crate::restart::manager_thread::Keeper;
use crate::restart::snapshot::SavedSession;
use crate::runtime::clock::Clock;
use crate::runtime::wakeup::Alarm;
use crate::store::Store;
use crate::telemetry::metrics::{Census, Metrics, Refused};
use crate::wire::text::{MAX_WITHOUT_LINE_END, http_refusal};
use crate::wire::{Dialect, Farewell, Incoming, WireError};

/// Inputs taken before everybody is flushed, so that a flood cannot hold back what was said.
const MAX_BATCH: usize = 256;
/// How often WebSocket clients are pinged: proxies close what is silent for a minute.
const PING_INTERVAL: Duration = Duration::from_secs(30);
/// How long a client that is leaving may take to read the rest.
const FAREWELL: Duration = Duration::from_secs(1);
/// How long the disk may take for what was said last.
const LAST_WRITES: Duration = Duration::from_secs(5);
/// How long all of them may take when the server goes down.
const LAST_FLUSH: Duration = Duration::from_secs(2);

/// How long it may take to leave everything to the next.
pub const HAND_OVER: Duration =
    succession::PARKING.saturating_add(memory::LAST_ANSWERS).saturating_add(LAST_WRITES);

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
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// Where the history is kept, and whether lines wait for it.
    pub store: Option<(Store, Durability)>,
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
    /// What outlives the process.
    archive: Archive,
    /// What the service manager knows.
    status: Status,
    /// Who waits for the disk to answer.
    pending: Pending,
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
        let Surroundings { clock, limits, alarm, keeper, metrics, store, web_port } = surroundings;
        let is_strict = matches!(store, Some((_, Durability::Strict)));
        Self {
            inbox,
            clock,
            limits,
            alarm,
            chat,
            peers: Peers::new(writable, keeper.clone()),
            archive: Archive::new(store.map(|(store, _)| store), is_strict),
            status: Status::new(keeper, metrics),
            pending: Pending::default(),
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
        let mut was_large = false;
        while !self.stopping && !self.alarm.is_over() && !self.can_hand_over() {
            if !self.inbox.is_empty() && !was_large {
                // Others are about to have their say, too, and one flush for all costs less.
                thread::yield_now();
            }
            let first = self.wait(self.next_deadline());
            let now = self.clock.now();
            first.into_iter().for_each(|input| self.take(now, input));
            self.drain(now);
            was_large = self.peers.is_batch_large();
            if was_large {
                // Others may be about to say as much, and one flush for all costs less.
                thread::yield_now();
                self.drain(now);
            }
            self.pass_time(now);
            self.flush(now);
            self.status.end_batch(now.uptime, self.clock.uptime(), self.peers.take_sent());
        }
        match self.successor.take() {
            Some(successor) => self.hand_over(&successor),
            None => self.say_goodbye(),
        }
    }

    /// Takes what is queued, as far as it belongs in one batch.
    fn drain(&mut self, now: Now) {
        for _ in 0..MAX_BATCH {
            // The alarm means that nobody waits for the inbox to be empty any more.
            let Ok(input) = self.inbox.try_recv() else { return };
            self.take(now, input);
            if self.alarm.is_over() {
                return;
            }
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
        let others = [
            digest,
            slow,
            self.next_ping,
            self.archive.next_deadline(),
            self.pending.next_deadline(),
            self.status.next_pulse(),
            look,
        ];
        leaving.into_iter().chain(others.into_iter().flatten()).min()
    }

    fn take(&mut self, now: Now, input: Input) {
        self.take_patiently(now, input);
        self.catch_up(now);
    }

    /// Deals with an input, unless its client waits for an answer first.
    fn take_in_turn(&mut self, now: Now, input: Input) {
        let Some(input) = self.pending.keep(input) else { return };
        match input {
            Input::Connected { id, transport, addr, place, dialect } => {
                self.connect(now, id, Peer::new(transport, addr, place, dialect), dialect);
            }
            Input::Settled(id) => self.happen(now, id, Event::Settled),
            Input::Received(id, items) => self.receive(now, id, items),
            Input::Idle(id, limit) => self.happen(now, id, Event::Idle(limit)),
            Input::Gone(id, reason) => {
                self.happen(now, id, Event::Gone(reason));
                self.see_off(now, id, Peer::finish_unread);
            }
            Input::Writable(id) => self.peers.with(id, |peer, _| peer.go_on()),
            Input::Store(event) => self.hear_store(now, event),
            Input::Count(reply) => drop(reply.try_send(self.count())),
            Input::Configure(settings) => self.chat.configure(settings),
            Input::Parked(id, saved) => drop(self.parked.insert(id, saved)),
            Input::HandOver(legacy, door) => self.expect_successor(legacy, door),
            Input::Stop => self.stopping = true,
        }
    }

    fn receive(&mut self, now: Now, id: ClientId, items: Vec<Incoming>) {
        let mut items = items.into_iter();
        while !self.pending.has(id)
            && let Some(incoming) = items.next()
        {
            self.hear(now, id, incoming);
            if self.peers.is_batch_full() {
                self.flush(now);
            }
        }
        if items.len() > 0 {
            let rest = self.pending.keep(Input::Received(id, items.collect()));
            debug_assert!(rest.is_none(), "it waits");
        }
    }

    fn connect(&mut self, now: Now, id: ClientId, peer: Peer, dialect: Dialect) {
        let (addr, traits) = (peer.addr(), dialect.traits(!peer.transport().is_bare()));
        self.peers.add(id, peer);
        self.happen(now, id, Event::Connected(Origin::of(addr.ip()), traits));
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
            Incoming::Error(WireError::Http) => self.refuse(now, id, "HTTP", Refused::Http),
            Incoming::Error(WireError::Tls) => self.refuse(now, id, "TLS", Refused::Tls),
            Incoming::Error(WireError::WebSocket(code)) => {
                self.happen(now, id, Event::Gone(Reason::Disconnected));
                self.part_from(now, id, Farewell::Broken(code));
            }
            Incoming::HungUp => {
                self.happen(now, id, Event::Gone(Reason::Disconnected));
                self.see_off(now, id, Peer::finish);
            }
        }
    }

    /// Turns away a client that turned out not to be one of ours.
    fn refuse(&mut self, now: Now, id: ClientId, what: &str, reason: Refused) {
        if let Some(addr) = self.peers.addr(id) {
            log::warn!("refused {addr}: it speaks {what} to the text port");
            self.status.count_refused(reason);
        }
        let answer = http_refusal(self.web_port);
        self.peers.with(id, |peer, feeds| peer.send(&answer, feeds));
        self.happen(now, id, Event::Gone(Reason::Disconnected));
        self.part_from(now, id, Farewell::Expelled);
    }

    /// Lets the chat decide what follows from an event, and does that.
    fn happen(&mut self, now: Now, id: ClientId, event: Event) {
        self.chat.handle(now, id, event, &mut self.effects);
        self.note_waits(now);
        self.carry_out(now);
        self.status.note(id, &self.chat, self.peers.dialect(id));
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
        let late = self.archive.tick(now.uptime);
        self.carry_out_held(now, late);
        self.report_swing(now);
        self.status.pulse(now.uptime, self.peers.len(), &self.chat);
        self.chat.tick(now, &mut self.effects);
        self.carry_out(now);
        self.pending.end_overdue(now.uptime);
        self.catch_up(now);
    }

    /// Sends every client what it is due. Who is too far behind goes, which may be news for the
    /// others in turn.
    fn flush(&mut self, now: Now) {
        let limit = self.limits.get().send_queue;
        loop {
            let slow = self.peers.flush(now.uptime, limit);
            if slow.is_empty() {
                return;
            }
            for id in slow {
                self.peers.with(id, |peer, _| peer.abort());
                self.happen(now, id, Event::Gone(Reason::TooSlow));
            }
        }
    }

    /// How things stand.
    fn count(&self) -> Census {
        self.status.set_store_pending(self.archive.pending());
        Census { rooms: self.chat.rooms_in_use(), ..self.peers.count() }
    }

    /// Tells everybody, and gives them a moment to read it.
    fn say_goodbye(mut self) {
        self.settle();
        self.await_answers();
        let deadline = self.clock.uptime() + LAST_FLUSH;
        self.chat.go_down(&mut self.effects);
        self.carry_out(self.clock.now());
        self.peers.with_all(|peer, feeds| peer.say_farewell(Farewell::GoingDown, feeds));
        self.peers.flush(self.clock.uptime(), usize::MAX);
        while self.peers.are_queued() && self.clock.uptime() < deadline {
            if let Some(Input::Writable(id)) = self.wait(Some(deadline)) {
                self.peers.with(id, |peer, _| peer.go_on());
                self.peers.flush(self.clock.uptime(), usize::MAX);
            }
        }
        self.close_archive();
    }

    /// Waits for the disk, with nobody listening any more who could keep the store waiting.
    fn close_archive(&mut self) {
        self.inbox = crossbeam_channel::never();
        std::mem::take(&mut self.archive).close(LAST_WRITES);
    }

    /// Lets nothing wait for the disk any more: what is said last is written before the end.
    fn settle(&mut self) {
        let now = self.clock.now();
        let held = self.archive.release(now.uptime);
        self.carry_out_held(now, held);
    }
}
