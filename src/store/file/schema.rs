//! The tables, and the migration of a file that an older version wrote.

use rusqlite::{Connection, OptionalExtension, Result, TransactionBehavior};

use crate::store::index;

/// Each migrates the version before it to the next; the first creates the tables.
const MIGRATIONS: [&str; 5] = [
    "
    CREATE TABLE room(id INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL, topic TEXT);
    CREATE TABLE msg(id INTEGER PRIMARY KEY, room_id INTEGER NOT NULL, ts INTEGER NOT NULL,
      origin TEXT NOT NULL, oseq INTEGER NOT NULL, kind INTEGER NOT NULL, nick TEXT NOT NULL,
      body TEXT NOT NULL, eid_ms INTEGER, eid_seq INTEGER, UNIQUE(origin, oseq));
    CREATE INDEX msg_room ON msg(room_id, id);
    CREATE VIRTUAL TABLE msg_fts USING fts5(body, content='msg', content_rowid='id');
    CREATE TABLE account(nick TEXT PRIMARY KEY, hash TEXT NOT NULL, role TEXT NOT NULL,
      created INTEGER, last_seen INTEGER);
    CREATE TABLE ban(id INTEGER PRIMARY KEY, kind TEXT, mask TEXT, by TEXT, reason TEXT,
      until INTEGER);
    CREATE TABLE meta(k TEXT PRIMARY KEY, v TEXT);
    INSERT INTO meta VALUES('program', 'chatd');
",
    // The index holds preprocessed words, which it cannot read from msg (content=''), and keeps no
    // trace of what is deleted from it.
    "
    DROP TABLE msg_fts;
    CREATE VIRTUAL TABLE msg_fts USING fts5(body, content='');
    INSERT INTO msg_fts(msg_fts, rank) VALUES('secure-delete', 1);
    CREATE TABLE forget(id INTEGER PRIMARY KEY, lines TEXT NOT NULL, forgotten INTEGER);
",
    // An id is never used again: somebody may still be about to remove a row with it.
    "
    CREATE TABLE edit(id INTEGER PRIMARY KEY AUTOINCREMENT, change TEXT NOT NULL);
",
    // Rooms kept for an account; `state` is JSON. Private lines before `first` belong to an owner
    // before this one.
    "
    ALTER TABLE msg ADD COLUMN private INTEGER NOT NULL DEFAULT 0;
    CREATE TABLE kept(room_id INTEGER PRIMARY KEY, owner TEXT NOT NULL, first INTEGER NOT NULL,
      is_private INTEGER NOT NULL, state TEXT NOT NULL);
    CREATE INDEX kept_owner ON kept(owner);
",
    // `rooms` are names with blanks between them; none are all rooms. Few lines are private: the
    // index finds those that are to go.
    "
    CREATE TABLE token(hash TEXT PRIMARY KEY, nick TEXT NOT NULL, label TEXT NOT NULL,
      rooms TEXT NOT NULL, created INTEGER NOT NULL);
    CREATE INDEX token_nick ON token(nick);
    CREATE INDEX msg_private ON msg(room_id, id) WHERE private <> 0;
",
];

/// The version that this program writes.
pub(crate) const NEWEST: usize = MIGRATIONS.len();

/// The first version with today's contents of the index, and without traces of what was deleted.
pub(crate) const INDEXED: usize = 2;

/// The version of a file that chatd wrote; `None` for another program's.
pub(crate) fn version(connection: &Connection) -> Result<Option<usize>> {
    let has_meta = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'meta'
                    AND EXISTS(SELECT 1 FROM pragma_table_info('meta') WHERE name = 'k')
                    AND EXISTS(SELECT 1 FROM pragma_table_info('meta') WHERE name = 'v')";
    if connection.query_row(has_meta, [], |_| Ok(())).optional()?.is_none() {
        return Ok(None);
    }
    let version = "SELECT schema.v FROM meta AS program, meta AS schema
                   WHERE program.k = 'program' AND program.v = 'chatd' AND schema.k = 'schema'";
    let version: Option<String> = connection.query_row(version, [], |row| row.get(0)).optional()?;
    Ok(version.and_then(|version| version.parse().ok()))
}

/// Brings the tables to the newest version in one transaction.
pub(crate) fn migrate(connection: &mut Connection) -> Result<()> {
    let change = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let version = version(&change)?.unwrap_or(0);
    for migration in MIGRATIONS.iter().skip(version) {
        change.execute_batch(migration)?;
    }
    if version < INDEXED {
        index::fill(&change)?;
    }
    if version < NEWEST {
        let note = "INSERT INTO meta VALUES('schema', ?1) ON CONFLICT(k) DO UPDATE SET v = ?1";
        change.execute(note, [NEWEST.to_string()])?;
    }
    change.commit()
}
