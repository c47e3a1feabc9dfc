//! Accounts from the command line, beside a server that may be running.

use std::path::Path;

use super::file::database;
use super::file::database::Database;
use super::file::fault::Fault;
use super::password_hash;
use super::request::Outcome;
use super::tables::accounts;
use crate::chat::{Account, Nick, Password, Role};
use crate::runtime::clock;

/// All accounts of the state directory `dir`, by nick.
///
/// # Errors
/// When they cannot be read.
pub fn list(dir: &Path) -> Result<Vec<Account>, Fault> {
    let (connection, file) = database::open_to_read(dir)?;
    accounts::all(&connection).map_err(|error| Fault::of_sqlite(&file, &error))
}

/// Adds an account.
///
/// # Errors
/// When there is one like it, or it cannot be written.
pub fn add(dir: &Path, nick: Nick, role: Role, password: &Password) -> Result<(), Fault> {
    let account = Account { nick, role, created: clock::moment(), last_seen: None };
    let hash = password_hash::hash(password).map_err(Fault::new)?;
    change(Database::open_beside(dir)?, |connection| {
        accounts::register(connection, &account, &hash)
    })
}

/// Changes the password of an account.
///
/// # Errors
/// When there is none like it, or it cannot be written.
pub fn set_password(dir: &Path, nick: Nick, password: &Password) -> Result<(), Fault> {
    let hash = password_hash::hash(password).map_err(Fault::new)?;
    change(Database::open_existing(dir)?, |connection| accounts::set_hash(connection, nick, &hash))
}

/// Changes what an account may do.
///
/// # Errors
/// When there is none like it, or it cannot be written.
pub fn set_role(dir: &Path, nick: Nick, role: Role) -> Result<(), Fault> {
    change(Database::open_existing(dir)?, |connection| accounts::set_role(connection, nick, role))
}

/// Removes an account.
///
/// # Errors
/// When there is none like it, or it cannot be written.
pub fn remove(dir: &Path, nick: Nick) -> Result<(), Fault> {
    change(Database::open_existing(dir)?, |connection| accounts::remove(connection, nick))
}

fn change<T>(
    mut database: Database,
    make: impl FnOnce(&rusqlite::Connection) -> Outcome<T>,
) -> Result<T, Fault> {
    let made = database.change(make);
    made.map_err(|error| database.fault(&error))?.map_err(Fault::new)
}
