//! Shared by all measurements: the placement, the limits, the meter, and waiting until load is
//! over.

use crate::load::SENDERS;
use crate::os;
use crate::placement::{Placement, Slot};
use crate::server::{Kind, Server, Tuning};
use rustix::thread::{CpuSet, sched_getaffinity};
use std::cell::Cell;
use std::io;
use std::time::{Duration, Instant};

/// File descriptors besides those of the clients.
const SPARE_FILES: usize = 64;
/// The share of a processor that other processes may take without spoiling a measurement.
const CALM: f64 = 0.1;
const GLANCE: Duration = Duration::from_millis(100);

/// What measurements are made with.
pub(crate) struct Bench {
    pub(crate) quick: bool,
    allowed: CpuSet,
    place: Slot,
    placement: Placement,
    /// How many files a process may have open.
    pub(crate) files: usize,
    /// The time that may still be spent on waiting for other processes and measuring again.
    patience: Cell<Duration>,
    /// Measurements that had to be kept although they were disturbed.
    pub(crate) disturbed: Cell<usize>,
}

impl Bench {
    /// `patience` is how long it may wait for other processes in all.
    pub(crate) fn new(quick: bool, files: usize, patience: Duration) -> io::Result<Bench> {
        let allowed = sched_getaffinity(None)?;
        let place = Slot::Free;
        Ok(Bench {
            quick,
            allowed,
            place,
            placement: Placement::new(place, allowed)?,
            files,
            patience: Cell::new(patience),
            disturbed: Cell::new(0),
        })
    }

    /// Puts this process, and the servers it will start, in their place.
    pub(crate) fn settle(&mut self, place: Slot) -> io::Result<()> {
        self.place = place;
        self.placement = Placement::new(place, self.allowed)?;
        self.placement.pin_generator()
    }

    /// Where everything runs, in words.
    pub(crate) fn place(&self) -> &'static str {
        match self.place {
            Slot::Together => "The load generator and the servers share one processor.",
            Slot::Apart => "The load generator has the first processor, the servers all others.",
            Slot::Free => "Nothing is pinned to a processor.",
        }
    }

    pub(crate) fn start(&self, kind: Kind, tuning: Tuning) -> io::Result<Server> {
        Server::start(kind, tuning, &self.placement)
    }

    /// Whether so many clients can be had, on either side.
    pub(crate) fn affords(&self, clients: usize) -> bool {
        clients + SENDERS + SPARE_FILES <= self.files
    }

    /// Measures when other processes are quiet, and again when they were not meanwhile, as long as
    /// there is patience. `measure` gives the share of a processor that others took, too.
    pub(crate) fn calmly<T>(&self, measure: impl Fn() -> io::Result<(T, f64)>) -> io::Result<T> {
        loop {
            self.await_calm()?;
            let start = Instant::now();
            let (value, others) = measure()?;
            if others <= CALM {
                return Ok(value);
            }
            if !self.spend(start.elapsed()) {
                self.disturbed.set(self.disturbed.get() + 1);
                return Ok(value);
            }
        }
    }

    fn await_calm(&self) -> io::Result<()> {
        loop {
            let (start, busy) = (Instant::now(), self.placement.busy()?);
            std::thread::sleep(GLANCE);
            let busy = self.placement.busy()? - busy;
            if share(busy, start) <= CALM || !self.spend(GLANCE) {
                return Ok(());
            }
        }
    }

    /// Takes from the patience, if there is that much.
    fn spend(&self, time: Duration) -> bool {
        let left = self.patience.get().checked_sub(time);
        left.inspect(|left| self.patience.set(*left)).is_some()
    }
}

/// Watches who uses the processors.
pub(crate) struct Meter<'a> {
    bench: &'a Bench,
    server: &'a Server,
    start: Instant,
    before: [Duration; 3],
}

/// What a [`Meter`] has seen.
pub(crate) struct Bill {
    /// User and system time of the server.
    pub(crate) server: Duration,
    /// The share of a processor that the load generator used, and all other processes.
    pub(crate) generator: f64,
    pub(crate) others: f64,
}

impl<'a> Meter<'a> {
    pub(crate) fn start(bench: &'a Bench, server: &'a Server) -> io::Result<Meter<'a>> {
        let before = read(bench, server)?;
        Ok(Meter { bench, server, start: Instant::now(), before })
    }

    pub(crate) fn stop(&self) -> io::Result<Bill> {
        let after = read(self.bench, self.server)?;
        let [server, own, all] = [0, 1, 2].map(|index| after[index] - self.before[index]);
        Ok(Bill {
            server,
            generator: share(own, self.start),
            // Ticks of the clock may make it less than nothing.
            others: share(all, self.start) - share(server + own, self.start),
        })
    }
}

/// The time used by the server, by this process, and by everything on their processors.
fn read(bench: &Bench, server: &Server) -> io::Result<[Duration; 3]> {
    Ok([server.cpu()?, os::own_cpu()?, bench.placement.busy()?])
}

fn share(busy: Duration, since: Instant) -> f64 {
    busy.as_secs_f64() / since.elapsed().as_secs_f64()
}
