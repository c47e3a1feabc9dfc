//! The accept loop: it never waits for a client, only for the next one.

use std::collections::VecDeque;
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::handshake::{Handshake, Service, last_words};
use super::session::Shared;
use crate::admission::{Crowd, Door, HandshakeSlot, Share, TurnedAway};
use crate::net::Transport;
use crate::os::{self, Bell, Ready};
use crate::runtime::Threads;
use crate::web;
use crate::wire::Dialect;

/// How long to wait when accepting fails for want of something: at first, and at most.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(10), Duration::from_secs(1));
/// Connections turned away stay open this long, for the line they were sent to be read.
const LINGER: Duration = Duration::from_secs(1);
/// So many of them at most.
const MAX_LINGERING: usize = 64;

/// What all acceptors of a server have in common.
#[derive(Clone, Debug)]
pub(crate) struct Entrance {
    /// Who may come in.
    pub door: Arc<Door>,
    /// What sessions are given.
    pub shared: Shared,
    /// For the sessions.
    pub threads: Threads,
    /// Ends the accepting.
    pub closing: Arc<Bell>,
    /// Ends the patience with those who are on their way in.
    pub hurry: Arc<Bell>,
}

/// Accepts from one listener.
#[derive(Debug)]
pub(crate) struct Acceptor {
    listener: TcpListener,
    service: Service,
    entrance: Entrance,
    /// Those turned away, and until when they may read why.
    lingering: VecDeque<(Instant, Arc<Transport>)>,
}

impl Acceptor {
    /// One for `listener`, which must be non-blocking.
    pub(crate) fn new(listener: TcpListener, service: Service, entrance: Entrance) -> Self {
        Self { listener, service, entrance, lingering: VecDeque::new() }
    }

    /// Accepts until the bell rings, and returns the listener. No error ends it: those about one
    /// connection concern that one, and those for want of descriptors or memory pass.
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

    /// Accepts one connection, if one comes before there is something else to do.
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
            hurry: Arc::clone(&self.entrance.hurry),
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
        let (limits, now) =
            (self.entrance.shared.limits.get(), self.entrance.shared.clock.uptime());
        let (addr, transport) = (handshake.addr, Arc::new(Transport::bare(stream)));
        let entered = self.entrance.door.enter(addr.ip(), &limits, now);
        let started = entered.and_then(|slot| {
            let transport = Arc::clone(&transport);
            self.start(move || handshake.enter(transport, slot)).ok_or(TurnedAway::NoThread)
        });
        if let Err(reason) = started {
            self.turn_away(transport, addr, reason);
        }
    }

    /// For those who have more to do first; if there is no thread for that, there is no way to
    /// tell them. Nor is there under TLS, as the handshake would take a thread, too.
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

    /// Lets a connection begin to come in. If there are too many, it may still be a health check.
    fn begin_handshake(
        &self,
        handshake: Handshake,
    ) -> Result<(Handshake, HandshakeSlot), (SocketAddr, Crowd)> {
        let (limits, now) =
            (self.entrance.shared.limits.get(), self.entrance.shared.clock.uptime());
        let (addr, is_tls) = (handshake.addr, self.service.tls.is_some());
        let begin =
            |share| self.entrance.door.begin_handshake(addr.ip(), share, is_tls, &limits, now);
        match begin(self.service.share()) {
            Ok(slot) => Ok((handshake, slot)),
            Err(Crowd::Everywhere) => {
                let only_health = self.service.only_health().ok_or((addr, Crowd::Everywhere))?;
                let slot = begin(Share::Health).map_err(|crowd| (addr, crowd))?;
                Ok((Handshake { service: only_health, is_hurried: true, ..handshake }, slot))
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
        self.say_last(transport, &last_words(Dialect::default(), reason));
    }

    /// Says why, and keeps the connection for a moment: closing it while something of the
    /// client's arrives would take the words back.
    fn say_last(&mut self, transport: Arc<Transport>, words: &[u8]) {
        // A new socket takes so little; if not, its client is gone.
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
