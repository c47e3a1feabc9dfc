//! Kept rooms: what their owners and operators have set.

use rusqlite::{Connection, Result, params};

use crate::chat::{KeptRoom, RoomName};

/// Writes what is kept of a room, or that it is kept no longer. Lines that were said in private
/// before it was kept are nobody's.
pub(crate) fn set(connection: &Connection, room: i64, kept: Option<&KeptRoom>) -> Result<()> {
    let Some(kept) = kept else {
        return connection.execute("DELETE FROM kept WHERE room_id = ?1", [room]).map(drop);
    };
    // Every key is a string, and writing to memory cannot fail.
    let state = serde_json::to_string(kept).unwrap_or_default();
    let sql = "INSERT INTO kept(room_id, owner, first, is_private, state)
               VALUES(?1, ?2, (SELECT coalesce(max(id), 0) + 1 FROM msg), ?3, ?4)
               ON CONFLICT(room_id) DO UPDATE
               SET owner = excluded.owner, is_private = excluded.is_private, state = excluded.state";
    let values = params![room, kept.owner.as_str(), kept.settings.are_private(), state];
    connection.execute(sql, values).map(drop)
}

/// Has private lines that come after all rows belong to who keeps the room, after rows were deleted.
pub(crate) fn follow(connection: &Connection) -> Result<()> {
    let sql = "WITH next(id) AS (SELECT coalesce(max(id), 0) + 1 FROM msg)
               UPDATE kept SET first = (SELECT id FROM next) WHERE first > (SELECT id FROM next)";
    connection.execute(sql, []).map(drop)
}

/// All kept rooms whose owners have an account, by name.
pub(crate) fn all(connection: &Connection) -> Result<Vec<(RoomName, KeptRoom)>> {
    let sql = "SELECT room.name, kept.state FROM kept JOIN room ON room.id = kept.room_id
               WHERE kept.owner IN (SELECT nick FROM account) ORDER BY room.name";
    let mut query = connection.prepare(sql)?;
    let mut rows = query.query([])?;
    let mut rooms = Vec::new();
    while let Some(row) = rows.next()? {
        // A value of another type is no text.
        let text = |column| row.get_ref(column).map(|value| value.as_str().unwrap_or_default());
        let Ok(name) = RoomName::new(text(0)?) else { continue };
        match serde_json::from_str(text(1)?) {
            Ok(kept) => rooms.push((name, kept)),
            Err(error) => log::warn!("cannot read what is kept of the room {name}: {error}"),
        }
    }
    Ok(rooms)
}
