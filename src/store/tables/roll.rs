//! The roll: all accounts and bans at once.

use rusqlite::Connection;

use super::{accounts, bans};
use crate::chat::Roll;

pub(crate) fn read_roll(connection: &Connection) -> rusqlite::Result<Roll> {
    Ok(Roll { accounts: accounts::all(connection)?, bans: bans::all(connection)? })
}
