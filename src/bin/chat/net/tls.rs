//! TLS below the text wire: a session that two threads share.

mod failure;
mod trust;

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustls::crypto::ring;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection};

use super::timed::Timed;
use crate::cli::{Options, Target};

/// How long the server may take for the handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Encrypted bytes per read.
const READ: usize = 4096;

/// Begins TLS sessions with one server.
#[derive(Debug)]
pub(crate) struct Client {
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
}

impl Client {
    /// Reads the certificates to trust.
    pub(crate) fn new(options: &Options) -> io::Result<Self> {
        let provider = Arc::new(ring::default_provider());
        let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .dangerous()
            .with_custom_certificate_verifier(trust::verifier(options, &provider)?)
            .with_no_client_auth();
        Ok(Self { config: Arc::new(config), name: name_of(&options.target)? })
    }

    /// Verifies the server's certificate, and returns the two halves of the session.
    pub(crate) fn handshake(&self, socket: TcpStream) -> io::Result<(Reader, Writer)> {
        let session = ClientConnection::new(Arc::clone(&self.config), self.name.clone());
        let mut session = session.map_err(io::Error::other)?;
        let mut reading = Timed::new(socket.try_clone()?);
        reading.set_patience(Some(HANDSHAKE))?;
        while session.is_handshaking() {
            session.complete_io(&mut reading).map_err(failure::in_words)?;
        }
        reading.set_patience(None)?;
        let session = Session(Arc::new(Mutex::new(session)));
        let reader = Reader { session: session.clone(), socket: reading, encrypted: Vec::new() };
        Ok((reader, Writer { session, socket }))
    }
}

/// The name that the server's certificate must contain.
fn name_of(target: &Target) -> io::Result<ServerName<'static>> {
    // The zone of an IPv6 address has a meaning on this machine only.
    let (Target::Host { host, .. } | Target::Web { host, .. }) = target else {
        return Err(io::Error::other("a socket of this machine has no certificate"));
    };
    let host = host.split('%').next().unwrap_or_default().to_owned();
    ServerName::try_from(host)
        .map_err(|_| io::Error::other("not a host name that a certificate can contain"))
}

/// The state of a session. Never locked while waiting for the network.
#[derive(Clone, Debug)]
struct Session(Arc<Mutex<ClientConnection>>);

impl Session {
    fn lock(&self) -> MutexGuard<'_, ClientConnection> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug)]
pub(crate) struct Reader {
    session: Session,
    pub(crate) socket: Timed,
    /// Read, but not decrypted yet.
    encrypted: Vec<u8>,
}

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.session.lock().reader().read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                // An end without close_notify is a normal end; earlier data stays valid.
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(0),
                done => return done,
            }
            if self.encrypted.is_empty() {
                let mut chunk = [0; READ];
                let length = self.socket.read(&mut chunk)?;
                self.encrypted.extend_from_slice(&chunk[..length]);
            }
            self.decrypt()?;
        }
    }
}

impl Reader {
    /// Feeds the session, which may take only a part.
    fn decrypt(&mut self) -> io::Result<()> {
        let mut session = self.session.lock();
        let taken = session.read_tls(&mut self.encrypted.as_slice())?;
        self.encrypted.drain(..taken);
        let failed = |error| io::Error::new(io::ErrorKind::InvalidData, error);
        session.process_new_packets().map(drop).map_err(failed)
    }
}

/// The sending half. Only it writes to the socket, so that records stay in order; the session's own
/// records go with the next line.
#[derive(Debug)]
pub(crate) struct Writer {
    session: Session,
    pub(crate) socket: TcpStream,
}

impl Writer {
    /// Sends close_notify.
    pub(crate) fn close(&mut self) -> io::Result<&TcpStream> {
        self.session.lock().send_close_notify();
        self.send()?;
        Ok(&self.socket)
    }

    fn send(&mut self) -> io::Result<()> {
        let mut encrypted = Vec::new();
        let mut session = self.session.lock();
        while session.wants_write() {
            session.write_tls(&mut encrypted)?;
        }
        drop(session);
        self.socket.write_all(&encrypted)
    }
}

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = self.session.lock().writer().write(bytes)?;
        self.send()?;
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
