//! Tokens from the command line, beside a server that may be running.

use std::path::Path;

use super::file::database::{self, Database};
use super::file::fault::Fault;
use super::offline::change_and_note;
use super::request::Denial;
use super::tables::{accounts, tokens};
use crate::chat::{Nick, RollChange, RoomName, Token, TokenHash};
use crate::runtime::clock;
use crate::text::Text;

/// Tokens of one account.
const MAX: usize = 16;

/// All tokens of the state directory `dir`, by account and label.
///
/// # Errors
/// They cannot be read.
pub fn list(dir: &Path) -> Result<Vec<Token>, Fault> {
    let (connection, file) = database::open_migrated(dir)?;
    tokens::all(&connection).map_err(|error| Fault::of_sqlite(&file, &error))
}

/// Adds a token for the account whose nick resembles `nick`.
///
/// # Errors
/// There is no such account, it has a token with that label or too many, or the database cannot be
/// written.
pub fn add(
    dir: &Path,
    nick: Nick,
    label: Option<Text>,
    rooms: Vec<RoomName>,
    hash: TokenHash,
) -> Result<(), Fault> {
    change_and_note(Database::open_existing(dir)?, |connection| {
        let Some((account, _)) = accounts::secret(connection, nick)? else {
            return Ok(Err(Denial::NotRegistered(nick)));
        };
        let mut own = tokens::all(connection)?;
        own.retain(|token| token.nick == account.nick);
        let is_taken = |label: &Text| own.iter().any(|token| token.label == *label);
        let mut free = (1..=MAX).map(|n| Text::new(format!("token{n}")));
        let label = label.or_else(|| free.find(|label| !is_taken(label))).unwrap_or_default();
        if own.len() >= MAX {
            return Ok(Err(Denial::Full));
        } else if is_taken(&label) {
            return Ok(Err(Denial::LabelTaken));
        }
        let (nick, created) = (account.nick, clock::moment());
        let token = Token { hash, nick, label, rooms, created };
        tokens::add(connection, &token)?;
        Ok(Ok(((), RollChange::AddToken(token))))
    })
}

/// Revokes the token of that account with that label.
///
/// # Errors
/// There is no such token, or the database cannot be written.
pub fn remove(dir: &Path, nick: Nick, label: &Text) -> Result<(), Fault> {
    change_and_note(Database::open_existing(dir)?, |connection| {
        let all = tokens::all(connection)?;
        let is_meant = |token: &&Token| token.nick.resembles(nick) && token.label == *label;
        let Some(token) = all.iter().find(is_meant) else { return Ok(Err(Denial::NoSuchToken)) };
        tokens::remove(connection, &token.hash)?;
        Ok(Ok(((), RollChange::RemoveToken(token.hash.clone()))))
    })
}
