//! Tokens of accounts on the disk, as hashes.

use rusqlite::{Connection, Result, Row, params};

use super::lines::lenient;
use crate::chat::{Moment, Nick, RoomName, Token, TokenHash};
use crate::text::Text;

/// Tokens in one database.
const MAX: u32 = 1_600_000;

/// All tokens.
pub(crate) fn all(connection: &Connection) -> Result<Vec<Token>> {
    let sql = "SELECT hash, nick, label, rooms, created FROM token ORDER BY nick, label LIMIT ?1";
    let mut query = connection.prepare(sql)?;
    let tokens = query.query_map([MAX], read)?;
    tokens.filter_map(Result::transpose).collect()
}

fn read(row: &Row<'_>) -> Result<Option<Token>> {
    let text = |column| lenient::<String>(row, column).map(Option::unwrap_or_default);
    let (hash, label) = (TokenHash::new(text(0)?), Text::new(text(2)?));
    let rooms = text(3)?;
    let rooms = rooms.split_whitespace().filter_map(|room| RoomName::new(room).ok()).collect();
    let created = Moment { unix_ms: lenient(row, 4)?.unwrap_or_default() };
    Ok(Nick::new(&text(1)?).map(|nick| Token { hash, nick, label, rooms, created }))
}

/// Adds a token, or does nothing if there is no such account.
pub(crate) fn add(connection: &Connection, token: &Token) -> Result<()> {
    let sql = "INSERT INTO token(hash, nick, label, rooms, created)
               SELECT ?1, ?2, ?3, ?4, ?5 WHERE EXISTS(SELECT 1 FROM account WHERE nick = ?2)
               ON CONFLICT DO NOTHING";
    let rooms: Vec<_> = token.rooms.iter().map(RoomName::as_str).collect();
    let Token { hash, nick, label, created, .. } = token;
    let (hash, nick, label) = (hash.as_str(), nick.as_str(), label.as_str());
    connection.execute(sql, params![hash, nick, label, rooms.join(" "), created.unix_ms]).map(drop)
}

/// Revokes a token.
pub(crate) fn remove(connection: &Connection, hash: &TokenHash) -> Result<()> {
    connection.execute("DELETE FROM token WHERE hash = ?1", [hash.as_str()]).map(drop)
}
