//! `Broadcaster`: the one thread that knows all clients and does all the telling.
//!
//! It takes all that is queued, lets the [`Chat`] decide, then sends each client that is due
//! something once. It never blocks: what a socket does not take waits in that client's queue.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError};

use crate::address::Address;
use crate::chat::{
    Audience, Chat, ClientId, Effect, Effects, Event, Message, Now, Reason, Settings,
};
use crate::clock::Clock;
use crate::feed::Feeds;
use crate::inbox::Input;
use crate::limits::SharedLimits;
use crate::os::{Socket, WritablePoll};
use crate::peer::{Flushed, Peer};
use crate::wire::text::{MAX_WITHOUT_LINE_END, http_refusal};
use crate::wire::{Incoming, WireError};

/// Inputs taken before everybody is flushed, so that a flood cannot hold back what was said.
const MAX_BATCH: usize = 256;
/// How long a client that is leaving may take to read the rest.
const FAREWELL: Duration = Duration::from_secs(1);
/// How long all of them may take when the server goes down.
const LAST_FLUSH: Duration = Duration::from_secs(2);

/// The clients, their sending halves, and the chat among them.
#[derive(Debug)]
pub struct Broadcaster {
    inbox: Receiver<Input>,
    clock: Clock,
    limits: SharedLimits,
    writable: Arc<WritablePoll>,
    chat: Chat,
    peers: HashMap<ClientId, Peer>,
    feeds: Feeds,
    effects: Effects,
    /// Peers that are due something of their own in this batch.
    due: Vec<ClientId>,
    /// Peers that are leaving, in the order in which their time is up.
    leaving: VecDeque<(Duration, ClientId)>,
    stopping: bool,
}

impl Broadcaster {
    /// A broadcaster without clients.
    pub fn new(
        inbox: Receiver<Input>,
        clock: Clock,
        limits: SharedLimits,
        writable: Arc<WritablePoll>,
        settings: Settings,
    ) -> Self {
        Self {
            inbox,
            clock,
            limits,
            writable,
            chat: Chat::new(settings),
            peers: HashMap::new(),
            feeds: Feeds::default(),
            effects: Effects::default(),
            due: Vec::new(),
            leaving: VecDeque::new(),
            stopping: false,
        }
    }

    /// Runs until told to stop, and until everybody was told that it does.
    pub fn run(mut self) {
        while !self.stopping {
            let first = self.wait(self.next_deadline());
            let now = self.clock.now();
            first.into_iter().for_each(|input| self.take(now, input));
            for _ in 1..MAX_BATCH {
                let Ok(input) = self.inbox.try_recv() else { break };
                self.take(now, input);
            }
            self.pass_time(now);
            self.flush(now);
        }
        self.say_goodbye();
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
        leaving.into_iter().chain(self.chat.next_deadline()).min()
    }

    fn take(&mut self, now: Now, input: Input) {
        match input {
            Input::Connected { id, socket, addr } => self.connect(now, id, socket, addr),
            Input::Settled(id) => self.happen(now, id, Event::Settled),
            Input::Received(id, items) => {
                items.into_iter().for_each(|incoming| self.receive(now, id, incoming));
            }
            Input::Idle(id, limit) => self.happen(now, id, Event::Idle(limit)),
            Input::Gone(id, reason) => {
                self.happen(now, id, Event::Gone(reason));
                self.end_session(now, id);
            }
            Input::Writable(id) => {
                if let Some(peer) = self.peers.get_mut(&id) {
                    peer.is_behind = false;
                    self.mark_due(id);
                }
            }
            Input::Configure(settings) => self.chat.configure(settings),
            Input::Stop => self.stopping = true,
        }
    }

    fn connect(&mut self, now: Now, id: ClientId, socket: Arc<Socket>, addr: SocketAddr) {
        self.peers.insert(id, Peer::new(socket, addr));
        self.happen(now, id, Event::Connected(Address::of(addr.ip())));
        if let Some(nick) = self.chat.nick(id) {
            log::info!("{nick} connected from {addr}");
        }
    }

    fn receive(&mut self, now: Now, id: ClientId, incoming: Incoming) {
        match incoming {
            Incoming::Line(line) => self.happen(now, id, Event::Line(line)),
            Incoming::TooLong { bytes, limit } => {
                self.happen(now, id, Event::TooLong { bytes, limit });
            }
            Incoming::Ping => self.happen(now, id, Event::Ping),
            Incoming::Quit => self.happen(now, id, Event::Quit),
            Incoming::BareLineFeeds => {
                if let Some(peer) = self.peers.get_mut(&id) {
                    peer.restyle(&mut self.feeds, |style| style.bare_line_feeds = true);
                }
            }
            Incoming::Answer(bytes) => self.send(id, &bytes),
            Incoming::Error(WireError::EndlessLine) => {
                self.happen(now, id, Event::EndlessLine(MAX_WITHOUT_LINE_END));
            }
            Incoming::Error(WireError::Http) => self.refuse(now, id, "HTTP", &http_refusal()),
            Incoming::Error(WireError::Tls) => self.refuse(now, id, "TLS", &http_refusal()),
        }
    }

    /// Turns away a client that turned out not to be one of ours.
    fn refuse(&mut self, now: Now, id: ClientId, what: &str, answer: &[u8]) {
        if let Some(peer) = self.peers.get(&id) {
            log::warn!("refused {}: it speaks {what} to the text port", peer.addr);
        }
        self.send(id, answer);
        self.happen(now, id, Event::Gone(Reason::Disconnected));
        self.disconnect(now, id);
    }

    /// Lets the chat decide what follows from an event, and does that.
    fn happen(&mut self, now: Now, id: ClientId, event: Event) {
        self.chat.handle(now, id, event, &mut self.effects);
        self.carry_out(now);
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
            Effect::Tell { to: Audience::One(id), message } => self.tell(id, &message),
            Effect::Tell { to: Audience::Room(room, range), message } => {
                log_said(&message);
                for id in &except[range] {
                    if let Some(peer) = self.peers.get_mut(id) {
                        peer.skip_next(room, &mut self.feeds);
                    }
                }
                self.feeds.push(room, message);
            }
            Effect::Tell { to: Audience::Everyone, message } => {
                let everyone: Vec<_> = self.peers.keys().copied().collect();
                everyone.into_iter().for_each(|id| self.tell(id, &message));
            }
            Effect::Entered(id, room) => {
                self.peers.get_mut(&id).into_iter().for_each(|peer| peer.enter(room, &self.feeds));
            }
            Effect::Left(id, room) => {
                if let Some(peer) = self.peers.get_mut(&id) {
                    peer.leave(room, &mut self.feeds);
                    self.mark_due(id);
                }
            }
            Effect::Timestamps(id, on) => {
                if let Some(peer) = self.peers.get_mut(&id) {
                    peer.restyle(&mut self.feeds, |style| style.timestamps = on);
                }
            }
            Effect::Departed(id, nick, reason) => {
                if let Some(peer) = self.peers.get(&id) {
                    log::info!("{nick} left: {reason} ({})", peer.addr);
                }
            }
            Effect::Disconnect(id) => self.disconnect(now, id),
        }
    }

    fn tell(&mut self, id: ClientId, message: &Message) {
        if let Some(peer) = self.peers.get_mut(&id) {
            peer.tell(message, &mut self.feeds);
            self.mark_due(id);
        }
    }

    fn send(&mut self, id: ClientId, bytes: &[u8]) {
        if let Some(peer) = self.peers.get_mut(&id) {
            peer.send(bytes, &mut self.feeds);
            self.mark_due(id);
        }
    }

    /// Sends the rest to a client, then the end; it has a moment to take it.
    fn disconnect(&mut self, now: Now, id: ClientId) {
        if let Some(peer) = self.peers.get_mut(&id) {
            peer.finish();
            self.mark_due(id);
            self.leaving.push_back((now.uptime + FAREWELL, id));
        }
    }

    /// The session is over, so nobody reads that socket: it goes as soon as the rest is sent.
    fn end_session(&mut self, now: Now, id: ClientId) {
        if let Some(peer) = self.peers.get_mut(&id) {
            peer.is_unread = true;
        }
        self.disconnect(now, id);
    }

    /// Does what is due by the clock.
    fn pass_time(&mut self, now: Now) {
        while let Some(&(deadline, id)) = self.leaving.front()
            && deadline <= now.uptime
        {
            self.leaving.pop_front();
            if self.peers.get(&id).is_some_and(|peer| peer.is_unread) {
                self.peers.remove(&id);
            } else if let Some(peer) = self.peers.get_mut(&id) {
                peer.close();
            }
        }
        self.chat.tick(now, &mut self.effects);
        self.carry_out(now);
    }

    /// Sends every client what it is due. Who is too far behind goes, which may be news for the
    /// others in turn.
    fn flush(&mut self, now: Now) {
        loop {
            let slow = self.flush_batch();
            if slow.is_empty() {
                return;
            }
            for id in slow {
                if let Some(peer) = self.peers.get_mut(&id) {
                    peer.abort();
                }
                self.happen(now, id, Event::Gone(Reason::TooSlow));
            }
        }
    }

    /// Sends each client that is due something once, and returns those that are too slow.
    fn flush_batch(&mut self) -> Vec<ClientId> {
        let mut flush = Flush {
            limit: self.limits.get().send_queue,
            writable: &self.writable,
            slow: Vec::new(),
        };
        let rooms: Vec<_> = self.feeds.rooms().collect();
        for room in rooms {
            for &id in self.chat.members(room) {
                let Some(peer) = self.peers.get_mut(&id) else { continue };
                peer.take(room, &mut self.feeds);
                if peer.has_one_room() {
                    flush.peer(id, peer);
                } else if !peer.is_due {
                    peer.is_due = true;
                    self.due.push(id);
                }
            }
        }
        for id in self.due.drain(..) {
            let Some(peer) = self.peers.get_mut(&id) else { continue };
            if peer.is_due {
                flush.peer(id, peer);
            }
            if peer.is_unread && peer.queued() == 0 {
                self.peers.remove(&id);
            }
        }
        self.feeds.next_batch();
        flush.slow
    }

    fn mark_due(&mut self, id: ClientId) {
        if let Some(peer) = self.peers.get_mut(&id)
            && !peer.is_due
        {
            peer.is_due = true;
            self.due.push(id);
        }
    }

    /// Tells everybody, and gives them a moment to read it.
    fn say_goodbye(mut self) {
        let deadline = self.clock.uptime() + LAST_FLUSH;
        self.chat.go_down(&mut self.effects);
        self.carry_out(self.clock.now());
        let everyone: Vec<_> = self.peers.keys().copied().collect();
        for id in everyone {
            self.disconnect(self.clock.now(), id);
        }
        self.flush_batch();
        while self.peers.values().any(|peer| peer.queued() > 0) && self.clock.uptime() < deadline {
            if let Some(input @ Input::Writable(_)) = self.wait(Some(deadline)) {
                self.take(self.clock.now(), input);
                self.flush_batch();
            }
        }
    }
}

/// One round of sending.
struct Flush<'a> {
    limit: usize,
    writable: &'a WritablePoll,
    slow: Vec<ClientId>,
}

impl Flush<'_> {
    fn peer(&mut self, id: ClientId, peer: &mut Peer) {
        peer.is_due = false;
        if !peer.is_behind && peer.flush() == Flushed::Behind {
            peer.is_behind = true;
            if let Err(error) = self.writable.watch(peer.socket(), id.0) {
                log::error!("cannot wait for {} to take more: {error}", peer.addr);
                self.slow.push(id);
                return;
            }
        }
        if peer.queued() > self.limit {
            self.slow.push(id);
        }
    }
}

/// What people say is for those who debug only.
fn log_said(message: &Message) {
    if let Message::Said { room, from, text, .. } | Message::Emoted { room, from, text, .. } =
        message
    {
        log::debug!("{from} in {room}: {text}");
    }
}
