//! `Handshake`: the PROXY header, the TLS handshake and the HTTP request before a session, on the
//! client's thread.
//!
//! A client may take long for each, or never finish: this occupies one thread, for a limited time.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::bounded;

use super::inbox::{Caller, Input};
use super::last_words::{last_words, refusal};
use super::preamble::{
    self, Expected, HEADER_MISSING, HEADER_NOT_TAKEN, HEADER_UNWANTED, HEADER_USELESS, Preamble,
    Unheaded,
};
use super::service::Service;
use super::session::{Session, SessionContext};
use crate::address::{Networks, Remote};
use crate::admission::{Crowd, Door, HandshakeSlot, Slot, TurnedAway};
use crate::net::{Accepted, Patience, Transport};
use crate::os::{self, Bell};
use crate::runtime::Threads;
use crate::telemetry::Refused;
use crate::web::{self, Ask, ChatAccess, Forwarded, Reply, Served, Trust, Upgraded};
use crate::wire::{Dialect, ProxyHeader, is_typed, plain_refusal};

/// How long a TLS handshake may take, in all.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long a client at a path may send nothing before the server speaks. From a proxy the header
/// has its own time.
const FIRST_BYTES: Duration = Duration::from_secs(1);
/// How long an HTTP request and its answer may take.
const REQUEST: Duration = Duration::from_secs(5);
/// How long a health check may take, in all, while the server is too busy for other requests.
const BUSY: Duration = Duration::from_secs(1);
/// How long the broadcaster may take to answer a request.
const ASKING: Duration = Duration::from_secs(10);
/// How long a client may take to read the reason for a refusal.
const LINGER: Duration = Duration::from_secs(1);
/// Bytes that are read and dropped meanwhile: unread data would make the kernel reset the
/// connection.
const LINGER_BYTES: usize = 256 * 1024;

/// A connection on its way to becoming a client.
#[derive(Debug)]
pub(super) struct Handshake {
    /// Where it comes from, as far as that is known.
    pub from: Caller,
    pub service: Service,
    pub door: Arc<Door>,
    /// The networks of proxies.
    pub proxies: Networks,
    /// Rings to end the handshake at once.
    pub hurry: Arc<Bell>,
    /// For its session.
    pub shared: SessionContext,
    /// The threads of sessions.
    pub sessions: Threads,
    /// Whether the server is too busy to wait long for the client.
    pub is_hurried: bool,
}

impl Handshake {
    /// Runs the session of a connection that needs no handshake; it has its slot already.
    pub(super) fn enter(self: Box<Self>, transport: Arc<Transport>, slot: Slot) {
        // Clients that are programs often speak at once. Then the welcome and the answer are one
        // send, and the session need not be woken.
        let early = transport.arrived();
        let upgraded = Upgraded { dialect: self.service.dialect, early, reads: None };
        let session = self.session(transport, slot, upgraded);
        drop(self);
        session();
    }

    /// Completes the handshake, and then runs the session, if there is one: the PROXY header, TLS
    /// and the HTTP request.
    pub(super) fn run(mut self, stream: OwnedFd, mut slot: HandshakeSlot) {
        let connected = self.from.remote;
        match self.prepare(Transport::bare(stream), &mut slot) {
            Ok(Some((transport, upgraded))) => self.become_client(transport, upgraded, slot),
            Ok(None) => {}
            Err(error) => {
                log::debug!("the connection from {connected} did not become a client: {error}")
            }
        }
    }

    fn prepare(
        &mut self,
        transport: Transport,
        slot: &mut HandshakeSlot,
    ) -> io::Result<Option<(Transport, Upgraded)>> {
        let is_listed = self.is_listed();
        let trusted = is_listed.then(|| self.proxies.clone());
        let opening = Instant::now();
        let expected = self.expected(is_listed);
        let read = preamble::read(&transport, expected, self.patience(opening, self.opening()))?;
        let Preamble { header, rest } = match read {
            Ok(preamble) => preamble,
            Err(unheaded) => return self.refuse_preamble(&transport, unheaded).map(|()| None),
        };
        let begun = if header.is_some() { Instant::now() } else { opening };
        if let Some(header) = header
            && let Err(crowd) = self.take_from(header, slot)
        {
            self.note_refusal(&crowd.to_string(), crowd.counted());
            return self.refuse_crowd(&transport).map(|()| None);
        }
        let Some((transport, early)) = self.encrypt(transport, rest, begun)? else {
            return Ok(None);
        };
        let begun = if transport.is_bare() { begun } else { Instant::now() };
        // Behind a PROXY header the address is known.
        let trusted = trusted.map(|list| (list, header.is_some()));
        self.serve(transport, early, trusted, begun, slot)
    }

    /// Whether the connection comes from a proxy.
    pub(super) fn is_listed(&self) -> bool {
        !self.service.is_at_path && self.proxies.contain(self.from.remote.ip())
    }

    fn expected(&self, is_listed: bool) -> Expected {
        match (is_listed, self.service.site.is_some()) {
            (true, false) => Expected::Header,
            (true, true) => Expected::Anything,
            _ if self.service.is_at_path => Expected::Anything,
            _ => Expected::NoHeader,
        }
    }

    /// How long the first bytes may take.
    fn opening(&self) -> Duration {
        match (&self.service.tls, &self.service.site) {
            (Some(_), _) => HANDSHAKE,
            (None, Some(_)) => REQUEST,
            (None, None) => FIRST_BYTES,
        }
    }

    /// Takes the client that a proxy states for the far end, and counts the handshake for it.
    fn take_from(&mut self, header: ProxyHeader, slot: &mut HandshakeSlot) -> Result<(), Crowd> {
        let connected = self.from.remote;
        let remote = header.client.unwrap_or(connected);
        // With its first version a proxy states its own end in its health checks.
        let is_unheard = remote == connected;
        // Over a path, with the header that has no word for it, comes the door of ssh.
        let is_encrypted = header.is_encrypted.unwrap_or(self.service.is_at_path);
        self.from = Caller { remote, is_encrypted, is_unheard };
        self.count_for(remote, self.service.tls.is_some(), slot)
    }

    /// Counts the handshake for an address.
    fn count_for(
        &self,
        remote: Remote,
        is_tls: bool,
        slot: &mut HandshakeSlot,
    ) -> Result<(), Crowd> {
        let (limits, now) = (self.shared.limits.get(), self.shared.clock.uptime());
        slot.attribute(remote.ip(), self.exempts(remote), is_tls, &limits, now)
    }

    /// Whether the limits for each address do not apply.
    pub(super) fn is_exempt(&self) -> bool {
        self.exempts(self.from.remote)
    }

    /// Whether they do not apply to a client: to this machine, unless it is a proxy.
    fn exempts(&self, remote: Remote) -> bool {
        remote.is_local() && !self.proxies.contain(remote.ip())
    }

    /// Does the TLS handshake on a TLS port; returns the bytes that were read behind it. `None` if
    /// the client does not speak TLS.
    fn encrypt(
        &mut self,
        transport: Transport,
        rest: Vec<u8>,
        begun: Instant,
    ) -> io::Result<Option<(Transport, Vec<u8>)>> {
        let Some(tls) = &self.service.tls else { return Ok(Some((transport, rest))) };
        let port = os::local_port(&transport);
        let is_plain = if self.service.site.is_some() { web::is_http } else { is_typed };
        let patience = self.patience(begun, HANDSHAKE);
        match transport.accept_tls(rest, Arc::clone(tls), is_plain, patience)? {
            Accepted::Tls(transport, early) => {
                self.from.is_encrypted = true;
                Ok(Some((transport, early)))
            }
            Accepted::Plain(transport, sent) => {
                self.refuse_plain(&transport, sent, port)?;
                self.linger(&transport);
                Ok(None)
            }
        }
    }

    /// Refuses a connection because of its PROXY header, or the lack of one.
    fn refuse_preamble(&self, transport: &Transport, unheaded: Unheaded) -> io::Result<()> {
        let (why, words) = match unheaded {
            Unheaded::Missing(why) if self.service.is_at_path => {
                (format!("its PROXY header is of no use: {why}"), HEADER_USELESS)
            }
            Unheaded::Missing(why) => {
                (format!("a PROXY header was expected: {why}"), HEADER_MISSING)
            }
            Unheaded::Unwanted => (HEADER_UNWANTED.to_owned(), HEADER_NOT_TAKEN),
        };
        self.note_refusal(&why, Refused::Proxy);
        match (&self.service.tls, &self.service.site) {
            (Some(_), _) => return Ok(()),
            (None, Some(_)) => web::refuse_header(transport, words, self.within(LINGER))?,
            (None, None) => {
                transport.send_all(&refusal(self.service.dialect, words), self.within(LINGER))?;
            }
        }
        self.linger(transport);
        Ok(())
    }

    /// Refuses a connection because there are too many others.
    fn refuse_crowd(&self, transport: &Transport) -> io::Result<()> {
        if self.service.tls.is_none() {
            transport.send_all(&self.service.too_busy(), self.within(LINGER))?;
            self.linger(transport);
        }
        Ok(())
    }

    /// Tells a client that does not speak TLS that this port requires it.
    fn refuse_plain(&self, transport: &Transport, sent: Vec<u8>, port: u16) -> io::Result<()> {
        match &self.service.site {
            Some(_) if sent.is_empty() => return Err(io::ErrorKind::TimedOut.into()),
            Some(_) => web::refuse_plain(transport, sent, self.within(REQUEST))?,
            None => {
                let words = plain_refusal(self.service.dialect.is_irc(), port, &sent);
                transport.send_all(&words, self.within(LINGER))?;
            }
        }
        self.note_refusal("it does not speak TLS to a port that does", Refused::Plain);
        Ok(())
    }

    /// Serves a request, if the service is one of HTTP. `trusted` are the proxies, and whether the
    /// client's address is known already, if the request comes from one.
    fn serve(
        &mut self,
        transport: Transport,
        early: Vec<u8>,
        trusted: Option<(Networks, bool)>,
        begun: Instant,
        slot: &mut HandshakeSlot,
    ) -> io::Result<Option<(Transport, Upgraded)>> {
        let Some(site) = self.service.site.clone() else {
            return Ok(Some((
                transport,
                Upgraded { dialect: self.service.dialect, early, reads: None },
            )));
        };
        let patience = self.patience(begun, REQUEST);
        // The TLS handshake, if any, is the proxy's.
        let mut count = |forwarded: &Forwarded| {
            let remote = forwarded.client.unwrap_or(self.from.remote);
            self.count_for(remote, false, slot).is_ok()
        };
        let trust = trusted.as_ref().map(|(proxies, is_known)| Trust {
            proxies,
            is_known: *is_known,
            count: &mut count,
        });
        let ask = |ask, forwarded: &Forwarded| self.ask(ask, forwarded);
        let chat = ChatAccess { max_line: self.shared.limits.get().max_line, ask: &ask };
        let (served, forwarded) = web::serve(&transport, early, &site, trust, patience, &chat)?;
        self.from.remote = forwarded.client.unwrap_or(self.from.remote);
        self.from.is_encrypted |= forwarded.is_encrypted;
        match served {
            Served::Upgraded(upgraded) => {
                self.from.is_unheard = false;
                return Ok(Some((transport, upgraded)));
            }
            Served::Answered => {}
            Served::Misstated => self.note_refusal(web::MISSTATED, Refused::Proxy),
            Served::Barred(why) => self.note_refusal(&why, Refused::Host),
            Served::Busy => {
                self.note_refusal("too many connections are still connecting", Refused::Arriving)
            }
        }
        self.linger(&transport);
        Ok(None)
    }

    /// Asks the broadcaster; `None` if it does not answer in time.
    fn ask(&self, ask: Ask, forwarded: &Forwarded) -> Option<Reply> {
        let (reply, answer) = bounded(1);
        let remote = forwarded.client.unwrap_or(self.from.remote);
        let input = Input::Request { id: self.door.next_id(), remote, ask: Box::new(ask), reply };
        self.shared.inbox.send_timeout(input, ASKING).ok()?;
        answer.recv_timeout(ASKING).ok()
    }

    fn note_refusal(&self, why: &str, reason: Refused) {
        log::warn!("refused {}: {why}", self.from.remote);
        self.shared.metrics.count_refused(reason);
    }

    fn become_client(
        self,
        transport: Transport,
        upgraded: Upgraded,
        handshake_slot: HandshakeSlot,
    ) {
        let (limits, now) = (self.shared.limits.get(), self.shared.clock.uptime());
        let entered = self.door.enter(self.from.remote.ip(), self.is_exempt(), &limits, now);
        // Released only now: a server that is handed over waits for handshakes and then for
        // clients, so the connection must be counted as one of them at any time.
        drop(handshake_slot);
        let (transport, dialect) = (Arc::new(transport), upgraded.dialect);
        match entered {
            // A handshake touches more of its stack than a session ever does.
            Ok(slot) => match self.sessions.run(self.session(transport, slot, upgraded)) {
                Ok(()) => {}
                // Without another thread, this one is the client's.
                Err(not_started) => (not_started.job)(),
            },
            Err(reason) => self.turn_away(&transport, dialect, reason),
        }
    }

    /// The session of a client, to be run on its thread.
    fn session(
        &self,
        transport: Arc<Transport>,
        slot: Slot,
        upgraded: Upgraded,
    ) -> impl FnOnce() + Send + use<> {
        let Upgraded { dialect, early, reads } = upgraded;
        let (id, slot) = (self.door.next_id(), Arc::new(slot));
        let (from, shared) = (self.from, self.shared.clone());
        move || Session::new(id, transport, from, slot, (dialect, reads), shared).run(early)
    }

    fn turn_away(&self, transport: &Transport, dialect: Dialect, reason: TurnedAway) {
        self.note_refusal(&reason.to_string(), reason.counted());
        let words = last_words(dialect, reason);
        if transport.send_all(&words, self.within(LINGER)).is_ok() {
            self.linger(transport);
        }
    }

    /// Ends the connection so that the client gets the last bytes: if it were closed while data
    /// arrives, the kernel would reset it, and the client could lose them.
    fn linger(&self, transport: &Transport) {
        transport.finish_sending();
        let (patience, mut read) = (self.within(LINGER), 0);
        while read < LINGER_BYTES
            && let Ok(received) = transport.receive_within(patience)
            && !received.is_end
        {
            read += received.bytes.len();
        }
    }

    /// Patience for so long from now.
    fn within(&self, most: Duration) -> Patience<'_> {
        self.patience(Instant::now(), most)
    }

    fn patience(&self, begun: Instant, most: Duration) -> Patience<'_> {
        let most = if self.is_hurried { most.min(BUSY) } else { most };
        Patience { deadline: begun + most, bell: &self.hurry }
    }
}
