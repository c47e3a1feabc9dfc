//! `Threads`: one thread for each job; an idle thread waits a moment for the next job.
//!
//! Uses no channel: its receivers spin before they sleep, which was a tenth of the cost of a client
//! that connects and leaves.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// Bytes of a stack: enough for reading and decoding, and for the report of a panic. Only touched
/// pages are resident.
const STACK: usize = 128 * 1024;
/// How long an idle thread waits for another job. When thousands of clients come and go, starting
/// and ending threads would be a third of the work.
const IDLE_TIMEOUT: Duration = Duration::from_secs(1);
/// Each idle thread waits this much longer than the one before: thousands that end at once would
/// take all processor time.
const STAGGER: Duration = Duration::from_micros(200);

type Job = Box<dyn FnOnce() + Send>;

/// A job that is not run, because no thread can be started.
pub(crate) struct NotStarted {
    pub(crate) error: io::Error,
    pub(crate) job: Job,
}

impl fmt::Debug for NotStarted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

/// Threads of one name: one for each job, and some idle ones.
#[derive(Clone, Debug)]
pub(crate) struct Threads {
    name: &'static str,
    pool: Arc<Pool>,
}

/// The jobs and idle threads.
#[derive(Default)]
struct Pool {
    state: Mutex<PoolState>,
    work: Condvar,
}

#[derive(Default)]
struct PoolState {
    /// Never more than `idle`.
    jobs: VecDeque<Job>,
    /// Threads that wait for a job.
    idle: usize,
}

impl Threads {
    /// A pool without threads.
    pub(crate) fn new(name: &'static str) -> Self {
        Self { name, pool: Arc::default() }
    }

    /// Runs `job` on a thread of its own.
    ///
    /// # Errors
    /// A thread cannot be started.
    pub(crate) fn run(&self, job: impl FnOnce() + Send + 'static) -> Result<(), NotStarted> {
        self.offer(Box::new(job)).map_or(Ok(()), |job| self.start(job))
    }

    /// Has an idle thread run `job`; returns it if there is none.
    pub(crate) fn offer(&self, job: Job) -> Option<Job> {
        self.pool.offer(job)
    }

    fn start(&self, first: Job) -> Result<(), NotStarted> {
        let pool = Arc::clone(&self.pool);
        // A thread that cannot be started drops what it was to do.
        let first = Arc::new(Mutex::new(Some(first)));
        let own = Arc::clone(&first);
        let work = move || {
            let first = take(&own);
            drop(own);
            first.into_iter().for_each(|job| job());
            while let Some(next) = pool.next() {
                next();
            }
        };
        let thread = thread::Builder::new().name(self.name.to_owned()).stack_size(STACK);
        match thread.spawn(work) {
            Ok(_) => Ok(()),
            Err(error) => take(&first).map_or(Ok(()), |job| Err(NotStarted { error, job })),
        }
    }
}

fn take(job: &Mutex<Option<Job>>) -> Option<Job> {
    job.lock().unwrap_or_else(PoisonError::into_inner).take()
}

impl Pool {
    /// Gives `job` to an idle thread; returns it if there is none.
    fn offer(&self, job: Job) -> Option<Job> {
        let mut state = self.state();
        if state.idle == state.jobs.len() {
            return Some(job);
        }
        state.jobs.push_back(job);
        drop(state);
        self.work.notify_one();
        None
    }

    /// Waits for the next job of the calling thread; `None` if that thread should end.
    fn next(&self) -> Option<Job> {
        let mut state = self.state();
        let patience =
            IDLE_TIMEOUT + STAGGER.saturating_mul(u32::try_from(state.idle).unwrap_or(u32::MAX));
        state.idle += 1;
        let waited = self.work.wait_timeout_while(state, patience, |state| state.jobs.is_empty());
        let mut state = waited.unwrap_or_else(PoisonError::into_inner).0;
        state.idle -= 1;
        state.jobs.pop_front()
    }

    fn state(&self) -> MutexGuard<'_, PoolState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use crossbeam_channel::bounded;

    const PATIENCE: Duration = Duration::from_secs(10);

    /// Runs a job and returns the thread that it ran on.
    fn run(threads: &Threads) -> thread::ThreadId {
        let (tell, told) = bounded(1);
        threads.run(move || tell.send(thread::current().id()).unwrap()).unwrap();
        told.recv_timeout(PATIENCE).unwrap()
    }

    #[test]
    fn a_thread_that_is_done_takes_the_next_job() {
        let threads = Threads::new("worker");
        let first = run(&threads);
        // The first thread may need a moment until it is idle, and other threads may run jobs
        // meanwhile.
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
