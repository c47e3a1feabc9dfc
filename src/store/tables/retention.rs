//! Retention: deletes lines that are too old or too many, or nobody's to read, a thousand rows at a
//! time.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use rusqlite::{Connection, OptionalExtension, Result, Row, params};

use super::kept;
use super::lines::lenient;
use crate::chat::Moment;
use crate::store::file::database::Database;
use crate::store::index::{self, words};

/// Rows deleted in one transaction, so that other writes do not wait long.
const SLICE: u32 = 1000;
/// How often to look for rows to delete.
const INTERVAL: Duration = Duration::from_secs(60);

/// Which lines stay; `None` is no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// Only lines that were said at most so long ago.
    pub age: Option<Duration>,
    /// Only the last so many lines of each room.
    pub lines: Option<u32>,
}

/// Deletes the lines that retention does not keep.
#[derive(Debug)]
pub(crate) struct Pruner {
    retention: Retention,
    /// Whether there may be private lines of rooms that are kept no longer.
    may_have_nobodys: bool,
    /// Whether there may be more rows that are too old.
    may_have_old: bool,
    /// Rooms with new lines since they were last pruned.
    rooms: BTreeSet<i64>,
    next: Instant,
}

impl Pruner {
    /// A pruner that looks at all rooms first.
    pub(crate) fn new(retention: Retention, connection: &Connection) -> Result<Self> {
        let rooms = match retention.lines {
            None => BTreeSet::new(),
            Some(_) => {
                let mut rooms = connection.prepare("SELECT id FROM room")?;
                rooms.query_map([], |row| row.get(0))?.collect::<Result<_>>()?
            }
        };
        let may_have_old = retention.age.is_some();
        Ok(Self { retention, may_have_nobodys: true, may_have_old, rooms, next: Instant::now() })
    }

    /// Notes that `room` has a new line.
    pub(crate) fn note(&mut self, room: i64) {
        if self.retention.lines.is_some() {
            self.rooms.insert(room);
        }
    }

    /// Notes that a room is kept no longer.
    pub(crate) fn note_end_of_keeping(&mut self) {
        self.may_have_nobodys = true;
        self.next = Instant::now();
    }

    /// When to [`work`](Self::work) next; `None` if there is nothing to delete, and without limits.
    pub(crate) fn next(&self) -> Option<Instant> {
        (self.may_have_nobodys || self.retention != Retention::default()).then_some(self.next)
    }

    /// Deletes one slice.
    ///
    /// # Errors
    /// The database cannot be written; the slice is tried again later.
    pub(crate) fn work(&mut self, database: &mut Database, now: Moment) -> Result<()> {
        self.next = Instant::now() + INTERVAL;
        let Retention { age, lines } = self.retention;
        if self.may_have_nobodys {
            self.may_have_nobodys = database.change(remove_nobodys)? == SLICE;
        } else if self.may_have_old {
            self.may_have_old =
                database.change(|connection| remove_old(connection, age, now))? == SLICE;
        } else if let Some(&room) = self.rooms.first()
            && database.change(|connection| remove_surplus(connection, room, lines))? < SLICE
        {
            self.rooms.remove(&room);
        }
        if self.may_have_nobodys || self.may_have_old || !self.rooms.is_empty() {
            self.next = Instant::now();
        } else {
            self.may_have_old = self.retention.age.is_some();
        }
        Ok(())
    }
}

/// Deletes lines that were said in private before their room was kept by who keeps it now, if anybody
/// does: at most a slice; returns how many.
fn remove_nobodys(connection: &Connection) -> Result<u32> {
    let sql = "SELECT msg.id, msg.body FROM room LEFT JOIN kept ON kept.room_id = room.id
               CROSS JOIN msg ON msg.room_id = room.id AND msg.private <> 0
                 AND msg.id < coalesce(kept.first, 0x7fffffffffffffff) LIMIT ?1";
    remove(connection, sql, params![SLICE])
}

/// Deletes the oldest rows that are too old, at most a slice; returns how many. A line that came late
/// stands behind newer ones, and is deleted after them.
fn remove_old(connection: &Connection, age: Option<Duration>, now: Moment) -> Result<u32> {
    let Some(age) = age.and_then(|age| i64::try_from(age.as_millis()).ok()) else { return Ok(0) };
    let sql = "SELECT id, body FROM (SELECT id, body, ts FROM msg ORDER BY id LIMIT ?1)
               WHERE ts < ?2";
    remove(connection, sql, params![SLICE, now.unix_ms.saturating_sub(age)])
}

/// Deletes a room's oldest rows beyond `most`, at most a slice; returns how many.
fn remove_surplus(connection: &Connection, room: i64, most: Option<u32>) -> Result<u32> {
    let first_too_many = "SELECT id FROM msg WHERE room_id = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2";
    let last = connection.query_row(first_too_many, params![room, most], |row| row.get(0));
    let Some(last) = last.optional()? else { return Ok(0) };
    let last: i64 = last;
    let sql = "SELECT id, body FROM msg WHERE room_id = ?1 AND id <= ?2 ORDER BY id LIMIT ?3";
    remove(connection, sql, params![room, last, SLICE])
}

/// Deletes the rows that a query finds, which returns `id` and `body`.
fn remove(connection: &Connection, sql: &str, values: impl rusqlite::Params) -> Result<u32> {
    let mut query = connection.prepare(sql)?;
    let body = |row: &Row<'_>| lenient::<String>(row, 1).map(Option::unwrap_or_default);
    let rows = query.query_map(values, |row| Ok((row.get(0)?, body(row)?)))?;
    let rows: Vec<(i64, String)> = rows.collect::<Result<_>>()?;
    let mut index = index::removing(connection)?;
    let mut row = connection.prepare("DELETE FROM msg WHERE id = ?1")?;
    for (id, body) in &rows {
        index.execute(params![id, words(body)])?;
        row.execute([id])?;
    }
    // The ids of the newest rows may be used again.
    kept::follow(connection)?;
    // The query finds at most SLICE rows.
    Ok(u32::try_from(rows.len()).unwrap_or(SLICE))
}
