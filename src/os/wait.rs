//! Waiting for a socket or a wake-up, and for sockets that can be written to again.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, epoll, eventfd, poll};
use rustix::io::Errno;

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
