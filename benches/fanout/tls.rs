//! Clients over TLS: the certificate of the server, and their encrypted bytes.

use rcgen::{CertificateParams, KeyPair};
use rustix::fd::OwnedFd;
use rustix::net::{self, RecvFlags, SendFlags};
use rustls::crypto::ring;
use rustls::{ClientConfig, ClientConnection, RootCertStore};
use std::io::{self, Read, Write};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

/// Gives the server a certificate of its own; returns what its clients need.
pub(crate) fn identify(server: &mut Command, directory: &Path) -> io::Result<Arc<ClientConfig>> {
    let key = KeyPair::generate().map_err(io::Error::other)?;
    let params = CertificateParams::new(["localhost".to_owned()]).map_err(io::Error::other)?;
    let certificate = params.self_signed(&key).map_err(io::Error::other)?;
    let (cert_file, key_file) = (directory.join("cert.pem"), directory.join("key.pem"));
    std::fs::write(&cert_file, certificate.pem())?;
    std::fs::write(&key_file, key.serialize_pem())?;
    server.args(["--tls-port", "0"]).arg("--tls-cert").arg(cert_file);
    server.arg("--tls-key").arg(key_file);

    let mut roots = RootCertStore::empty();
    roots.add(certificate.into()).map_err(io::Error::other)?;
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().map_err(io::Error::other)?;
    Ok(Arc::new(builder.with_root_certificates(roots).with_no_client_auth()))
}

/// Shakes hands, waiting for the server.
pub(crate) fn connect(
    socket: &OwnedFd,
    config: &Arc<ClientConfig>,
) -> io::Result<Box<ClientConnection>> {
    let name = "localhost".try_into().map_err(io::Error::other)?;
    let mut tls = ClientConnection::new(Arc::clone(config), name).map_err(io::Error::other)?;
    while tls.is_handshaking() {
        tls.complete_io(&mut Wire { socket, waits: true })?;
    }
    Ok(Box::new(tls))
}

/// Fills `buffer` as far as there is something to be had now; says how far that is.
pub(crate) fn receive(
    tls: &mut ClientConnection,
    socket: &OwnedFd,
    buffer: &mut [u8],
) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match tls.reader().read(&mut buffer[filled..]) {
            Ok(0) => return Err(io::Error::other("the server hung up")),
            Ok(count) => filled += count,
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => return Err(error),
            Err(_) => {
                match tls.read_tls(&mut Wire { socket, waits: false }) {
                    Ok(0) => return Err(io::Error::other("the server hung up")),
                    Ok(_) => tls.process_new_packets().map_err(io::Error::other)?,
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(filled),
                    Err(error) => return Err(error),
                };
            }
        }
    }
    Ok(filled)
}

/// Sends some of `bytes`; says how many.
pub(crate) fn send(
    tls: &mut ClientConnection,
    socket: &OwnedFd,
    bytes: &[u8],
) -> io::Result<usize> {
    let count = tls.writer().write(bytes)?;
    while tls.wants_write() {
        tls.write_tls(&mut Wire { socket, waits: true })?;
    }
    Ok(count)
}

/// A socket beneath TLS. Whether reading waits is said each time.
struct Wire<'a> {
    socket: &'a OwnedFd,
    waits: bool,
}

impl Read for Wire<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let flags = if self.waits { RecvFlags::empty() } else { RecvFlags::DONTWAIT };
        Ok(net::recv(self.socket, buffer, flags)?.0)
    }
}

impl Write for Wire<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(net::send(self.socket, bytes, SendFlags::NOSIGNAL)?)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
