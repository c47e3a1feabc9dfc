//! The accept loop: it never waits for a client, only for the next one.

use std::collections::VecDeque;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::handshake::Handshake;
use super::hurry::Hurry;
use super::inbox::Caller;
use super::last_words::last_words;
use super::service::Service;
use super::session::SessionContext;
use crate::address::{Networks, Remote};
use crate::admission::{Crowd, Door, HandshakeSlot, Share, TurnedAway};
use crate::net::Transport;
use crate::os::{self, Bell, ListeningSocket, Ready};
use crate::runtime::{NotStarted, Replaceable, Threads};

/// How long to wait when accepting fails for lack of a resource: at first, and at most.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(10), Duration::from_secs(1));
/// How long a connection that was turned away stays open, so that the client can read why.
const LINGER: Duration = Duration::from_secs(1);
/// How many such connections stay open at most.
const MAX_LINGERING: usize = 64;

/// What all acceptors of a server have in common.
#[derive(Clone, Debug)]
pub(crate) struct Entrance {
    pub door: Arc<Door>,
    /// The networks of proxies.
    pub proxies: Replaceable<Networks>,
    /// For the sessions.
    pub shared: SessionContext,
    /// The threads of handshakes.
    pub handshakes: Threads,
    /// The threads of all clients' sessions.
    pub sessions: Threads,
    /// Rings to stop accepting.
    pub closing: Arc<Bell>,
    pub hurry: Arc<Hurry>,
}

/// Accepts from one listener.
#[derive(Debug)]
pub(crate) struct Acceptor {
    listener: ListeningSocket,
    service: Service,
    entrance: Entrance,
    /// Connections that were turned away, and when each is closed.
    lingering: VecDeque<(Instant, Arc<Transport>)>,
}

impl Acceptor {
    /// An acceptor for `listener`, which must be non-blocking.
    pub(crate) fn new(listener: ListeningSocket, service: Service, entrance: Entrance) -> Self {
        Self { listener, service, entrance, lingering: VecDeque::new() }
    }

    /// Accepts until `closing` rings, and returns the listener and its service's name. No error
    /// ends it: it ignores errors of a single connection, and tries again after a lack of
    /// descriptors or memory.
    pub(crate) fn run(mut self) -> (ListeningSocket, &'static str) {
        let mut back_off = BACK_OFF.0;
        loop {
            match self.accept() {
                Ok(Ready::Woken) => break,
                Ok(_) => back_off = BACK_OFF.0,
                Err(error) if os::is_about_one_connection(&error) => {}
                Err(error) => {
                    log::error!("cannot accept connections: {error}; trying again in {back_off:?}");
                    if let Ok(Ready::Woken) = os::wait_bell(&self.entrance.closing, back_off) {
                        break;
                    }
                    back_off = (back_off * 2).min(BACK_OFF.1);
                }
            }
            self.stop_lingering();
        }
        (self.listener, self.service.name)
    }

    /// Accepts one connection, or returns after [`LINGER`] if one has to be closed.
    fn accept(&mut self) -> io::Result<Ready> {
        let timeout = (!self.lingering.is_empty()).then_some(LINGER);
        let ready = os::wait_readable(&self.listener, &self.entrance.closing, timeout)?;
        if ready == Ready::Io {
            let (stream, remote) = self.listener.accept()?;
            self.let_in(stream, remote);
        }
        Ok(ready)
    }

    fn let_in(&mut self, stream: OwnedFd, remote: Remote) {
        let proxies = self.entrance.proxies.get();
        let handshake = Handshake {
            // What goes over a socket at a path is on no network.
            from: Caller { remote, is_encrypted: self.service.is_at_path, is_unheard: false },
            service: self.service.clone(),
            door: Arc::clone(&self.entrance.door),
            proxies,
            hurry: self.entrance.hurry.bell(Share::Clients),
            shared: self.entrance.shared.clone(),
            sessions: self.entrance.sessions.clone(),
            is_hurried: false,
        };
        if self.service.is_immediate() && !handshake.is_listed() {
            self.start_session(handshake, stream);
        } else {
            self.start_handshake(handshake, stream);
        }
    }

    fn start_session(&mut self, handshake: Handshake, stream: OwnedFd) {
        let limits = self.entrance.shared.limits.get();
        let now = self.entrance.shared.clock.uptime();
        let remote = handshake.from.remote;
        let transport = Arc::new(Transport::bare(stream));
        let entered = self.entrance.door.enter(remote.ip(), handshake.is_exempt(), &limits, now);
        let started = entered.and_then(|slot| {
            let transport = Arc::clone(&transport);
            let Entrance { sessions, handshakes, .. } = &self.entrance;
            let handshake = Box::new(handshake);
            let session = move || handshake.enter(transport, slot);
            start(sessions, handshakes, session).ok_or(TurnedAway::NoThread)
        });
        if let Err(reason) = started {
            self.turn_away(transport, remote, reason);
        }
    }

    /// For connections that need a handshake. If no thread can be started, the connection is closed
    /// without a word. So is a refused one under TLS, as the handshake would need a thread, too.
    fn start_handshake(&mut self, handshake: Handshake, stream: OwnedFd) {
        match self.begin_handshake(handshake) {
            Ok((handshake, slot)) => {
                let Entrance { sessions, handshakes, .. } = &self.entrance;
                start(handshakes, sessions, move || handshake.run(stream, slot));
            }
            Err((remote, crowd)) => {
                log::warn!("refused {remote}: {crowd}");
                self.entrance.shared.metrics.count_refused(crowd.counted());
                if self.service.tls.is_none() {
                    let words = self.service.too_busy();
                    self.say_last(Arc::new(Transport::bare(stream)), &words);
                }
            }
        }
    }

    /// Takes a slot for a handshake. If there are too many, a connection may still be a health
    /// check.
    fn begin_handshake(
        &self,
        handshake: Handshake,
    ) -> Result<(Handshake, HandshakeSlot), (Remote, Crowd)> {
        let remote = handshake.from.remote;
        let share = self.service.share();
        match self.slot(&handshake, share) {
            Ok(slot) => {
                Ok((Handshake { hurry: self.entrance.hurry.bell(share), ..handshake }, slot))
            }
            Err(Crowd::Everywhere) => {
                let only_health = self.service.only_health().ok_or((remote, Crowd::Everywhere))?;
                let slot = self.slot(&handshake, Share::Health).map_err(|crowd| (remote, crowd))?;
                let hurry = self.entrance.hurry.bell(Share::Health);
                Ok((Handshake { service: only_health, hurry, is_hurried: true, ..handshake }, slot))
            }
            Err(crowd) => Err((remote, crowd)),
        }
    }

    /// A slot for a handshake. A proxy's counts for no address until the client's is known.
    fn slot(&self, handshake: &Handshake, share: Share) -> Result<HandshakeSlot, Crowd> {
        let limits = self.entrance.shared.limits.get();
        let now = self.entrance.shared.clock.uptime();
        let mut slot = self.entrance.door.begin_handshake(share)?;
        if !handshake.is_listed() {
            let (ip, is_tls) = (handshake.from.remote.ip(), self.service.tls.is_some());
            slot.attribute(ip, handshake.is_exempt(), is_tls, &limits, now)?;
        }
        Ok(slot)
    }

    fn turn_away(&mut self, transport: Arc<Transport>, remote: Remote, reason: TurnedAway) {
        log::warn!("refused {remote}: {reason}");
        self.entrance.shared.metrics.count_refused(reason.counted());
        self.say_last(transport, &last_words(self.service.dialect, reason));
    }

    /// Sends the reason and holds the connection open for a moment: if it were closed while data
    /// arrives, the kernel would reset it, and the client could lose the reason.
    fn say_last(&mut self, transport: Arc<Transport>, words: &[u8]) {
        // A new socket has room for so few bytes; if not, its client is gone.
        let _ = transport.send_now([words].into_iter());
        transport.finish_sending();
        if self.lingering.len() == MAX_LINGERING {
            self.lingering.pop_front();
        }
        self.lingering.push_back((Instant::now() + LINGER, transport));
    }

    fn stop_lingering(&mut self) {
        let now = Instant::now();
        while self.lingering.front().is_some_and(|(until, _)| *until <= now) {
            self.lingering.pop_front();
        }
    }
}

/// Runs a job on a thread of its own: if none can be started, on an idle one of the other kind.
fn start(own: &Threads, other: &Threads, job: impl FnOnce() + Send + 'static) -> Option<()> {
    let Err(NotStarted { error, job }) = own.run(job) else { return Some(()) };
    match other.offer(job) {
        None => Some(()),
        Some(_) => {
            log::error!("cannot start a thread: {error}");
            None
        }
    }
}
