//! The roll: all accounts and bans at once, and changes of it that come from a log.

use rusqlite::{Connection, Result};

use super::{accounts, bans, tokens};
use crate::chat::{BanChange, Roll, RollChange};
use crate::store::request::{ChangeResult, Denial};

pub(crate) fn read_roll(connection: &Connection) -> Result<Roll> {
    let (accounts, bans) = (accounts::all(connection)?, bans::all(connection)?);
    Ok(Roll { accounts, bans, tokens: tokens::all(connection)? })
}

/// All accounts and bans, as the changes that make them.
pub(crate) fn as_changes(connection: &Connection) -> Result<Vec<RollChange>> {
    let accounts = accounts::secrets(connection)?.into_iter();
    let accounts = accounts.map(|(account, hash)| RollChange::Register(account, hash));
    let bans = bans::all(connection)?.into_iter();
    let bans = bans.map(|ban| RollChange::Ban(BanChange::Ban(ban)));
    let tokens = tokens::all(connection)?.into_iter().map(RollChange::AddToken);
    Ok(accounts.chain(bans).chain(tokens).collect())
}

/// Makes a change, whether or not it was made before.
pub(crate) fn apply(connection: &Connection, change: &RollChange) -> ChangeResult<()> {
    match change {
        RollChange::Register(account, hash) => return accounts::put(connection, account, hash),
        RollChange::SetPassword(nick, hash) => {
            accounts::update(connection, *nick, "hash", hash.as_str())?;
        }
        RollChange::SetRole(nick, role) => {
            accounts::update(connection, *nick, "role", &role.to_string())?;
        }
        RollChange::Remove(nick) => accounts::delete(connection, *nick)?,
        RollChange::AddToken(token) => tokens::add(connection, token)?,
        RollChange::RemoveToken(hash) => tokens::remove(connection, hash)?,
        RollChange::Ban(BanChange::Ban(ban)) => return bans::add(connection, ban),
        RollChange::Ban(BanChange::Unban(mask)) => match bans::remove(connection, *mask)? {
            Ok(()) | Err(Denial::NotBanned(_)) => {}
            Err(denial) => return Ok(Err(denial)),
        },
    }
    Ok(Ok(()))
}
