//! The accept loop: it never waits for a client, only for the next one.

use std::collections::VecDeque;
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::handshake::{Handshake, Service, last_words};
use super::hurry::Hurry;
use super::session::SessionContext;
use crate::admission::{Crowd, Door, HandshakeSlot, Share, TurnedAway};
use crate::net::Transport;
use crate::os::{self, Bell, Ready};
use crate::runtime::Threads;
use crate::web;

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
    /// For the sessions.
    pub shared: SessionContext,
    /// The threads of all clients, for their handshakes and sessions.
    pub threads: Threads,
    /// Rings to stop accepting.
    pub closing: Arc<Bell>,
    pub hurry: Arc<Hurry>,
}

/// Accepts from one listener.
#[derive(Debug)]
pub(crate) struct Acceptor {
    listener: TcpListener,
    service: Service,
    entrance: Entrance,
    /// Connections that were turned away, and when each is closed.
    lingering: VecDeque<(Instant, Arc<Transport>)>,
}

impl Acceptor {
    /// An acceptor for `listener`, which must be non-blocking.
    pub(crate) fn new(listener: TcpListener, service: Service, entrance: Entrance) -> Self {
        Self { listener, service, entrance, lingering: VecDeque::new() }
    }

    /// Accepts until `closing` rings, and returns the listener and its service's name. No error
    /// ends it: it ignores errors of a single connection, and tries again after a lack of
    /// descriptors or memory.
    pub(crate) fn run(mut self) -> (TcpListener, &'static str) {
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
            let (stream, addr) = self.listener.accept()?;
            self.let_in(stream, addr);
        }
        Ok(ready)
    }

    fn let_in(&mut self, stream: TcpStream, addr: SocketAddr) {
        let addr = SocketAddr::new(addr.ip().to_canonical(), addr.port());
        let handshake = Handshake {
            addr,
            service: self.service.clone(),
            door: Arc::clone(&self.entrance.door),
            hurry: self.entrance.hurry.bell(Share::Clients),
            shared: self.entrance.shared.clone(),
            is_hurried: false,
        };
        if self.service.is_immediate() {
            self.start_session(handshake, stream);
        } else {
            self.start_handshake(handshake, stream);
        }
    }

    fn start_session(&mut self, handshake: Handshake, stream: TcpStream) {
        let limits = self.entrance.shared.limits.get();
        let now = self.entrance.shared.clock.uptime();
        let addr = handshake.addr;
        let transport = Arc::new(Transport::bare(stream));
        let entered = self.entrance.door.enter(addr.ip(), &limits, now);
        let started = entered.and_then(|slot| {
            let transport = Arc::clone(&transport);
            self.start(move || handshake.enter(transport, slot)).ok_or(TurnedAway::NoThread)
        });
        if let Err(reason) = started {
            self.turn_away(transport, addr, reason);
        }
    }

    /// For connections that need a handshake. If no thread can be started, the connection is closed
    /// without a word. So is a refused one under TLS, as the handshake would need a thread, too.
    fn start_handshake(&mut self, handshake: Handshake, stream: TcpStream) {
        match self.begin_handshake(handshake) {
            Ok((handshake, slot)) => drop(self.start(move || handshake.run(stream, slot))),
            Err((addr, crowd)) => {
                log::warn!("refused {addr}: {crowd}");
                self.entrance.shared.metrics.count_refused(crowd.counted());
                if self.service.tls.is_none() {
                    self.say_last(Arc::new(Transport::bare(stream)), &web::too_busy());
                }
            }
        }
    }

    /// Takes a slot for a handshake. If there are too many, a connection may still be a health
    /// check.
    fn begin_handshake(
        &self,
        handshake: Handshake,
    ) -> Result<(Handshake, HandshakeSlot), (SocketAddr, Crowd)> {
        let limits = self.entrance.shared.limits.get();
        let now = self.entrance.shared.clock.uptime();
        let addr = handshake.addr;
        let is_tls = self.service.tls.is_some();
        let begin =
            |share| self.entrance.door.begin_handshake(addr.ip(), share, is_tls, &limits, now);
        let share = self.service.share();
        match begin(share) {
            Ok(slot) => {
                Ok((Handshake { hurry: self.entrance.hurry.bell(share), ..handshake }, slot))
            }
            Err(Crowd::Everywhere) => {
                let only_health = self.service.only_health().ok_or((addr, Crowd::Everywhere))?;
                let slot = begin(Share::Health).map_err(|crowd| (addr, crowd))?;
                let hurry = self.entrance.hurry.bell(Share::Health);
                Ok((Handshake { service: only_health, hurry, is_hurried: true, ..handshake }, slot))
            }
            Err(crowd) => Err((addr, crowd)),
        }
    }

    fn start(&self, job: impl FnOnce() + Send + 'static) -> Option<()> {
        let started = self.entrance.threads.run(job);
        started.inspect_err(|error| log::error!("cannot start a thread: {error}")).ok()
    }

    fn turn_away(&mut self, transport: Arc<Transport>, addr: SocketAddr, reason: TurnedAway) {
        log::warn!("refused {addr}: {reason}");
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
