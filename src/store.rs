//! The store: history, bans and accounts in one SQLite file, written and read by threads of its own.
//!
//! Whoever uses it never waits for the disk: what is to be written is queued, what is asked is
//! answered later, and both are reported as an [`Event`]. Order is the caller's: what is handed
//! over first is written first.

mod accounts;
mod backlog;
mod backup;
mod bans;
mod database;
mod export;
mod fault;
mod gate;
mod keep;
mod lines;
pub mod manage;
mod passwords;
mod reader;
mod request;
mod schema;
mod search;
mod vault;
mod writer;

use std::convert::Infallible;
use std::fmt;
use std::io;
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use rusqlite::Connection;

pub use self::backup::backup;
pub use self::database::{Database, check_place, check_there};
pub use self::export::{Filter, export};
pub use self::fault::Fault;
pub use self::gate::{Gate, Swing};
pub use self::keep::Keep;
pub use self::lines::Recalled;
pub use self::request::{Answer, Denial, Question};

use self::backlog::{Backlog, Item, backlog};
use self::keep::Keeper;
use self::writer::{Inlets, Writer};
use crate::chat::{Chat, Claim, ClientId, Entry, Moment, Order, Roll, RoomName};
use crate::os;
use crate::runtime::clock::Clock;
use crate::text::Text;

/// Rooms whose past is shown after a start: those in which something was said last.
const MAX_ROOMS: u32 = 257;
/// Questions, claims and orders that may wait.
const MAX_QUESTIONS: usize = 64;
const MAX_CLAIMS: usize = 16;
const MAX_CHANGES: usize = 64;
/// Passwords that are hashed at the same time.
const VAULTS: usize = 2;

/// What the store has to say. Comes on its own threads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// All that was handed over up to this number is on the disk, or lost.
    Committed {
        /// The number.
        upto: u64,
    },
    /// The disk takes nothing any more. It is tried again and again.
    Failing {
        /// What it says.
        error: String,
    },
    /// The disk takes everything again.
    Recovered {
        /// How long it did not.
        after: Duration,
    },
    /// There was no room for some lines; in the history a marker stands in their place.
    Lost {
        /// Where they were said.
        room: RoomName,
        /// How many they were.
        lines: u64,
        /// When the first was said.
        from: Moment,
        /// When the last was said.
        to: Moment,
    },
    /// Another process changed the file, perhaps the accounts and bans: these are all.
    Changed(Roll),
    /// What became of what a client asked for.
    Answered(ClientId, Answer),
}

fn read_roll(connection: &Connection) -> rusqlite::Result<Roll> {
    Ok(Roll { accounts: accounts::all(connection)?, bans: bans::all(connection)? })
}

/// What there was before this start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Past {
    /// The rooms in which something was said last.
    pub rooms: Vec<PastRoom>,
    /// Who is who, and who stays out.
    pub roll: Roll,
}

/// What there was in a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastRoom {
    /// What it is called.
    pub name: RoomName,
    /// Its topic.
    pub topic: Option<Text>,
    /// The last lines, oldest first.
    pub lines: Vec<Recalled>,
}

impl PastRoom {
    /// Brings it back.
    pub fn recall_in(self, chat: &mut Chat) {
        let lines = self.lines.into_iter().map(|line| line.into_entry().1).collect();
        chat.recall(self.name, self.topic, lines);
    }
}

impl Database {
    /// What a server shows after a start: the last `lines` of each room, and all else.
    ///
    /// # Errors
    /// When the file is damaged, or cannot be written.
    pub fn past(&mut self, lines: usize) -> Result<Past, Fault> {
        let connection = &self.connection;
        let read = || {
            let rooms = lines::last_of_all(connection, MAX_ROOMS, lines)?;
            read_roll(connection)?;
            // Nothing is written before all was read.
            bans::expire(connection, now())?;
            Ok(Past { rooms, roll: read_roll(connection)? })
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
    questions: Sender<(ClientId, Question)>,
    claims: Sender<(ClientId, Claim)>,
    changes: Sender<writer::Change>,
    closing: Sender<Infallible>,
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
    pub fn start<R>(database: Database, keep: Keep, report: R) -> Result<Self, Fault>
    where
        R: FnMut(Event) + Clone + Send + 'static,
    {
        let keeper = Keeper::new(keep, &database.connection);
        let keeper = keeper.map_err(|error| database.fault(&error))?;
        let file = database.file.clone();
        let (backlog, queue) = backlog();
        let (questions, asked) = bounded(MAX_QUESTIONS);
        let (claims, claimed) = bounded(MAX_CLAIMS);
        let (changes, changed) = bounded(MAX_CHANGES);
        let (closing, close) = bounded(0);
        let (all_written, closed) = bounded(0);
        let inlets = Inlets { queue, changes: changed, closing: close };
        let writer = Writer::new(database, inlets, origin(), keeper, report.clone());
        spawn("store", move || {
            writer.run();
            drop::<Sender<Infallible>>(all_written);
        })?;
        for _ in 0..VAULTS {
            let (file, claimed) = (file.clone(), claimed.clone());
            let (changes, report) = (changes.clone(), report.clone());
            spawn("password", move || vault::run(&file, &claimed, &changes, report))?;
        }
        spawn("history", move || reader::run(&file, &asked, report))?;
        Ok(Self { backlog, questions, claims, changes, closing, closed })
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
    /// When too many others ask.
    pub fn ask(&self, client: ClientId, question: Question) -> Result<(), Denial> {
        self.questions.try_send((client, question)).map_err(|_| Denial::Busy)
    }

    /// Claims a nick; there will be an [`Event::Answered`] for `client`.
    ///
    /// # Errors
    /// When too many others do.
    pub fn claim(&self, client: ClientId, claim: Claim) -> Result<(), Denial> {
        self.claims.try_send((client, claim)).map_err(|_| Denial::Busy)
    }

    /// Orders a change; there will be an [`Event::Answered`] for `client`.
    ///
    /// # Errors
    /// When too many others do.
    pub fn order(&self, client: ClientId, order: Order) -> Result<(), Denial> {
        let change = writer::Change::Ordered(client, order);
        self.changes.try_send(change).map_err(|_| Denial::Busy)
    }

    /// Waits until all that was handed over is written, for as long as `patience` lasts; says
    /// whether it was. Must not be called where events are taken.
    pub fn close(self, patience: Duration) -> bool {
        let Self { backlog, questions, claims, changes, closing, closed } = self;
        drop((backlog, questions, claims, changes, closing));
        closed.recv_timeout(patience) == Err(RecvTimeoutError::Disconnected)
    }
}

/// Names this run of this server, for what is written to be told apart for good.
fn origin() -> String {
    format!("{}-{}", os::host_name(), now().unix_ms)
}

fn now() -> Moment {
    Clock::start(Duration::ZERO).now().moment
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> Result<(), Fault> {
    let thread = thread::Builder::new().name(name.to_owned()).spawn(run);
    let failed =
        |error: io::Error| Fault::new(format_args!("cannot start the thread {name:?}: {error}"));
    thread.map(drop).map_err(failed)
}
