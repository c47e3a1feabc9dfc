//! `Threads`: one thread for each job, kept a moment for the next.

use std::io;
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};

/// Enough for reading and decoding, and for the report of a panic. Only what is touched is
/// resident.
const STACK: usize = 128 * 1024;
/// How long a thread waits for another job: where clients come and go by the thousand, starting
/// and ending threads would be a third of the work.
const KEPT: Duration = Duration::from_secs(1);

type Job = Box<dyn FnOnce() + Send>;

/// Threads of one name, as many as there are jobs and a few that are out of work.
#[derive(Clone, Debug)]
pub struct Threads {
    name: &'static str,
    jobs: Sender<Job>,
    idle: Receiver<Job>,
}

impl Threads {
    /// None yet.
    pub fn new(name: &'static str) -> Self {
        // Without capacity: a job is handed only to a thread that is waiting for it.
        let (jobs, idle) = bounded(0);
        Self { name, jobs, idle }
    }

    /// Runs `job` on a thread that nobody else uses meanwhile.
    ///
    /// # Errors
    /// When the system has no thread for it; the job is dropped then.
    pub fn run(&self, job: impl FnOnce() + Send + 'static) -> io::Result<()> {
        match self.jobs.try_send(Box::new(job)) {
            Ok(()) => Ok(()),
            Err(TrySendError::Full(job) | TrySendError::Disconnected(job)) => self.start(job),
        }
    }

    fn start(&self, first: Job) -> io::Result<()> {
        let idle = self.idle.clone();
        let work = move || {
            first();
            while let Ok(next) = idle.recv_timeout(KEPT) {
                next();
            }
        };
        let thread = thread::Builder::new().name(self.name.to_owned()).stack_size(STACK);
        thread.spawn(work).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(10);

    /// The thread that a job ran on, once it did.
    fn run(threads: &Threads) -> thread::ThreadId {
        let (tell, told) = bounded(1);
        threads.run(move || tell.send(thread::current().id()).unwrap()).unwrap();
        told.recv_timeout(PATIENCE).unwrap()
    }

    #[test]
    fn a_thread_that_is_done_takes_the_next_job() {
        let threads = Threads::new("worker");
        let first = run(&threads);
        // It may take a moment until it waits again, and more threads until it is its turn.
        let again = (0..10_000).any(|_| run(&threads) == first);
        assert!(again, "none was used twice");
    }

    #[test]
    fn jobs_never_wait_for_each_other() {
        let threads = Threads::new("worker");
        let (release, blocked) = bounded::<()>(0);
        for _ in 0..10 {
            let blocked = blocked.clone();
            threads.run(move || blocked.recv().unwrap()).unwrap();
        }
        run(&threads);
        (0..10).for_each(|_| release.send_timeout((), PATIENCE).unwrap());
    }
}
