//! Accounts and bans from the command line, beside a server that may be running.
//!
//! Each change leaves an edit for the node of a cluster that uses the database.

use std::path::Path;

use rusqlite::Connection;

use super::file::database;
use super::file::database::Database;
use super::file::fault::Fault;
use super::password_hash;
use super::request::{ChangeResult, Denial};
use super::tables::{accounts, bans, notes};
use crate::chat::{
    Account, Ban, BanChange, Mask, Nick, Password, PasswordHash, PasswordId, Role, RollChange,
};
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
    let hash = hash(password)?;
    let account = Account {
        nick,
        role,
        created: clock::moment(),
        last_seen: None,
        password: PasswordId::of(hash.as_str()),
    };
    change_and_note(Database::open_beside(dir)?, |connection| {
        let added = accounts::register(connection, &account, hash.as_str())?;
        Ok(added.map(|()| ((), RollChange::Register(account, hash))))
    })
}

/// Changes the password of the account whose nick resembles `nick`; returns that account's nick.
///
/// # Errors
/// There is no such account, or the database cannot be written.
pub fn set_password(dir: &Path, nick: Nick, password: &Password) -> Result<Nick, Fault> {
    let hash = hash(password)?;
    change(dir, |connection| {
        let nick = accounts::set_hash(connection, nick, hash.as_str())?;
        Ok(nick.map(|nick| (nick, RollChange::SetPassword(nick, hash))))
    })
}

/// Changes the role of such an account; returns its nick.
///
/// # Errors
/// There is no such account, or the database cannot be written.
pub fn set_role(dir: &Path, nick: Nick, role: Role) -> Result<Nick, Fault> {
    change(dir, |connection| {
        let nick = accounts::set_role(connection, nick, role)?;
        Ok(nick.map(|nick| (nick, RollChange::SetRole(nick, role))))
    })
}

/// Removes such an account; returns its nick.
///
/// # Errors
/// There is no such account, or the database cannot be written.
pub fn remove(dir: &Path, nick: Nick) -> Result<Nick, Fault> {
    change(dir, |connection| {
        let nick = accounts::remove(connection, nick)?;
        Ok(nick.map(|nick| (nick, RollChange::Remove(nick))))
    })
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
    change(dir, |connection| {
        let bans = bans::all(connection)?;
        let Some(found) = bans.iter().map(|ban| ban.mask).find(|other| mask.is_like(other)) else {
            return Ok(Err(Denial::NotBanned(mask)));
        };
        let lifted = bans::remove(connection, found)?;
        Ok(lifted.map(|()| (found, RollChange::Ban(BanChange::Unban(found)))))
    })
}

fn hash(password: &Password) -> Result<PasswordHash, Fault> {
    password_hash::hash(password).map(PasswordHash::from).map_err(Fault::new)
}

fn change<T>(
    dir: &Path,
    make: impl FnOnce(&Connection) -> ChangeResult<(T, RollChange)>,
) -> Result<T, Fault> {
    change_and_note(Database::open_existing(dir)?, make)
}

/// Makes a change and notes it as an edit, in one transaction.
pub(super) fn change_and_note<T>(
    mut database: Database,
    make: impl FnOnce(&Connection) -> ChangeResult<(T, RollChange)>,
) -> Result<T, Fault> {
    let made = database.change(|connection| match make(connection)? {
        Ok((made, change)) => notes::add_edit(connection, &change).map(|()| Ok(made)),
        Err(denial) => Ok(Err(denial)),
    });
    made.map_err(|error| database.fault(&error))?.map_err(Fault::new)
}
