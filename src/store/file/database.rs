//! `Database`: the file in a state directory, opened only if chatd wrote it and it is consistent.
//!
//! It never overwrites a file of another program: it inspects a file read-only first, and creates a
//! new one whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, fchown};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::fault::Fault;
use super::{place, schema};
use crate::os;

const FILE: &str = "chatd.db";
const LOCK: &str = "chatd.lock";
const MAGIC: &[u8; 16] = b"SQLite format 3\0";
/// How long to wait for another process that is writing.
pub(crate) const BUSY: Duration = Duration::from_secs(5);
/// How long to wait for a server that may be shutting down, and how often to try its lock.
const LEAVING: Duration = Duration::from_secs(1);
const LOOK: Duration = Duration::from_millis(10);
/// A file up to this size, in bytes, is checked as a whole at the start: about a second.
const MAX_CHECKED: u64 = 128 * 1024 * 1024;
/// `secure_delete` overwrites what is deleted.
const PRAGMAS: &str = "PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=4000;
                       PRAGMA journal_size_limit=67108864; PRAGMA secure_delete=ON;";

/// An open database, for writing.
#[derive(Debug)]
pub struct Database {
    pub(crate) connection: Connection,
    pub(crate) file: PathBuf,
    version: i64,
    /// The id of the last edit that was reported.
    pub(crate) last_edit: i64,
    /// A server holds this for as long as it runs.
    _lock: Option<File>,
}

impl Database {
    /// Opens the database in `dir` for a server, exclusively; creates both if they do not exist.
    ///
    /// # Errors
    /// Another server uses it, or it cannot be used.
    pub fn open(dir: &Path) -> Result<Self, Fault> {
        place::make(dir)?;
        let lock = lock(&dir.join(LOCK))?;
        Self::at(dir.join(FILE), Some(lock))
    }

    /// Opens the database in `dir` for a change, beside a server that may be running. Creates the
    /// database if it does not exist, but not `dir`.
    ///
    /// # Errors
    /// It cannot be used.
    pub fn open_beside(dir: &Path) -> Result<Self, Fault> {
        Self::at(dir.join(FILE), None)
    }

    /// Like [`open_beside`](Self::open_beside), but the database has to exist.
    pub(crate) fn open_existing(dir: &Path) -> Result<Self, Fault> {
        let file = dir.join(FILE);
        fs::metadata(&file).map_err(|error| Fault::about(&file, error))?;
        Self::at(file, None)
    }

    fn at(file: PathBuf, lock: Option<File>) -> Result<Self, Fault> {
        if !file.exists() {
            create(&file)?;
        }
        inspect(&file, OpenOptions::new().read(true).write(true))?;
        let wrong = |error| Fault::of_sqlite(&file, &error);
        let mut connection = connect(&file).map_err(wrong)?;
        if has_log(&file) {
            checkpoint_on_close(&connection, false).map_err(wrong)?;
        }
        if fs::metadata(&file).is_ok_and(|file| file.len() <= MAX_CHECKED) {
            check(&connection, &file)?;
        }
        write_ahead(&connection).map_err(wrong)?;
        let version = schema::version(&connection).map_err(wrong)?.unwrap_or_default();
        // A running server would continue with the old tables.
        if lock.is_none() && version < schema::NEWEST && is_in_use(&file) {
            let what = "an older chatd is running there; restart it first";
            return Err(Fault::about(&file, what));
        }
        schema::migrate(&mut connection).map_err(wrong)?;
        if version < schema::INDEXED {
            clean(&connection, &file);
        }
        checkpoint_on_close(&connection, true).map_err(wrong)?;
        let version = data_version(&connection).map_err(wrong)?;
        Ok(Self { connection, file, version, last_edit: 0, _lock: lock })
    }

    /// Makes a change in one transaction.
    pub(crate) fn change<T>(
        &mut self,
        make: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        let change = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let made = make(&change)?;
        change.commit()?;
        Ok(made)
    }

    /// Whether another process changed something since the last time.
    pub(crate) fn was_changed_by_others(&mut self) -> rusqlite::Result<bool> {
        let version = data_version(&self.connection)?;
        Ok(std::mem::replace(&mut self.version, version) != version)
    }

    /// Makes sure that closing does not write to the file, which turned out to be damaged.
    pub(crate) fn leave_alone(&self) {
        if has_log(&self.file) {
            // An error here would only repeat that the file is damaged.
            let _ = checkpoint_on_close(&self.connection, false);
        }
    }

    /// The fault for an error of SQLite about this database.
    pub(crate) fn fault(&self, error: &rusqlite::Error) -> Fault {
        Fault::of_sqlite(&self.file, error)
    }
}

/// Opens the database in `dir` for reading; it has to exist.
pub(crate) fn open_to_read(dir: &Path) -> Result<(Connection, PathBuf), Fault> {
    let file = dir.join(FILE);
    inspect(&file, OpenOptions::new().read(true))?;
    let connection = connect_to_read(&file).map_err(|error| Fault::of_sqlite(&file, &error))?;
    Ok((connection, file))
}

/// Like [`open_to_read`], but with today's tables: migrates a file that an older chatd wrote.
pub(crate) fn open_migrated(dir: &Path) -> Result<(Connection, PathBuf), Fault> {
    let (connection, file) = open_to_read(dir)?;
    let version = schema::version(&connection).map_err(|error| Fault::of_sqlite(&file, &error))?;
    if version.is_none_or(|version| version >= schema::NEWEST) {
        return Ok((connection, file));
    }
    drop(connection);
    drop(Database::open_existing(dir)?);
    open_to_read(dir)
}

/// A further connection to a database that was inspected before.
///
/// Does not [`inspect`] again: closing any descriptor of the file would release the locks that this
/// process holds on it (fcntl(2)).
pub(crate) fn connect_to_read(file: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(as_path(file), flags)?;
    connection.busy_timeout(BUSY)?;
    Ok(connection)
}

/// `file` written so that SQLite reads it as a path: it could take a relative one for a URI
/// (`file:`) or for a database in memory (`:memory:`).
fn as_path(file: &Path) -> PathBuf {
    if file.is_absolute() { file.to_owned() } else { Path::new(".").join(file) }
}

/// Counts the commits by other connections.
fn data_version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA data_version", [], |row| row.get(0))
}

/// A connection to an existing file.
pub(crate) fn connect(file: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(as_path(file), flags)?;
    connection.busy_timeout(BUSY)?;
    Ok(connection)
}

/// Sets whether closing the connection checkpoints the write-ahead log. It must not while the file
/// may turn out to be damaged, since a damaged file is left as it is.
fn checkpoint_on_close(connection: &Connection, whether: bool) -> rusqlite::Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, !whether).map(drop)
}

fn write_ahead(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.execute_batch(PRAGMAS)
}

/// Takes the lock of a server. The fault names the process that holds it.
fn lock(path: &Path) -> Result<File, Fault> {
    let wrong = |error: io::Error| Fault::about(path, error);
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    let mut file = options.open(path).map_err(wrong)?;
    let deadline = Instant::now() + LEAVING;
    while !os::lock(&file).map_err(wrong)? {
        if Instant::now() < deadline {
            thread::sleep(LOOK);
            continue;
        }
        let mut holder = String::new();
        let _ = (&file).take(20).read_to_string(&mut holder);
        let what = format!("a running chatd uses this directory (process {})", holder.trim());
        return Err(Fault::about(path, what));
    }
    let note = format!("{}\n", std::process::id());
    file.set_len(0).and_then(|()| file.write_all(note.as_bytes())).map_err(wrong)?;
    Ok(file)
}

/// Rewrites the file without what an older version deleted but did not overwrite. A failure, such
/// as too little space for the copy, leaves the file usable.
fn clean(connection: &Connection, file: &Path) {
    if let Err(error) = connection.execute_batch("VACUUM") {
        log::warn!("{} may still have what was removed from it: {error}", file.display());
    }
}

/// Whether a server uses the state directory of the database `file`.
pub(crate) fn is_in_use(file: &Path) -> bool {
    let lock = File::open(file.with_file_name(LOCK));
    lock.and_then(|lock| os::lock(&lock)).is_ok_and(|is_free| !is_free)
}

/// Creates a new database, which appears at `file` only when it is whole, and replaces no file.
fn create(file: &Path) -> Result<(), Fault> {
    let mut unfinished = file.as_os_str().to_owned();
    unfinished.push(format!(".{}", std::process::id()));
    let unfinished = PathBuf::from(unfinished);
    // A killed process with the same pid may have left one.
    let _ = fs::remove_file(&unfinished);
    let made = fill(&unfinished).and_then(|()| match fs::hard_link(&unfinished, file) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(Fault::about(file, error)),
        _ => Ok(()),
    });
    let _ = fs::remove_file(&unfinished);
    made
}

fn fill(file: &Path) -> Result<(), Fault> {
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file);
    let made = made.map_err(|error| Fault::about(file, error))?;
    give_to_owner(&made, file);
    drop(made);
    connect(file)
        .and_then(|mut connection| schema::migrate(&mut connection))
        .map_err(|error| Fault::of_sqlite(file, &error))
}

/// Gives a new file to the owner of its directory, for when root creates it for the server. Other
/// users cannot change the owner, so an error is ignored.
fn give_to_owner(made: &File, path: &Path) {
    if let Some(dir) = path.parent().and_then(|dir| fs::metadata(dir).ok()) {
        let _ = fchown(made, Some(dir.uid()), Some(dir.gid()));
    }
}

/// Checks the file at `file` without changing it; `access` is the access that the caller needs.
fn inspect(file: &Path, access: &OpenOptions) -> Result<(), Fault> {
    let failed = |error| Fault::about(file, error);
    let found = fs::metadata(file).map_err(failed)?;
    if !found.is_file() {
        return Err(Fault::foreign(file));
    }
    let mut header = Vec::new();
    let read = access.open(file).and_then(|file| file.take(18).read_to_end(&mut header));
    read.map_err(failed)?;
    // The page size follows the magic string (SQLite's file format, 1.3).
    match header.strip_prefix(MAGIC) {
        None if !header.is_empty() => return Err(Fault::foreign(file)),
        Some(&[high, low]) if is_whole(file, found.len(), [high, low]) => {}
        _ => return Err(Fault::damaged(file)),
    }
    let wrong = |error| Fault::of_sqlite(file, &error);
    let connection = if has_log(file) { connect_to_read(file) } else { connect_to_look(file) };
    match connection.and_then(|connection| schema::version(&connection)).map_err(wrong)? {
        None => Err(Fault::foreign(file)),
        Some(version) if version > schema::NEWEST => {
            let newest = schema::NEWEST;
            let what = format!(
                "a newer chatd wrote it (version {version}, this one reads up to {newest}); \
                 install the newer chatd, or name another directory"
            );
            Err(Fault::about(file, what))
        }
        Some(_) => Ok(()),
    }
}

/// Whether a file of that length ends at a page boundary. After a crash, with a log, it need not.
fn is_whole(file: &Path, length: u64, page: [u8; 2]) -> bool {
    let page = match u16::from_be_bytes(page) {
        1 => 65_536,
        size => u64::from(size),
    };
    has_log(file) || length.checked_rem(page) == Some(0)
}

/// Whether the write-ahead log holds part of the database.
fn has_log(file: &Path) -> bool {
    let mut log = file.as_os_str().to_owned();
    log.push("-wal");
    fs::metadata(log).is_ok_and(|log| log.len() > 0)
}

/// A connection that creates no files beside `file`, which may be another program's.
fn connect_to_look(file: &Path) -> rusqlite::Result<Connection> {
    // After two slashes a URI has a host name.
    let mut uri = if file.is_absolute() { "file://" } else { "file:" }.to_owned();
    for byte in file.as_os_str().as_encoded_bytes() {
        match byte {
            b'/' | b'.' | b'-' | b'_' => uri.push(char::from(*byte)),
            _ if byte.is_ascii_alphanumeric() => uri.push(char::from(*byte)),
            _ => uri.push_str(&format!("%{byte:02x}")),
        }
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
    Connection::open_with_flags(uri + "?immutable=1", flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)
}

/// Reads the whole database and checks its structure.
fn check(connection: &Connection, file: &Path) -> Result<(), Fault> {
    let verdict: rusqlite::Result<String> =
        connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0));
    match verdict {
        Ok(verdict) if verdict == "ok" => Ok(()),
        Ok(_) => Err(Fault::damaged(file)),
        Err(error) => Err(Fault::of_sqlite(file, &error)),
    }
}
