//! The store: history, bans and accounts in one SQLite file, written and read by threads of its own.
//!
//! Whoever uses it never waits for the disk: what is to be written is queued, what is asked is
//! answered later, and both are reported as an [`Event`]. The order is the caller's: what is handed
//! over first is written first.

mod request; // what can be asked, and the answers
mod past; // what there was before this start
mod event; // what the store reports
mod index; // what is in the index for searches
mod file; // opening the file, its schema, a copy of it
mod backlog; // what waits to be written
mod questions; // what waits to be looked up
mod tables; // lines, search, accounts, bans, retention, export
mod password_hash; // argon2id
mod threads; // the writer, the reader, those that hash
mod gate; // whether lines wait for the disk
pub mod offline; // accounts and bans, from the command line
pub mod forget_offline; // forgetting, from the command line

use std::convert::Infallible;
use std::fmt;
use std::io;
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};

pub use self::event::Event;
pub use self::file::backup::backup;
pub use self::file::database::Database;
pub use self::file::fault::Fault;
pub use self::file::place::{check_place, check_there};
pub use self::gate::{Gate, Swing};
pub use self::past::{Past, PastRoom};
pub use self::request::{Answer, Denial, Question, Recalled};
pub use self::tables::export::{Filter, export};
pub use self::tables::retention::Retention;

use self::backlog::{Backlog, Item, backlog};
use self::questions::Asking;
use self::tables::retention::Pruner;
use self::tables::roll::read_roll;
use self::tables::{bans, forget, lines};
use self::threads::writer::{self, Inlets, Writer};
use self::threads::{password, reader};
use crate::address::Address;
use crate::chat::{AuthRequest, BanChange, ClientId, Entry, LineFilter, RoomName};
use crate::runtime::clock;
use crate::text::Text;

/// Rooms whose past is shown after a start: those in which something was said last.
const MAX_ROOMS: u32 = 257;
/// Claims and orders that may wait.
const MAX_CLAIMS: usize = 16;
const MAX_CHANGES: usize = 64;
/// Passwords that are hashed at the same time.
const PASSWORD_THREADS: usize = 2;

impl Database {
    /// What a server shows after a start: the last `lines` of each room, and all else.
    ///
    /// # Errors
    /// When the file is damaged, or cannot be written.
    pub fn past(&mut self, lines: usize) -> Result<Past, Fault> {
        let connection = &self.connection;
        let read = || {
            lines::last_of_all(connection, MAX_ROOMS, lines)?;
            read_roll(connection)?;
            // Nothing is written before all was read.
            bans::expire(connection, clock::moment())?;
            let late = forget::late(connection)?;
            let rooms = lines::last_of_all(connection, MAX_ROOMS, lines)?;
            let (roll, forgotten) = (read_roll(connection)?, forget::times(connection)?);
            Ok(Past { rooms, roll, forgotten, late })
        };
        read().map_err(|error| {
            self.leave_alone();
            self.fault(&error)
        })
    }
}

/// The caller's end of the store.
pub struct Store {
    backlog: Backlog,
    /// To look something up by its place, which takes no time to speak of, and to search, which may.
    lookups: Asking,
    searches: Asking,
    claims: Sender<(ClientId, AuthRequest)>,
    changes: Sender<writer::Change>,
    closing: Sender<Infallible>,
    forgotten: u64,
    /// Disconnected when all is written.
    closed: Receiver<Infallible>,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("backlog", &self.backlog).finish_non_exhaustive()
    }
}

impl Store {
    /// Starts the threads. `report` is called on them, and may wait: that holds up the store only.
    ///
    /// # Errors
    /// When the database cannot be read, or there is no thread.
    pub fn start<R>(database: Database, keep: Retention, report: R) -> Result<Self, Fault>
    where
        R: FnMut(Event) + Clone + Send + 'static,
    {
        let keeper = Pruner::new(keep, &database.connection);
        let keeper = keeper.map_err(|error| database.fault(&error))?;
        let forgotten = forget::times(&database.connection);
        let forgotten = forgotten.map_err(|error| database.fault(&error))?;
        let file = database.file.clone();
        let (backlog, queue) = backlog();
        let (lookups, to_look_up) = questions::questions();
        let (searches, to_search) = questions::questions();
        let (claims, claimed) = bounded(MAX_CLAIMS);
        let (changes, changed) = bounded(MAX_CHANGES);
        let (closing, close) = bounded(0);
        let (all_written, closed) = bounded(0);
        let inlets = Inlets { queue, changes: changed, closing: close };
        let writer = Writer::new(database, inlets, keeper, report.clone());
        spawn("store", move || {
            writer.run();
            drop::<Sender<Infallible>>(all_written);
        })?;
        for _ in 0..PASSWORD_THREADS {
            let (file, claimed) = (file.clone(), claimed.clone());
            let (changes, report) = (changes.clone(), report.clone());
            spawn("password", move || password::run(&file, &claimed, &changes, report))?;
        }
        for (name, asked) in [("history", to_look_up), ("search", to_search)] {
            let (file, report) = (file.clone(), report.clone());
            spawn(name, move || reader::run(&file, &asked, report))?;
        }
        Ok(Self { backlog, lookups, searches, claims, changes, closing, forgotten, closed })
    }

    /// Hands over what was said in a room, to be written. Returns its number, which an
    /// [`Event::Committed`] will name or pass; `None` when there is no room and it is lost.
    pub fn write(&mut self, room: RoomName, entry: Entry) -> Option<u64> {
        self.backlog.push(|seq| Item::Line { seq, room, entry })
    }

    /// Hands over a room's topic, to be written; returns its number like [`write`](Self::write).
    /// A topic is never lost: when there is no room, it is written later.
    pub fn set_topic(&mut self, room: RoomName, topic: Option<Text>) -> Option<u64> {
        self.backlog.push(|seq| Item::Topic { seq, room, topic })
    }

    /// The number of what was handed over last.
    pub fn handed(&self) -> u64 {
        self.backlog.handed()
    }

    /// How much was handed over and is neither written nor lost.
    pub fn pending(&self) -> u64 {
        self.backlog.pending()
    }

    /// Asks about the past; there will be an [`Event::Answered`] for `client`.
    ///
    /// # Errors
    /// When too many others ask, or too many from the same address, `from`.
    pub fn ask(&self, client: ClientId, from: Address, question: Question) -> Result<(), Denial> {
        let queue = match question {
            Question::Search { .. } => &self.searches,
            Question::Last { .. } | Question::Room { .. } => &self.lookups,
        };
        queue.ask(from, client, question)
    }

    /// Authentication a nick; there will be an [`Event::Answered`] for `client`.
    ///
    /// # Errors
    /// When too many others do.
    pub fn authenticate(&self, client: ClientId, claim: AuthRequest) -> Result<(), Denial> {
        self.claims.try_send((client, claim)).map_err(|_| Denial::Busy)
    }

    /// UnsavedBans a change; there will be an [`Event::Answered`] for `client`.
    ///
    /// # Errors
    /// When too many others do.
    pub fn change_ban(&self, client: ClientId, order: BanChange) -> Result<(), Denial> {
        let change = writer::Change::Ban(client, order);
        self.changes.try_send(change).map_err(|_| Denial::Busy)
    }

    /// Has lines forgotten, also those that were handed over before and are not written yet; there will
    /// be an [`Event::Answered`] for `client`.
    ///
    /// # Errors
    /// When too many others change something.
    pub fn forget(&self, client: ClientId, filter: LineFilter) -> Result<(), Denial> {
        let change = writer::Change::Forget(client, filter, self.handed());
        self.changes.try_send(change).map_err(|_| Denial::Busy)
    }

    /// What [`Past::forgotten`] was at the start.
    pub fn forgotten(&self) -> u64 {
        self.forgotten
    }

    /// Waits until all that was handed over is written, for as long as `patience` lasts; says
    /// whether it was. Must not be called where events are taken.
    pub fn close(self, patience: Duration) -> bool {
        let Self { backlog, lookups, searches, claims, changes, closing, closed, .. } = self;
        drop((backlog, lookups, searches, claims, changes, closing));
        closed.recv_timeout(patience) == Err(RecvTimeoutError::Disconnected)
    }
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> Result<(), Fault> {
    let thread = thread::Builder::new().name(name.to_owned()).spawn(run);
    let failed =
        |error: io::Error| Fault::new(format_args!("cannot start the thread {name:?}: {error}"));
    thread.map(drop).map_err(failed)
}
