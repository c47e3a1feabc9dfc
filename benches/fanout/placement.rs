//! The processors on which the servers and the load run.

use crate::os::TICKS;
use clap::ValueEnum;
use rustix::thread::{CpuSet, sched_setaffinity};
use std::io;
use std::time::Duration;

/// In a line of `/proc/stat`: user, nice, system, irq, softirq, steal.
const BUSY: [usize; 6] = [0, 1, 2, 5, 6, 7];

/// Where the load generator and the servers are put.
#[derive(Clone, Copy, PartialEq, ValueEnum)]
pub(crate) enum Slot {
    /// All on one processor
    Together,
    /// The load generator has a processor, the servers have all others
    Apart,
    /// As the scheduler likes
    Free,
}

/// Which processors the load generator and the servers run on.
pub(crate) struct Placement {
    generator: CpuSet,
    servers: CpuSet,
}

impl Placement {
    /// Among the allowed processors.
    pub(crate) fn new(place: Slot, allowed: CpuSet) -> io::Result<Placement> {
        match place {
            Slot::Together => Ok(Placement::together(&allowed)),
            Slot::Apart => Placement::apart(allowed),
            Slot::Free => Ok(Placement { generator: allowed, servers: allowed }),
        }
    }

    /// All on the last processor: on loopback it is the only place where a server isn't charged for
    /// the traffic between two processors' caches, which a client on another machine doesn't cause.
    fn together(allowed: &CpuSet) -> Placement {
        let mut last = CpuSet::new();
        last.set(processors(allowed).last().expect("it runs somewhere"));
        Placement { generator: last, servers: last }
    }

    /// The first processor for the load generator, all others for every server alike.
    fn apart(allowed: CpuSet) -> io::Result<Placement> {
        let (mut generator, mut servers) = (CpuSet::new(), allowed);
        let first = processors(&allowed).next().expect("it runs somewhere");
        generator.set(first);
        servers.unset(first);
        match servers.count() {
            0 => Err(io::Error::other("there is only one processor")),
            _ => Ok(Placement { generator, servers }),
        }
    }

    /// Pins the calling thread as the load generator.
    pub(crate) fn pin_generator(&self) -> io::Result<()> {
        sched_setaffinity(None, &self.generator)?;
        Ok(())
    }

    /// Runs `spawn` so that the processes it starts are pinned as servers.
    pub(crate) fn as_server<T>(&self, spawn: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        sched_setaffinity(None, &self.servers)?;
        let spawned = spawn();
        self.pin_generator()?;
        spawned
    }

    /// How long these processors have been busy so far, with whatever.
    pub(crate) fn busy(&self) -> io::Result<Duration> {
        let ours = |cpu| self.generator.is_set(cpu) || self.servers.is_set(cpu);
        let stat = std::fs::read_to_string("/proc/stat")?;
        let ticks = stat.lines().filter_map(|line| {
            let mut fields = line.strip_prefix("cpu")?.split(' ');
            fields.next()?.parse().ok().filter(|cpu| ours(*cpu))?;
            let ticks = fields.enumerate().filter(|(place, _)| BUSY.contains(place));
            Some(ticks.filter_map(|(_, ticks)| ticks.parse::<u64>().ok()).sum::<u64>())
        });
        Ok(Duration::from_millis(ticks.sum::<u64>() * 1000 / TICKS))
    }
}

fn processors(set: &CpuSet) -> impl Iterator<Item = usize> {
    (0..CpuSet::MAX_CPU).filter(|cpu| set.is_set(*cpu))
}
