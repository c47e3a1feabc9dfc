//! Accounts on the disk, with the hashes of their passwords.

use rusqlite::{Connection, OptionalExtension, Result, Row, params};

use super::lines::lenient;
use crate::chat::{Account, Moment, Nick, PasswordHash, PasswordId, Role};
use crate::store::request::{ChangeResult, Denial};

/// Accounts in one database.
const MAX: u32 = 100_000;

fn role(column: &str) -> Role {
    if column == "operator" { Role::Operator } else { Role::User }
}

const COLUMNS: &str = "nick, role, created, last_seen, hash";

/// All accounts, by nick; at most `MAX`.
pub(crate) fn all(connection: &Connection) -> Result<Vec<Account>> {
    let sql = format!("SELECT {COLUMNS} FROM account ORDER BY nick LIMIT ?1");
    let mut query = connection.prepare(&sql)?;
    let accounts = query.query_map([MAX], read)?;
    accounts.filter_map(Result::transpose).collect()
}

/// The account with exactly this nick.
pub(crate) fn get(connection: &Connection, nick: Nick) -> Result<Option<Account>> {
    let sql = format!("SELECT {COLUMNS} FROM account WHERE nick = ?1");
    let account = connection.query_row(&sql, [nick.as_str()], read).optional()?;
    Ok(account.flatten())
}

fn read(row: &Row<'_>) -> Result<Option<Account>> {
    let text = |column| lenient::<String>(row, column).map(Option::unwrap_or_default);
    let moment = |column| lenient(row, column).map(|ms| ms.map(|unix_ms| Moment { unix_ms }));
    let role = role(&text(1)?);
    let created = moment(2)?.unwrap_or_default();
    let last_seen = moment(3)?;
    let password = PasswordId::of(&text(4)?);
    Ok(Nick::new(&text(0)?).map(|nick| Account { nick, role, created, last_seen, password }))
}

/// The account whose nick resembles `nick`, and the hash of its password.
pub(crate) fn secret(connection: &Connection, nick: Nick) -> Result<Option<(Account, String)>> {
    let Some(account) = find(connection, nick)? else { return Ok(None) };
    let sql = "SELECT hash FROM account WHERE nick = ?1";
    let hash = connection.query_row(sql, [account.nick.as_str()], |row| row.get(0)).optional()?;
    Ok(hash.map(|hash| (account, hash)))
}

/// All accounts with the hashes of their passwords, by nick; at most `MAX`.
pub(crate) fn secrets(connection: &Connection) -> Result<Vec<(Account, PasswordHash)>> {
    let sql = format!("SELECT {COLUMNS} FROM account ORDER BY nick LIMIT ?1");
    let mut query = connection.prepare(&sql)?;
    let accounts = query.query_map([MAX], |row| {
        let hash = lenient::<String>(row, 4)?.unwrap_or_default();
        Ok(read(row)?.map(|account| (account, PasswordHash::from(hash))))
    })?;
    accounts.filter_map(Result::transpose).collect()
}

fn find(connection: &Connection, nick: Nick) -> Result<Option<Account>> {
    Ok(all(connection)?.into_iter().find(|account| account.nick.resembles(nick)))
}

/// Adds an account, unless one with a similar nick exists.
pub(crate) fn register(connection: &Connection, account: &Account, hash: &str) -> ChangeResult<()> {
    let others = all(connection)?;
    if let Some(other) = others.iter().find(|other| other.nick.resembles(account.nick)) {
        return Ok(Err(Denial::Registered(other.nick)));
    } else if others.len() >= MAX as usize {
        return Ok(Err(Denial::Full));
    }
    let sql = "INSERT INTO account(nick, hash, role, created) VALUES(?1, ?2, ?3, ?4)";
    let Account { nick, role, created, .. } = account;
    let values = params![nick.as_str(), hash, role.to_string(), created.unix_ms];
    connection.execute(sql, values)?;
    Ok(Ok(()))
}

/// Adds an account that the log has, in place of one with a similar nick.
pub(crate) fn put(
    connection: &Connection,
    account: &Account,
    hash: &PasswordHash,
) -> ChangeResult<()> {
    let Account { nick, role, created, last_seen, .. } = account;
    let mut others = all(connection)?;
    others.retain(|other| other.nick != *nick);
    for other in others.iter().filter(|other| other.nick.resembles(*nick)) {
        delete(connection, other.nick)?;
    }
    if others.len() >= MAX as usize {
        return Ok(Err(Denial::Full));
    }
    let sql = "INSERT INTO account(nick, hash, role, created, last_seen) VALUES(?1, ?2, ?3, ?4, ?5)
               ON CONFLICT(nick) DO UPDATE SET hash = ?2, role = ?3, created = ?4,
               last_seen = coalesce(last_seen, ?5)";
    let last_seen = last_seen.map(|at| at.unix_ms);
    let values =
        params![nick.as_str(), hash.as_str(), role.to_string(), created.unix_ms, last_seen];
    connection.execute(sql, values)?;
    Ok(Ok(()))
}

/// Gives the account of `nick` another password, if it has the `old` one; returns the account.
pub(crate) fn change_hash(
    connection: &Connection,
    nick: Nick,
    old: PasswordId,
    hash: &str,
) -> ChangeResult<Account> {
    match get(connection, nick)? {
        None => Ok(Err(Denial::NotRegistered(nick))),
        Some(account) if account.password != old => Ok(Err(Denial::WrongPassword)),
        Some(account) => {
            update(connection, nick, "hash", hash)?;
            Ok(Ok(Account { password: PasswordId::of(hash), ..account }))
        }
    }
}

/// Changes the password of the account whose nick resembles `nick`; returns that account's nick.
pub(crate) fn set_hash(connection: &Connection, nick: Nick, hash: &str) -> ChangeResult<Nick> {
    set(connection, nick, "hash", hash)
}

/// Changes the role of the account whose nick resembles `nick`; returns that account's nick.
pub(crate) fn set_role(connection: &Connection, nick: Nick, role: Role) -> ChangeResult<Nick> {
    set(connection, nick, "role", &role.to_string())
}

fn set(connection: &Connection, nick: Nick, column: &str, value: &str) -> ChangeResult<Nick> {
    let Some(account) = find(connection, nick)? else {
        return Ok(Err(Denial::NotRegistered(nick)));
    };
    update(connection, account.nick, column, value)?;
    Ok(Ok(account.nick))
}

/// Sets a column of the account with exactly this nick, if there is one.
pub(crate) fn update(connection: &Connection, nick: Nick, column: &str, value: &str) -> Result<()> {
    let sql = format!("UPDATE account SET {column} = ?2 WHERE nick = ?1");
    connection.execute(&sql, [nick.as_str(), value]).map(drop)
}

/// Notes when somebody last logged in as exactly this nick.
pub(crate) fn set_seen(connection: &Connection, nick: Nick, at: Moment) -> Result<()> {
    let sql = "UPDATE account SET last_seen = ?2 WHERE nick = ?1";
    connection.execute(sql, params![nick.as_str(), at.unix_ms]).map(drop)
}

/// Removes the account whose nick resembles `nick`; returns that account's nick.
pub(crate) fn remove(connection: &Connection, nick: Nick) -> ChangeResult<Nick> {
    let Some(account) = find(connection, nick)? else {
        return Ok(Err(Denial::NotRegistered(nick)));
    };
    delete(connection, account.nick)?;
    Ok(Ok(account.nick))
}

/// Removes the account with exactly this nick, if there is one. No room is kept for it any more, and
/// the topics of those that were private are nobody's.
pub(crate) fn delete(connection: &Connection, nick: Nick) -> Result<()> {
    connection.execute("DELETE FROM token WHERE nick = ?1", [nick.as_str()])?;
    let private = "UPDATE room SET topic = NULL
                   WHERE id IN (SELECT room_id FROM kept WHERE owner = ?1 AND is_private)";
    connection.execute(private, [nick.as_str()])?;
    connection.execute("DELETE FROM kept WHERE owner = ?1", [nick.as_str()])?;
    // Whoever registers the name next has no roles. A nick has no character that a path gives a
    // meaning to.
    let sql = "UPDATE kept SET state = json_remove(state, ?1) WHERE json_valid(state)";
    connection.execute(sql, [format!("$.roles.\"{nick}\"")])?;
    connection.execute("DELETE FROM account WHERE nick = ?1", [nick.as_str()]).map(drop)
}
