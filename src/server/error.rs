//! `StartError`: why the server cannot start.

use std::fmt;
use std::io;

use crate::store::Fault;

/// Why the server could not be started. Its `Display` says what failed.
#[derive(Debug)]
pub struct StartError {
    message: String,
    pub(super) kind: io::ErrorKind,
}

impl StartError {
    /// An error with this message.
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), kind: io::ErrorKind::Other }
    }
}

impl From<Fault> for StartError {
    fn from(fault: Fault) -> Self {
        Self { message: fault.to_string(), kind: io::ErrorKind::Other }
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for StartError {}

/// Makes a [`StartError`] of an error: "cannot `what`: …".
pub fn failed(what: impl Into<String>) -> impl FnOnce(io::Error) -> StartError {
    let what = what.into();
    move |error| StartError { message: format!("cannot {what}: {error}"), kind: error.kind() }
}
