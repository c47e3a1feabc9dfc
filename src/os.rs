//! The only file that names operating-system calls.
//!
//! Everything here is a thin, typed wrapper over `rustix`: sockets that are read by one thread
//! and written by another, waiting for a socket or a wake-up, and being told of writability.

mod signals;

use std::io::{self, IoSlice};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsFd, OwnedFd, RawFd};
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use command_fds::{CommandFdExt, FdMapping};
use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, epoll, eventfd, poll};
use rustix::fs::FlockOperation;
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvFlags, SendAncillaryBuffer, SendFlags, Shutdown, SocketFlags, SocketType,
    sockopt,
};

pub use self::signals::{ask_for_reload, hold_signals, release_signals};

/// Connections that may wait to be accepted; the kernel caps it at `net.core.somaxconn`.
const BACKLOG: i32 = 4096;
/// Bytes that the kernel keeps for one client beside its send queue, about. Left to itself it
/// would keep megabytes, and a thousand clients that do not read would take all it has.
const SEND_BUFFER: usize = 128 * 1024;
/// The first descriptor after standard input, output and error.
const FIRST_FD: RawFd = 3;
/// Bytes that the names of all descriptors may have: an environment variable has 128 KiB at most
/// (execve(2)).
const MAX_NAMES: usize = 127 * 1024;
/// Slices one send can carry; far below the kernel's limit of 1024 (UIO_MAXIOV, sendmsg(2)).
const MAX_SLICES: usize = 64;

/// Binds and listens on `addr`. With `v6_only` an IPv6 wildcard leaves IPv4 to others. A client
/// that the network lost is noticed after `lost_after`.
///
/// Differs from [`TcpListener::bind`] in its backlog, which has to last through a burst of
/// reconnecting clients, and in being non-blocking.
pub fn listen(addr: SocketAddr, v6_only: bool, lost_after: Duration) -> io::Result<TcpListener> {
    let family = if addr.is_ipv6() { AddressFamily::INET6 } else { AddressFamily::INET };
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = rustix::net::socket_with(family, SocketType::STREAM, flags, None)?;
    sockopt::set_socket_reuseaddr(&socket, true)?;
    if addr.is_ipv6() {
        sockopt::set_ipv6_v6only(&socket, v6_only)?;
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
    let probes = 4;
    sockopt::set_tcp_nodelay(listener, true)?;
    // Without it all is only slower.
    let _ = sockopt::set_tcp_congestion(listener, "reno");
    sockopt::set_socket_oobinline(listener, true)?;
    sockopt::set_socket_send_buffer_size(listener, SEND_BUFFER)?;
    sockopt::set_socket_keepalive(listener, true)?;
    sockopt::set_tcp_keepidle(listener, lost_after / 2)?;
    sockopt::set_tcp_keepintvl(listener, lost_after / 2 / probes)?;
    sockopt::set_tcp_keepcnt(listener, probes)?;
    let millis = u32::try_from(lost_after.as_millis()).unwrap_or(u32::MAX);
    Ok(sockopt::set_tcp_user_timeout(listener, millis)?)
}

/// Sees to it that a descriptor ends with the process, or with the program that it turns into.
pub fn close_on_exec(fd: &impl AsFd) -> io::Result<()> {
    Ok(rustix::io::fcntl_setfd(fd, rustix::io::FdFlags::CLOEXEC)?)
}

/// Whether standard error ends in the journal: `JOURNAL_STREAM` names its device and inode
/// (systemd.exec(5)).
pub fn is_journal() -> bool {
    let Some(named) = std::env::var_os("JOURNAL_STREAM") else { return false };
    let stderr = rustix::fs::fstat(io::stderr());
    stderr.is_ok_and(|stat| named.to_str() == Some(&format!("{}:{}", stat.st_dev, stat.st_ino)))
}

/// A file that is nowhere but in memory (memfd_create(2)).
pub fn memory_file(name: &str) -> io::Result<OwnedFd> {
    Ok(rustix::fs::memfd_create(name, rustix::fs::MemfdFlags::CLOEXEC)?)
}

/// Tells `command` which descriptors it will find from number 3 on, as sd_listen_fds(3) has it.
pub fn announce_descriptors(command: &mut Command, names: &[String]) -> io::Result<()> {
    let (count, names) = (names.len(), names.join(":"));
    if names.len() > MAX_NAMES {
        return Err(io::ErrorKind::ArgumentListTooLong.into());
    }
    command
        .env("LISTEN_PID", std::process::id().to_string())
        .env("LISTEN_FDS", count.to_string())
        .env("LISTEN_FDNAMES", names);
    Ok(())
}

/// Turns this process into another program with the same number, which finds `fds` from
/// descriptor 3 on. Returns only if that fails, and then the process has to end: its own
/// descriptors are no longer what they were.
pub fn become_program(mut command: Command, fds: Vec<OwnedFd>) -> io::Error {
    let mappings =
        (FIRST_FD..).zip(fds).map(|(child_fd, parent_fd)| FdMapping { parent_fd, child_fd });
    match command.fd_mappings(mappings.collect()) {
        Ok(command) => command.exec(),
        Err(error) => io::Error::other(error),
    }
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

/// The host's name (uname(2)).
pub fn host_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// Locks `file` for as long as it is open (flock(2)); `false` when another process has it.
pub fn lock(file: impl AsFd) -> io::Result<bool> {
    match rustix::fs::flock(file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(true),
        Err(Errno::WOULDBLOCK) => Ok(false),
        Err(error) => Err(error.into()),
    }
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

/// A wake-up that any number of threads can wait for beside their sockets. Once rung it stays so.
#[derive(Debug)]
pub struct Bell(OwnedFd);

impl Bell {
    /// Makes one that is silent.
    pub fn new() -> io::Result<Self> {
        Ok(Self(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?))
    }

    /// Wakes everyone who waits, now and later.
    pub fn ring(&self) {
        // The only error left is a full counter, and that one is already audible.
        let _ = rustix::io::write(&self.0, &1u64.to_ne_bytes());
    }
}

/// Why a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ready {
    /// There is something to read, or room to write, or the end.
    Io,
    /// The bell was rung.
    Woken,
    /// The time was up.
    TimedOut,
}

/// Waits until `socket` or `listener` can be read, `bell` rings or `timeout` is over.
pub fn wait_readable(
    source: &impl AsFd,
    bell: &Bell,
    timeout: Option<Duration>,
) -> io::Result<Ready> {
    wait([PollFd::new(source, PollFlags::IN), PollFd::new(&bell.0, PollFlags::IN)], timeout)
}

/// Waits until `socket` takes more, `bell` rings or `timeout` is over.
pub fn wait_writable(
    socket: &impl AsFd,
    bell: &Bell,
    timeout: Option<Duration>,
) -> io::Result<Ready> {
    wait([PollFd::new(socket, PollFlags::OUT), PollFd::new(&bell.0, PollFlags::IN)], timeout)
}

/// Waits out `pause`, unless `bell` rings or the socket is closed from both sides before.
pub fn wait_closed(socket: &impl AsFd, bell: &Bell, pause: Duration) -> io::Result<Ready> {
    let hang_up = PollFd::new(socket, PollFlags::empty());
    wait([hang_up, PollFd::new(&bell.0, PollFlags::IN)], Some(pause))
}

/// Waits until `bell` rings, `pause` at most.
pub fn wait_bell(bell: &Bell, pause: Duration) -> io::Result<Ready> {
    wait([PollFd::new(&bell.0, PollFlags::IN)], Some(pause))
}

/// Waits for any of `sources`, of which the last is the bell.
fn wait<const N: usize>(
    mut sources: [PollFd<'_>; N],
    timeout: Option<Duration>,
) -> io::Result<Ready> {
    let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
    loop {
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        let left = left.and_then(|left| Timespec::try_from(left).ok());
        match poll(&mut sources, left.as_ref()) {
            Ok(0) => return Ok(Ready::TimedOut),
            Ok(_) if !sources[N - 1].revents().is_empty() => return Ok(Ready::Woken),
            Ok(_) => return Ok(Ready::Io),
            // A signal is for the main thread.
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

/// Tells which of many sockets can be written to again (epoll(7)).
#[derive(Debug)]
pub struct WritablePoll(OwnedFd);

impl WritablePoll {
    /// Number that [`wait`](Self::wait) reports when the bell rang.
    pub const BELL: u64 = u64::MAX;

    /// Makes one that also listens for `bell`.
    pub fn new(bell: &Bell) -> io::Result<Self> {
        let poll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        epoll::add(&poll, &bell.0, epoll::EventData::new_u64(Self::BELL), epoll::EventFlags::IN)?;
        Ok(Self(poll))
    }

    /// Asks to be told, once, when `socket` takes more; it is reported by `number`.
    pub fn watch(&self, socket: &impl AsFd, number: u64) -> io::Result<()> {
        let data = epoll::EventData::new_u64(number);
        let flags = epoll::EventFlags::OUT | epoll::EventFlags::ONESHOT;
        match epoll::modify(&self.0, socket, data, flags) {
            Err(Errno::NOENT) => Ok(epoll::add(&self.0, socket, data, flags)?),
            result => Ok(result?),
        }
    }

    /// Waits for sockets that became writable, or failed, and hands over their numbers.
    pub fn wait(&self) -> io::Result<impl Iterator<Item = u64>> {
        let mut events = Vec::with_capacity(64);
        match epoll::wait(&self.0, rustix::buffer::spare_capacity(&mut events), None) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(events.into_iter().map(|event| event.data.u64()))
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

    #[test]
    fn a_socket_is_prompt_keeps_urgent_data_in_place_and_notices_a_lost_peer() {
        let any_port = "127.0.0.1:0".parse().unwrap();
        let listener = listen(any_port, true, Duration::from_secs(600)).unwrap();
        let _far = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        wait([PollFd::new(&listener, PollFlags::IN)], None).unwrap();
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
        assert_eq!(silent + probing, Duration::from_secs(600));
    }
}
