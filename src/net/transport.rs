//! `Transport`: a client's connection, bare or under TLS.

use std::io::{self, IoSlice, Read, Write};
use std::net::TcpStream;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use rustls::{ServerConfig, ServerConnection};

use crate::os::{self, Bell, Ready, Socket};

/// Bytes taken in one read.
const READ: usize = 4096;
/// Plaintext that is encrypted before the socket is asked to take it: a record's worth
/// (RFC 8446, section 5.1). What does not fit waits as it is, shared with other clients.
const RECORD: usize = 16 * 1024;

/// A connection that one thread reads and another writes.
///
/// Under TLS both need the session's state, so it has a lock, which is never held while waiting.
#[derive(Debug)]
pub struct Transport {
    socket: Socket,
    /// In a place of its own: it takes more room than all else there is of a client without it.
    tls: Option<Box<Mutex<ServerConnection>>>,
}

/// What became of a connection to a port that speaks TLS.
#[derive(Debug)]
pub enum Accepted {
    /// It speaks TLS, too, and has already sent this in it.
    Tls(Transport, Vec<u8>),
    /// It does not, but sent this, or nothing in all the time it had.
    Plain(Transport, Vec<u8>),
}

/// What was read.
#[derive(Debug, Default)]
pub struct Received {
    /// Under TLS there may be none.
    pub bytes: Vec<u8>,
    /// Whether no more will come.
    pub is_end: bool,
    /// Whether TLS has something of its own to say to it, when nothing was
    /// [pending](Transport::is_pending) before.
    pub has_answer: bool,
}

/// How long a client may take, all in all, before it is one.
#[derive(Clone, Copy, Debug)]
pub struct Patience<'a> {
    /// Until when.
    pub deadline: Instant,
    /// Ends the waiting, too.
    pub bell: &'a Bell,
}

impl Transport {
    /// A connection without TLS.
    pub fn bare(stream: TcpStream) -> Self {
        Self { socket: Socket::new(stream), tls: None }
    }

    /// Shakes hands, unless the first byte `is_plain`, which none of TLS's is.
    ///
    /// # Errors
    /// When the client does not speak TLS, or takes too long after its first byte.
    pub fn accept_tls(
        stream: TcpStream,
        config: Arc<ServerConfig>,
        is_plain: fn(u8) -> bool,
        patience: Patience<'_>,
    ) -> io::Result<Accepted> {
        let bare = Self::bare(stream);
        let first = match bare.receive_within(patience) {
            Ok(received) => received,
            Err(error) if error.kind() == io::ErrorKind::TimedOut => {
                return Ok(Accepted::Plain(bare, Vec::new()));
            }
            Err(error) => return Err(error),
        };
        if first.bytes.first().is_some_and(|&byte| is_plain(byte)) {
            return Ok(Accepted::Plain(bare, first.bytes));
        }
        let tls = ServerConnection::new(config).map_err(io::Error::other)?;
        let transport = Self { socket: bare.socket, tls: Some(Box::new(Mutex::new(tls))) };
        let early = transport.shake_hands(transport.decode(first.bytes), patience)?;
        Ok(Accepted::Tls(transport, early))
    }

    /// Goes on with the handshake, and returns what the client has already sent after it.
    fn shake_hands(
        &self,
        mut received: io::Result<Received>,
        patience: Patience<'_>,
    ) -> io::Result<Vec<u8>> {
        let mut early = Vec::new();
        loop {
            // Even a refusal is to be told.
            self.send_all(&[], patience)?;
            let Received { bytes, is_end, .. } = received?;
            early.extend(bytes);
            if !self.is_handshaking() {
                return Ok(early);
            }
            if is_end {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            received = self.receive_within(patience);
        }
    }

    /// Reads once, waiting if nothing has come.
    pub fn receive(&self) -> io::Result<Received> {
        self.decode(self.socket.receive(READ)?)
    }

    /// What is in `bytes`, which were read; none are the end.
    fn decode(&self, bytes: Vec<u8>) -> io::Result<Received> {
        let is_end = bytes.is_empty();
        match self.lock() {
            Some(mut tls) if !is_end => {
                let was_pending = tls.wants_write();
                let received = decrypt(&mut tls, &bytes)?;
                Ok(Received { has_answer: tls.wants_write() && !was_pending, ..received })
            }
            _ => Ok(Received { bytes, is_end, has_answer: false }),
        }
    }

    /// The same, with limited patience.
    pub fn receive_within(&self, patience: Patience<'_>) -> io::Result<Received> {
        patience.wait(|timeout| os::wait_readable(self, patience.bell, timeout))?;
        self.receive()
    }

    /// Sends as much of `slices` as the kernel takes now, and says how much that was. Under TLS
    /// some of it may still be [pending](Self::is_pending).
    ///
    /// # Errors
    /// `WouldBlock` when it takes nothing; any other error is final for writing.
    pub fn send_now<'a>(
        &self,
        mut slices: impl ExactSizeIterator<Item = &'a [u8]>,
    ) -> io::Result<usize> {
        match self.lock() {
            Some(mut tls) => self.encrypt(&mut tls, slices),
            None if slices.len() == 1 => self.socket.send_now(slices.next().unwrap_or_default()),
            None => self.socket.send_slices_now(slices),
        }
    }

    /// Sends all of `bytes` and whatever is pending, with limited patience.
    pub fn send_all(&self, mut bytes: &[u8], patience: Patience<'_>) -> io::Result<()> {
        loop {
            match self.send_now([bytes].into_iter()) {
                Ok(count) => bytes = &bytes[count..],
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
            if bytes.is_empty() && !self.is_pending() {
                return Ok(());
            }
            patience.wait(|timeout| os::wait_writable(self, patience.bell, timeout))?;
        }
    }

    /// Whether there is something to send that is in no queue: what TLS has encrypted, or has to
    /// say on its own account.
    pub fn is_pending(&self) -> bool {
        self.lock().is_some_and(|tls| tls.wants_write())
    }

    /// Ends our side: the other reads what was sent, then the end.
    pub fn finish_sending(&self) {
        if let Some(mut tls) = self.lock() {
            tls.send_close_notify();
            // Without it the other takes the end for one, too.
            let _ = self.drain(&mut tls);
        }
        self.socket.finish_sending();
    }

    /// Ends both sides, which also ends the wait of the thread that reads.
    pub fn close(&self) {
        self.socket.close();
    }

    /// Like [`close`](Self::close), but what the kernel still holds for the other is thrown away.
    pub fn abort(&self) {
        self.socket.abort();
    }

    /// The connection itself, unless it is under TLS.
    pub fn into_bare(self) -> Option<TcpStream> {
        self.tls.is_none().then(|| self.socket.into_stream())
    }

    /// Whether it is what it seems to be, without TLS.
    pub fn is_bare(&self) -> bool {
        self.tls.is_none()
    }

    /// Whether this side closed the connection.
    pub fn is_closed(&self) -> bool {
        self.socket.is_closed()
    }

    fn lock(&self) -> Option<MutexGuard<'_, ServerConnection>> {
        self.tls.as_ref().map(|tls| tls.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn is_handshaking(&self) -> bool {
        self.lock().is_some_and(|tls| tls.is_handshaking())
    }

    /// Encrypts only what the socket has a chance to take: the rest stays shared and counted.
    fn encrypt<'a>(
        &self,
        tls: &mut ServerConnection,
        slices: impl Iterator<Item = &'a [u8]>,
    ) -> io::Result<usize> {
        let (mut sent, mut fresh) = (0, 0);
        if !self.drain(tls)? {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        for mut rest in slices {
            while !rest.is_empty() {
                let count = tls.writer().write(&rest[..rest.len().min(RECORD)])?;
                rest = &rest[count..];
                (sent, fresh) = (sent + count, fresh + count);
                if fresh >= RECORD {
                    fresh = 0;
                    if !self.drain(tls)? {
                        return Ok(sent);
                    }
                }
            }
        }
        self.drain(tls)?;
        Ok(sent)
    }

    /// Sends what is encrypted; returns whether the socket took all of it.
    fn drain(&self, tls: &mut ServerConnection) -> io::Result<bool> {
        while tls.wants_write() {
            match tls.write_tls(&mut SendNow(&self.socket)) {
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }
}

fn decrypt(tls: &mut ServerConnection, mut encrypted: &[u8]) -> io::Result<Received> {
    let mut received = Received::default();
    while !encrypted.is_empty() && !received.is_end {
        tls.read_tls(&mut encrypted)?;
        let processed = tls.process_new_packets();
        // Ends with an error where there is no more, which is no news.
        let _ = tls.reader().read_to_end(&mut received.bytes);
        received.is_end = match processed {
            Ok(state) => state.peer_has_closed(),
            // What came before the broken record is worth hearing.
            Err(_) if !received.bytes.is_empty() => true,
            Err(error) => return Err(io::Error::other(error)),
        };
    }
    Ok(received)
}

impl AsFd for Transport {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl Patience<'_> {
    fn wait(
        &self,
        wait: impl FnOnce(Option<std::time::Duration>) -> io::Result<Ready>,
    ) -> io::Result<()> {
        match wait(Some(self.deadline.saturating_duration_since(Instant::now())))? {
            Ready::Io => Ok(()),
            Ready::TimedOut => Err(io::ErrorKind::TimedOut.into()),
            Ready::Woken => Err(io::ErrorKind::Interrupted.into()),
        }
    }
}

/// A socket to write to without waiting.
struct SendNow<'a>(&'a Socket);

impl Write for SendNow<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.send_now(bytes)
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        self.0.send_slices_now(slices.iter().map(|slice| &**slice))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
