//! Why the program cannot go on, and telling the user.

use std::error::Error;
use std::io::{self, Write};

/// Why the program cannot go on, in words.
pub(crate) type Failure = Box<dyn Error + Send + Sync>;

/// Tells the user what is wrong; there may be nobody to read it.
pub(crate) fn complain(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}
