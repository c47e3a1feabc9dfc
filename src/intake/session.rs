//! `Session`: one client's thread. It reads, decodes and forwards, and nothing else.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use super::inbox::{Caller, Input};
use super::registration::Registration;
use super::session_end::{SessionEnd, reason};
use super::silence::{EDITING_ANSWER, SETTLING, Silence, UNHEARD};
use crate::admission::{Bucket, Limits, Slot};
use crate::chat::{ClientId, Reason};
use crate::net::{Received, Transport};
use crate::os::{self, Bell, Ready};
use crate::restart::SavedSession;
use crate::runtime::channel::Sender;
use crate::runtime::{Clock, Replaceable, Wakeup};
use crate::telemetry::Metrics;
use crate::web::ReadRequest;
use crate::wire::{Decoder, Dialect, Incoming, OVERHEAD_OF_A_LINE};

/// Items forwarded at once.
const MAX_ITEMS: usize = 128;

/// What every session needs.
#[derive(Clone, Debug)]
pub(crate) struct SessionContext {
    /// The broadcaster's.
    pub inbox: Sender<Input>,
    pub clock: Clock,
    pub limits: Replaceable<Limits>,
    pub metrics: Arc<Metrics>,
    /// Wakes sessions when the limits have changed or the server stops.
    pub wakeup: Arc<Wakeup>,
}

/// The reading half of one client.
#[derive(Debug)]
pub(crate) struct Session {
    client: Registration,
    _slot: Arc<Slot>,
    transport: Arc<Transport>,
    shared: SessionContext,
    /// The uptime when the session last woke up. Until it waits again, it decodes and forwards.
    now: Duration,
    bell: Arc<Bell>,
    /// The limits when the bell rang last.
    limits: Limits,
    decoder: Decoder,
    bucket: Bucket,
    /// Whether the client has closed the connection in both directions.
    is_hung_up: bool,
    /// When the client last sent a whole line that is not blank.
    heard: Duration,
    silence: Silence,
    is_settled: bool,
    /// Until when the client may answer whether its line can be edited.
    answer_due: Option<Duration>,
    /// See [`Caller::is_unheard`].
    is_unheard: bool,
}

impl Session {
    /// Registers the client with the broadcaster. If the session is dropped, the client is gone.
    pub(crate) fn new(
        id: ClientId,
        transport: Arc<Transport>,
        from: Caller,
        slot: Arc<Slot>,
        (dialect, reads): (Dialect, Option<Box<ReadRequest>>),
        shared: SessionContext,
    ) -> Box<Self> {
        let connected = Input::Connected {
            id,
            transport: Arc::clone(&transport),
            from,
            slot: Arc::clone(&slot),
            dialect,
            reads,
        };
        let _ = shared.inbox.send(connected);
        let now = shared.clock.uptime();
        let new = SavedSession {
            decoder: dialect.decoder(),
            bucket: Bucket::new(slot.burst, now),
            heard: now,
            is_settled: dialect.is_irc() || dialect.stream().is_some(),
            is_unheard: from.is_unheard,
        };
        Self::of(id, transport, slot, new, shared)
    }

    /// Continues with a client that another process had, and that the broadcaster knows already.
    pub(crate) fn resume(
        id: ClientId,
        transport: Arc<Transport>,
        slot: Arc<Slot>,
        mut saved: SavedSession,
        shared: SessionContext,
    ) -> Box<Self> {
        saved.decoder.resume();
        Self::of(id, transport, slot, saved, shared)
    }

    fn of(
        id: ClientId,
        transport: Arc<Transport>,
        slot: Arc<Slot>,
        saved: SavedSession,
        shared: SessionContext,
    ) -> Box<Self> {
        let now = shared.clock.uptime();
        Box::new(Self {
            client: Registration::new(id, shared.inbox.clone()),
            bucket: saved.bucket,
            heard: saved.heard,
            silence: Silence::new(saved.decoder.is_irc(), now),
            now,
            bell: shared.wakeup.bell(),
            limits: shared.limits.get(),
            _slot: slot,
            transport,
            shared,
            decoder: saved.decoder,
            is_settled: saved.is_settled,
            is_unheard: saved.is_unheard,
            is_hung_up: false,
            answer_due: None,
        })
    }

    /// Reads until the client is gone or the server stops; the handshake has read `early` already.
    pub(crate) fn run(mut self: Box<Self>, early: Vec<u8>) {
        match self.read(early) {
            Ok(never) => match never {},
            Err(SessionEnd::Gone(reason)) => self.client.reason = reason,
            Err(SessionEnd::Closed) => self.discard(),
            Err(SessionEnd::Parked) => self.park(),
        }
    }

    fn read(&mut self, early: Vec<u8>) -> Result<Infallible, SessionEnd> {
        self.forward(&early)?;
        drop(early);
        loop {
            self.now = self.shared.clock.uptime();
            let ready = os::wait_readable(&*self.transport, &self.bell, self.patience())?;
            self.now = self.shared.clock.uptime();
            match ready {
                Ready::Woken => self.wake()?,
                Ready::TimedOut => self.time_out()?,
                Ready::Io => {
                    let received = self.receive()?;
                    self.silence.end(self.now);
                    self.forward(&received.bytes)?;
                    if received.is_end {
                        return self.end(Reason::Disconnected);
                    }
                    // Keep-alives and parts of a line do not count as activity.
                    self.check_idle()?;
                }
            }
        }
    }

    /// Reads once. Not inlined, like other calls that are made once: what they have on the stack
    /// would add up.
    #[inline(never)]
    fn receive(&mut self) -> Result<Received, SessionEnd> {
        let received = self.transport.receive();
        let has_answer = match &received {
            Ok(received) => received.has_answer,
            Err(_) => self.transport.is_pending(),
        };
        if has_answer {
            self.shared.inbox.send(Input::Writable(self.client.id))?;
        }
        received.or_else(|error| match self.end(reason(&error))? {})
    }

    /// How long to wait for the client to send something.
    #[inline(never)]
    fn patience(&self) -> Option<Duration> {
        let settling = self.is_settling().then_some(SETTLING);
        let idle = self.idle_timeout().map(|limit| limit.saturating_sub(self.silence()));
        let unheard = self.is_unheard.then(|| UNHEARD.saturating_sub(self.silence()));
        let answer = self.answer_due.map(|due| due.saturating_sub(self.now));
        let silence = self.silence.left(self.now);
        let all = settling.into_iter().chain(idle).chain(unheard).chain(answer).chain(silence);
        all.min()
    }

    /// How long the client may send no line. Readers send none at all.
    fn idle_timeout(&self) -> Option<Duration> {
        self.limits.idle_timeout.filter(|_| !self.decoder.is_deaf())
    }

    /// How long ago the client's last whole line was.
    fn silence(&self) -> Duration {
        self.now.saturating_sub(self.heard)
    }

    /// Whether the client has not settled yet, nor is in its first line, nor a health check.
    fn is_settling(&self) -> bool {
        !self.is_settled && !self.is_unheard && !self.decoder.is_in_first_line()
    }

    /// Nothing came within [`patience`](Self::patience).
    #[inline(never)]
    fn time_out(&mut self) -> Result<(), SessionEnd> {
        if self.is_settling() {
            self.is_settled = true;
            self.shared.inbox.send(Input::Settled(self.client.id))?;
        }
        if self.is_unheard && self.silence() >= UNHEARD {
            self.is_unheard = false;
            self.shared.inbox.send(Input::Idle(self.client.id, UNHEARD))?;
        }
        if let Some(was_asked) = self.silence.check(self.now) {
            self.shared.inbox.send(Input::Silent(self.client.id, was_asked))?;
        }
        self.check_answer()?;
        self.check_idle()
    }

    /// The log is to mention the client now.
    fn be_heard(&mut self) -> Result<(), SessionEnd> {
        match std::mem::take(&mut self.is_unheard) {
            true => Ok(self.shared.inbox.send(Input::Received(self.client.id, Vec::new()))?),
            false => Ok(()),
        }
    }

    /// Gives up if the client has not answered in time whether its line can be edited.
    fn check_answer(&mut self) -> Result<(), SessionEnd> {
        if !self.decoder.is_asking() {
            self.answer_due = None;
            return Ok(());
        }
        // The question was just forwarded, and the inbox may have been full.
        let due = || self.shared.clock.uptime() + EDITING_ANSWER;
        if *self.answer_due.get_or_insert_with(due) > self.now {
            return Ok(());
        }
        self.answer_due = None;
        let mut items = self.decoder.give_up_asking().into_iter().collect();
        self.send(&mut items)
    }

    /// Reports the client if it has sent no line for too long.
    fn check_idle(&mut self) -> Result<(), SessionEnd> {
        if let Some(limit) = self.idle_timeout()
            && self.silence() >= limit
        {
            self.heard = self.now;
            self.shared.inbox.send(Input::Idle(self.client.id, limit))?;
        }
        Ok(())
    }

    /// The bell rang: the server stops or restarts, or the limits have changed.
    #[inline(never)]
    fn wake(&mut self) -> Result<(), SessionEnd> {
        if self.shared.wakeup.is_parking() {
            return Err(SessionEnd::Parked);
        }
        self.bell = self.shared.wakeup.bell();
        self.limits = self.shared.limits.get();
        if self.shared.wakeup.is_over() { Err(SessionEnd::Closed) } else { Ok(()) }
    }

    /// Decodes and forwards `bytes`, in one message unless flood control delays some of them.
    fn forward(&mut self, mut bytes: &[u8]) -> Result<(), SessionEnd> {
        if !bytes.is_empty() {
            self.be_heard()?;
        }
        let mut items = Vec::new();
        loop {
            while let Some(incoming) = self.decoder.next(&mut bytes, self.limits.max_line) {
                self.admit(incoming, &mut items)?;
            }
            self.pay_overhead(&mut items)?;
            if bytes.is_empty() {
                self.send(&mut items)?;
                return self.check_answer();
            }
        }
    }

    /// The client sends no more: forwards the rest, such as a line without a line end.
    #[inline(never)]
    fn end(&mut self, reason: Reason) -> Result<Infallible, SessionEnd> {
        let mut items = Vec::new();
        while let Some(incoming) = self.decoder.finish(self.limits.max_line) {
            self.admit(incoming, &mut items)?;
        }
        self.send(&mut items)?;
        Err(SessionEnd::Gone(reason))
    }

    /// Adds `incoming` to `items` once flood control lets it pass. Meanwhile the session reads
    /// nothing, so that TCP slows the client down and nothing is lost.
    fn admit(&mut self, incoming: Incoming, items: &mut Vec<Incoming>) -> Result<(), SessionEnd> {
        if incoming.costs_a_token(self.is_hung_up) {
            while let Err(pause) = self.take_token() {
                self.send(items)?;
                self.pause(pause)?;
                self.note_silence(&incoming)?;
            }
        }
        self.note_silence(&incoming)?;
        items.push(incoming);
        if items.len() == MAX_ITEMS { self.send(items) } else { Ok(()) }
    }

    /// Takes a token for every [`OVERHEAD_OF_A_LINE`], as [`admit`](Self::admit) does for a line.
    /// Once the client has hung up, only its keys matter, which are work.
    fn pay_overhead(&mut self, items: &mut Vec<Incoming>) -> Result<(), SessionEnd> {
        while *self.decoder.overhead() >= OVERHEAD_OF_A_LINE
            && (!self.is_hung_up || self.decoder.sends_keys())
        {
            match self.take_token() {
                Ok(()) => *self.decoder.overhead() -= OVERHEAD_OF_A_LINE,
                Err(pause) => {
                    self.send(items)?;
                    self.pause(pause)?;
                    self.check_idle()?;
                }
            }
        }
        Ok(())
    }

    /// Notes the time of a line, also while it waits for flood control.
    fn note_silence(&mut self, incoming: &Incoming) -> Result<(), SessionEnd> {
        if !incoming.is_activity() {
            return self.check_idle();
        }
        self.heard = self.now;
        Ok(())
    }

    fn take_token(&mut self) -> Result<(), Duration> {
        if self.shared.wakeup.is_parking() {
            // Items that were read are not in the saved session, so they must be forwarded now.
            return Ok(());
        }
        self.bucket.take(&self.limits, self.now)
    }

    fn send(&mut self, items: &mut Vec<Incoming>) -> Result<(), SessionEnd> {
        if items.is_empty() {
            return Ok(());
        }
        Ok(self.shared.inbox.send(Input::Received(self.client.id, std::mem::take(items)))?)
    }

    /// Waits for `pause`, unless the server closes the connection or ends meanwhile.
    #[inline(never)]
    fn pause(&mut self, pause: Duration) -> Result<(), SessionEnd> {
        let mut ready = os::wait_closed(&*self.transport, &self.bell, pause)?;
        if ready == Ready::Io && !self.transport.is_closed() {
            // The client has hung up, but its lines are still forwarded.
            self.is_hung_up = true;
            ready = os::wait_bell(&self.bell, pause)?;
        }
        self.now = self.shared.clock.uptime();
        match ready {
            Ready::TimedOut => Ok(()),
            Ready::Woken => match self.wake() {
                // What was read is not in the saved session, and is forwarded first.
                Err(SessionEnd::Parked) => Ok(()),
                woken => woken,
            },
            Ready::Io => Err(SessionEnd::Closed),
        }
    }

    /// Sends the session's state to the broadcaster, for another process to continue with.
    #[inline(never)]
    fn park(mut self) {
        self.client.is_parked = true;
        let Self { decoder, bucket, heard, is_settled, is_unheard, .. } = self;
        let saved = SavedSession { decoder, bucket, heard, is_settled, is_unheard };
        // Before the message: its receiver must be the connection's only owner.
        drop(self.transport);
        let _ = self.shared.inbox.send(Input::Parked(self.client.id, Box::new(saved)));
    }

    /// Reads and drops the rest: closing a socket with unread data would make the kernel discard
    /// what the client has not received yet (RFC 1122, section 4.2.2.13).
    #[inline(never)]
    fn discard(&self) {
        while self.transport.receive().is_ok_and(|received| !received.is_end) {}
    }
}

#[cfg(test)]
mod tests;
