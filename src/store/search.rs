//! Full-text search. Whatever somebody types are words to look for, and never FTS5's syntax.

use rusqlite::{Connection, params};

use super::lines::{self, COLUMNS, Recalled};
use super::request::{Denial, Outcome};
use crate::chat::RoomName;

/// Words that can be looked for at once.
pub(super) const MAX_WORDS: usize = 16;
/// Lines that are shown.
const MAX_HITS: u32 = 20;

/// The last lines in `rooms` that contain all words of `typed`, oldest first.
pub(super) fn search(
    connection: &Connection,
    typed: &str,
    rooms: &[RoomName],
) -> Outcome<Vec<Recalled>> {
    let words = match quote(typed) {
        Ok(words) => words,
        Err(denial) => return Ok(Err(denial)),
    };
    // Gaps are not something that anybody said.
    let sql = format!(
        "SELECT {COLUMNS} FROM msg_fts JOIN msg ON msg.id = msg_fts.rowid
         JOIN room ON room.id = msg.room_id
         WHERE msg_fts MATCH ?1 AND msg.nick <> ''
         AND room.name IN (SELECT value FROM json_each(?2))
         ORDER BY msg_fts.rowid DESC LIMIT ?3"
    );
    let mut query = connection.prepare(&sql)?;
    // A room's name has nothing in it that JSON would escape.
    let names: Vec<_> = rooms.iter().map(|name| format!("\"{name}\"")).collect();
    let names = format!("[{}]", names.join(","));
    let rows = query.query_map(params![words, names, MAX_HITS], lines::recall)?;
    lines::take_newest(rows).map(Ok)
}

/// The words of `typed` as strings of FTS5, of which all have to be there.
fn quote(typed: &str) -> Result<String, Denial> {
    let words = typed.split_whitespace().filter(|word| word.contains(char::is_alphanumeric));
    let quoted: Vec<_> = words.map(|word| format!("\"{}\"", word.replace('"', "\"\""))).collect();
    match quoted.len() {
        0 => Err(Denial::NoWords),
        1..=MAX_WORDS => Ok(quoted.join(" ")),
        _ => Err(Denial::TooManyWords),
    }
}
