//! Retention: what is too old or too much goes, a thousand rows at a time.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use rusqlite::{Connection, OptionalExtension, Result, Row, params};

use super::lines::lenient;
use crate::chat::Moment;
use crate::store::file::database::Database;
use crate::store::index::{self, words};

/// Rows removed at once, so that nothing waits long for it.
const SLICE: u32 = 1000;
/// How often to look for more.
const INTERVAL: Duration = Duration::from_secs(60);

/// What is kept; what is `None` has no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// Lines that were said at most so long ago.
    pub age: Option<Duration>,
    /// The last so many lines of each room.
    pub lines: Option<u32>,
}

/// Removes what is not to be kept.
#[derive(Debug)]
pub(crate) struct Pruner {
    keep: Retention,
    /// Whether there may be more that is too old.
    aging: bool,
    /// Rooms in which something was said since they were looked at.
    rooms: BTreeSet<i64>,
    next: Instant,
}

impl Pruner {
    /// One that looks at everything first.
    pub(crate) fn new(keep: Retention, connection: &Connection) -> Result<Self> {
        let rooms = match keep.lines {
            None => BTreeSet::new(),
            Some(_) => {
                let mut rooms = connection.prepare("SELECT id FROM room")?;
                rooms.query_map([], |row| row.get(0))?.collect::<Result<_>>()?
            }
        };
        Ok(Self { keep, aging: keep.age.is_some(), rooms, next: Instant::now() })
    }

    /// Notes that something was said in a room.
    pub(crate) fn note(&mut self, room: i64) {
        if self.keep.lines.is_some() {
            self.rooms.insert(room);
        }
    }

    /// When there is something to do next, if ever.
    pub(crate) fn next(&self) -> Option<Instant> {
        (self.keep != Retention::default()).then_some(self.next)
    }

    /// Removes one slice.
    ///
    /// # Errors
    /// When that fails, it is tried again later.
    pub(crate) fn work(&mut self, database: &mut Database, now: Moment) -> Result<()> {
        self.next = Instant::now() + INTERVAL;
        let Retention { age, lines } = self.keep;
        if self.aging {
            self.aging = database.change(|connection| remove_old(connection, age, now))? == SLICE;
        } else if let Some(&room) = self.rooms.first()
            && database.change(|connection| remove_surplus(connection, room, lines))? < SLICE
        {
            self.rooms.remove(&room);
        }
        if self.aging || !self.rooms.is_empty() {
            self.next = Instant::now();
        } else {
            self.aging = self.keep.age.is_some();
        }
        Ok(())
    }
}

/// Removes the oldest rows, if they are too old; says how many that were.
fn remove_old(connection: &Connection, age: Option<Duration>, now: Moment) -> Result<u32> {
    let Some(age) = age.and_then(|age| i64::try_from(age.as_millis()).ok()) else { return Ok(0) };
    let sql = "SELECT id, body FROM (SELECT id, body, ts FROM msg ORDER BY id LIMIT ?1)
               WHERE ts < ?2";
    remove(connection, sql, params![SLICE, now.unix_ms.saturating_sub(age)])
}

/// Removes a room's oldest rows, if there are too many; says how many that were.
fn remove_surplus(connection: &Connection, room: i64, most: Option<u32>) -> Result<u32> {
    let first_too_many = "SELECT id FROM msg WHERE room_id = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2";
    let last = connection.query_row(first_too_many, params![room, most], |row| row.get(0));
    let Some(last) = last.optional()? else { return Ok(0) };
    let last: i64 = last;
    let sql = "SELECT id, body FROM msg WHERE room_id = ?1 AND id <= ?2 ORDER BY id LIMIT ?3";
    remove(connection, sql, params![room, last, SLICE])
}

/// Removes the rows that a query finds.
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
    // At most SLICE of them.
    Ok(u32::try_from(rows.len()).unwrap_or(SLICE))
}
