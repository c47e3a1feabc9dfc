//! Bans on the disk.

use rusqlite::{Connection, Result, params};

use super::lines::lenient;
use crate::chat::{Ban, Mask, Moment, Nick};
use crate::runtime::clock;
use crate::store::request::{ChangeResult, Denial};
use crate::text::Text;

/// Bans in one database.
const MAX: u32 = 10_000;

/// All bans, oldest first; at most `MAX`.
pub(crate) fn all(connection: &Connection) -> Result<Vec<Ban>> {
    let sql = "SELECT mask, by, reason, until FROM ban ORDER BY id LIMIT ?1";
    let mut query = connection.prepare(sql)?;
    let bans = query.query_map([MAX], |row| {
        let text = |column| lenient::<String>(row, column).map(Option::unwrap_or_default);
        let mask = Mask::new(&text(0)?);
        let by = Nick::new(&text(1)?);
        let reason = lenient::<String>(row, 2)?.map(Text::new);
        let until = lenient(row, 3)?.map(|unix_ms| Moment { unix_ms });
        Ok(mask.zip(by).map(|(mask, by)| Ban { mask, by, reason, until }))
    })?;
    bans.filter_map(Result::transpose).collect()
}

/// Adds a ban, or replaces the one with the same mask.
pub(crate) fn add(connection: &Connection, ban: &Ban) -> ChangeResult<()> {
    expire(connection, clock::moment())?;
    let _ = remove(connection, ban.mask)?;
    let count: u32 = connection.query_row("SELECT count(*) FROM ban", [], |row| row.get(0))?;
    if count >= MAX {
        return Ok(Err(Denial::Full));
    }
    let Ban { mask, by, reason, until } = ban;
    let reason = reason.as_ref().map(Text::as_str);
    let until = until.map(|until| until.unix_ms);
    let sql = "INSERT INTO ban(kind, mask, by, reason, until) VALUES(?1, ?2, ?3, ?4, ?5)";
    let values = params![mask.kind(), mask.to_string(), by.as_str(), reason, until];
    connection.execute(sql, values)?;
    Ok(Ok(()))
}

/// Removes the ban with that mask.
pub(crate) fn remove(connection: &Connection, mask: Mask) -> ChangeResult<()> {
    let sql = "DELETE FROM ban WHERE kind = ?1 AND mask = ?2";
    let removed = connection.execute(sql, [mask.kind(), &mask.to_string()])?;
    Ok(if removed > 0 { Ok(()) } else { Err(Denial::NotBanned(mask)) })
}

/// Removes expired bans.
pub(crate) fn expire(connection: &Connection, now: Moment) -> Result<()> {
    connection.execute("DELETE FROM ban WHERE until <= ?1", [now.unix_ms]).map(drop)
}
