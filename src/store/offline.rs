//! Accounts and bans from the command line, beside a server that may be running.

use std::path::Path;

use super::file::database;
use super::file::database::Database;
use super::file::fault::Fault;
use super::password_hash;
use super::request::{ChangeResult, Denial};
use super::tables::{accounts, bans};
use crate::chat::{Account, Ban, Mask, Nick, Password, PasswordId, Role};
use crate::runtime::clock;

/// All accounts of the state directory `dir`, by nick.
///
/// # Errors
/// They cannot be read.
pub fn list(dir: &Path) -> Result<Vec<Account>, Fault> {
    let (connection, file) = database::open_to_read(dir)?;
    accounts::all(&connection).map_err(|error| Fault::of_sqlite(&file, &error))
}

/// Adds an account.
///
/// # Errors
/// An account with a similar nick exists, or the database cannot be written.
pub fn add(dir: &Path, nick: Nick, role: Role, password: &Password) -> Result<(), Fault> {
    let hash = password_hash::hash(password).map_err(Fault::new)?;
    let password = PasswordId::of(&hash);
    let account = Account { nick, role, created: clock::moment(), last_seen: None, password };
    change(Database::open_beside(dir)?, |connection| {
        accounts::register(connection, &account, &hash)
    })
}

/// Changes the password of the account whose nick resembles `nick`; returns that account's nick.
///
/// # Errors
/// There is no such account, or the database cannot be written.
pub fn set_password(dir: &Path, nick: Nick, password: &Password) -> Result<Nick, Fault> {
    let hash = password_hash::hash(password).map_err(Fault::new)?;
    change(Database::open_existing(dir)?, |connection| accounts::set_hash(connection, nick, &hash))
}

/// Changes the role of such an account; returns its nick.
///
/// # Errors
/// There is no such account, or the database cannot be written.
pub fn set_role(dir: &Path, nick: Nick, role: Role) -> Result<Nick, Fault> {
    change(Database::open_existing(dir)?, |connection| accounts::set_role(connection, nick, role))
}

/// Removes such an account; returns its nick.
///
/// # Errors
/// There is no such account, or the database cannot be written.
pub fn remove(dir: &Path, nick: Nick) -> Result<Nick, Fault> {
    change(Database::open_existing(dir)?, |connection| accounts::remove(connection, nick))
}

/// All bans in force, oldest first.
///
/// # Errors
/// They cannot be read.
pub fn bans(dir: &Path) -> Result<Vec<Ban>, Fault> {
    let (connection, file) = database::open_to_read(dir)?;
    let bans = bans::all(&connection).map_err(|error| Fault::of_sqlite(&file, &error))?;
    Ok(bans.into_iter().filter(|ban| ban.is_in_force(clock::moment())).collect())
}

/// Lifts the ban on `mask`, a nick in any spelling; returns the mask as it was stored.
///
/// # Errors
/// There is no such ban, or the database cannot be written.
pub fn lift_ban(dir: &Path, mask: Mask) -> Result<Mask, Fault> {
    change(Database::open_existing(dir)?, |connection| {
        let bans = bans::all(connection)?;
        let found = bans.iter().map(|ban| ban.mask).find(|other| mask.is_like(other));
        match found {
            Some(found) => Ok(bans::remove(connection, found)?.map(|()| found)),
            None => Ok(Err(Denial::NotBanned(mask))),
        }
    })
}

fn change<T>(
    mut database: Database,
    make: impl FnOnce(&rusqlite::Connection) -> ChangeResult<T>,
) -> Result<T, Fault> {
    let made = database.change(make);
    made.map_err(|error| database.fault(&error))?.map_err(Fault::new)
}
