//! Waiting for a socket or a wakeup, and for sockets to become writable.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, epoll, eventfd, poll};
use rustix::io::Errno;

/// A wakeup that any number of threads can wait for together with their sockets. Once rung, it
/// stays rung.
#[derive(Debug)]
pub struct Bell(OwnedFd);

impl Bell {
    /// A bell that has not rung.
    pub fn new() -> io::Result<Self> {
        Ok(Self(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?))
    }

    /// Wakes every thread that waits now or later.
    pub fn ring(&self) {
        // The only possible error is a full counter, which wakes threads as well.
        let _ = rustix::io::write(&self.0, &1u64.to_ne_bytes());
    }
}

/// Why a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ready {
    /// The socket is readable or writable, or the connection ended.
    Io,
    /// The bell was rung.
    Woken,
    /// The time is over.
    TimedOut,
}

/// Waits until `source`, a connection or a listener, is readable, `bell` rings or `timeout` is
/// over.
pub fn wait_readable(
    source: &impl AsFd,
    bell: &Bell,
    timeout: Option<Duration>,
) -> io::Result<Ready> {
    wait([PollFd::new(source, PollFlags::IN), PollFd::new(&bell.0, PollFlags::IN)], timeout)
}

/// Waits until `socket` is writable, `bell` rings or `timeout` is over.
pub fn wait_writable(
    socket: &impl AsFd,
    bell: &Bell,
    timeout: Option<Duration>,
) -> io::Result<Ready> {
    wait([PollFd::new(socket, PollFlags::OUT), PollFd::new(&bell.0, PollFlags::IN)], timeout)
}

/// Waits until the socket is closed in both directions, `bell` rings or `pause` is over.
pub fn wait_closed(socket: &impl AsFd, bell: &Bell, pause: Duration) -> io::Result<Ready> {
    let hang_up = PollFd::new(socket, PollFlags::empty());
    wait([hang_up, PollFd::new(&bell.0, PollFlags::IN)], Some(pause))
}

/// Waits until `bell` rings or `pause` is over.
pub fn wait_bell(bell: &Bell, pause: Duration) -> io::Result<Ready> {
    wait([PollFd::new(&bell.0, PollFlags::IN)], Some(pause))
}

/// Waits for any of `sources`. The last one is the bell.
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
            // The main thread handles signals.
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Waits for any of many sockets to become writable (epoll(7)).
#[derive(Debug)]
pub struct WritablePoll(OwnedFd);

impl WritablePoll {
    /// The number that [`wait`](Self::wait) returns when the bell rang.
    pub const BELL: u64 = u64::MAX;

    /// A poll that also waits for `bell`.
    pub fn new(bell: &Bell) -> io::Result<Self> {
        let poll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        epoll::add(&poll, &bell.0, epoll::EventData::new_u64(Self::BELL), epoll::EventFlags::IN)?;
        Ok(Self(poll))
    }

    /// Makes [`wait`](Self::wait) return `number`, once, when `socket` is writable.
    pub fn watch(&self, socket: &impl AsFd, number: u64) -> io::Result<()> {
        let data = epoll::EventData::new_u64(number);
        let flags = epoll::EventFlags::OUT | epoll::EventFlags::ONESHOT;
        match epoll::modify(&self.0, socket, data, flags) {
            Err(Errno::NOENT) => Ok(epoll::add(&self.0, socket, data, flags)?),
            result => Ok(result?),
        }
    }

    /// Waits for sockets that became writable or failed, and returns their numbers.
    pub fn wait(&self) -> io::Result<impl Iterator<Item = u64>> {
        let mut events = Vec::with_capacity(64);
        match epoll::wait(&self.0, rustix::buffer::spare_capacity(&mut events), None) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(events.into_iter().map(|event| event.data.u64()))
    }
}
