//! `SessionEnd`: why a session stops reading.

use std::io;

use crossbeam_channel::SendError;

use crate::chat::Reason;

/// Why a session stops reading.
pub(super) enum SessionEnd {
    /// The client closed or lost the connection.
    Gone(Reason),
    /// The server closed it: what the client still sends is ignored.
    Closed,
    /// Another process takes the client over.
    Parked,
}

impl From<io::Error> for SessionEnd {
    fn from(error: io::Error) -> Self {
        Self::Gone(reason(&error))
    }
}

/// The reason that the chat gives when a read failed.
pub(super) fn reason(error: &io::Error) -> Reason {
    match error.kind() {
        io::ErrorKind::TimedOut => Reason::TimedOut,
        _ => Reason::Disconnected,
    }
}

impl<T> From<SendError<T>> for SessionEnd {
    fn from(_: SendError<T>) -> Self {
        Self::Closed
    }
}
