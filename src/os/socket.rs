//! Sockets: listening, and a connection that one thread reads and another writes.

use std::io::{self, IoSlice};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvFlags, SendAncillaryBuffer, SendFlags, Shutdown, SocketFlags, SocketType,
    sockopt,
};

/// Connections that may wait to be accepted; the kernel caps it at `net.core.somaxconn`.
const BACKLOG: i32 = 4096;
/// Bytes that the kernel keeps for one client beside its send queue, about. Left to itself it
/// would keep megabytes, and a thousand clients that do not read would take all it has.
const SEND_BUFFER: usize = 128 * 1024;
/// How long a connection is silent before it is probed: clouds forget one after four minutes.
const SILENCE: Duration = Duration::from_secs(120);
/// Slices one send can carry; far below the kernel's limit of 1024 (UIO_MAXIOV, sendmsg(2)).
const MAX_SLICES: usize = 64;

/// Binds and listens on `addr`, which need not be an address of this machine yet if it
/// `may_come_later` (ip(7)). With `v6_only` an IPv6 wildcard leaves IPv4 to others. A client that the
/// network lost is noticed after `lost_after`.
///
/// Differs from [`TcpListener::bind`] in its backlog, which has to last through a burst of
/// reconnecting clients, and in being non-blocking.
pub fn listen(
    addr: SocketAddr,
    v6_only: bool,
    may_come_later: bool,
    lost_after: Duration,
) -> io::Result<TcpListener> {
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
    Ok(socket.into())
}

/// Sets on a listener what Linux hands down to each connection accepted from it, which saves as
/// many calls for each (tcp(7), socket(7)): no Nagle delay, telnet's urgent data in its place in
/// the stream, little kernel memory for a client that does not read, an end for a client that
/// vanished, whether it was idle or had data outstanding, and a congestion control that every Linux
/// has and that sends at once: BBR, where it is the default, may start a timer for each send.
pub fn prepare(listener: &impl AsFd, lost_after: Duration) -> io::Result<()> {
    let (probes, silence) = (4, SILENCE.min(lost_after / 2));
    sockopt::set_tcp_nodelay(listener, true)?;
    // Without it all is only slower.
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

/// Has nobody connect to `listener` any more, whoever else holds it, and frees its address.
pub fn stop_listening(listener: &impl AsFd) {
    // The only error is that it was not listening.
    let _ = rustix::net::shutdown(listener, Shutdown::Both);
}

/// Whether `error` says that this machine has no IPv6, so that IPv4 alone should do.
pub fn is_without_ipv6(error: &io::Error) -> bool {
    matches!(
        Errno::from_io_error(error),
        Some(Errno::AFNOSUPPORT | Errno::ADDRNOTAVAIL | Errno::PROTONOSUPPORT)
    )
}

/// A connected client's socket, shared by the session that reads it and the peer that writes it.
///
/// It stays in blocking mode: `O_NONBLOCK` belongs to the open file and would reach both sides,
/// so each call says for itself whether it waits.
#[derive(Debug)]
pub struct Socket {
    stream: TcpStream,
    closed: AtomicBool,
}

impl Socket {
    /// Takes over a connection that a listener of [`listen`] accepted.
    pub fn new(stream: TcpStream) -> Self {
        Self { stream, closed: AtomicBool::new(false) }
    }

    /// Reads what has arrived, `most` bytes of it, waiting if nothing has; empty is the end.
    ///
    /// The buffer is made for the occasion, so that a client that is silent needs none.
    pub fn receive(&self, most: usize) -> io::Result<Vec<u8>> {
        let mut buffer = Vec::with_capacity(most);
        let room = rustix::buffer::spare_capacity(&mut buffer);
        rustix::net::recv(&self.stream, room, RecvFlags::empty())?;
        Ok(buffer)
    }

    /// Sends as much of `bytes` as the kernel takes now, and says how much that was.
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

    /// Ends our side: the other reads what was sent, then the end.
    pub fn finish_sending(&self) {
        // An error means that the connection is gone, which is what its reader will report.
        let _ = rustix::net::shutdown(&self.stream, Shutdown::Write);
    }

    /// Ends both sides, which also ends the wait of the thread that reads.
    pub fn close(&self) {
        self.closed.store(true, Ordering::Release);
        let _ = rustix::net::shutdown(&self.stream, Shutdown::Both);
    }

    /// Like [`close`](Self::close), but what the kernel still holds for the other is thrown away.
    pub fn abort(&self) {
        let _ = sockopt::set_socket_linger(&self.stream, Some(Duration::ZERO));
        self.close();
    }

    /// The bare connection.
    pub fn into_stream(self) -> TcpStream {
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

/// Whether an error of accept(2) is about that one connection, so that the next may do.
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

    #[test]
    fn a_socket_is_prompt_keeps_urgent_data_in_place_and_notices_a_lost_peer() {
        let any_port = "127.0.0.1:0".parse().unwrap();
        let listener = listen(any_port, true, false, Duration::from_secs(600)).unwrap();
        let _far = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
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
