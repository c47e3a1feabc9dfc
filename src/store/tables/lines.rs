//! Lines as rows: written in batches, read back newest first.

use std::collections::HashMap;

use rusqlite::types::FromSql;
use rusqlite::{Connection, OptionalExtension, Result, Row, params};

use super::kept;
use crate::chat::{Allowance, AnswerForm, Entry, Kind, LineId, Moment, Nick, RoomName, RoomPast};
use crate::store::index::{self, words};
use crate::store::item::{Gap, Item};
use crate::store::past::PastRoom;
use crate::store::request::Recalled;
use crate::text::Text;

const SAID: i64 = 0;
const EMOTED: i64 = 1;
pub(crate) const GAP: i64 = 2;
/// The row of a forgotten line.
pub(crate) const FORGOTTEN: i64 = 3;
const NOTICED: i64 = 4;
/// Rooms whose ids are cached.
const MAX_ROOMS: usize = 4096;
/// The columns that [`recall`] reads.
pub(crate) const COLUMNS: &str =
    "room.name, msg.ts, msg.kind, msg.nick, msg.body, msg.origin, msg.oseq, msg.private";
/// Holds for rows that were not said in private, or while the room is kept by who keeps it now:
/// what was said before is nobody's to read.
pub(crate) const OF_THE_KEEPER: &str =
    "(msg.private = 0 OR msg.id >= (SELECT first FROM kept WHERE kept.room_id = msg.room_id))";

/// What a row says besides where it stands: when, of which kind, whose nick, and the text.
type Columns<'a> = (Moment, i64, &'a str, &'a str);

/// A cache of the ids of rooms.
#[derive(Debug, Default)]
pub(crate) struct RoomIds(HashMap<RoomName, i64>);

impl RoomIds {
    /// Empties the cache, because a rollback may have removed some rooms.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// The id of a room, which is created if it does not exist.
    pub(crate) fn get(&mut self, connection: &Connection, room: RoomName) -> Result<i64> {
        if let Some(id) = self.0.get(&room) {
            return Ok(*id);
        }
        let made = "INSERT INTO room(name) VALUES(?1) ON CONFLICT DO NOTHING";
        connection.execute(made, [room.as_str()])?;
        let find = "SELECT id FROM room WHERE name = ?1";
        let id = connection.query_row(find, [room.as_str()], |row| row.get(0))?;
        if self.0.len() == MAX_ROOMS {
            self.clear();
        }
        self.0.insert(room, id);
        Ok(id)
    }
}

/// Writes the lines, topics and kept rooms among `items` in the open transaction, and calls `note` with the ids
/// of their rooms. Writing a line again changes nothing.
///
/// The order of the rows, which everything that reads them keeps, is that in which this server
/// showed the lines. Lines that other nodes of a cluster said while they were cut off come behind
/// newer ones.
pub(crate) fn insert(
    connection: &Connection,
    rooms: &mut RoomIds,
    items: &[Item],
    mut note: impl FnMut(i64),
) -> Result<()> {
    let mut line = connection.prepare(
        "INSERT INTO msg(room_id, ts, origin, oseq, kind, nick, body, private)
         VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO NOTHING",
    )?;
    let mut index = index::adding(connection)?;
    let mut add = |room: i64, id: &LineId, private: bool, columns: Columns<'_>| -> Result<()> {
        let (at, kind, nick, body) = columns;
        let (origin, oseq) = (id.origin(), id.oseq().cast_signed());
        let values = params![room, at.unix_ms, origin, oseq, kind, nick, body, private];
        if line.execute(values)? > 0 {
            index.execute(params![connection.last_insert_rowid(), words(body)])?;
        }
        Ok(())
    };
    for item in items {
        let Some(room) = item.room() else { continue };
        let room = rooms.get(connection, room)?;
        note(room);
        match item {
            Item::Line { entry, .. } => {
                let columns =
                    (entry.at, number_of(entry.kind), entry.from.as_str(), entry.text.as_str());
                add(room, &entry.id, entry.private, columns)?;
            }
            Item::Gap { gap, .. } => {
                add(room, &gap.id, gap.private, (gap.to, GAP, "", &gap.to_string()))?;
            }
            Item::GapBefore { id, .. } if is_written(connection, id)? => {}
            Item::GapBefore { id, at, private, .. } => {
                let text = format!("[history gap: lines before {}]", time_of_day(*at));
                add(room, &gap_before(id), *private, (*at, GAP, "", &text))?;
            }
            Item::Topic { topic, .. } => {
                let topic = topic.as_ref().map(Text::as_str);
                let set = "UPDATE room SET topic = ?2 WHERE id = ?1";
                connection.execute(set, params![room, topic])?;
            }
            Item::Kept { kept, .. } => kept::set(connection, room, kept.as_deref())?,
            Item::Note { .. } => {}
        }
    }
    Ok(())
}

/// The kind of a row.
fn number_of(kind: Kind) -> i64 {
    match kind {
        Kind::Said => SAID,
        Kind::Emoted => EMOTED,
        Kind::Noticed => NOTICED,
        Kind::Gap => GAP,
        Kind::Removed(_) => FORGOTTEN,
    }
}

fn is_written(connection: &Connection, id: &LineId) -> Result<bool> {
    let find = "SELECT 1 FROM msg WHERE origin = ?1 AND oseq = ?2";
    connection.prepare(find)?.exists(params![id.origin(), id.oseq().cast_signed()])
}

/// The id of the marker before a line; no process has such an origin.
fn gap_before(id: &LineId) -> LineId {
    LineId::new(format!("gap:{}", id.origin()), id.oseq())
}

/// The last `count` lines and markers of a room, oldest first; fewer, if `allowance` does not allow
/// them. Lines said in private are among them only `with_private`.
pub(crate) fn last(
    connection: &Connection,
    room: RoomName,
    count: usize,
    allowance: Allowance,
    with_private: bool,
) -> Result<Vec<Recalled>> {
    let id = "SELECT id FROM room WHERE name = ?1";
    let id = connection.query_row(id, [room.as_str()], |row| row.get::<_, i64>(0)).optional()?;
    let sql = format!(
        "SELECT {COLUMNS} FROM msg JOIN room ON room.id = msg.room_id
         WHERE msg.room_id = ?1 AND msg.private <= ?2 AND {OF_THE_KEEPER} ORDER BY msg.id DESC"
    );
    let mut query = connection.prepare(&sql)?;
    let rows = query.query_map(params![id, with_private], recall)?;
    take_newest(rows, count, allowance)
}

/// The topic and the last `count` lines of a room; `None` when nothing was ever said or set in it.
pub(crate) fn past_of(
    connection: &Connection,
    room: RoomName,
    count: usize,
    with_private: bool,
) -> Result<Option<RoomPast>> {
    let topic = "SELECT topic FROM room WHERE name = ?1";
    let topic = connection.query_row(topic, [room.as_str()], |row| lenient::<String>(row, 0));
    let Some(topic) = topic.optional()? else { return Ok(None) };
    let lines = last(connection, room, count, Allowance::new(AnswerForm::Lines), with_private)?;
    let lines = lines.into_iter().map(|line| line.into_entry().1).collect();
    Ok(Some(RoomPast { topic: topic.map(Text::new), lines }))
}

/// The last `count` lines of each room, for at most `most` rooms: the lobby, where everybody
/// begins, and those with the newest lines.
pub(crate) fn last_of_all(
    connection: &Connection,
    most: u32,
    count: usize,
) -> Result<Vec<PastRoom>> {
    let mut query = connection.prepare(
        "SELECT name, topic, is_private FROM
         (SELECT name, topic, (SELECT max(id) FROM msg WHERE room_id = room.id) AS newest,
          EXISTS(SELECT 1 FROM kept WHERE room_id = room.id AND is_private) AS is_private FROM room)
         WHERE newest IS NOT NULL OR topic IS NOT NULL ORDER BY name <> 'lobby', newest DESC LIMIT ?1",
    )?;
    let mut rows = query.query([most])?;
    let mut rooms = Vec::new();
    while let Some(row) = rows.next()? {
        let text = |column| lenient::<String>(row, column);
        let Ok(name) = RoomName::new(&text(0)?.unwrap_or_default()) else { continue };
        let topic = text(1)?.map(Text::new);
        let allowance = Allowance::new(AnswerForm::Lines);
        let lines = last(connection, name, count, allowance, row.get(2)?)?;
        rooms.push(PastRoom { name, topic, lines });
    }
    Ok(rooms)
}

/// Collects `count` rows, or as many as `allowance` allows. They come newest first, and are returned
/// oldest first, with one marker for each run of forgotten lines.
pub(crate) fn take_newest(
    rows: impl Iterator<Item = Result<Option<Recalled>>>,
    count: usize,
    mut allowance: Allowance,
) -> Result<Vec<Recalled>> {
    let mut taken: Vec<Recalled> = Vec::new();
    for row in rows {
        let Some(row) = row? else { continue };
        if let Some(Recalled::Marker(_, newer)) = taken.last_mut()
            && let Some(marker) = row.entry().merge(newer)
        {
            *newer = marker;
            continue;
        }
        if taken.len() == count || !allowance.allows(row.entry()) {
            break;
        }
        taken.push(row);
    }
    taken.reverse();
    Ok(taken)
}

/// Reads a row of [`COLUMNS`]; `None` for one that this version of chatd would not write.
pub(crate) fn recall(row: &Row<'_>) -> Result<Option<Recalled>> {
    let text = |column| lenient::<String>(row, column).map(|text| text.unwrap_or_default());
    let Ok(room) = RoomName::new(&text(0)?) else { return Ok(None) };
    let at = Moment { unix_ms: lenient(row, 1)?.unwrap_or_default() };
    let body = Text::new(text(4)?);
    let oseq = lenient(row, 6)?.map_or(0, i64::cast_unsigned);
    let id = LineId::new(text(5)?, oseq);
    let private = lenient::<i64>(row, 7)? != Some(0);
    let kind = match lenient::<i64>(row, 2)? {
        Some(SAID) => Kind::Said,
        Some(EMOTED) => Kind::Emoted,
        Some(NOTICED) => Kind::Noticed,
        Some(GAP) => {
            let entry =
                Entry { id, at, from: Nick::server(), kind: Kind::Gap, text: body, private };
            return Ok(Some(Recalled::Marker(room, entry)));
        }
        Some(FORGOTTEN) => {
            let entry = Entry { private, ..Entry::removed(id, at, 1) };
            return Ok(Some(Recalled::Marker(room, entry)));
        }
        _ => return Ok(None),
    };
    let from = Nick::new(&text(3)?);
    Ok(from.map(|from| Recalled::Said(room, Entry { id, at, from, kind, text: body, private })))
}

/// A value, or `None` where another program wrote one of another type.
pub(crate) fn lenient<T: FromSql>(row: &Row<'_>, column: usize) -> Result<Option<T>> {
    Ok(T::column_result(row.get_ref(column)?).ok())
}

impl std::fmt::Display for Gap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let plural = if self.lines == 1 { "" } else { "s" };
        let (from, to) = (time_of_day(self.from), time_of_day(self.to));
        write!(f, "[history gap: {} line{plural}, {from}–{to}]", self.lines)
    }
}

fn time_of_day(moment: Moment) -> String {
    let at = jiff::Timestamp::from_millisecond(moment.unix_ms).unwrap_or_default();
    at.to_zoned(jiff::tz::TimeZone::system()).strftime("%H:%M").to_string()
}
