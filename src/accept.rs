//! The accept loop: who is let in, and how the others are told that they are not.

use std::collections::VecDeque;
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::door::{Door, Place, TurnedAway};
use crate::os::{self, Bell, Ready, Socket};
use crate::session::{Session, Shared};
use crate::threads::Threads;

/// How long to wait when accepting fails for want of something: at first, and at most.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(10), Duration::from_secs(1));
/// Connections turned away stay open this long, for the line they were sent to be read.
const LINGER: Duration = Duration::from_secs(1);
/// So many of them at most.
const MAX_LINGERING: usize = 64;

/// Accepts text clients from one listener.
#[derive(Debug)]
pub struct Acceptor {
    listener: TcpListener,
    door: Arc<Door>,
    shared: Shared,
    closing: Arc<Bell>,
    threads: Threads,
    /// Those turned away, and until when they may read why.
    lingering: VecDeque<(Instant, Arc<Socket>)>,
}

impl Acceptor {
    /// One for `listener`, which must be non-blocking, until `closing` rings.
    pub fn new(listener: TcpListener, door: Arc<Door>, shared: Shared, closing: Arc<Bell>) -> Self {
        Self {
            listener,
            door,
            shared,
            closing,
            threads: Threads::new("client"),
            lingering: VecDeque::new(),
        }
    }

    /// Accepts until the bell rings. No error ends it: those about one connection concern that
    /// one, and those for want of descriptors or memory pass.
    pub fn run(mut self) {
        let mut back_off = BACK_OFF.0;
        loop {
            match self.accept() {
                Ok(Ready::Woken) => return,
                Ok(_) => back_off = BACK_OFF.0,
                Err(error) if os::is_about_one_connection(&error) => {}
                Err(error) => {
                    log::error!("cannot accept: {error}; trying again in {back_off:?}");
                    if let Ok(Ready::Woken) = os::wait_bell(&self.closing, back_off) {
                        return;
                    }
                    back_off = (back_off * 2).min(BACK_OFF.1);
                }
            }
            self.stop_lingering();
        }
    }

    /// Accepts one connection, if one comes before there is something else to do.
    fn accept(&mut self) -> io::Result<Ready> {
        let timeout = (!self.lingering.is_empty()).then_some(LINGER);
        let ready = os::wait_readable(&self.listener, &self.closing, timeout)?;
        if ready == Ready::Readable {
            let (stream, addr) = self.listener.accept()?;
            self.let_in(stream, addr);
        }
        Ok(ready)
    }

    fn let_in(&mut self, stream: TcpStream, addr: SocketAddr) {
        let addr = SocketAddr::new(addr.ip().to_canonical(), addr.port());
        let socket = Arc::new(Socket::new(stream));
        let (limits, now) = (self.shared.limits.get(), self.shared.clock.uptime());
        let entered = self.door.enter(addr.ip(), &limits, now);
        let started = entered.and_then(|place| self.start_session(&socket, addr, place));
        if let Err(reason) = started {
            self.turn_away(socket, addr, reason);
        }
    }

    fn start_session(
        &self,
        socket: &Arc<Socket>,
        addr: SocketAddr,
        place: Place,
    ) -> Result<(), TurnedAway> {
        let (id, socket, shared) = (self.door.next_id(), Arc::clone(socket), self.shared.clone());
        let session = move || Session::new(id, socket, addr, place, shared).run();
        self.threads.run(session).map_err(|error| {
            log::error!("cannot start a thread: {error}");
            TurnedAway::NoThread
        })
    }

    /// Says why, and keeps the connection for a moment: closing it while something of the
    /// client's arrives would take the words back.
    fn turn_away(&mut self, socket: Arc<Socket>, addr: SocketAddr, reason: TurnedAway) {
        log::warn!("refused {addr}: {reason}");
        // A new socket takes one line; if not, its client is gone.
        let _ = socket.send_now(format!("!! {reason}\r\n").as_bytes());
        socket.finish_sending();
        if self.lingering.len() == MAX_LINGERING {
            self.lingering.pop_front();
        }
        self.lingering.push_back((Instant::now() + LINGER, socket));
    }

    fn stop_lingering(&mut self) {
        let now = Instant::now();
        while self.lingering.front().is_some_and(|(until, _)| *until <= now) {
            self.lingering.pop_front();
        }
    }
}
