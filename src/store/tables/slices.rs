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
        Since::Moment(at) => {
            let before =
                "SELECT id FROM msg WHERE room_id = ?1 AND ts < ?2 ORDER BY id DESC LIMIT 1";
            let found = connection.query_row(before, params![id, at.unix_ms], |row| row.get(0));
            Some(found.optional()?.unwrap_or(0))
        }
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
