//! `Transport`: a client's connection, bare or under TLS.

use std::io::{self, IoSlice, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use rustls::{ServerConfig, ServerConnection};

use crate::os::{self, Bell, Ready, Socket};

/// Bytes in one read.
const READ: usize = 4096;
/// Bytes of plaintext to encrypt before sending: two records (RFC 8446, section 5.1), which is more
/// than most batches have. What the socket does not take stays plaintext in the queue, shared with
/// other clients.
const AHEAD: usize = 2 * 16 * 1024;

/// A connection that one thread reads and another writes.
///
/// Under TLS both need the session's state, so it has a lock, which is never held while waiting.
#[derive(Debug)]
pub struct Transport {
    socket: Socket,
    /// Boxed: it is larger than everything else that the server holds for a client without TLS.
    tls: Option<Box<Mutex<ServerConnection>>>,
}

/// The result of a handshake on a TLS port.
#[derive(Debug)]
pub enum Accepted {
    /// The client speaks TLS, and has already sent this plaintext.
    Tls(Transport, Vec<u8>),
    /// The client does not speak TLS: it sent these bytes, or nothing until the deadline.
    Plain(Transport, Vec<u8>),
}

/// The result of a read.
#[derive(Debug, Default)]
pub struct Received {
    /// The plaintext; may be empty under TLS.
    pub bytes: Vec<u8>,
    /// Whether the client will send no more.
    pub is_end: bool,
    /// Whether TLS now has bytes of its own to send, when nothing was
    /// [pending](Transport::is_pending) before.
    pub has_answer: bool,
}

/// How long a client may take in all until it is connected.
#[derive(Clone, Copy, Debug)]
pub struct Patience<'a> {
    /// When waiting ends with `TimedOut`.
    pub deadline: Instant,
    /// Ringing it ends waiting with `Interrupted`.
    pub bell: &'a Bell,
}

impl Transport {
    /// A connection without TLS.
    pub fn bare(stream: impl Into<OwnedFd>) -> Self {
        Self { socket: Socket::new(stream.into()), tls: None }
    }

    /// Does the TLS handshake on a bare connection that has sent `first`, unless the client's first
    /// byte `is_plain`. No TLS record may start with such a byte.
    ///
    /// # Errors
    /// The handshake fails, or takes too long after the first byte.
    pub fn accept_tls(
        self,
        first: Vec<u8>,
        config: Arc<ServerConfig>,
        is_plain: fn(u8) -> bool,
        patience: Patience<'_>,
    ) -> io::Result<Accepted> {
        let bare = self;
        let first = match bare.first(first, patience) {
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

    /// The bytes that were received, or the first ones.
    fn first(&self, received: Vec<u8>, patience: Patience<'_>) -> io::Result<Received> {
        match received.is_empty() {
            true => self.receive_within(patience),
            false => Ok(Received { bytes: received, ..Received::default() }),
        }
    }

    /// Continues the handshake, and returns plaintext that the client sent right after it.
    fn shake_hands(
        &self,
        mut received: io::Result<Received>,
        patience: Patience<'_>,
    ) -> io::Result<Vec<u8>> {
        let mut early = Vec::new();
        loop {
            // Also after an error, so that the client gets the alert.
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

    /// Reads once; waits if nothing has arrived.
    pub fn receive(&self) -> io::Result<Received> {
        self.decode(self.socket.receive(READ)?)
    }

    /// What has arrived already on a connection without TLS; nothing after an error, for which the
    /// next read finds the end of the stream.
    pub fn arrived(&self) -> Vec<u8> {
        self.socket.receive_now(READ).unwrap_or_default()
    }

    /// Decrypts `bytes` from the socket if under TLS; no bytes are the end of the stream.
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

    /// Like [`receive`](Self::receive), with limited patience.
    pub fn receive_within(&self, patience: Patience<'_>) -> io::Result<Received> {
        patience.wait(|timeout| os::wait_readable(self, patience.bell, timeout))?;
        self.receive()
    }

    /// Sends as much of `slices` as the kernel takes now, and returns the number of bytes. Under
    /// TLS some of them may still be [pending](Self::is_pending).
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

    /// Whether TLS holds bytes to send, which are in no queue: encrypted data, or messages of its
    /// own.
    pub fn is_pending(&self) -> bool {
        self.lock().is_some_and(|tls| tls.wants_write())
    }

    /// Shuts down sending: the client reads what was sent, then the end.
    pub fn finish_sending(&self) {
        if let Some(mut tls) = self.lock() {
            tls.send_close_notify();
            // A client that does not get the close_notify still sees the end of the stream.
            let _ = self.drain(&mut tls);
        }
        self.socket.finish_sending();
    }

    /// Shuts down both directions, which also wakes the thread that reads.
    pub fn close(&self) {
        self.socket.close();
    }

    /// Like [`close`](Self::close), but discards what the kernel has not sent yet.
    pub fn abort(&self) {
        self.socket.abort();
    }

    /// The descriptor, unless the connection is under TLS.
    pub fn into_bare(self) -> Option<OwnedFd> {
        self.tls.is_none().then(|| self.socket.into_stream())
    }

    /// Whether it is without TLS.
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

    /// Encrypts at most [`AHEAD`] more than the socket takes: the rest stays shared with other
    /// clients, and counted in the queue.
    fn encrypt<'a>(
        &self,
        tls: &mut ServerConnection,
        slices: impl Iterator<Item = &'a [u8]>,
    ) -> io::Result<usize> {
        let mut sent = 0;
        let mut fresh = 0;
        if !self.drain(tls)? {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        for mut rest in slices {
            while !rest.is_empty() {
                let count = tls.writer().write(&rest[..rest.len().min(AHEAD - fresh)])?;
                rest = &rest[count..];
                sent += count;
                fresh += count;
                if fresh == AHEAD {
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

/// Not inlined: otherwise the thread of each client without TLS would touch another page of its
/// stack, which stays resident.
#[inline(never)]
fn decrypt(tls: &mut ServerConnection, mut encrypted: &[u8]) -> io::Result<Received> {
    let mut received = Received::default();
    while !encrypted.is_empty() && !received.is_end {
        tls.read_tls(&mut encrypted)?;
        let processed = tls.process_new_packets();
        // `WouldBlock` when all plaintext is read, which is expected.
        let _ = tls.reader().read_to_end(&mut received.bytes);
        received.is_end = match processed {
            Ok(state) => state.peer_has_closed(),
            // Deliver the plaintext that came before the broken record.
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
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            // Even if there is something to read: otherwise a client that keeps sending a little
            // could extend its deadline for ever.
            return Err(io::ErrorKind::TimedOut.into());
        }
        match wait(Some(left))? {
            Ready::Io => Ok(()),
            Ready::TimedOut => Err(io::ErrorKind::TimedOut.into()),
            Ready::Woken => Err(io::ErrorKind::Interrupted.into()),
        }
    }
}

/// Writes to a socket without blocking.
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{TcpListener, TcpStream};
    use std::time::Duration;

    #[test]
    fn a_deadline_that_is_over_is_over_even_if_there_is_something_to_read() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut far = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let transport = Transport::bare(listener.accept().unwrap().0);
        far.write_all(b"x").unwrap();
        let (now, bell) = (Instant::now(), Bell::new().unwrap());
        let within = |seconds| {
            let deadline = now + Duration::from_secs(seconds);
            transport.receive_within(Patience { deadline, bell: &bell })
        };
        assert_eq!(within(0).unwrap_err().kind(), io::ErrorKind::TimedOut);
        assert_eq!(within(10).unwrap().bytes, b"x");
    }
}
