//! Notes on the disk: the cluster that the database is used in, what its log changed, and the edits
//! that are to come into the log.

use rusqlite::{Connection, OptionalExtension, Result, params};

use super::lines::lenient;
use super::roll;
use crate::chat::{CloakSecret, RollChange};
use crate::store::file::database::Database;
use crate::store::item::Item;
use crate::store::note::{Edit, Membership, Note};

/// Edits read at once.
const MAX_EDITS: u32 = 10_000;

/// Writes the notes among `items`, in their order, in the open transaction.
pub(crate) fn insert(connection: &Connection, items: &[Item]) -> Result<()> {
    items.iter().filter_map(Item::note).try_for_each(|note| write(connection, note))
}

fn write(connection: &Connection, note: &Note) -> Result<()> {
    match note {
        Note::Roll(change) => {
            if let Err(denial) = roll::apply(connection, change)? {
                log::error!("cannot save a change: {denial}");
            }
            Ok(())
        }
        Note::Lineage(lineage) => set(connection, "lineage", lineage),
        Note::Origin(origin) => set(connection, "origin", &origin.to_string()),
        Note::Published(id) => connection.execute("DELETE FROM edit WHERE id = ?1", [id]).map(drop),
    }
}

/// The key of the cloaks, which the first call makes.
pub(crate) fn cloak_secret(connection: &Connection) -> Result<CloakSecret> {
    let make = "INSERT INTO meta VALUES('cloak', hex(randomblob(32)))
                ON CONFLICT(k) DO UPDATE SET v = excluded.v
                WHERE typeof(v) <> 'text' OR length(v) <> 64 OR v GLOB '*[^0-9A-F]*'";
    connection.execute(make, [])?;
    let read = "SELECT unhex(v) FROM meta WHERE k = 'cloak'";
    connection.query_row(read, [], |row| row.get(0)).map(CloakSecret::new)
}

/// The cluster that the database was used in.
pub(crate) fn membership(connection: &Connection) -> Result<Membership> {
    let origin = get(connection, "origin")?.and_then(|origin| origin.parse().ok());
    Ok(Membership { lineage: get(connection, "lineage")?, origin })
}

fn get(connection: &Connection, key: &str) -> Result<Option<String>> {
    let sql = "SELECT v FROM meta WHERE k = ?1";
    let value = connection.query_row(sql, [key], |row| lenient(row, 0)).optional()?;
    Ok(value.flatten())
}

fn set(connection: &Connection, key: &str, value: &str) -> Result<()> {
    let sql = "INSERT INTO meta VALUES(?1, ?2) ON CONFLICT(k) DO UPDATE SET v = ?2";
    connection.execute(sql, [key, value]).map(drop)
}

/// Notes an edit, which the node that uses the database is to publish. In a database that was never
/// used in a cluster nobody would.
pub(crate) fn add_edit(connection: &Connection, change: &RollChange) -> Result<()> {
    let json = serde_json::to_string(change).unwrap_or_default();
    let sql = "INSERT INTO edit(change)
               SELECT ?1 WHERE EXISTS(SELECT 1 FROM meta WHERE k = 'lineage')";
    connection.execute(sql, [json]).map(drop)
}

/// The edits that were not reported yet, oldest first; at most `MAX_EDITS`.
pub(crate) fn new_edits(database: &mut Database) -> Result<Vec<Edit>> {
    let edits = edits_after(&database.connection, database.last_edit)?;
    database.last_edit = edits.last().map_or(database.last_edit, |edit| edit.id);
    Ok(edits)
}

fn edits_after(connection: &Connection, last: i64) -> Result<Vec<Edit>> {
    let sql = "SELECT id, change FROM edit WHERE id > ?1 ORDER BY id LIMIT ?2";
    let mut query = connection.prepare(sql)?;
    let rows = query.query_map(params![last, MAX_EDITS], |row| {
        let change = lenient::<String>(row, 1)?.unwrap_or_default();
        // A newer version may have written a change that this one does not know.
        let change = serde_json::from_str(&change).ok();
        Ok(change.map(|change| (row.get(0), change)))
    })?;
    let edits = rows.filter_map(Result::transpose);
    edits.map(|edit| edit.and_then(|(id, change)| Ok(Edit { id: id?, change }))).collect()
}
