//! The thread `log in`: reads the log from where the node wishes.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use redis::cmd;

use super::connection::Connection;
use super::entries;
use super::fault;
use super::log_out::CurrentServer;
use super::raw::RawAnswer;
use super::servers::{LinkSettings, Servers};
use crate::cluster::{LinkError, LinkEvent};

/// How long Redis waits for an entry before it answers that there is none.
const BLOCK: Duration = Duration::from_millis(500);
/// How long the answer may take then.
const ANSWER: Duration = Duration::from_secs(2);
/// The most entries of one answer.
const BATCH: usize = 256;
/// How long the thread waits after its first failure, and at most, twice as long each time.
const PAUSES: [Duration; 2] = [Duration::from_millis(100), Duration::from_secs(1)];

/// From where the log is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wish {
    /// Which wish it is.
    pub(super) generation: u64,
    /// The number of the last entry that the node has.
    pub(super) after: u64,
}

/// The newest wish, which replaces those before it.
#[derive(Clone, Default)]
pub(super) struct Wishes(Arc<(Mutex<State>, Condvar)>);

#[derive(Default)]
struct State {
    wish: Option<Wish>,
    is_closed: bool,
}

impl Wishes {
    pub(super) fn replace(&self, wish: Wish) {
        self.lock().wish = Some(wish);
        self.0.1.notify_all();
    }

    pub(super) fn close(&self) {
        self.lock().is_closed = true;
        self.0.1.notify_all();
    }

    /// The new wish if there is one, else `current`; waits if that is none. `None` at the end.
    fn next(&self, current: Option<Wish>) -> Option<Wish> {
        let mut state = self.lock();
        loop {
            match state.wish.take().or(current) {
                _ if state.is_closed => return None,
                None => state = self.0.1.wait(state).unwrap_or_else(PoisonError::into_inner),
                wish => return wish,
            }
        }
    }

    /// Waits for a new wish or the end.
    fn wait(&self, limit: Duration) {
        let state = self.lock();
        let is_idle = |state: &mut State| state.wish.is_none() && !state.is_closed;
        drop(self.0.1.wait_timeout_while(state, limit, is_idle));
    }

    fn has_new(&self) -> bool {
        let state = self.lock();
        state.wish.is_some() || state.is_closed
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads the log on the server that `log out` uses.
pub(super) struct Follower<R> {
    servers: Servers,
    key: String,
    wishes: Wishes,
    current: CurrentServer,
    connection: Option<Connection>,
    pause: Duration,
    /// What was last said in the log about why the server refuses.
    refusal: Option<LinkError>,
    report: R,
}

impl<R: FnMut(LinkEvent)> Follower<R> {
    pub(super) fn new(
        settings: &LinkSettings,
        wishes: Wishes,
        current: CurrentServer,
        report: R,
    ) -> Self {
        Self {
            servers: Servers::new(settings.clone()),
            key: settings.key("log"),
            wishes,
            current,
            connection: None,
            pause: PAUSES[0],
            refusal: None,
            report,
        }
    }

    /// Reads until the end.
    pub(super) fn run(&mut self) {
        let mut current = None;
        while let Some(wish) = self.wishes.next(current) {
            current = match self.read(wish) {
                Ok(answer) => self.pass_on(wish, &answer),
                Err(error) => {
                    self.rest(error);
                    Some(wish)
                }
            };
        }
    }

    /// Waits for what is new behind `wish`.
    fn read(&mut self, wish: Wish) -> Result<RawAnswer, Option<LinkError>> {
        let mut connection = self.connection()?;
        let mut read = cmd("XREAD");
        read.arg("COUNT").arg(BATCH).arg("BLOCK").arg(BLOCK.as_millis() as u64);
        read.arg("STREAMS").arg(&self.key).arg(format!("{}-0", wish.after));
        let answer = connection.stream.ask_patiently(&read, ANSWER);
        let answer = answer.map_err(|error| fault::of(&connection.endpoint, &error))?;
        self.connection = Some(connection);
        self.pause = PAUSES[0];
        self.refusal = None;
        Ok(answer)
    }

    /// The connection, unless `log out` uses another server by now, or else a new one. `None` if
    /// `log out` has found no server yet.
    fn connection(&mut self) -> Result<Connection, Option<LinkError>> {
        let endpoint = self.current.get().ok_or(None)?;
        match self.connection.take() {
            Some(connection) if connection.endpoint == endpoint => Ok(connection),
            _ => Ok(self.servers.connect_to(endpoint)?),
        }
    }

    /// Reports what was read, and returns from where to go on.
    fn pass_on(&mut self, mut wish: Wish, answer: &RawAnswer) -> Option<Wish> {
        if self.wishes.has_new() {
            return Some(wish);
        }
        let (entries, fault) = match entries::of_read(answer) {
            Ok(entries) => (entries, None),
            Err((entries, fault)) => (entries, Some(fault)),
        };
        if let Some(last) = entries.last() {
            wish.after = last.n;
            (self.report)(LinkEvent::Read(wish.generation, entries));
        }
        match fault {
            Some(fault) => {
                (self.report)(LinkEvent::Broken(wish.generation, fault));
                None
            }
            None => Some(wish),
        }
    }

    /// Waits before the next attempt.
    fn rest(&mut self, error: Option<LinkError>) {
        if let Some(LinkError::Denied(words)) = &error
            && self.refusal != error
        {
            log::error!("cannot read the log of the cluster: {words}");
            self.refusal = error;
        }
        self.wishes.wait(self.pause);
        self.pause = (self.pause * 2).min(PAUSES[1]);
    }
}
