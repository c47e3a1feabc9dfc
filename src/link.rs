//! The threads that talk to Redis: `log out` carries out what the node asks of the shared log, and
//! `log in` reads it. The node itself never waits for the network.

mod fault; // what an error means
mod raw; // an answer in one piece of memory
mod timed; // a deadline for many steps together
mod stream; // a connection with deadlines, bare or under TLS
mod connection; // logging in, and whether the server can keep the log
mod servers; // which server is asked
mod entries; // entries as fields of a stream
mod answer; // what a script answers
mod scripts; // each request as a script
mod log_out; // the thread that asks
mod log_in; // the thread that reads
mod check; // what `--check` sees

use std::convert::Infallible;
use std::fmt;
use std::io;
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};

pub use self::check::{check, read_snapshot};
use self::log_in::{Follower, Wish, Wishes};
use self::log_out::{Asker, CurrentServer};
pub use self::servers::LinkSettings;
use crate::cluster::{LinkEvent, Request, Ticket};

/// The requests that wait: the node asks one thing at a time, and says goodbye at its end.
const MAX_REQUESTS: usize = 2;

/// The node's end of the link.
pub struct Link {
    requests: Option<Sender<(Ticket, Request)>>,
    wishes: Wishes,
    /// Disconnects when both threads have ended.
    ended: Receiver<Infallible>,
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").finish_non_exhaustive()
    }
}

impl Link {
    /// Starts the threads. They call `report`, which may block: that delays the link only.
    ///
    /// # Errors
    /// A thread cannot be started.
    pub fn start<R>(settings: &LinkSettings, report: R) -> io::Result<Self>
    where
        R: FnMut(LinkEvent) + Clone + Send + 'static,
    {
        let (requests, requested) = bounded(MAX_REQUESTS);
        let (running, ended) = bounded(0);
        let (wishes, current) = (Wishes::default(), CurrentServer::default());
        let mut asker = Asker::new(settings, current.clone());
        let mut follower = Follower::new(settings, wishes.clone(), current, report.clone());
        let link = Self { requests: Some(requests), wishes, ended };
        spawn("log out", running.clone(), move || asker.run(&requested, report))?;
        spawn("log in", running, move || follower.run())?;
        Ok(link)
    }

    /// Asks something of the log; [`LinkEvent::Replied`] or [`LinkEvent::Failed`] follows. Asks
    /// nothing and returns false if two requests wait already.
    pub fn ask(&self, ticket: Ticket, request: Request) -> bool {
        let requests = self.requests.as_ref();
        requests.is_some_and(|requests| requests.try_send((ticket, request)).is_ok())
    }

    /// Reads the log behind its first `after` entries, instead of what was read before. Each
    /// [`LinkEvent::Read`] has this `generation`. Nothing is read before something was asked.
    pub fn follow(&self, generation: u64, after: u64) {
        self.wishes.replace(Wish { generation, after });
    }

    /// Ends the threads once they have answered what was asked. Returns false if they have not
    /// ended by then; they end later, by themselves.
    pub fn close(mut self, patience: Duration) -> bool {
        self.stop();
        self.ended.recv_timeout(patience) == Err(RecvTimeoutError::Disconnected)
    }

    fn stop(&mut self) {
        self.requests = None;
        self.wishes.close();
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.stop();
    }
}

fn spawn(
    name: &str,
    running: Sender<Infallible>,
    run: impl FnOnce() + Send + 'static,
) -> io::Result<()> {
    let job = move || {
        run();
        drop(running);
    };
    thread::Builder::new().name(name.to_owned()).spawn(job).map(drop)
}
