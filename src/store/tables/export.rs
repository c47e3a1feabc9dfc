//! The history as JSON lines, for other programs.

use std::io::{self, ErrorKind, Write};
use std::path::Path;

use rusqlite::{Connection, Result, params};
use serde::Serialize;

use super::lines;
use crate::chat::{Kind, Moment, RoomName};
use crate::store::file::database;
use crate::store::file::fault::Fault;
use crate::store::request::Recalled;

/// Lines read in one query. Between two queries the server can checkpoint its log.
const SLICE: u32 = 1000;

/// Which lines to export; all of them by default.
#[derive(Clone, Copy, Debug, Default)]
pub struct ExportFilter {
    /// Only lines of this room.
    pub room: Option<RoomName>,
    /// Only lines said at this moment or later.
    pub since: Option<Moment>,
}

/// One line of the export: its fields are a stable interface.
#[derive(Serialize)]
struct Exported<'a> {
    id: i64,
    /// Milliseconds since 1970.
    ts: i64,
    room: &'a str,
    nick: &'a str,
    kind: &'static str,
    text: &'a str,
    /// Whether the room was private.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    private: bool,
}

impl<'a> Exported<'a> {
    fn new(id: i64, row: &'a Recalled) -> Self {
        let (Recalled::Said(room, entry) | Recalled::Marker(room, entry)) = row;
        let (nick, text) = (entry.from.as_str(), entry.text.as_str());
        let (kind, nick, text) = match entry.kind {
            Kind::Said => ("said", nick, text),
            Kind::Emoted => ("emote", nick, text),
            Kind::Noticed => ("notice", nick, text),
            Kind::Gap => ("gap", "", text),
            Kind::Removed(_) => ("removed", "", ""),
        };
        let (ts, private) = (entry.at.unix_ms, entry.private);
        Self { id, ts, room: room.as_str(), nick, kind, text, private }
    }
}

/// Writes the lines of the history in `dir` that match `filter`, oldest first, one object a line.
/// Ends without an error when nobody reads `out` any more.
///
/// # Errors
/// The database cannot be read, or `out` cannot be written.
pub fn export(
    dir: &Path,
    filter: ExportFilter,
    mut out: impl Write,
) -> std::result::Result<(), Fault> {
    let (connection, file) = database::open_migrated(dir)?;
    let mut last = i64::MIN;
    loop {
        let slice = slice(&connection, filter, last);
        let slice = slice.map_err(|error| Fault::of_sqlite(&file, &error))?;
        let Some((newest, _)) = slice.last() else { break };
        last = *newest;
        if let Err(error) = write(&slice, &mut out) {
            return match error.kind() {
                ErrorKind::BrokenPipe => Ok(()),
                _ => Err(Fault::new(format_args!("cannot write: {error}"))),
            };
        }
    }
    Ok(())
}

fn write(slice: &[(i64, Option<Recalled>)], out: &mut impl Write) -> io::Result<()> {
    let mut lines = Vec::new();
    for (id, row) in slice {
        if let Some(row) = row {
            serde_json::to_writer(&mut lines, &Exported::new(*id, row))?;
            lines.push(b'\n');
        }
    }
    out.write_all(&lines)?;
    out.flush()
}

/// The next rows after number `last`.
fn slice(
    connection: &Connection,
    filter: ExportFilter,
    last: i64,
) -> Result<Vec<(i64, Option<Recalled>)>> {
    let sql = format!(
        "SELECT {}, msg.id FROM msg JOIN room ON room.id = msg.room_id
         WHERE msg.id > ?1 AND (?2 IS NULL OR room.name = ?2) AND (?3 IS NULL OR msg.ts >= ?3)
         ORDER BY msg.id LIMIT ?4",
        lines::COLUMNS
    );
    let mut query = connection.prepare(&sql)?;
    let room = filter.room.as_ref().map(RoomName::as_str);
    let since = filter.since.map(|since| since.unix_ms);
    let values = params![last, room, since, SLICE];
    let rows = query.query_map(values, |row| Ok((row.get(8)?, lines::recall(row)?)))?;
    rows.collect()
}
