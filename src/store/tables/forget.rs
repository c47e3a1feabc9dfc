//! Forgetting lines for good: in slices, so that no write waits long, and without leaving a trace
//! of them in the file.
//!
//! The row of a forgotten line stays, without its text and its nick, so that ids do not change.
//! Another process asks a server to forget with a row in the table `forget`; the server empties the
//! filter of that row when it is done.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Result, params};

use super::lines::{self, COLUMNS, FORGOTTEN, lenient};
use crate::chat::LineFilter;
use crate::store::file::database::BUSY;
use crate::store::index::{self, words};
use crate::store::request::Recalled;

/// Row ids that one slice looks at.
const SLICE: i64 = 2000;
/// Requests of other processes that one query reads.
const MAX_REQUESTS: u32 = 16;

/// How far forgetting has come: rows after `done`, up to `last`, are left to look at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Progress {
    done: i64,
    last: i64,
    /// How many lines were forgotten.
    pub(crate) lines: u64,
}

impl Progress {
    /// All rows that there are now.
    pub(crate) fn begin(connection: &Connection) -> Result<Self> {
        let ends = "SELECT coalesce(min(id), 0) - 1, coalesce(max(id), 0) FROM msg";
        connection
            .query_row(ends, [], |row| Ok(Self { done: row.get(0)?, last: row.get(1)?, lines: 0 }))
    }

    pub(crate) fn is_complete(&self) -> bool {
        self.done >= self.last
    }

    /// Looks at the next slice, in the transaction that is open.
    pub(crate) fn advance(self, connection: &Connection, filter: &LineFilter) -> Result<Self> {
        let upto = self.last.min(self.done.saturating_add(SLICE));
        let sql = format!(
            "SELECT {COLUMNS}, msg.id FROM msg JOIN room ON room.id = msg.room_id
             WHERE msg.id > ?1 AND msg.id <= ?2"
        );
        let mut query = connection.prepare(&sql)?;
        let mut rows = query.query(params![self.done, upto])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            if let Some(Recalled::Said(room, line)) = lines::recall(row)?
                && filter.matches(room, &line)
            {
                let body = lenient::<String>(row, 4)?.unwrap_or_default();
                found.push((row.get(8)?, body));
            }
        }
        for (id, body) in &found {
            remove(connection, *id, body)?;
        }
        Ok(Self { done: upto, lines: self.lines + found.len() as u64, ..self })
    }
}

fn remove(connection: &Connection, id: i64, body: &str) -> Result<()> {
    index::removing(connection)?.execute(params![id, words(body)])?;
    // Retention will delete this row from the index, which FTS5 allows only for a row that is in
    // it.
    index::adding(connection)?.execute(params![id, ""])?;
    let sql = "UPDATE msg SET kind = ?2, nick = '', body = '' WHERE id = ?1";
    connection.execute(sql, params![id, FORGOTTEN]).map(drop)
}

/// Checkpoints and truncates the write-ahead log, which may still hold what was deleted; returns
/// `false`, without waiting, when somebody is reading. `patience` is the busy timeout to restore.
pub(crate) fn empty_log(connection: &Connection, patience: Duration) -> Result<bool> {
    connection.busy_timeout(Duration::ZERO)?;
    let is_busy = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| {
        row.get::<_, i64>(0).map(|busy| busy != 0)
    });
    connection.busy_timeout(patience)?;
    is_busy.map(|is_busy| !is_busy)
}

/// Asks the server to forget; returns the id of the request.
pub(crate) fn request(connection: &Connection, filter: &LineFilter) -> Result<i64> {
    let json = serde_json::to_string(filter).unwrap_or_default();
    connection.execute("INSERT INTO forget(lines) VALUES(?1)", [json])?;
    Ok(connection.last_insert_rowid())
}

/// Requests that are not concluded.
pub(crate) fn requests(connection: &Connection) -> Result<Vec<(i64, LineFilter)>> {
    let sql = "SELECT id, lines FROM forget WHERE lines <> '' ORDER BY id LIMIT ?1";
    let mut query = connection.prepare(sql)?;
    let rows = query.query_map([MAX_REQUESTS], |row| {
        let filter = lenient::<String>(row, 1)?.unwrap_or_default();
        Ok((row.get(0)?, serde_json::from_str(&filter).ok()))
    })?;
    let known = rows.map(|row| row.map(|(id, filter)| Some((id, filter?))));
    known.filter_map(Result::transpose).collect()
}

/// Concludes a request: `lines` lines were forgotten.
pub(crate) fn conclude(connection: &Connection, id: i64, lines: u64) -> Result<()> {
    let sql = "UPDATE forget SET lines = '', forgotten = ?2 WHERE id = ?1";
    connection.execute(sql, params![id, lines.cast_signed()]).map(drop)
}

/// How many lines were forgotten on a request; `None` while it waits.
pub(crate) fn conclusion(connection: &Connection, id: i64) -> Result<Option<u64>> {
    let sql = "SELECT forgotten FROM forget WHERE id = ?1";
    let lines = connection.query_row(sql, [id], |row| row.get::<_, Option<i64>>(0)).optional()?;
    Ok(lines.flatten().map(i64::cast_unsigned))
}

/// Deletes a request, or its conclusion.
pub(crate) fn withdraw(connection: &Connection, id: i64) -> Result<()> {
    connection.execute("DELETE FROM forget WHERE id = ?1", [id]).map(drop)
}

/// How often lines were forgotten while no server ran. A snapshot from before may still have them.
pub(crate) fn times(connection: &Connection) -> Result<u64> {
    let sql = "SELECT CAST(v AS INTEGER) FROM meta WHERE k = 'forgotten'";
    let times = connection.query_row(sql, [], |row| row.get::<_, i64>(0)).optional()?;
    Ok(times.map_or(0, i64::cast_unsigned))
}

pub(crate) fn count(connection: &Connection) -> Result<()> {
    let sql = "INSERT INTO meta VALUES('forgotten', '1')
               ON CONFLICT(k) DO UPDATE SET v = CAST(v AS INTEGER) + 1";
    connection.execute(sql, []).map(drop)
}

/// Carries out the requests that no server concluded, and returns their filters.
pub(crate) fn late(connection: &Connection) -> Result<Vec<LineFilter>> {
    let change = connection.unchecked_transaction()?;
    let mut late = Vec::new();
    for (id, filter) in requests(&change)? {
        let mut progress = Progress::begin(&change)?;
        while !progress.is_complete() {
            progress = progress.advance(&change, &filter)?;
        }
        conclude(&change, id, progress.lines)?;
        late.push(filter);
    }
    change.commit()?;
    if !late.is_empty() {
        empty_log(connection, BUSY)?;
    }
    Ok(late)
}
