//! `Session`: one client's thread. It reads, decodes and forwards, and nothing else.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{SendError, Sender};

use super::inbox::Input;
use crate::admission::{Bucket, Limits, Slot};
use crate::chat::{ClientId, Reason};
use crate::net::Transport;
use crate::os::{self, Bell, Ready};
use crate::restart::SavedSession;
use crate::runtime::{Clock, Replaceable, Wakeup};
use crate::telemetry::Metrics;
use crate::wire::{Decoder, Dialect, Incoming};

/// Silence after which a new client is taken for somebody who reads.
const SETTLING: Duration = Duration::from_millis(300);
/// Items forwarded at once.
const MAX_ITEMS: usize = 128;

/// What every session needs.
#[derive(Clone, Debug)]
pub(crate) struct Shared {
    /// To the broadcaster.
    pub inbox: Sender<Input>,
    /// The time.
    pub clock: Clock,
    /// The limits in force.
    pub limits: Replaceable<Limits>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// Wakes sessions when the limits have changed or the server stops.
    pub wakeup: Arc<Wakeup>,
}

/// One client, from the side that reads.
#[derive(Debug)]
pub(crate) struct Session {
    client: Registration,
    _slot: Arc<Slot>,
    transport: Arc<Transport>,
    shared: Shared,
    bell: Arc<Bell>,
    /// The limits when it last looked.
    limits: Limits,
    decoder: Decoder,
    bucket: Bucket,
    /// Whether the client ended the connection in both directions.
    is_hung_up: bool,
    /// When the client sent a whole line last.
    heard: Duration,
    is_settled: bool,
}

/// Why a session stops reading.
enum End {
    /// The client ended or lost the connection.
    Gone(Reason),
    /// The server ended it: what still comes is of no interest.
    Closed,
    /// Another process goes on.
    Parked,
}

impl From<io::Error> for End {
    fn from(error: io::Error) -> Self {
        Self::Gone(reason(&error))
    }
}

/// What a failed read means for the others.
fn reason(error: &io::Error) -> Reason {
    match error.kind() {
        io::ErrorKind::TimedOut => Reason::TimedOut,
        _ => Reason::Disconnected,
    }
}

impl<T> From<SendError<T>> for End {
    fn from(_: SendError<T>) -> Self {
        Self::Closed
    }
}

/// Tells the broadcaster that a client came, and, whatever happens to its thread, that it went.
#[derive(Debug)]
struct Registration {
    id: ClientId,
    inbox: Sender<Input>,
    reason: Reason,
    is_parked: bool,
}

impl Registration {
    fn new(id: ClientId, inbox: Sender<Input>) -> Self {
        Self { id, inbox, reason: Reason::Disconnected, is_parked: false }
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        if self.is_parked {
            return;
        }
        let reason = std::mem::replace(&mut self.reason, Reason::Disconnected);
        // Without a broadcaster there is nobody left to tell.
        let _ = self.inbox.send(Input::Gone(self.id, reason));
    }
}

impl Session {
    /// Registers the client. From here on its thread must run, or the client is gone.
    pub(crate) fn new(
        id: ClientId,
        transport: Arc<Transport>,
        addr: SocketAddr,
        slot: Arc<Slot>,
        dialect: Dialect,
        shared: Shared,
    ) -> Self {
        let inbox = shared.inbox.clone();
        let connected = Input::Connected {
            id,
            transport: Arc::clone(&transport),
            addr,
            slot: Arc::clone(&slot),
            dialect,
        };
        let _ = inbox.send(connected);
        let now = shared.clock.uptime();
        Self {
            client: Registration::new(id, inbox),
            bucket: Bucket::new(slot.burst, now),
            heard: now,
            bell: shared.wakeup.bell(),
            limits: shared.limits.get(),
            _slot: slot,
            transport,
            shared,
            decoder: dialect.decoder(),
            is_settled: false,
            is_hung_up: false,
        }
    }

    /// Goes on with a client that another process had, and that the broadcaster knows already.
    pub(crate) fn resume(
        id: ClientId,
        transport: Arc<Transport>,
        slot: Arc<Slot>,
        saved: SavedSession,
        shared: Shared,
    ) -> Self {
        Self {
            client: Registration::new(id, shared.inbox.clone()),
            bucket: saved.bucket,
            heard: saved.heard,
            bell: shared.wakeup.bell(),
            limits: shared.limits.get(),
            _slot: slot,
            transport,
            shared,
            decoder: saved.decoder,
            is_settled: saved.is_settled,
            is_hung_up: false,
        }
    }

    /// Reads until the client is gone or the server stops; `early` was read before.
    pub(crate) fn run(mut self, early: &[u8]) {
        match self.read(early) {
            Ok(never) => match never {},
            Err(End::Gone(reason)) => self.client.reason = reason,
            Err(End::Closed) => self.discard(),
            Err(End::Parked) => self.park(),
        }
    }

    fn read(&mut self, early: &[u8]) -> Result<Infallible, End> {
        self.forward(early)?;
        loop {
            match os::wait_readable(&*self.transport, &self.bell, self.patience())? {
                Ready::Woken => self.wake()?,
                Ready::TimedOut => self.be_silent()?,
                Ready::Io => {
                    let received = self.transport.receive();
                    let has_answer = match &received {
                        Ok(received) => received.has_answer,
                        Err(_) => self.transport.is_pending(),
                    };
                    if has_answer {
                        self.shared.inbox.send(Input::Writable(self.client.id))?;
                    }
                    match received {
                        Ok(received) => {
                            self.forward(&received.bytes)?;
                            if received.is_end {
                                return self.end(Reason::Disconnected);
                            }
                        }
                        Err(error) => return self.end(reason(&error)),
                    }
                    // However much comes: keep-alives and half a line are no words.
                    self.check_idle()?;
                }
            }
        }
    }

    /// How long to wait for the client to send something.
    fn patience(&self) -> Option<Duration> {
        let settling = self.is_settling().then_some(SETTLING);
        let idle = self.limits.idle_timeout.map(|limit| limit.saturating_sub(self.silence()));
        settling.into_iter().chain(idle).min()
    }

    /// How long the client has said nothing.
    fn silence(&self) -> Duration {
        self.shared.clock.uptime().saturating_sub(self.heard)
    }

    /// Whether it is still to be seen if anybody is there.
    fn is_settling(&self) -> bool {
        !self.is_settled && !self.decoder.is_in_first_line()
    }

    /// Nothing came for as long as it takes to settle, or as the client may be silent.
    fn be_silent(&mut self) -> Result<(), End> {
        if self.is_settling() {
            self.is_settled = true;
            self.shared.inbox.send(Input::Settled(self.client.id))?;
        }
        self.check_idle()
    }

    /// Reports the client if it has said nothing for too long.
    fn check_idle(&mut self) -> Result<(), End> {
        if let Some(limit) = self.limits.idle_timeout
            && self.silence() >= limit
        {
            self.heard = self.shared.clock.uptime();
            self.shared.inbox.send(Input::Idle(self.client.id, limit))?;
        }
        Ok(())
    }

    /// The alarm went off: it is over, or there are other limits.
    fn wake(&mut self) -> Result<(), End> {
        if self.shared.wakeup.is_parking() {
            return Err(End::Parked);
        }
        self.bell = self.shared.wakeup.bell();
        self.limits = self.shared.limits.get();
        if self.shared.wakeup.is_over() { Err(End::Closed) } else { Ok(()) }
    }

    /// Forwards what `bytes` hold, in one message unless flood control spreads it out.
    fn forward(&mut self, mut bytes: &[u8]) -> Result<(), End> {
        let mut items = Vec::new();
        while let Some(incoming) = self.decoder.next(&mut bytes, self.limits.max_line) {
            self.admit(incoming, &mut items)?;
        }
        self.send(&mut items)
    }

    /// The client will send no more, but what it sent is worth hearing.
    fn end(&mut self, reason: Reason) -> Result<Infallible, End> {
        let mut items = Vec::new();
        while let Some(incoming) = self.decoder.finish(self.limits.max_line) {
            self.admit(incoming, &mut items)?;
        }
        self.send(&mut items)?;
        Err(End::Gone(reason))
    }

    /// Puts `incoming` with what is to be sent, once flood control lets it pass. While it waits
    /// nothing is read, so that TCP slows the client down and nothing is lost.
    fn admit(&mut self, incoming: Incoming, items: &mut Vec<Incoming>) -> Result<(), End> {
        if self.costs_a_token(&incoming) {
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

    /// The client is not silent while a line of its waits for flood control, and anything that is
    /// no line is silence.
    fn note_silence(&mut self, incoming: &Incoming) -> Result<(), End> {
        match incoming {
            Incoming::Line(_) | Incoming::TooLong { .. } | Incoming::Malformed => {
                self.heard = self.shared.clock.uptime();
                Ok(())
            }
            _ => self.check_idle(),
        }
    }

    /// Whether flood control counts it. Once a client is gone, only what it said still matters.
    fn costs_a_token(&self, incoming: &Incoming) -> bool {
        match incoming {
            Incoming::Line(line) => !self.is_hung_up || !line.is_blank(),
            // What is answered costs the server as much as what is said, pings and telnet's options
            // included.
            Incoming::TooLong { .. }
            | Incoming::Malformed
            | Incoming::Ping
            | Incoming::Answer(_) => !self.is_hung_up,
            _ => false,
        }
    }

    fn take_token(&mut self) -> Result<(), Duration> {
        if self.shared.wakeup.is_parking() {
            // What was read is not to be left between two processes.
            return Ok(());
        }
        self.bucket.take(&self.limits, self.shared.clock.uptime())
    }

    fn send(&mut self, items: &mut Vec<Incoming>) -> Result<(), End> {
        if items.is_empty() {
            return Ok(());
        }
        Ok(self.shared.inbox.send(Input::Received(self.client.id, std::mem::take(items)))?)
    }

    /// Waits, but no longer than there is somebody to wait for.
    fn pause(&mut self, pause: Duration) -> Result<(), End> {
        let mut ready = os::wait_closed(&*self.transport, &self.bell, pause)?;
        if ready == Ready::Io && !self.transport.is_closed() {
            // The client is gone, but not what it said.
            self.is_hung_up = true;
            ready = os::wait_bell(&self.bell, pause)?;
        }
        match ready {
            Ready::TimedOut => Ok(()),
            Ready::Woken if self.shared.wakeup.is_parking() => Ok(()),
            Ready::Woken => self.wake(),
            Ready::Io => Err(End::Closed),
        }
    }

    /// Leaves the client as it is, for another process to go on with.
    fn park(mut self) {
        self.client.is_parked = true;
        let Self { decoder, bucket, heard, is_settled, .. } = self;
        let saved = SavedSession { decoder, bucket, heard, is_settled };
        // Whoever hears of it may count on having the connection to itself.
        drop(self.transport);
        let _ = self.shared.inbox.send(Input::Parked(self.client.id, Box::new(saved)));
    }

    /// Reads what nobody wants to know: closing a socket with unread data would make the kernel
    /// throw away what the client has not received yet (RFC 1122, section 4.2.2.13).
    fn discard(&self) {
        while self.transport.receive().is_ok_and(|received| !received.is_end) {}
    }
}

#[cfg(test)]
mod tests;
