//! The store: history, bans and accounts in one SQLite file, written and read by threads of its
//! own.
//!
//! The caller never waits for the disk: the store queues what it is to write, answers questions
//! later, and reports both as an [`Event`]. It writes in the order in which the caller hands over.

mod request; // what can be asked, and the answers
mod note; // what the log of a cluster makes a node write
mod item; // one thing to write
mod past; // rooms, accounts and bans read at the start
mod event; // what the store reports
mod index; // the full-text index
mod file; // opening the file, its schema, a copy of it
mod backlog; // what waits to be written
mod questions; // lookups and searches that wait
mod tables; // lines, search, accounts, bans, retention, export
mod password_hash; // argon2id
mod threads; // the writer, the readers, password hashing
mod unsaved_bans; // changes of bans that are not on the disk yet
mod gate; // delivers a line once it is on the disk
pub mod offline; // accounts and bans, from the command line
pub mod tokens_offline; // tokens from the command line
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
pub use self::note::{Edit, Membership};
pub use self::past::{Past, PastRoom};
pub use self::request::{Answer, Denial, Recalled};
pub use self::tables::export::{ExportFilter, export};
pub use self::tables::retention::Retention;
pub use self::unsaved_bans::UnsavedBans;

use self::backlog::{Backlog, backlog};
use self::item::Item;
use self::note::Note;
use self::questions::Asking;
use self::tables::retention::Pruner;
use self::tables::{bans, forget, kept, lines, notes, roll};
use self::threads::password::{self, AuthJob};
use self::threads::reader;
use self::threads::writer::{self, Inlets, Writer};
use crate::address::Address;
use crate::chat::{
    AuthRequest, BanChange, ClientId, Entry, KeptRoom, LineFilter, Question, RollChange, RoomName,
};
use crate::cluster::NodeOrigin;
use crate::runtime::clock;
use crate::text::Text;

/// Rooms that are restored at a start: those with the newest lines.
const MAX_ROOMS: u32 = 257;
/// Authentication requests and changes that may wait.
const MAX_AUTH_REQUESTS: usize = 16;
const MAX_CHANGES: usize = 64;
/// How long the threads that read may take to end when the store is closed.
const LAST_READS: Duration = Duration::from_secs(1);
/// Passwords that are hashed at the same time.
const PASSWORD_THREADS: usize = 2;

impl Database {
    /// Reads what a server restores at its start: the last `lines` of each room, accounts and bans.
    /// Removes expired bans and forgets what the last server did not get to.
    ///
    /// # Errors
    /// The file is damaged, or cannot be written.
    pub fn past(&mut self, lines: usize) -> Result<Past, Fault> {
        let connection = &self.connection;
        let read = || {
            lines::last_of_all(connection, MAX_ROOMS, lines)?;
            roll::read_roll(connection)?;
            // Damage shows while everything is read, before the first write.
            bans::expire(connection, clock::moment())?;
            let late = forget::late(connection)?;
            let rooms = lines::last_of_all(connection, MAX_ROOMS, lines)?;
            let kept = kept::all(connection)?;
            let roll = roll::read_roll(connection)?;
            let forgotten = forget::times(connection)?;
            let membership = notes::membership(connection)?;
            let cloak_secret = notes::cloak_secret(connection)?;
            let edits = Vec::new();
            Ok(Past { rooms, kept, roll, forgotten, late, membership, edits, cloak_secret })
        };
        let past = read();
        let past = past.and_then(|past| Ok(Past { edits: notes::new_edits(self)?, ..past }));
        past.map_err(|error| {
            self.leave_alone();
            self.fault(&error)
        })
    }

    /// All accounts and bans, as the changes that make them.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn whole_roll(&self) -> Result<Vec<RollChange>, Fault> {
        roll::as_changes(&self.connection).map_err(|error| self.fault(&error))
    }
}

/// The caller's end of the store.
pub struct Store {
    backlog: Backlog,
    /// Lookups by index take no time worth mentioning; searches may.
    lookups: Asking,
    searches: Asking,
    auth_requests: Sender<AuthJob>,
    changes: Sender<writer::Change>,
    closing: Sender<Infallible>,
    forgotten: u64,
    /// Disconnects when everything is written.
    closed: Receiver<Infallible>,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("backlog", &self.backlog).finish_non_exhaustive()
    }
}

impl Store {
    /// Starts the threads. They call `report`, which may block: that delays the store only.
    ///
    /// # Errors
    /// The database cannot be read, or a thread cannot be started.
    pub fn start<R>(database: Database, retention: Retention, report: R) -> Result<Self, Fault>
    where
        R: FnMut(Event) + Clone + Send + 'static,
    {
        let pruner = Pruner::new(retention, &database.connection);
        let pruner = pruner.map_err(|error| database.fault(&error))?;
        let forgotten = forget::times(&database.connection);
        let forgotten = forgotten.map_err(|error| database.fault(&error))?;
        let file = database.file.clone();
        let (backlog, queue) = backlog();
        let (lookups, to_look_up) = questions::questions();
        let (searches, to_search) = questions::questions();
        let (auth_requests, requested) = bounded(MAX_AUTH_REQUESTS);
        let (changes, changed) = bounded(MAX_CHANGES);
        let (closing, close) = bounded(0);
        let (all_written, closed) = bounded(0);
        let (reading, all_read) = bounded::<Infallible>(0);
        let inlets = Inlets { queue, changes: changed, closing: close };
        let mut writer = Writer::new(database, inlets, pruner, report.clone());
        spawn("store", move || {
            writer.run();
            // The connection that is closed last removes the log, which those that read cannot.
            let _ = all_read.recv_timeout(LAST_READS);
            drop(writer);
            drop::<Sender<Infallible>>(all_written);
        })?;
        for _ in 0..PASSWORD_THREADS {
            let file = file.clone();
            let requested = requested.clone();
            let changes = changes.clone();
            let report = report.clone();
            spawn("password", move || password::run(&file, &requested, &changes, report))?;
        }
        for (name, asked) in [("history", to_look_up), ("search", to_search)] {
            let file = file.clone();
            let report = report.clone();
            let reading = reading.clone();
            spawn(name, move || {
                reader::run(&file, &asked, report);
                drop::<Sender<Infallible>>(reading);
            })?;
        }
        Ok(Self { backlog, lookups, searches, auth_requests, changes, closing, forgotten, closed })
    }

    /// Queues a line that was said in `room`. Returns its number, which an [`Event::Committed`]
    /// will reach; `None` when the queue is full and the line is lost.
    pub fn write(&mut self, room: RoomName, entry: Entry) -> Option<u64> {
        self.backlog.push(|seq| Item::Line { seq, room, entry })
    }

    /// Queues a marker that lines of `room` are missing before `line`, which the caller writes next.
    /// Nothing is written if `line` is on the disk already. Returns the marker's number like
    /// [`write`](Self::write); `None` when the queue is full and there will be no marker.
    pub fn write_gap_before(&mut self, room: RoomName, line: &Entry) -> Option<u64> {
        let (id, at, private) = (line.id.clone(), line.at, line.private);
        self.backlog.push(|seq| Item::GapBefore { seq, room, id, at, private })
    }

    /// Queues a room's topic; returns its number like [`write`](Self::write). A topic is not lost
    /// when the queue is full: it is written later.
    pub fn set_topic(&mut self, room: RoomName, topic: Option<Text>) -> Option<u64> {
        self.backlog.push(|seq| Item::Topic { seq, room, topic })
    }

    /// The same for what is kept of a room, or `None` if it is kept no longer.
    pub fn keep_room(&mut self, room: RoomName, kept: Option<Box<KeptRoom>>) -> Option<u64> {
        self.backlog.push(|seq| Item::Kept { seq, room, kept })
    }

    /// The number of the item that was handed over last.
    pub fn handed(&self) -> u64 {
        self.backlog.handed()
    }

    /// How many items were handed over and are neither written nor lost.
    pub fn pending(&self) -> u64 {
        self.backlog.pending()
    }

    /// Asks about the history; an [`Event::Answered`] for `client` follows.
    ///
    /// # Errors
    /// Too many questions wait, in all or of the address `from`.
    pub fn ask(&self, client: ClientId, from: Address, question: Question) -> Result<(), Denial> {
        let queue = match question {
            Question::Search { .. } => &self.searches,
            Question::Last { .. }
            | Question::Past { .. }
            | Question::Part { .. }
            | Question::LastTimes(_)
            | Question::Room { .. }
            | Question::Exists { .. } => &self.lookups,
        };
        queue.ask(from, client, question)
    }

    /// Registers, logs in or changes a password; an [`Event::Answered`] for `client` follows.
    ///
    /// # Errors
    /// Too many requests wait.
    pub fn authenticate(&self, client: ClientId, request: AuthRequest) -> Result<(), Denial> {
        let job = AuthJob { client, request, is_shared: false };
        self.auth_requests.try_send(job).map_err(|_| Denial::Busy)
    }

    /// The same in a cluster: a new account or password is not saved, and the answer has its hash.
    /// The log brings it back to all nodes, which [`note`](Self::note) it.
    ///
    /// # Errors
    /// Too many requests wait.
    pub fn authenticate_shared(
        &self,
        client: ClientId,
        request: AuthRequest,
    ) -> Result<(), Denial> {
        let job = AuthJob { client, request, is_shared: true };
        self.auth_requests.try_send(job).map_err(|_| Denial::Busy)
    }

    /// Queues a change of the accounts or bans that the shared log brought; returns its number like
    /// [`write`](Self::write). It is not lost when the queue is full, unless some thousands wait.
    pub fn note(&mut self, change: RollChange) -> Option<u64> {
        self.push_note(Note::Roll(change))
    }

    /// The same for the lineage of the log. From then on the subcommands leave edits.
    pub fn note_lineage(&mut self, lineage: String) -> Option<u64> {
        self.push_note(Note::Lineage(lineage))
    }

    /// The same for what the node is in the cluster.
    pub fn note_origin(&mut self, origin: NodeOrigin) -> Option<u64> {
        self.push_note(Note::Origin(origin))
    }

    /// The same for an edit that is in the log.
    pub fn note_published(&mut self, edit: i64) -> Option<u64> {
        self.push_note(Note::Published(edit))
    }

    fn push_note(&mut self, note: Note) -> Option<u64> {
        self.backlog.push(|seq| Item::Note { seq, note })
    }

    /// Asks for all accounts and bans; an [`Event::RollRead`] follows.
    ///
    /// # Errors
    /// Too many changes wait.
    pub fn ask_for_roll(&self) -> Result<(), Denial> {
        self.changes.try_send(writer::Change::ReadRoll).map_err(|_| Denial::Busy)
    }

    /// Adds or lifts a ban; an [`Event::Answered`] for `client` follows.
    ///
    /// # Errors
    /// Too many changes wait.
    pub fn change_ban(&self, client: ClientId, ban_change: BanChange) -> Result<(), Denial> {
        let change = writer::Change::Ban(client, ban_change);
        self.changes.try_send(change).map_err(|_| Denial::Busy)
    }

    /// Forgets lines, including those that were handed over before and are not written yet; an
    /// [`Event::Answered`] for `client` follows.
    ///
    /// # Errors
    /// Too many changes wait.
    pub fn forget(&self, client: ClientId, filter: LineFilter) -> Result<(), Denial> {
        let change = writer::Change::Forget(client, filter, self.handed());
        self.changes.try_send(change).map_err(|_| Denial::Busy)
    }

    /// What [`Past::forgotten`] was at the start.
    pub fn forgotten(&self) -> u64 {
        self.forgotten
    }

    /// Waits for at most `patience` until everything that was handed over is written, and returns
    /// whether it was. Must not be called on the thread that takes events, for which `report` may
    /// wait.
    pub fn close(self, patience: Duration) -> bool {
        let Self { backlog, lookups, searches, auth_requests, changes, closing, closed, .. } = self;
        drop((backlog, lookups, searches, auth_requests, changes, closing));
        closed.recv_timeout(patience) == Err(RecvTimeoutError::Disconnected)
    }
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> Result<(), Fault> {
    let thread = thread::Builder::new().name(name.to_owned()).spawn(run);
    let failed =
        |error: io::Error| Fault::new(format_args!("cannot start the thread {name:?}: {error}"));
    thread.map(drop).map_err(failed)
}
