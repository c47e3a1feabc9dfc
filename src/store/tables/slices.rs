//! Slices of what was said in a room: the lines from one on, or the last ones.

use rusqlite::{Connection, OptionalExtension, Result, params};

use super::lines::{COLUMNS, last, recall};
use crate::chat::{Allowance, AnswerForm, Entry, LineId, PastSlice, RoomName, Since};

/// At most `count` lines of a room from `since` on, or its last ones, without those said in private;
/// `None` if nothing was ever said or set in it.
pub(crate) fn slice(
    connection: &Connection,
    room: RoomName,
    since: Option<&Since>,
    count: usize,
) -> Result<Option<PastSlice>> {
    let id = "SELECT id FROM room WHERE name = ?1";
    let id = connection.query_row(id, [room.as_str()], |row| row.get(0)).optional()?;
    let Some(id) = id else { return Ok(None) };
    let Some(since) = since else { return newest(connection, room, count).map(Some) };
    let before = match since {
        Since::Id(short) => row_of(connection, id, short)?,
        Since::Moment(at) => Some(last_row(connection, id, |time| time < at.unix_ms)?),
    };
    let (mut lines, gap) = (behind(connection, id, before.unwrap_or(0), count)?, before.is_none());
    let more = lines.len() > count;
    lines.truncate(count);
    Ok(Some(PastSlice { lines, more, gap }))
}

fn newest(connection: &Connection, room: RoomName, count: usize) -> Result<PastSlice> {
    let allowance = Allowance::without_limit(AnswerForm::Objects);
    let rows = last(connection, room, count + 1, allowance, false)?;
    let mut lines: Vec<_> = rows.into_iter().map(|row| row.into_entry().1).collect();
    let more = lines.len() > count;
    lines.drain(..lines.len().saturating_sub(count));
    Ok(PastSlice { lines, more, gap: false })
}

/// One line more than `count` behind a row, with one marker for each run of forgotten lines.
fn behind(connection: &Connection, room: i64, row: i64, count: usize) -> Result<Vec<Entry>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM msg JOIN room ON room.id = msg.room_id
         WHERE msg.room_id = ?1 AND msg.id > ?2 AND msg.private = 0 ORDER BY msg.id"
    );
    let mut query = connection.prepare(&sql)?;
    let mut lines: Vec<Entry> = Vec::new();
    for line in query.query_map([room, row], recall)? {
        let Some(line) = line?.map(|line| line.into_entry().1) else { continue };
        if let Some(last) = lines.last_mut()
            && let Some(marker) = last.merge(&line)
        {
            *last = marker;
        } else if lines.len() > count {
            break;
        } else {
            lines.push(line);
        }
    }
    Ok(lines)
}

/// The last row of a room whose time is early; 0 if there is none. Rows are taken to be in the order
/// of their times, so that few of them are looked at: only a clock that was set, or nodes that were
/// cut off, make it otherwise.
pub(super) fn last_row(
    connection: &Connection,
    room: i64,
    is_early: impl Fn(i64) -> bool,
) -> Result<i64> {
    let end = "SELECT max(id) FROM msg WHERE room_id = ?1";
    let end: Option<i64> = connection.query_row(end, [room], |row| row.get(0))?;
    let first = "SELECT id, ts FROM msg WHERE room_id = ?1 AND id >= ?2 AND id < ?3
                 ORDER BY id LIMIT 1";
    let mut first = connection.prepare(first)?;
    let (mut early, mut late) = (0, end.unwrap_or(0) + 1);
    while late - early > 1 {
        let middle = early + (late - early) / 2;
        let found = first.query_row(params![room, middle, late], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))
        });
        match found.optional()? {
            Some((row, time)) if is_early(time) => early = row,
            _ => late = middle,
        }
    }
    Ok(early)
}

/// The row of the line with this short id in a room.
pub(crate) fn row_of(connection: &Connection, room: i64, short: &str) -> Result<Option<i64>> {
    let id = LineId::from(short.to_owned());
    if let Some(row) = find(connection, room, id.origin(), id.oseq())? {
        return Ok(Some(row));
    }
    for origin in origins(connection)? {
        let long = LineId::new(origin, id.oseq());
        if long.short() == short {
            return find(connection, room, long.origin(), long.oseq());
        }
    }
    Ok(None)
}

fn find(connection: &Connection, room: i64, origin: &str, oseq: u64) -> Result<Option<i64>> {
    let find = "SELECT id FROM msg WHERE origin = ?1 AND oseq = ?2 AND room_id = ?3";
    let params = params![origin, oseq.cast_signed(), room];
    connection.query_row(find, params, |row| row.get(0)).optional()
}

/// All origins of lines; each is a step in the index.
fn origins(connection: &Connection) -> Result<Vec<String>> {
    let mut query = connection.prepare(
        "WITH RECURSIVE origin(name) AS (
           SELECT min(origin) FROM msg
           UNION ALL
           SELECT (SELECT min(origin) FROM msg WHERE origin > name) FROM origin
           WHERE name IS NOT NULL)
         SELECT name FROM origin WHERE name IS NOT NULL",
    )?;
    query.query_map([], |row| row.get(0))?.collect()
}
