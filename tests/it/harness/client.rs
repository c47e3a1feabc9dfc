//! A client that sends and receives bytes and lines.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, SocketAddrV4, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::{ClientConfig, ClientConnection};

use super::{HINT, PATIENCE, Server};

/// One connection. Every read and write has a deadline.
pub(crate) struct Client {
    /// The nick from the welcome, or from `named`.
    pub(crate) name: String,
    /// How long a read may take.
    pub(crate) patience: Duration,
    stream: TcpStream,
    /// Its TLS, if any.
    tls: Option<ClientConnection>,
    received: Vec<u8>,
    taken: usize,
}

impl Client {
    /// Connects; reads nothing.
    #[track_caller]
    pub(crate) fn connect(server: &Server) -> Self {
        Client::over(TcpStream::connect(server.addr()).unwrap())
    }

    /// Connects from another address of this host, such as 127.0.0.2.
    #[track_caller]
    pub(crate) fn connect_from(server: &Server, source: &str) -> Self {
        Client::connect_between(source, server.addr())
    }

    /// The same to any program.
    #[track_caller]
    pub(crate) fn connect_between(source: &str, to: SocketAddr) -> Self {
        let socket = ipv4_socket();
        rustix::net::bind(&socket, &SocketAddrV4::new(source.parse().unwrap(), 0)).unwrap();
        rustix::net::connect(&socket, &to).unwrap();
        Client::over(socket.into())
    }

    /// Connects with a small receive buffer.
    #[track_caller]
    pub(crate) fn connect_narrow(server: &Server) -> Self {
        let socket = ipv4_socket();
        rustix::net::sockopt::set_socket_recv_buffer_size(&socket, 64 * 1024).unwrap();
        rustix::net::connect(&socket, &server.addr()).unwrap();
        Client::over(socket.into())
    }

    pub(crate) fn over(stream: TcpStream) -> Self {
        stream.set_nodelay(true).unwrap();
        Client::of(stream)
    }

    fn of(stream: TcpStream) -> Self {
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        let (name, received) = (String::new(), Vec::new());
        Client { name, patience: PATIENCE, stream, tls: None, received, taken: 0 }
    }

    /// Connects to the socket at a path.
    #[track_caller]
    pub(crate) fn connect_at(path: &str) -> Self {
        let stream = TcpStream::from(OwnedFd::from(UnixStream::connect(path).unwrap()));
        Client::of(stream)
    }

    /// Connects to the listener with that name, and does the TLS handshake.
    #[track_caller]
    pub(crate) fn connect_tls(server: &Server, port: &str, config: &Arc<ClientConfig>) -> Self {
        let client = Client::over(TcpStream::connect(server.addr_of(port)).unwrap());
        client.shaking_hands(config).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Does the TLS handshake on this connection.
    pub(crate) fn shaking_hands(mut self, config: &Arc<ClientConfig>) -> io::Result<Self> {
        let name = "localhost".try_into().unwrap();
        let mut tls = ClientConnection::new(Arc::clone(config), name).unwrap();
        self.stream.set_read_timeout(Some(PATIENCE))?;
        while tls.is_handshaking() {
            tls.complete_io(&mut self.stream)?;
        }
        self.tls = Some(tls);
        Ok(self)
    }

    /// The state of its TLS session.
    pub(crate) fn tls(&mut self) -> &mut ClientConnection {
        self.tls.as_mut().unwrap()
    }

    /// Connects and reads the welcome; the client has the server's nick and is not announced yet.
    #[track_caller]
    pub(crate) fn guest(server: &Server) -> Self {
        Client::connect(server).welcomed()
    }

    /// Reads the two lines of the welcome.
    #[track_caller]
    pub(crate) fn welcomed(mut self) -> Self {
        let welcome = self.expect_contains(". You are ");
        let (_, you) = welcome.split_once(". You are ").unwrap();
        you.split_once(',').unwrap().0.clone_into(&mut self.name);
        self.expect(HINT);
        self
    }

    /// Connects, takes a nick, is announced in the lobby, and reads everything sent so far.
    #[track_caller]
    pub(crate) fn join(server: &Server, nick: &str) -> Self {
        Client::guest(server).named(nick)
    }

    /// Takes a nick and is announced. The detour through a room of its own avoids the delay of 300
    /// ms.
    #[track_caller]
    pub(crate) fn named(mut self, nick: &str) -> Self {
        self.send(&format!("/nick {nick}\n/join hall-{}\n/leave", nick.to_lowercase()));
        let lines = self.sync();
        assert!(lines.contains(&format!("-- you are now {nick}")), "{lines:?}");
        nick.clone_into(&mut self.name);
        self
    }

    /// Sends one line.
    #[track_caller]
    pub(crate) fn send(&mut self, line: &str) {
        self.send_raw(format!("{line}\n").as_bytes());
    }

    /// Sends part of a line, and waits until the server read it: telnet's AYT is not part of the
    /// line.
    #[track_caller]
    pub(crate) fn types(&mut self, part: &[u8]) {
        self.send_raw(&[part, b"\xff\xf6"].concat());
        self.wait_for(|line| line == "-- pong");
    }

    #[track_caller]
    pub(crate) fn send_raw(&mut self, bytes: &[u8]) {
        self.try_send_raw(bytes).unwrap();
    }

    /// Sends bytes to a server that may hang up meanwhile.
    pub(crate) fn try_send_raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.tls {
            Some(tls) => rustls::Stream::new(tls, &mut self.stream).write_all(bytes),
            None => self.stream.write_all(bytes),
        }
    }

    /// The next line, without its end.
    #[track_caller]
    pub(crate) fn line(&mut self) -> String {
        let mut line = self.raw_until(b"\n");
        line.pop();
        line.pop_if(|last| *last == b'\r');
        String::from_utf8(line).unwrap()
    }

    /// The next line, or `None` at the end of the stream.
    #[track_caller]
    pub(crate) fn try_line(&mut self) -> Option<String> {
        let deadline = Instant::now() + self.patience;
        loop {
            if let Some(at) = self.received[self.taken..].iter().position(|byte| *byte == b'\n') {
                let line = self.take(at + 1);
                return Some(String::from_utf8(line).unwrap().trim_end().to_owned());
            }
            match self.read_more(deadline) {
                Ok(1..) => {}
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                    panic!("nothing more after:\n{}", self.tail())
                }
                Ok(0) | Err(_) => return None,
            }
        }
    }

    /// The complete lines that have come and were not read, without waiting; and whether the stream
    /// has not ended.
    pub(crate) fn lines_so_far(&mut self) -> (Vec<String>, bool) {
        self.stream.set_nonblocking(true).unwrap();
        let mut chunk = [0; 64 * 1024];
        let is_open = loop {
            match self.stream.read(&mut chunk) {
                Ok(length @ 1..) => self.received.extend_from_slice(&chunk[..length]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break true,
                Ok(0) | Err(_) => break false,
            }
        };
        self.stream.set_nonblocking(false).unwrap();
        let unread = &self.received[self.taken..];
        let complete = unread.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let lines = String::from_utf8(self.take(complete)).unwrap();
        (lines.lines().map(|line| line.trim_end().to_owned()).collect(), is_open)
    }

    /// Asserts that the next line is exactly this one.
    #[track_caller]
    pub(crate) fn expect(&mut self, line: &str) {
        assert_eq!(self.line(), line);
    }

    /// Asserts that the next line contains this; returns the line.
    #[track_caller]
    pub(crate) fn expect_contains(&mut self, part: &str) -> String {
        let line = self.line();
        assert!(line.contains(part), "{line:?} lacks {part:?}");
        line
    }

    /// Skips lines until one matches, and returns that one.
    #[track_caller]
    pub(crate) fn wait_for(&mut self, matches: impl Fn(&str) -> bool) -> String {
        loop {
            let line = self.line();
            if matches(&line) {
                return line;
            }
        }
    }

    /// The bytes up to and including the pattern.
    #[track_caller]
    pub(crate) fn raw_until(&mut self, pattern: &[u8]) -> Vec<u8> {
        let deadline = Instant::now() + self.patience;
        let mut searched: usize = 0;
        loop {
            let unread = &self.received[self.taken..];
            let from = searched.saturating_sub(pattern.len());
            if let Some(at) = unread[from..].windows(pattern.len()).position(|w| w == pattern) {
                return self.take(from + at + pattern.len());
            }
            searched = unread.len();
            let wanted = pattern.escape_ascii();
            match self.read_more(deadline) {
                Ok(1..) => {}
                Ok(0) => panic!("the end instead of \"{wanted}\" after:\n{}", self.tail()),
                Err(e) => panic!("{e} instead of \"{wanted}\" after:\n{}", self.tail()),
            }
        }
    }

    /// Everything up to the end of the stream; a reset is an end too.
    #[track_caller]
    pub(crate) fn rest(&mut self) -> Vec<u8> {
        let deadline = Instant::now() + self.patience;
        loop {
            match self.read_more(deadline) {
                Ok(0) => break,
                Ok(_) => {}
                Err(e) if e.kind() == io::ErrorKind::ConnectionReset => break,
                Err(e) => panic!("{e} instead of the end after:\n{}", self.tail()),
            }
        }
        self.take(self.received.len() - self.taken)
    }

    /// The lines up to the end of the stream.
    #[track_caller]
    pub(crate) fn rest_lines(&mut self) -> Vec<String> {
        String::from_utf8(self.rest()).unwrap().lines().map(str::to_owned).collect()
    }

    /// Asserts that the stream ends without further bytes.
    #[track_caller]
    pub(crate) fn expect_end(&mut self) {
        assert_eq!(self.rest_lines(), [""; 0]);
    }

    /// The lines sent so far and not read yet: those before the answer to a ping.
    #[track_caller]
    pub(crate) fn sync(&mut self) -> Vec<String> {
        self.send("/ping");
        let mut lines = Vec::new();
        loop {
            match self.line() {
                pong if pong == "-- pong" => return lines,
                line => lines.push(line),
            }
        }
    }

    /// Asserts that nothing was sent since the last read.
    #[track_caller]
    pub(crate) fn expect_nothing(&mut self) {
        assert_eq!(self.sync(), [""; 0]);
    }

    /// Sends a line and returns what the server sends this client in response.
    #[track_caller]
    pub(crate) fn ask(&mut self, line: &str) -> Vec<String> {
        self.send(line);
        self.sync()
    }

    /// Shuts down sending only, as `nc -N` does.
    pub(crate) fn half_close(&mut self) {
        if let Some(tls) = &mut self.tls {
            tls.send_close_notify();
            tls.complete_io(&mut self.stream).ok();
        }
        self.stream.shutdown(Shutdown::Write).unwrap();
    }

    /// Sets how long a write may take.
    pub(crate) fn give_up_writing_after(&self, limit: Duration) {
        self.stream.set_write_timeout(Some(limit)).unwrap();
    }

    /// The socket, below TLS if there is any.
    pub(crate) fn socket(&mut self) -> &mut TcpStream {
        &mut self.stream
    }

    /// Closes with a reset instead of an orderly end.
    pub(crate) fn reset(self) {
        rustix::net::sockopt::set_socket_linger(&self.stream, Some(Duration::ZERO)).unwrap();
    }

    /// The port this client speaks from, to find it in the log.
    pub(crate) fn local_addr(&self) -> SocketAddr {
        self.stream.local_addr().unwrap()
    }

    /// The last received bytes, for the message of a failure.
    fn tail(&self) -> String {
        let from = self.received.len().saturating_sub(4096);
        String::from_utf8_lossy(&self.received[from..]).into_owned()
    }

    fn take(&mut self, n: usize) -> Vec<u8> {
        let taken = self.received[self.taken..self.taken + n].to_vec();
        self.taken += n;
        taken
    }

    fn read_more(&mut self, deadline: Instant) -> io::Result<usize> {
        let left = deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
        self.stream.set_read_timeout(Some(left))?;
        let mut chunk = [0; 16 * 1024];
        let n = loop {
            let result = match &mut self.tls {
                Some(tls) => rustls::Stream::new(tls, &mut self.stream).read(&mut chunk),
                None => self.stream.read(&mut chunk),
            };
            match result {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                result => break result?,
            }
        };
        self.received.extend_from_slice(&chunk[..n]);
        Ok(n)
    }
}

fn ipv4_socket() -> OwnedFd {
    use rustix::net::{AddressFamily, SocketType, socket};
    socket(AddressFamily::INET, SocketType::STREAM, None).unwrap()
}

/// Clients that are announced in the lobby and have read everything sent so far.
#[track_caller]
pub(crate) fn people<const N: usize>(server: &Server, nicks: [&str; N]) -> [Client; N] {
    let mut clients = nicks.map(|nick| Client::join(server, nick));
    for client in &mut clients {
        client.sync();
    }
    clients
}
