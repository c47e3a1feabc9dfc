//! The operating system: epoll, limits, and the status of a process in `/proc`.

use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::io::Errno;
use rustix::process::{Pid, Resource, Rlimit, Signal};
use std::io;
use std::iter::Sum;
use std::net::Ipv4Addr;
use std::time::Duration;

/// Clock ticks a second in `/proc/PID/stat`; Linux shows user space no other rate.
pub(crate) const TICKS: u64 = 100;
const MILLISECOND: u32 = 1_000_000;
/// A listening socket in `/proc/net/tcp`.
const LISTEN: &str = "0A";

/// An epoll instance, for reading.
pub(crate) struct Epoll {
    fd: OwnedFd,
    events: Vec<Event>,
    tokens: Vec<u64>,
}

impl Epoll {
    /// At most `round` events are reported at a time.
    pub(crate) fn new(round: usize) -> io::Result<Epoll> {
        let fd = epoll::create(CreateFlags::CLOEXEC)?;
        Ok(Epoll { fd, events: Vec::with_capacity(round), tokens: Vec::with_capacity(round) })
    }

    /// Reports `token` as long as `source` is readable.
    pub(crate) fn add_level(&self, source: impl AsFd, token: u64) -> io::Result<()> {
        epoll::add(&self.fd, source, EventData::new_u64(token), EventFlags::IN)?;
        Ok(())
    }

    /// Reports `token` once whenever more has come in at `source`.
    pub(crate) fn add_edge(&self, source: impl AsFd, token: u64) -> io::Result<()> {
        epoll::add(&self.fd, source, EventData::new_u64(token), EventFlags::IN | EventFlags::ET)?;
        Ok(())
    }

    /// Reports nothing of `source` any more.
    pub(crate) fn remove(&self, source: impl AsFd) -> io::Result<()> {
        epoll::delete(&self.fd, source)?;
        Ok(())
    }

    /// The tokens of what became readable; none after `timeout`.
    /// To be handed back with [`Epoll::give_back`] so that the next round needs no allocation.
    pub(crate) fn wait(&mut self, mut timeout: Option<Duration>) -> io::Result<Vec<u64>> {
        if let Some(exact) = timeout.filter(|timeout| timeout.subsec_nanos() % MILLISECOND > 0) {
            // Only poll waits for less than a millisecond.
            uninterrupted(poll(&mut [PollFd::new(&self.fd, PollFlags::IN)], Some(&time(exact))))?;
            timeout = Some(Duration::ZERO);
        }
        let timeout = timeout.map(time);
        self.events.clear();
        let events = spare_capacity(&mut self.events);
        uninterrupted(epoll::wait(&self.fd, events, timeout.as_ref()))?;
        let mut tokens = std::mem::take(&mut self.tokens);
        tokens.extend(self.events.iter().map(|event| event.data.u64()));
        Ok(tokens)
    }

    /// Takes back the list that [`Epoll::wait`] gave.
    pub(crate) fn give_back(&mut self, mut tokens: Vec<u64>) {
        tokens.clear();
        self.tokens = tokens;
    }
}

/// Whether the other side has reset the connection, whatever is still to be read.
pub(crate) fn is_reset(socket: impl AsFd) -> bool {
    let mut looked = [PollFd::new(&socket, PollFlags::empty())];
    poll(&mut looked, Some(&time(Duration::ZERO))).is_ok_and(|count| count > 0)
}

fn time(duration: Duration) -> Timespec {
    duration.try_into().expect("a few seconds fit")
}

/// A signal ends a wait as the timeout does.
fn uninterrupted(result: rustix::io::Result<usize>) -> io::Result<()> {
    match result {
        Ok(_) | Err(Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

impl AsFd for Epoll {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// Has the kernel kill this process when the benchmark that started it ends.
pub(crate) fn die_with_parent() -> io::Result<()> {
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    Ok(())
}

/// Raises the soft limit of open files to the hard one, and tells it. Children inherit it.
pub(crate) fn raise_open_files() -> io::Result<usize> {
    let limit = rustix::process::getrlimit(Resource::Nofile);
    rustix::process::setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit })?;
    Ok(limit.maximum.map_or(usize::MAX, |limit| limit as usize))
}

/// User and system time of a process, all of its threads, to 10 ms.
pub(crate) fn cpu(process: Pid) -> io::Result<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", process.as_raw_nonzero()))?;
    let ticks = stat.rsplit_once(')').and_then(|(_, rest)| {
        let mut fields =
            rest.split_ascii_whitespace().skip(11).map(|field| field.parse::<u64>().ok());
        Some(fields.next()?? + fields.next()??)
    });
    let ticks = ticks.ok_or_else(|| io::Error::other("/proc/PID/stat reads otherwise"))?;
    Ok(Duration::from_millis(ticks * 1000 / TICKS))
}

/// User and system time of this process.
pub(crate) fn own_cpu() -> io::Result<Duration> {
    cpu(rustix::process::getpid())
}

/// What a process takes up.
#[derive(Clone, Copy, Default)]
pub(crate) struct Size {
    /// Resident bytes now.
    pub(crate) resident: u64,
    /// The most that ever was resident.
    pub(crate) peak: u64,
    pub(crate) threads: u64,
}

impl Sum for Size {
    fn sum<I: Iterator<Item = Size>>(sizes: I) -> Size {
        sizes.fold(Size::default(), |sum, size| Size {
            resident: sum.resident + size.resident,
            peak: sum.peak + size.peak,
            threads: sum.threads + size.threads,
        })
    }
}

/// The size of a process now.
pub(crate) fn size(process: Pid) -> io::Result<Size> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.as_raw_nonzero()))?;
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|line| line.split_ascii_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0)
    };
    Ok(Size {
        resident: field("VmRSS:") * 1024,
        peak: field("VmHWM:") * 1024,
        threads: field("Threads:"),
    })
}

/// How much of the memory that the kernel grants to all TCP sockets before it feels pressed is in
/// use: 1.0 is the onset of pressure.
pub(crate) fn tcp_pressure() -> io::Result<f64> {
    let sockets = std::fs::read_to_string("/proc/net/sockstat")?;
    let limits = std::fs::read_to_string("/proc/sys/net/ipv4/tcp_mem")?;
    let used = sockets.lines().find_map(|line| {
        line.strip_prefix("TCP:")?.split_ascii_whitespace().last()?.parse::<f64>().ok()
    });
    let limit = limits.split_ascii_whitespace().nth(1).and_then(|pages| pages.parse::<f64>().ok());
    used.zip(limit)
        .map(|(used, limit)| used / limit)
        .ok_or_else(|| io::Error::other("/proc/net/sockstat reads otherwise"))
}

/// Whether something listens on that port of 127.0.0.1; nobody's accept queue is troubled for it.
pub(crate) fn listens(port: u16) -> bool {
    let sockets = std::fs::read_to_string("/proc/net/tcp").unwrap_or_default();
    let address = format!("{:08X}:{port:04X}", u32::from(Ipv4Addr::LOCALHOST).to_be());
    sockets.lines().any(|line| {
        let mut fields = line.split_ascii_whitespace().skip(1);
        fields.next() == Some(&address) && fields.nth(1) == Some(LISTEN)
    })
}

/// One line about the machine: kernel and processors.
pub(crate) fn machine() -> String {
    let kernel = rustix::system::uname();
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    format!("Linux {}, {processors} processors", kernel.release().to_string_lossy())
}
