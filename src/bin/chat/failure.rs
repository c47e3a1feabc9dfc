//! Why the program failed, and telling the user.

use std::error::Error;
use std::io::{self, Write};

/// Why the program failed, for the user to read.
pub(crate) type Failure = Box<dyn Error + Send + Sync>;

/// Writes to stderr, which may be closed.
pub(crate) fn complain(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}
