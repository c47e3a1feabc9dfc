//! A copy of the database, made while a server may be writing.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, Result};

use super::database;
use super::fault::Fault;

/// Copies the database in `dir` to the new file `to`, as it is at this moment.
///
/// # Errors
/// `to` exists already, or the copy cannot be made; a partial copy is removed.
pub fn backup(dir: &Path, to: &Path) -> std::result::Result<(), Fault> {
    let (connection, file) = database::open_to_read(dir)?;
    let new = OpenOptions::new().write(true).create_new(true).mode(0o600).open(to);
    new.map_err(|error| Fault::new(format_args!("cannot write {}: {error}", to.display())))?;
    copy(&connection, to).map_err(|error| {
        let _ = fs::remove_file(to);
        Fault::new(format_args!("cannot copy {} to {}: {error}", file.display(), to.display()))
    })
}

/// In one go: a copy in parts would start again whenever the server writes.
fn copy(from: &Connection, to: &Path) -> Result<()> {
    let mut to = database::connect(to)?;
    let copied = Backup::new(from, &mut to)?.step(-1)?;
    debug_assert_eq!(copied, StepResult::Done, "nobody else has the new file");
    to.close().map_err(|(_, error)| error)
}
