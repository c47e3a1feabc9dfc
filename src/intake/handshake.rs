//! `Handshake`: the TLS handshake and the HTTP request before a session, on the client's thread.
//!
//! A client may take long for either, or never finish: this occupies one thread, for a limited
//! time.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::ServerConfig;

use super::session::{Session, SessionContext};
use crate::admission::{Door, HandshakeSlot, Share, Slot, TurnedAway};
use crate::chat::{Message, Refusal};
use crate::net::{Accepted, Patience, Transport};
use crate::os::Bell;
use crate::telemetry::Refused;
use crate::text::Text;
use crate::web::{self, Served, Site, Upgraded};
use crate::wire::{Dialect, Farewell, is_typed, plain_refusal};

/// How long a TLS handshake may take, in all.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long an HTTP request and its answer may take.
const REQUEST: Duration = Duration::from_secs(5);
/// How long a health check may take, in all, while the server is too busy for other requests.
const BUSY: Duration = Duration::from_secs(1);
/// How long a client may take to read the reason for a refusal.
const LINGER: Duration = Duration::from_secs(1);
/// Bytes that are read and dropped meanwhile: unread data would make the kernel reset the
/// connection.
const LINGER_BYTES: usize = 256 * 1024;

/// The service that a listener offers.
#[derive(Clone, Debug)]
pub(crate) struct Service {
    /// Its name in the log and the port file.
    pub name: &'static str,
    pub tls: Option<Arc<ServerConfig>>,
    /// The pages that it serves, if it speaks HTTP.
    pub site: Option<Arc<Site>>,
    /// What its clients speak, unless they say so over HTTP.
    pub dialect: Dialect,
}

impl Service {
    /// Whether a connection becomes a client at once, without TLS or HTTP.
    pub(crate) fn is_immediate(&self) -> bool {
        self.tls.is_none() && self.site.is_none()
    }

    /// The share of handshakes that its connections belong to.
    pub(crate) fn share(&self) -> Share {
        let is_for_machines = self.site.as_ref().is_some_and(|site| site.is_for_machines());
        if is_for_machines { Share::Figures } else { Share::Clients }
    }

    /// The same service, answering nothing but health checks; `None` if it answers none.
    pub(crate) fn only_health(&self) -> Option<Self> {
        let site = Arc::new(self.site.as_ref()?.only_health());
        Some(Self { site: Some(site), ..self.clone() })
    }
}

/// A connection on its way to becoming a client.
#[derive(Debug)]
pub(super) struct Handshake {
    pub addr: SocketAddr,
    pub service: Service,
    pub door: Arc<Door>,
    /// Rings to end the handshake at once.
    pub hurry: Arc<Bell>,
    /// For its session.
    pub shared: SessionContext,
    /// Whether the server is too busy to wait long for the client.
    pub is_hurried: bool,
}

impl Handshake {
    /// Runs the session of a connection that needs no handshake; it has its slot already.
    pub(super) fn enter(self, transport: Arc<Transport>, slot: Slot) {
        let dialect = self.service.dialect;
        self.start(transport, slot, dialect, &[]);
    }

    /// Completes the TLS handshake and the HTTP request, and then runs the session, if there is
    /// one.
    pub(super) fn run(self, stream: TcpStream, handshake_slot: HandshakeSlot) {
        match self.prepare(stream) {
            Ok(Some((transport, upgraded))) => {
                self.become_client(transport, upgraded, handshake_slot)
            }
            Ok(None) => {}
            Err(error) => {
                log::debug!("the connection from {} did not become a client: {error}", self.addr)
            }
        }
    }

    fn prepare(&self, stream: TcpStream) -> io::Result<Option<(Transport, Upgraded)>> {
        let Some(tls) = &self.service.tls else {
            return self.serve(Transport::bare(stream), Vec::new());
        };
        let port = stream.local_addr().map_or(0, |addr| addr.port());
        let is_plain = if self.service.site.is_some() { web::is_http } else { is_typed };
        match Transport::accept_tls(stream, Arc::clone(tls), is_plain, self.patience(HANDSHAKE))? {
            Accepted::Tls(transport, early) => self.serve(transport, early),
            Accepted::Plain(transport, sent) => {
                self.refuse_plain(&transport, sent, port)?;
                self.linger(&transport);
                Ok(None)
            }
        }
    }

    /// Tells a client that does not speak TLS that this port requires it.
    fn refuse_plain(&self, transport: &Transport, sent: Vec<u8>, port: u16) -> io::Result<()> {
        match &self.service.site {
            Some(_) if sent.is_empty() => return Err(io::ErrorKind::TimedOut.into()),
            Some(_) => web::refuse_plain(transport, sent, self.patience(REQUEST))?,
            None => transport.send_all(&plain_refusal(port, &sent), self.patience(LINGER))?,
        }
        self.note_refusal("it does not speak TLS to a port that does", Refused::Plain);
        Ok(())
    }

    fn serve(
        &self,
        transport: Transport,
        early: Vec<u8>,
    ) -> io::Result<Option<(Transport, Upgraded)>> {
        let Some(site) = &self.service.site else {
            return Ok(Some((transport, Upgraded { dialect: self.service.dialect, early })));
        };
        match web::serve(&transport, early, site, self.patience(REQUEST))? {
            Served::Upgraded(upgraded) => return Ok(Some((transport, upgraded))),
            Served::Answered => {}
            Served::Barred(why) => self.note_refusal(&why, Refused::Host),
            Served::Busy => {
                self.note_refusal("too many connections are still connecting", Refused::Arriving)
            }
        }
        self.linger(&transport);
        Ok(None)
    }

    fn note_refusal(&self, why: &str, reason: Refused) {
        log::warn!("refused {}: {why}", self.addr);
        self.shared.metrics.count_refused(reason);
    }

    fn become_client(
        self,
        transport: Transport,
        upgraded: Upgraded,
        handshake_slot: HandshakeSlot,
    ) {
        let (limits, now) = (self.shared.limits.get(), self.shared.clock.uptime());
        let entered = self.door.enter(self.addr.ip(), &limits, now);
        // Released only now: a server that is handed over waits for handshakes and then for
        // clients, so the connection must be counted as one of them at any time.
        drop(handshake_slot);
        match entered {
            Ok(slot) => self.start(Arc::new(transport), slot, upgraded.dialect, &upgraded.early),
            Err(reason) => self.turn_away(&transport, upgraded.dialect, reason),
        }
    }

    fn start(self, transport: Arc<Transport>, slot: Slot, dialect: Dialect, early: &[u8]) {
        let id = self.door.next_id();
        Session::new(id, transport, self.addr, Arc::new(slot), dialect, self.shared).run(early);
    }

    fn turn_away(&self, transport: &Transport, dialect: Dialect, reason: TurnedAway) {
        self.note_refusal(&reason.to_string(), reason.counted());
        let words = last_words(dialect, reason);
        if transport.send_all(&words, self.patience(LINGER)).is_ok() {
            self.linger(transport);
        }
    }

    /// Ends the connection so that the client gets the last bytes: if it were closed while data
    /// arrives, the kernel would reset it, and the client could lose them.
    fn linger(&self, transport: &Transport) {
        transport.finish_sending();
        let (patience, mut read) = (self.patience(LINGER), 0);
        while read < LINGER_BYTES
            && let Ok(received) = transport.receive_within(patience)
            && !received.is_end
        {
            read += received.bytes.len();
        }
    }

    fn patience(&self, most: Duration) -> Patience<'_> {
        let most = if self.is_hurried { most.min(BUSY) } else { most };
        Patience { deadline: Instant::now() + most, bell: &self.hurry }
    }
}

/// The reason for turning a client away and the end of the stream, in its dialect.
pub(super) fn last_words(dialect: Dialect, reason: TurnedAway) -> Vec<u8> {
    let mut words = Vec::new();
    let refusal = Refusal::TurnedAway(Text::new(reason.to_string()));
    dialect.encode(&Message::Refused(refusal), &mut words);
    dialect.encode_end(Farewell::TryLater, &mut words);
    words
}
