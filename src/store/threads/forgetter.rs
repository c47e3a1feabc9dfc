//! `Forgetter`: the lines that a running server has to forget, one slice at a time.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use rusqlite::Result;

use crate::chat::{ClientId, LineFilter};
use crate::store::backlog::Queue;
use crate::store::file::database::{BUSY, Database};
use crate::store::tables::forget::{self, Progress};

/// Jobs that may wait.
const MAX: usize = 64;
/// How long to wait after a failure, or for readers of the log.
const PAUSE: Duration = Duration::from_millis(100);
/// How often to try to empty the log before leaving it as it is.
const TRIES: u32 = 50;

/// The jobs, first come first served.
#[derive(Debug, Default)]
pub(crate) struct Forgetter {
    jobs: VecDeque<ForgetJob>,
    not_before: Option<Instant>,
}

#[derive(Debug)]
struct ForgetJob {
    /// The client that gets the answer, if a client asked.
    client: Option<ClientId>,
    /// The request of another process, if one asked.
    request: Option<i64>,
    filter: LineFilter,
    /// Starts when everything up to this number is written: the filter may match it.
    after: u64,
    progress: Option<Progress>,
    tries: u32,
}

impl Forgetter {
    pub(crate) fn add(
        &mut self,
        client: Option<ClientId>,
        request: Option<i64>,
        filter: LineFilter,
        after: u64,
    ) {
        self.jobs.push_back(ForgetJob { client, request, filter, after, progress: None, tries: 0 });
    }

    /// Whether another client has to try again later.
    pub(crate) fn is_full(&self) -> bool {
        self.jobs.len() >= MAX
    }

    /// Whether that request of another process is among the jobs.
    pub(crate) fn has(&self, request: i64) -> bool {
        self.jobs.iter().any(|job| job.request == Some(request))
    }

    /// When to [`work`](Self::work) next; `None` while the first job waits for `queue`, or without
    /// jobs.
    pub(crate) fn next(&self, queue: &Queue) -> Option<Instant> {
        let ready = self.jobs.front().filter(|job| queue.is_done(job.after));
        ready.map(|_| self.not_before.unwrap_or_else(Instant::now))
    }

    /// Does a part of the first job. When that job is done, returns the client that asked, the
    /// filter and the number of lines.
    ///
    /// # Errors
    /// The database cannot be written; the job is tried again later.
    pub(crate) fn work(
        &mut self,
        database: &mut Database,
    ) -> Result<Option<(Option<ClientId>, LineFilter, u64)>> {
        self.not_before = Some(Instant::now() + PAUSE);
        let Some(job) = self.jobs.front_mut() else { return Ok(None) };
        let progress = match job.progress {
            Some(progress) => progress,
            None => Progress::begin(&database.connection)?,
        };
        if !progress.is_complete() {
            let advance = |connection: &_| progress.advance(connection, &job.filter);
            let advanced = database.change(advance);
            job.progress = Some(advanced?);
            self.not_before = None;
            return Ok(None);
        }
        job.progress = Some(progress);
        job.tries += 1;
        if !forget::empty_log(&database.connection, BUSY)? && job.tries < TRIES {
            return Ok(None);
        }
        if let Some(request) = job.request {
            database.change(|connection| forget::conclude(connection, request, progress.lines))?;
        }
        self.not_before = None;
        let job = self.jobs.pop_front();
        Ok(job.map(|job| (job.client, job.filter, progress.lines)))
    }
}
