//! `RedisStream`: a connection to a Redis server on which everything has a deadline.
//!
//! Knows the protocol, bare or under TLS, and no command.

use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;

use redis::{Cmd, ConnectionLike, ErrorKind, Parser, RedisError, RedisResult, Value};
use rustls::crypto::ring;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use super::raw::RawAnswer;
use super::timed::{LIMIT, Timed};
use crate::cluster::HostPort;

/// How long connecting may take, and each step of reading and writing.
const DEADLINE: Duration = Duration::from_secs(1);
/// Bytes for which an answer may take one millisecond longer: those that still are on their way.
const BYTES_PER_MS: usize = 1000;
/// Most bytes of an answer, as of a string in Redis.
const MAX_ANSWER: u64 = 512 * 1024 * 1024;

/// A connection. After an error of its own it is good for nothing.
pub(super) struct RedisStream {
    io: Io,
    parser: Parser,
    /// For how long an answer may hold back its next bytes.
    patience: Duration,
    /// How long it may take to send a request, and to get its answer.
    limit: Duration,
    /// Most bytes of an answer.
    most: u64,
    is_broken: bool,
}

enum Io {
    Bare(TcpStream),
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
}

impl RedisStream {
    pub(super) fn connect(place: &HostPort, tls: bool) -> io::Result<Self> {
        let socket = connect(place)?;
        let io = if tls { Io::Tls(Box::new(secure(place, socket)?)) } else { Io::Bare(socket) };
        Ok(Self {
            io,
            parser: Parser::new(),
            patience: DEADLINE,
            limit: LIMIT,
            most: MAX_ANSWER,
            is_broken: false,
        })
    }

    /// Asks with more time for the answer.
    pub(super) fn ask_patiently(
        &mut self,
        command: &Cmd,
        patience: Duration,
    ) -> RedisResult<RawAnswer> {
        self.patience = patience;
        let sent = self.send(&command.get_packed_command()).map_err(RedisError::from);
        self.patience = DEADLINE;
        let answer = sent.and_then(|()| RawAnswer::read(&mut Timed::new(&mut self.io, self.limit)));
        self.is_broken |= answer.is_err();
        answer
    }

    fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        let on_their_way = Duration::from_millis((bytes.len() / BYTES_PER_MS) as u64);
        self.socket().set_read_timeout(Some(self.patience + on_their_way))?;
        Timed::new(&mut self.io, self.limit).write_all(bytes)?;
        self.io.flush()
    }

    fn socket(&self) -> &TcpStream {
        match &self.io {
            Io::Bare(socket) => socket,
            Io::Tls(stream) => stream.get_ref(),
        }
    }
}

/// Connects to the first address of `place` that answers.
fn connect(place: &HostPort) -> io::Result<TcpStream> {
    let mut failure = io::Error::other("the name has no address");
    for address in (place.host.as_str(), place.port).to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, DEADLINE) {
            Ok(socket) => {
                socket.set_nodelay(true)?;
                socket.set_read_timeout(Some(DEADLINE))?;
                socket.set_write_timeout(Some(DEADLINE))?;
                return Ok(socket);
            }
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

/// Verifies the server's certificate by those that the system trusts.
fn secure(
    place: &HostPort,
    socket: TcpStream,
) -> io::Result<StreamOwned<ClientConnection, TcpStream>> {
    let name = ServerName::try_from(place.host.clone());
    let name = name.map_err(|_| io::Error::other("not a name that a certificate can contain"))?;
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        return Err(io::Error::other("the system has no certificates to trust"));
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let session = ClientConnection::new(Arc::new(config), name).map_err(io::Error::other)?;
    let mut stream = StreamOwned::new(session, socket);
    let mut timed = Timed::new(&mut stream.sock, LIMIT);
    while stream.conn.is_handshaking() {
        stream.conn.complete_io(&mut timed)?;
    }
    Ok(stream)
}

impl Read for Io {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Bare(socket) => socket.read(buffer),
            Self::Tls(stream) => stream.read(buffer),
        }
    }
}

impl Write for Io {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Bare(socket) => socket.write(bytes),
            Self::Tls(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Bare(socket) => socket.flush(),
            Self::Tls(stream) => stream.flush(),
        }
    }
}

impl ConnectionLike for RedisStream {
    fn req_packed_command(&mut self, command: &[u8]) -> RedisResult<Value> {
        let sent = self.send(command).map_err(RedisError::from);
        let answer = sent.and_then(|()| {
            let timed = Timed::new(&mut self.io, self.limit);
            self.parser.parse_value(timed.take(self.most))
        });
        self.is_broken |= answer.is_err();
        answer
    }

    fn req_packed_commands(&mut self, _: &[u8], _: usize, _: usize) -> RedisResult<Vec<Value>> {
        Err((ErrorKind::Client, "one command at a time").into())
    }

    fn get_db(&self) -> i64 {
        0
    }

    fn check_connection(&mut self) -> bool {
        self.is_open()
    }

    fn is_open(&self) -> bool {
        !self.is_broken
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    /// Connects to a server that does this.
    fn connect_to(
        serve: impl FnOnce(TcpStream) + Send + 'static,
    ) -> (RedisStream, thread::JoinHandle<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let place = HostPort { host: "127.0.0.1".to_owned(), port };
        let server = thread::Builder::new().spawn(move || serve(listener.accept().unwrap().0));
        (RedisStream::connect(&place, false).unwrap(), server.unwrap())
    }

    #[test]
    fn an_answer_that_trickles_in_has_a_deadline() {
        for is_raw in [false, true] {
            let (mut stream, server) = connect_to(|mut socket| {
                socket.write_all(b"$1000000\r\n").unwrap();
                while socket.write_all(b"x").is_ok() {
                    thread::sleep(Duration::from_millis(1));
                }
            });
            stream.limit = Duration::from_millis(100);
            let error = match is_raw {
                true => stream.ask_patiently(&redis::cmd("GET"), DEADLINE).err(),
                false => stream.req_packed_command(b"GET x").err(),
            };
            assert!(error.is_some_and(|error| error.is_timeout()) && !stream.is_open());
            drop(stream);
            server.join().unwrap();
        }
    }

    #[test]
    fn an_answer_without_an_end_is_not_kept() {
        let (mut stream, server) = connect_to(|mut socket| {
            socket.write_all(b"$10\r\n0123456789\r\n$1000\r\n").unwrap();
            while socket.write_all(&[b'x'; 1000]).is_ok() {}
        });
        stream.most = 100;
        assert!(stream.req_packed_command(b"GET x").is_ok());
        assert!(stream.req_packed_command(b"GET y").is_err() && !stream.is_open());
        drop(stream);
        server.join().unwrap();
    }
}
