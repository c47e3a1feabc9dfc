//! TLS beneath the text wire: whom to trust, and a session that two threads share.

use std::error::Error;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, RootCertStore, SignatureScheme,
};

use crate::cli::Options;

/// How long the server may take for each step of the handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Encrypted bytes taken in one read.
const READ: usize = 4096;

/// What it takes to begin sessions with one server.
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
            .map_err(io::Error::other)?;
        let config = if options.tls_insecure {
            config.dangerous().with_custom_certificate_verifier(Arc::new(Anybody(provider)))
        } else {
            config.with_root_certificates(roots(options.tls_ca.as_deref())?)
        };
        let name = ServerName::try_from(options.target.host.clone()).map_err(io::Error::other)?;
        Ok(Self { config: Arc::new(config.with_no_client_auth()), name })
    }

    /// Makes sure that it is the server, and returns the two halves of the session.
    pub(crate) fn handshake(&self, mut socket: TcpStream) -> io::Result<(Reader, Writer)> {
        let session = ClientConnection::new(Arc::clone(&self.config), self.name.clone());
        let mut session = session.map_err(io::Error::other)?;
        socket.set_read_timeout(Some(HANDSHAKE))?;
        while session.is_handshaking() {
            session.complete_io(&mut socket).map_err(|error| match error.kind() {
                io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => {
                    io::Error::new(io::ErrorKind::TimedOut, "no answer to TLS")
                }
                _ => error,
            })?;
        }
        socket.set_read_timeout(None)?;
        let session = Session(Arc::new(Mutex::new(session)));
        let reader =
            Reader { session: session.clone(), socket: socket.try_clone()?, encrypted: Vec::new() };
        Ok((reader, Writer { session, socket }))
    }
}

/// The system's certificates, and those in `extra`.
fn roots(extra: Option<&Path>) -> io::Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    let system = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(system.certs);
    if let Some(file) = extra {
        add_file(&mut roots, file)
            .map_err(|error| io::Error::other(format!("{}: {error}", file.display())))?;
    }
    if roots.is_empty() {
        return Err(io::Error::other("no certificate to trust is known; see --tls-ca"));
    }
    Ok(roots)
}

fn add_file(roots: &mut RootCertStore, file: &Path) -> Result<(), Box<dyn Error>> {
    let before = roots.len();
    for certificate in CertificateDer::pem_file_iter(file)? {
        roots.add(certificate?)?;
    }
    if roots.len() == before { Err("there is no certificate in it".into()) } else { Ok(()) }
}

/// The state of a session. Never locked while waiting for the network.
#[derive(Clone, Debug)]
struct Session(Arc<Mutex<ClientConnection>>);

impl Session {
    fn lock(&self) -> MutexGuard<'_, ClientConnection> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The receiving half.
#[derive(Debug)]
pub(crate) struct Reader {
    session: Session,
    pub(crate) socket: TcpStream,
    /// Read, but not decrypted yet.
    encrypted: Vec<u8>,
}

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.session.lock().reader().read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                // An end without its announcement: what was said before it still counts.
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
    /// Feeds the session. It leaves what it has no room for.
    fn decrypt(&mut self) -> io::Result<()> {
        let mut session = self.session.lock();
        let taken = session.read_tls(&mut self.encrypted.as_slice())?;
        self.encrypted.drain(..taken);
        let failed = |error| io::Error::new(io::ErrorKind::InvalidData, error);
        session.process_new_packets().map(drop).map_err(failed)
    }
}

/// The sending half. It alone writes to the socket, so that records stay in order; what the session
/// itself has to say goes with the next line.
#[derive(Debug)]
pub(crate) struct Writer {
    session: Session,
    socket: TcpStream,
}

impl Writer {
    /// Announces the end to the server.
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

/// Takes any certificate, but still wants proof that the server has its key.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
