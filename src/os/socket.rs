//! Sockets: listening, and a connection that one thread reads and another writes.

use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvFlags, SendAncillaryBuffer, SendFlags, Shutdown, SocketFlags, SocketType,
    sockopt,
};

use super::listening::{BACKLOG, ListeningSocket};

/// Bytes that the kernel buffers for one client in addition to its send queue, about. By default it
/// buffers megabytes, and a thousand clients that do not read would use up its memory.
const SEND_BUFFER: usize = 128 * 1024;
/// Silence before a connection is probed: cloud networks drop idle ones after four minutes.
const SILENCE: Duration = Duration::from_secs(120);
/// Slices in one send; far below the kernel's limit of 1024 (UIO_MAXIOV, sendmsg(2)).
const MAX_SLICES: usize = 64;

/// Binds and listens on `addr`. If it `may_come_later`, it need not be an address of this machine
/// yet (IP_FREEBIND, ip(7)). With `v6_only` an IPv6 wildcard does not take IPv4 connections. A
/// connection that the network lost fails after `lost_after`.
///
/// Unlike that of [`TcpListener::bind`](std::net::TcpListener::bind) the listener is non-blocking, and its backlog is long enough for a
/// burst of reconnecting clients.
pub fn listen(
    addr: SocketAddr,
    v6_only: bool,
    may_come_later: bool,
    lost_after: Duration,
) -> io::Result<ListeningSocket> {
    let family = if addr.is_ipv6() { AddressFamily::INET6 } else { AddressFamily::INET };
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = rustix::net::socket_with(family, SocketType::STREAM, flags, None)?;
    sockopt::set_socket_reuseaddr(&socket, true)?;
    if addr.is_ipv6() {
        sockopt::set_ipv6_v6only(&socket, v6_only)?;
        sockopt::set_ipv6_freebind(&socket, may_come_later)?;
    } else {
        sockopt::set_ip_freebind(&socket, may_come_later)?;
    }
    prepare(&socket, lost_after)?;
    rustix::net::bind(&socket, &addr)?;
    rustix::net::listen(&socket, BACKLOG)?;
    Ok(ListeningSocket::new(socket))
}

/// Sets options on a listener that Linux passes on to each accepted connection, which saves these
/// calls for each (tcp(7), socket(7)):
///
/// - no Nagle delay;
/// - telnet's urgent data inline in the stream;
/// - little kernel memory for a client that does not read;
/// - an end after `lost_after` for a client that vanished, idle or with unacknowledged data;
/// - Reno congestion control, which every Linux has and which sends at once: BBR, the default on
///   some systems, may start a timer for each send.
pub fn prepare(listener: &impl AsFd, lost_after: Duration) -> io::Result<()> {
    if sockopt::socket_domain(listener)? == AddressFamily::UNIX {
        return Ok(sockopt::set_socket_send_buffer_size(listener, SEND_BUFFER)?);
    }
    let probes = 4;
    let silence = SILENCE.min(lost_after / 2);
    sockopt::set_tcp_nodelay(listener, true)?;
    // A failure only makes sending slower.
    let _ = sockopt::set_tcp_congestion(listener, "reno");
    sockopt::set_socket_oobinline(listener, true)?;
    sockopt::set_socket_send_buffer_size(listener, SEND_BUFFER)?;
    sockopt::set_socket_keepalive(listener, true)?;
    sockopt::set_tcp_keepidle(listener, silence)?;
    sockopt::set_tcp_keepintvl(listener, (lost_after - silence) / probes)?;
    sockopt::set_tcp_keepcnt(listener, probes)?;
    let millis = u32::try_from(lost_after.as_millis()).unwrap_or(u32::MAX);
    Ok(sockopt::set_tcp_user_timeout(listener, millis)?)
}

/// Stops accepting on `listener`, even if other processes hold it, and frees its address.
pub fn stop_listening(listener: &impl AsFd) {
    // The only error is that it was not listening.
    let _ = rustix::net::shutdown(listener, Shutdown::Both);
}

/// Whether `error` means that this machine has no IPv6.
pub fn is_without_ipv6(error: &io::Error) -> bool {
    matches!(
        Errno::from_io_error(error),
        Some(Errno::AFNOSUPPORT | Errno::ADDRNOTAVAIL | Errno::PROTONOSUPPORT)
    )
}

/// A connected client's socket, shared by the session that reads it and the peer that writes it.
///
/// It stays in blocking mode: `O_NONBLOCK` belongs to the open file and would affect both threads,
/// so each call chooses whether to wait.
#[derive(Debug)]
pub struct Socket {
    stream: OwnedFd,
    closed: AtomicBool,
}

impl Socket {
    /// Wraps a connection that a [`ListeningSocket`] accepted.
    pub fn new(stream: OwnedFd) -> Self {
        Self { stream, closed: AtomicBool::new(false) }
    }

    /// Reads at most `most` bytes that have arrived; waits if none have. Empty at the end of the
    /// stream.
    ///
    /// Allocates a buffer for each call, so that an idle client needs none.
    pub fn receive(&self, most: usize) -> io::Result<Vec<u8>> {
        self.receive_with(most, RecvFlags::empty())
    }

    /// Like [`receive`](Self::receive), without waiting.
    ///
    /// # Errors
    /// `WouldBlock` when nothing has arrived.
    pub fn receive_now(&self, most: usize) -> io::Result<Vec<u8>> {
        self.receive_with(most, RecvFlags::DONTWAIT)
    }

    fn receive_with(&self, most: usize, flags: RecvFlags) -> io::Result<Vec<u8>> {
        let mut buffer = Vec::with_capacity(most);
        let room = rustix::buffer::spare_capacity(&mut buffer);
        rustix::net::recv(&self.stream, room, flags)?;
        Ok(buffer)
    }

    /// Sends as much of `bytes` as the kernel takes now, and returns the number of bytes.
    ///
    /// # Errors
    /// `WouldBlock` when it takes nothing; any other error is final for writing.
    pub fn send_now(&self, bytes: &[u8]) -> io::Result<usize> {
        Ok(rustix::net::send(&self.stream, bytes, SendFlags::DONTWAIT | SendFlags::NOSIGNAL)?)
    }

    /// Like [`send_now`](Self::send_now) for several slices, in one call for the first 64.
    pub fn send_slices_now<'a>(&self, slices: impl Iterator<Item = &'a [u8]>) -> io::Result<usize> {
        let mut array = [IoSlice::new(&[]); MAX_SLICES];
        let mut used = 0;
        for (place, slice) in array.iter_mut().zip(slices) {
            *place = IoSlice::new(slice);
            used += 1;
        }
        let mut nothing = SendAncillaryBuffer::default();
        let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
        Ok(rustix::net::sendmsg(&self.stream, &array[..used], &mut nothing, flags)?)
    }

    /// Shuts down sending: the client reads what was sent, then the end.
    pub fn finish_sending(&self) {
        // An error means that the connection is gone, which its reader will report.
        let _ = rustix::net::shutdown(&self.stream, Shutdown::Write);
    }

    /// Shuts down both directions, which also wakes the thread that reads.
    pub fn close(&self) {
        self.closed.store(true, Ordering::Release);
        let _ = rustix::net::shutdown(&self.stream, Shutdown::Both);
    }

    /// Like [`close`](Self::close), but discards what the kernel has not sent yet.
    pub fn abort(&self) {
        let _ = sockopt::set_socket_linger(&self.stream, Some(Duration::ZERO));
        self.close();
    }

    /// The descriptor, without the shutdown that [`close`](Self::close) does.
    pub fn into_stream(self) -> OwnedFd {
        self.stream
    }

    /// Whether this side closed the connection.
    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

/// Whether an error of accept(2) concerns one connection only, so that the next accept may succeed.
pub fn is_about_one_connection(error: &io::Error) -> bool {
    matches!(
        Errno::from_io_error(error),
        Some(
            Errno::CONNABORTED
                | Errno::PROTO
                | Errno::PERM
                | Errno::NETDOWN
                | Errno::NETUNREACH
                | Errno::HOSTUNREACH
                | Errno::HOSTDOWN
                | Errno::NONET
                | Errno::NOPROTOOPT
                | Errno::OPNOTSUPP
                | Errno::INTR
                | Errno::AGAIN
        )
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::event::{PollFd, PollFlags, poll};
    use std::net::TcpStream;

    #[test]
    fn a_socket_is_prompt_keeps_urgent_data_in_place_and_notices_a_lost_peer() {
        let any_port = "127.0.0.1:0".parse().unwrap();
        let listener = listen(any_port, true, false, Duration::from_secs(600)).unwrap();
        let _far = TcpStream::connect(listener.address().unwrap()).unwrap();
        poll(&mut [PollFd::new(&listener, PollFlags::IN)], None).unwrap();
        let (near, _) = listener.accept().unwrap();
        let Socket { stream, .. } = Socket::new(near);
        assert_eq!(sockopt::tcp_nodelay(&stream), Ok(true));
        assert_eq!(sockopt::tcp_congestion(&stream).as_deref(), Ok("reno"));
        assert_eq!(sockopt::socket_oobinline(&stream), Ok(true));
        assert_eq!(sockopt::socket_keepalive(&stream), Ok(true));
        assert_eq!(sockopt::tcp_user_timeout(&stream), Ok(600_000));
        let probing =
            sockopt::tcp_keepintvl(&stream).unwrap() * sockopt::tcp_keepcnt(&stream).unwrap();
        let silent = sockopt::tcp_keepidle(&stream).unwrap();
        assert_eq!(silent, Duration::from_secs(120));
        assert_eq!(silent + probing, Duration::from_secs(600));
    }
}
