//! A connection to the server, plain or over TLS, in two halves for two threads.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream, ToSocketAddrs};
use std::path::Path;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};

use super::probe::Probe;
use super::tls;
use crate::cli::{Options, Target};

/// How long connecting to one address may take.
const CONNECTING: Duration = Duration::from_secs(10);
/// Silence before the system probes whether the server is still there.
const KEEP_ALIVE: Duration = Duration::from_secs(60);
/// Time between probes; the system chooses their number.
const KEEP_ALIVE_PAUSE: Duration = Duration::from_secs(10);

/// Makes connections to the server.
#[derive(Debug)]
pub(crate) struct Dialer {
    target: Target,
    tls: Option<tls::Client>,
}

/// Both halves of a connection.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) reader: Reader,
    pub(crate) writer: Writer,
}

impl Dialer {
    /// Reads the certificates if TLS is on.
    pub(crate) fn new(options: &Options) -> io::Result<Self> {
        let tls = options.tls.then(|| tls::Client::new(options)).transpose()?;
        Ok(Self { target: options.target.clone(), tls })
    }

    /// Connects, over TLS if that is on.
    pub(crate) fn dial(&self) -> io::Result<Connection> {
        let socket = match &self.target {
            Target::Host { host, port } => connect(host, *port)?,
            Target::Path(path) => connect_at(path)?,
        };
        match &self.tls {
            None => {
                let reader = Reader::new(Source::Plain(socket.try_clone()?), Probe::plain());
                Ok(Connection { reader, writer: Writer::Plain(socket) })
            }
            Some(tls) => {
                let (reader, writer) = tls.handshake(socket)?;
                let reader = Reader::new(Source::Tls(reader), Probe::under_tls());
                Ok(Connection { reader, writer: Writer::Tls(writer) })
            }
        }
    }
}

/// Tries all addresses of the host; returns the last error.
fn connect(host: &str, port: u16) -> io::Result<TcpStream> {
    let mut failure = io::Error::other("the host has no address");
    for address in (host, port).to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, CONNECTING) {
            Ok(socket) => return prepared(socket),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

fn prepared(socket: TcpStream) -> io::Result<TcpStream> {
    socket.set_nodelay(true)?;
    let keep_alive = TcpKeepalive::new().with_time(KEEP_ALIVE).with_interval(KEEP_ALIVE_PAUSE);
    // The chat works without keep-alive, too.
    let _ = SockRef::from(&socket).set_tcp_keepalive(&keep_alive);
    Ok(socket)
}

/// Connects to the socket at a path. What the client does with a TCP stream, this one can, too.
#[cfg(unix)]
fn connect_at(path: &Path) -> io::Result<TcpStream> {
    let stream = std::os::unix::net::UnixStream::connect(path)?;
    Ok(std::os::fd::OwnedFd::from(stream).into())
}

#[cfg(not(unix))]
fn connect_at(_: &Path) -> io::Result<TcpStream> {
    Err(io::ErrorKind::Unsupported.into())
}

/// The receiving half. On a wrong port, reading fails with a
/// [`WrongPort`](crate::net::probe::WrongPort).
#[derive(Debug)]
pub(crate) struct Reader {
    source: Source,
    probe: Probe,
}

#[derive(Debug)]
enum Source {
    Plain(TcpStream),
    Tls(tls::Reader),
}

impl Reader {
    fn new(source: Source, probe: Probe) -> Self {
        Self { source, probe }
    }

    /// Replaces the reason for `end` if the first bytes show a clearer one.
    pub(crate) fn explain(&self, end: io::Result<()>) -> io::Result<()> {
        self.probe.explain(end)
    }

    /// How long a read may wait.
    pub(crate) fn set_patience(&self, patience: Option<Duration>) -> io::Result<()> {
        let (Source::Plain(socket) | Source::Tls(tls::Reader { socket, .. })) = &self.source;
        socket.set_read_timeout(patience)
    }
}

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = match &mut self.source {
            Source::Plain(socket) => socket.read(buffer),
            Source::Tls(tls) => tls.read(buffer),
        }?;
        self.probe.take(&buffer[..length])?;
        Ok(length)
    }
}

#[derive(Debug)]
pub(crate) enum Writer {
    Plain(TcpStream),
    Tls(tls::Writer),
}

/// Ends a connection from outside its threads.
#[derive(Debug)]
pub(crate) struct Closer(TcpStream);

impl Closer {
    /// Both halves fail from now on.
    pub(crate) fn close(self) {
        // It may be closed already.
        let _ = self.0.shutdown(Shutdown::Both);
    }
}

impl Writer {
    pub(crate) fn closer(&self) -> io::Result<Closer> {
        let (Self::Plain(socket) | Self::Tls(tls::Writer { socket, .. })) = self;
        socket.try_clone().map(Closer)
    }

    /// Tells the server that nothing more will be sent; it can still send.
    pub(crate) fn finish(&mut self) -> io::Result<()> {
        let socket = match self {
            Self::Plain(socket) => socket,
            Self::Tls(tls) => tls.close()?,
        };
        socket.shutdown(Shutdown::Write)
    }
}

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.write(bytes),
            Self::Tls(tls) => tls.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
