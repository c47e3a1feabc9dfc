//! `Broadcaster`: takes all that is queued, has it dispatched, and flushes every client once.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError};

use super::dispatch::{Dispatcher, Environment};
use super::parking::Parking;
use crate::admission::Limits;
use crate::chat::{Chat, Now};
use crate::delivery::Peer;
use crate::intake::Input;
use crate::os::WritablePoll;
use crate::runtime::{Clock, Replaceable, Wakeup};
use crate::wire::Farewell;

/// Inputs taken before everybody is flushed, so that a flood cannot hold back what was said.
const MAX_BATCH: usize = 256;
/// How often WebSocket clients are pinged: proxies close what is silent for a minute.
const PING_INTERVAL: Duration = Duration::from_secs(30);
/// How long clients may take that are due an answer when everything ends.
pub(super) const LAST_ANSWERS: Duration = Duration::from_secs(2);
/// How long the disk may take for what was said last.
pub(super) const LAST_WRITES: Duration = Duration::from_secs(5);
/// How long all clients may take to read the rest when the server goes down.
const LAST_FLUSH: Duration = Duration::from_secs(2);

/// The thread of the chat and of all sending.
#[derive(Debug)]
pub struct Broadcaster {
    pub(super) inbox: Receiver<Input>,
    pub(super) clock: Clock,
    pub(super) limits: Replaceable<Limits>,
    wakeup: Arc<Wakeup>,
    pub(super) dispatcher: Dispatcher,
    stopping: bool,
    /// Sessions that left everything for the next process.
    pub(super) parking: Parking,
    /// When WebSocket clients are pinged next, if there are any.
    next_ping: Option<Duration>,
}

impl Broadcaster {
    /// A broadcaster without clients, for a chat that may have some already: those that are not
    /// [adopted](Self::adopt) before it runs are gone.
    pub fn new(
        inbox: Receiver<Input>,
        environment: Environment,
        writable: Arc<WritablePoll>,
        chat: Chat,
    ) -> Self {
        let (clock, limits) = (environment.clock, environment.limits.clone());
        let wakeup = Arc::clone(&environment.wakeup);
        let dispatcher = Dispatcher::new(environment, writable, chat);
        let parking = Parking::default();
        let (stopping, next_ping) = (false, None);
        Self { inbox, clock, limits, wakeup, dispatcher, stopping, parking, next_ping }
    }

    /// Runs until told to stop, and until everybody was told that it does.
    pub fn run(mut self) {
        self.begin();
        let mut was_large = false;
        while !self.stopping && !self.wakeup.is_over() && !self.can_hand_over() {
            if !self.inbox.is_empty() && !was_large {
                // Other sessions are about to send, too, and one flush for all costs less.
                thread::yield_now();
            }
            let first = self.wait(self.next_deadline());
            let now = self.clock.now();
            first.into_iter().for_each(|input| self.take(now, input));
            self.drain(now);
            was_large = self.dispatcher.peers.is_batch_large();
            if was_large {
                // Others may be about to say as much, and one flush for all costs less.
                thread::yield_now();
                self.drain(now);
            }
            self.tick(now);
            self.dispatcher.flush(now);
            self.dispatcher.end_batch(now, self.clock.uptime());
        }
        match self.parking.take_request() {
            Some(request) => self.hand_over(&request),
            None => self.say_goodbye(),
        }
    }

    /// Takes what is queued, as far as it belongs in one batch.
    fn drain(&mut self, now: Now) {
        for _ in 0..MAX_BATCH {
            // Once the alarm rang for the end, nothing waits for the inbox to be empty.
            let Ok(input) = self.inbox.try_recv() else { return };
            self.take(now, input);
            if self.wakeup.is_over() {
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
        let received = match timeout {
            Some(timeout) => self.inbox.recv_timeout(timeout),
            None => self.inbox.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        self.stopping |= matches!(received, Err(RecvTimeoutError::Disconnected));
        received.ok()
    }

    fn next_deadline(&self) -> Option<Duration> {
        let look = self.parking.next_look(self.clock.uptime());
        [self.dispatcher.next_deadline(), self.next_ping, look].into_iter().flatten().min()
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

    /// Tells everybody, and gives them a moment to read it.
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
        self.close_archive();
    }

    /// Ends all waiting: for the disk at once, for answers that clients are due after a moment in
    /// which the store alone is listened to.
    pub(super) fn settle(&mut self) {
        self.dispatcher.release_held(self.clock.now());
        let deadline = self.clock.uptime() + LAST_ANSWERS;
        while self.dispatcher.archive.owes_answers() && self.clock.uptime() < deadline {
            if let Some(input @ (Input::Store(_) | Input::Writable(_))) = self.wait(Some(deadline))
            {
                self.dispatcher.dispatch(self.clock.now(), input);
            }
        }
        self.dispatcher.end_waiting(self.clock.now());
    }

    /// Waits for the disk, with nobody listening any more who could keep the store waiting.
    pub(super) fn close_archive(&mut self) {
        self.inbox = crossbeam_channel::never();
        std::mem::take(&mut self.dispatcher.archive).close(LAST_WRITES);
    }
}
