//! Parts of what was said in a room, counted from a line or a moment.

use rusqlite::{Connection, OptionalExtension, Result, params};

use super::lines::{COLUMNS, FORGOTTEN, GAP, OF_THE_KEEPER, recall};
use super::search::list;
use super::slices::row_of;
use crate::chat::{Entry, Moment, Nick, Part, Reference, RoomName, Rows, Span};

/// At most `count` lines of a room, oldest first: which says `part`. Those said in private are among
/// them only `with_private`, and those of `without` are not.
pub(crate) fn part(
    connection: &Connection,
    (room, part, count): (RoomName, &Part, usize),
    with_private: bool,
    without: &[Nick],
) -> Result<Vec<Entry>> {
    let Some(id) = id_of(connection, room)? else { return Ok(Vec::new()) };
    let rows = |place: &Reference| rows_at(connection, id, place);
    let mut lines = Vec::new();
    for span in part.spans(count, rows)? {
        lines.extend(within(connection, id, span, with_private, without)?);
    }
    Ok(lines)
}

/// When something was said last in each room where anything was, also in private if that is set.
pub(crate) fn last_times(
    connection: &Connection,
    rooms: &[(RoomName, bool)],
) -> Result<Vec<(RoomName, Moment)>> {
    let mut times = Vec::new();
    for (room, with_private) in rooms {
        let last = part(connection, (*room, &Part::Latest(None), 1), *with_private, &[])?;
        times.extend(last.first().map(|line| (*room, line.at)));
    }
    Ok(times)
}

fn id_of(connection: &Connection, room: RoomName) -> Result<Option<i64>> {
    let id = "SELECT id FROM room WHERE name = ?1";
    connection.query_row(id, [room.as_str()], |row| row.get(0)).optional()
}

/// The rows next to a place; `None` if its line is not known.
fn rows_at(connection: &Connection, room: i64, place: &Reference) -> Result<Option<Rows>> {
    match place {
        Reference::Line(line) => Ok(row_of(connection, room, line)?.map(|row| (row, row))),
        Reference::Time(at) => {
            let last = last_row(connection, room, "<=", *at)?;
            Ok(Some((last, last_row(connection, room, "<", *at)? + 1)))
        }
    }
}

/// The last row of a room that was said at a moment or before it; 0 if there is none.
fn last_row(connection: &Connection, room: i64, relation: &str, at: Moment) -> Result<i64> {
    let sql = format!(
        "SELECT id FROM msg WHERE room_id = ?1 AND ts {relation} ?2 ORDER BY id DESC LIMIT 1"
    );
    let found = connection.query_row(&sql, params![room, at.unix_ms], |row| row.get(0));
    Ok(found.optional()?.unwrap_or(0))
}

fn within(
    connection: &Connection,
    room: i64,
    span: Span,
    with_private: bool,
    without: &[Nick],
) -> Result<Vec<Entry>> {
    let order = if span.are_last { "DESC" } else { "ASC" };
    let sql = format!(
        "SELECT {COLUMNS} FROM msg JOIN room ON room.id = msg.room_id
         WHERE msg.room_id = ?1 AND msg.id > ?2 AND msg.id < ?3
         AND msg.kind NOT IN ({GAP}, {FORGOTTEN})
         AND (msg.private = 0 OR ?4) AND {OF_THE_KEEPER}
         AND msg.nick NOT IN (SELECT value FROM json_each(?5))
         ORDER BY msg.id {order} LIMIT ?6"
    );
    let count = i64::try_from(span.count).unwrap_or(i64::MAX);
    let without = list(without.iter().map(Nick::as_str));
    let params = params![room, span.behind, span.before, with_private, without, count];
    let mut query = connection.prepare(&sql)?;
    let rows = query.query_map(params, recall)?;
    let mut lines =
        rows.map(|row| Ok(row?.map(|row| row.into_entry().1))).collect::<Result<Vec<_>>>()?;
    if span.are_last {
        lines.reverse();
    }
    Ok(lines.into_iter().flatten().collect())
}
