//! `Fault`: why a state directory cannot be used, and what to do about it.

use std::fmt;
use std::path::Path;

use rusqlite::ErrorCode;

use crate::text::Text;

/// Why the store could not do something at the start or on the command line. Its `Display` is
/// one line that names the file and, where that helps, what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault(Text);

impl Fault {
    /// `path` cannot be used, because of `what`.
    pub(crate) fn about(path: &Path, what: impl fmt::Display) -> Self {
        Self::new(format_args!("cannot use {}: {what}", path.display()))
    }

    pub(crate) fn new(what: impl fmt::Display) -> Self {
        Self(Text::new(what.to_string()))
    }

    /// The fault for an error of SQLite about the database at `path`.
    pub(crate) fn of_sqlite(path: &Path, error: &rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => Self::foreign(path),
            Some(ErrorCode::DatabaseCorrupt) => Self::damaged(path),
            _ => Self::about(path, error),
        }
    }

    /// Another program wrote the file at `path`.
    pub(crate) fn foreign(path: &Path) -> Self {
        Self::about(path, "not a chatd database; move it away, or name another directory")
    }

    /// The file at `path` was overwritten or truncated.
    pub(crate) fn damaged(path: &Path) -> Self {
        let what = "the database is damaged; restore a backup, or save what is left with sqlite3's \
                    .recover";
        Self::about(path, what)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Fault {}
