//! `Broadcaster`: takes all queued input, dispatches it, and flushes every client once.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crossbeam_channel::RecvTimeoutError;

use super::dispatch::{Beginning, Dispatcher, Environment};
use super::parking::Parking;
use crate::admission::Limits;
use crate::chat::Now;
use crate::delivery::Peer;
use crate::intake::Input;
use crate::os::WritablePoll;
use crate::runtime::channel::Receiver;
use crate::runtime::{Clock, Replaceable, Wakeup};
use crate::wire::Farewell;

/// Inputs taken at a time, so that a flood cannot delay earlier messages for long.
const MAX_BATCH: usize = 256;
/// So many bytes are more than people type.
const LARGE: usize = 1024;
/// How often sessions get the processor before a large batch is sent, at most.
const MAX_LOOKS: usize = 4;
/// How often WebSocket clients are pinged: proxies close connections that are idle for a minute.
const PING_INTERVAL: Duration = Duration::from_secs(30);
/// How long the store may take for outstanding answers when the server stops.
pub(super) const LAST_ANSWERS: Duration = Duration::from_secs(2);
/// How long the log of a cluster may take for the last inputs, and for the node to leave.
const LAST_INPUTS: Duration = Duration::from_secs(1);
const LAST_REQUEST: Duration = Duration::from_secs(1);
/// How long the disk may take for the last lines.
pub(super) const LAST_WRITES: Duration = Duration::from_secs(5);
/// How long clients may take to read the rest when the server stops.
const LAST_FLUSH: Duration = Duration::from_secs(2);

/// The state of the broadcaster's thread.
#[derive(Debug)]
pub struct Broadcaster {
    pub(super) inbox: Receiver<Input>,
    pub(super) clock: Clock,
    pub(super) limits: Replaceable<Limits>,
    wakeup: Arc<Wakeup>,
    pub(super) dispatcher: Dispatcher,
    stopping: bool,
    pub(super) parking: Parking,
    /// When WebSocket clients are pinged next, if there are any.
    next_ping: Option<Duration>,
}

impl Broadcaster {
    /// A broadcaster without connections, of a chat that is this server's alone, or of a cluster.
    /// Clients of this server that the chat already has, and that are not
    /// [adopted](Self::adopt) before [`run`](Self::run), are removed. The changes of bans that are
    /// not saved yet are in force in the chat.
    pub fn new(
        inbox: Receiver<Input>,
        environment: Environment,
        writable: Arc<WritablePoll>,
        chat: Beginning,
    ) -> Self {
        Self {
            inbox,
            clock: environment.clock,
            limits: environment.limits.clone(),
            wakeup: Arc::clone(&environment.wakeup),
            dispatcher: Dispatcher::new(environment, writable, chat),
            stopping: false,
            parking: Parking::default(),
            next_ping: None,
        }
    }

    /// Runs until it is told to stop or to hand over, and then does so.
    pub fn run(mut self) {
        self.begin();
        let mut was_large = false;
        while !self.stopping && !self.wakeup.is_over() && !self.can_hand_over() {
            if !self.inbox.is_empty() && !was_large {
                // Other sessions may be about to send, too, and one flush for all costs less.
                thread::yield_now();
            }
            let first = self.wait(self.next_deadline());
            let now = self.clock.now();
            first.into_iter().for_each(|input| self.take(now, input));
            self.drain(now);
            was_large = self.dispatcher.peers.batch_bytes() >= LARGE;
            if was_large {
                self.gather(now);
            }
            self.tick(now);
            // First, because the answer takes its time.
            self.dispatcher.send_to_log(now);
            self.dispatcher.flush(now);
            // Clients that were too slow have left.
            self.dispatcher.send_to_log(now);
            self.dispatcher.end_batch(now, self.clock.uptime());
        }
        match self.parking.take_request() {
            Some(request) => self.hand_over(&request),
            None => self.say_goodbye(),
        }
    }

    /// Takes the queued inputs, up to a batch.
    fn drain(&mut self, now: Now) {
        for _ in 0..MAX_BATCH {
            // Once the server has to end at once, nothing waits for the inbox to be empty.
            let Ok(input) = self.inbox.try_recv() else { return };
            self.take(now, input);
            if self.wakeup.is_over() {
                return;
            }
        }
    }

    /// Takes what other sessions are about to send, too, as long as that is much: one flush for all
    /// costs less.
    fn gather(&mut self, now: Now) {
        for _ in 0..MAX_LOOKS {
            thread::yield_now();
            let before = self.dispatcher.peers.batch_bytes();
            self.drain(now);
            let is_less = self.dispatcher.peers.batch_bytes() < before + LARGE;
            if is_less || self.stopping || self.wakeup.is_over() {
                return;
            }
        }
    }

    fn take(&mut self, now: Now, input: Input) {
        match input {
            Input::Parked(id, session) => self.parking.add(id, session),
            Input::HandOver(reply, door) => self.parking.begin(self.clock.uptime(), reply, door),
            Input::Stop => self.stopping = true,
            other => self.dispatcher.dispatch(now, other),
        }
    }

    /// The next input, or `None` if there is none until `deadline`.
    pub(super) fn wait(&mut self, deadline: Option<Duration>) -> Option<Input> {
        let timeout = deadline.map(|deadline| deadline.saturating_sub(self.clock.uptime()));
        let received = self.inbox.recv(timeout);
        self.stopping |= matches!(received, Err(RecvTimeoutError::Disconnected));
        received.ok()
    }

    fn next_deadline(&self) -> Option<Duration> {
        let look = self.parking.next_look(self.clock.uptime());
        let own = self.dispatcher.next_deadline(self.clock.now());
        [own, self.next_ping, look].into_iter().flatten().min()
    }

    fn tick(&mut self, now: Now) {
        let peers = &mut self.dispatcher.peers;
        if self.next_ping.is_some_and(|due| due <= now.uptime) {
            peers.with_all(Peer::ping);
            self.next_ping = None;
        }
        if peers.have_websockets() {
            self.next_ping.get_or_insert(now.uptime + PING_INTERVAL);
        }
        self.dispatcher.tick(now);
    }

    /// Tells all clients that the server stops, and waits a moment for them to read it.
    fn say_goodbye(mut self) {
        self.settle();
        let deadline = self.clock.uptime() + LAST_FLUSH;
        self.dispatcher.go_down(self.clock.now());
        self.dispatcher.peers.with_all(|peer, feeds| peer.say_farewell(Farewell::GoingDown, feeds));
        self.dispatcher.peers.flush(self.clock.uptime(), usize::MAX);
        while self.dispatcher.peers.are_queued() && self.clock.uptime() < deadline {
            if let Some(Input::Writable(id)) = self.wait(Some(deadline)) {
                self.dispatcher.peers.with(id, |peer, _| peer.set_writable());
                self.dispatcher.peers.flush(self.clock.uptime(), usize::MAX);
            }
        }
        self.dispatcher.log.leave();
        let deadline = self.clock.uptime() + LAST_REQUEST;
        self.take_answers(deadline, |dispatcher| dispatcher.log.is_asking());
        self.close_archive();
    }

    /// Ends all waits: those for the disk at once, those for answers after [`LAST_ANSWERS`], in
    /// which it takes no input of clients.
    pub(super) fn settle(&mut self) {
        self.dispatcher.release_held(self.clock.now());
        let deadline = self.clock.uptime() + LAST_ANSWERS;
        // What comes back from the log may be a question to the store.
        let owes =
            |dispatcher: &Dispatcher| dispatcher.archive.owes_answers() || dispatcher.log.is_busy();
        self.take_answers(deadline, owes);
        self.dispatcher.end_waiting(self.clock.now());
        let deadline = self.clock.uptime() + LAST_INPUTS;
        self.take_answers(deadline, |dispatcher| dispatcher.log.is_busy());
    }

    /// Takes what the store and the log report, and no input of clients, for as long as something
    /// `is_missing` and the deadline has not passed.
    fn take_answers(&mut self, deadline: Duration, is_missing: impl Fn(&Dispatcher) -> bool) {
        self.dispatcher.send_to_log(self.clock.now());
        while is_missing(&self.dispatcher) && self.clock.uptime() < deadline {
            let input = self.wait(Some(deadline));
            if let Some(input @ (Input::Store(_) | Input::Writable(_) | Input::Log(_))) = input {
                self.dispatcher.dispatch(self.clock.now(), input);
                self.dispatcher.send_to_log(self.clock.now());
            }
        }
    }

    /// Waits for the disk. The inbox is closed first, so that the store cannot block on a full one.
    pub(super) fn close_archive(&mut self) {
        self.inbox.close();
        std::mem::take(&mut self.dispatcher.archive).close(LAST_WRITES);
    }
}
