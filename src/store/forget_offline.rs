//! Forgetting from the command line, with or without a running server.

use std::path::Path;
use std::str::FromStr;
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::{Connection, OptionalExtension, params};

use super::file::database::{self, Database};
use super::file::fault::Fault;
use super::tables::forget::{self, Progress};
use super::tables::lines::{self, COLUMNS};
use crate::chat::LineFilter;

/// How long a running server may take, and how often to check whether it is done.
const PATIENCE: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(20);
/// How long readers may keep the log from being emptied.
const READERS: Duration = Duration::from_secs(5);

/// Names a line in the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LineRef {
    /// By the `id` that an export has.
    Row(i64),
    /// By the run of the server that wrote it, and its number in that run.
    Origin(String, i64),
}

impl FromStr for LineRef {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let of_run = text.rsplit_once('-').filter(|(origin, _)| !origin.is_empty());
        let origin = of_run.and_then(|(origin, seq)| Some((origin, seq.parse().ok()?)));
        let row = || text.parse().ok().map(Self::Row);
        row()
            .or_else(|| origin.map(|(origin, seq)| Self::Origin(origin.to_owned(), seq)))
            .ok_or("not a line id: expected a number or ORIGIN-NUMBER")
    }
}

/// Forgets the lines that match `filter`, and `id` if there is one; returns how many.
///
/// # Errors
/// The database cannot be written, or a running server does not answer.
pub fn forget(dir: &Path, id: Option<&LineRef>, filter: LineFilter) -> Result<u64, Fault> {
    let mut database = Database::open_existing(dir)?;
    let filter = match id {
        None => filter,
        Some(id) => {
            let found = find(&database.connection, id, &filter);
            match found.map_err(|error| database.fault(&error))? {
                None => return Ok(0),
                Some(exactly) => exactly,
            }
        }
    };
    let mut lines = 0;
    if !database::is_in_use(&database.file) {
        let forgotten = forget_here(&mut database, &filter);
        lines += forgotten.map_err(|error| database.fault(&error))?;
    }
    // A server may have started meanwhile and read lines before they were forgotten.
    if database::is_in_use(&database.file) {
        lines += forget_on_server(&mut database, &filter)?;
    }
    empty_log(&database)?;
    Ok(lines)
}

/// A filter for exactly the line `id`; `None` unless `filter` matches that line.
fn find(
    connection: &Connection,
    id: &LineRef,
    filter: &LineFilter,
) -> rusqlite::Result<Option<LineFilter>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM msg JOIN room ON room.id = msg.room_id
         WHERE (?1 IS NULL OR msg.id = ?1) AND (?2 IS NULL OR msg.origin = ?2)
         AND (?3 IS NULL OR msg.oseq = ?3)"
    );
    let (row, origin, seq) = match id {
        LineRef::Row(row) => (Some(*row), None, None),
        LineRef::Origin(origin, seq) => (None, Some(origin), Some(*seq)),
    };
    let found = connection.query_row(&sql, params![row, origin, seq], lines::recall).optional()?;
    Ok(found.flatten().and_then(|line| {
        let (room, line) = line.into_entry();
        let is_meant = filter.matches(room, &line);
        is_meant.then(|| LineFilter { id: Some(line.id), ..LineFilter::default() })
    }))
}

fn forget_here(database: &mut Database, filter: &LineFilter) -> rusqlite::Result<u64> {
    let mut progress = Progress::begin(&database.connection)?;
    while !progress.is_complete() {
        progress = database.change(|connection| progress.advance(connection, filter))?;
    }
    database.change(forget::count)?;
    Ok(progress.lines)
}

/// Asks the server to forget, because it has lines in memory too, and waits until it did.
fn forget_on_server(database: &mut Database, filter: &LineFilter) -> Result<u64, Fault> {
    let wrong = |database: &Database, error| database.fault(&error);
    let request = database.change(|connection| forget::request(connection, filter));
    let request = request.map_err(|error| wrong(database, error))?;
    let deadline = Instant::now() + PATIENCE;
    loop {
        let lines = forget::conclusion(&database.connection, request);
        if let Some(lines) = lines.map_err(|error| wrong(database, error))? {
            let withdrawn = database.change(|connection| forget::withdraw(connection, request));
            return withdrawn.map(|()| lines).map_err(|error| wrong(database, error));
        }
        if !database::is_in_use(&database.file) {
            let withdrawn = database.change(|connection| forget::withdraw(connection, request));
            return withdrawn
                .and_then(|()| forget_here(database, filter))
                .map_err(|error| wrong(database, error));
        }
        if Instant::now() > deadline {
            let what = "the server that runs did not answer; it will forget the lines when it \
                        can, or at its next start";
            return Err(Fault::about(&database.file, what));
        }
        thread::sleep(LOOK);
    }
}

fn empty_log(database: &Database) -> Result<(), Fault> {
    let deadline = Instant::now() + READERS;
    loop {
        let emptied = forget::empty_log(&database.connection, database::BUSY);
        if emptied.map_err(|error| database.fault(&error))? {
            return Ok(());
        }
        if Instant::now() > deadline {
            let what = "forgotten, but somebody reads, so that what was said may be in the log \
                        (chatd.db-wal) until they are done; run it again then";
            return Err(Fault::about(&database.file, what));
        }
        thread::sleep(LOOK);
    }
}
