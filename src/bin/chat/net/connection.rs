//! A connection to the server, plain or over TLS, in two halves for two threads.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream, ToSocketAddrs};
use std::path::Path;
use std::thread;
use std::time::Duration;

use crossbeam_channel::bounded;
use socket2::{SockRef, TcpKeepalive};

use super::probe::Probe;
use super::timed::Timed;
use super::tls;
use crate::cli::{Options, Target};

/// How long connecting to one address may take.
const CONNECTING: Duration = Duration::from_secs(10);
/// How long an address may take before the next one is tried, too.
const HEAD_START: Duration = Duration::from_millis(250);
/// Silence before the system probes whether the server is still there.
const KEEP_ALIVE: Duration = Duration::from_secs(60);
/// Time between probes; the system chooses their number.
const KEEP_ALIVE_PAUSE: Duration = Duration::from_secs(10);

/// Makes connections to the server.
#[derive(Debug)]
pub(crate) struct Dialer {
    target: Target,
    tls: Option<tls::Client>,
    /// What each connection begins with.
    header: Option<String>,
}

/// Both halves of a connection.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) reader: Reader,
    pub(crate) writer: Writer,
}

impl Dialer {
    /// Reads the certificates if TLS is on.
    pub(crate) fn new(options: &Options, header: Option<String>) -> io::Result<Self> {
        let tls = options.tls.then(|| tls::Client::new(options)).transpose()?;
        Ok(Self { target: options.target.clone(), tls, header })
    }

    /// Where the server is, as the command line has it.
    pub(crate) fn target(&self) -> &Target {
        &self.target
    }

    /// Connects, over TLS if that is on.
    pub(crate) fn dial(&self) -> io::Result<Connection> {
        let mut socket = match &self.target {
            Target::Host { host, port } | Target::Web { host, port, .. } => connect(host, *port)?,
            Target::Path(path) => connect_at(path)?,
        };
        if let Some(header) = &self.header {
            socket.write_all(header.as_bytes())?;
        }
        let is_page = matches!(self.target, Target::Web { .. });
        let probe = |usual: fn() -> Probe| if is_page { Probe::none() } else { usual() };
        match &self.tls {
            None => {
                let source = Source::Plain(Timed::new(socket.try_clone()?));
                let reader = Reader::new(source, probe(Probe::plain));
                Ok(Connection { reader, writer: Writer::Plain(socket) })
            }
            Some(tls) => {
                let (reader, writer) = tls.handshake(socket)?;
                let reader = Reader::new(Source::Tls(reader), probe(Probe::under_tls));
                Ok(Connection { reader, writer: Writer::Tls(writer) })
            }
        }
    }
}

/// Tries the addresses of the host, each a moment after the one before, as RFC 8305 describes; the
/// first that answers is taken. Returns the last error.
fn connect(host: &str, port: u16) -> io::Result<TcpStream> {
    let addresses = in_turn((host, port).to_socket_addrs()?.collect());
    let (done, connected) = bounded(addresses.len());
    let mut failure = io::Error::other("the host has no address");
    let mut waiting = addresses.into_iter().peekable();
    let mut running = 0;
    loop {
        if let Some(address) = waiting.next() {
            let done = done.clone();
            thread::Builder::new().name("connect".to_owned()).spawn(move || {
                let _ = done.send(TcpStream::connect_timeout(&address, CONNECTING));
            })?;
            running += 1;
        }
        if running == 0 {
            return Err(failure);
        }
        let patience = if waiting.peek().is_some() { HEAD_START } else { 2 * CONNECTING };
        match connected.recv_timeout(patience) {
            Ok(Ok(socket)) => return prepared(socket),
            Ok(Err(error)) => (failure, running) = (error, running - 1),
            Err(_) => {}
        }
    }
}

/// The addresses with the two families in turn, beginning with that of the first.
fn in_turn(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let is_six = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (ones, others): (Vec<_>, Vec<_>) =
        addresses.iter().partition(|address| address.is_ipv6() == is_six);
    let most = ones.len().max(others.len());
    let pairs = (0..most).flat_map(|at| [ones.get(at), others.get(at)]);
    pairs.flatten().copied().collect()
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
    Plain(Timed),
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

    /// How long reads may take from now on, all together.
    pub(crate) fn set_patience(&self, patience: Option<Duration>) -> io::Result<()> {
        let (Source::Plain(socket) | Source::Tls(tls::Reader { socket, .. })) = &self.source;
        socket.set_patience(patience)
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn the_families_take_turns() {
        let all = |texts: &[&str]| -> Vec<SocketAddr> {
            texts.iter().map(|text| text.parse().unwrap()).collect()
        };
        let six = all(&["[::1]:1", "[::2]:1", "[::3]:1", "127.0.0.1:1"]);
        assert_eq!(in_turn(six), all(&["[::1]:1", "127.0.0.1:1", "[::2]:1", "[::3]:1"]));
        assert_eq!(in_turn(Vec::new()), []);
    }

    #[test]
    fn an_address_that_refuses_does_not_keep_the_others_waiting() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        // ::1 refuses, if this machine has it.
        connect("localhost", port).unwrap();
        drop(listener);
        let error = connect("127.0.0.1", port).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    }
}
