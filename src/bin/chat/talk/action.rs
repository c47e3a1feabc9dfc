//! What happens to a talk, and what it asks its caller to do.

use chatd::text::Text;

use super::rooms::Shown;
use crate::notices;

#[derive(Debug)]
pub(crate) enum Event {
    /// A line was typed.
    Typed(Text),
    /// The user leaves, with or without a `/quit` to the server.
    Leave { politely: bool },
    /// A connection is established.
    Connected,
    /// The server sent a line, which is about this room if it names one.
    Heard { room: Option<String>, line: Text },
    /// The user turns to the room with this number, from 1.
    Turn(usize),
    /// The connection failed or ended, for this reason; without one, the server ended it.
    Lost(Option<String>),
    /// The port is not chatd's, or the wrong one of chatd's; the text says what to do.
    WrongPort(String),
    /// The deadline has passed.
    Due,
}

/// Something for the caller to do. Actions are done in order.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Show(String),
    /// Show a line that names the user.
    Mark(String),
    /// Ring the terminal's bell.
    Ring,
    /// Let the user send this line again, in the room that it was typed in.
    GiveBack(Option<String>, String),
    Send(String),
    /// Send a line for this room.
    SendIn(String, String),
    /// Show only these lines, the last ones at the bottom; some name the user.
    Turn(Vec<Shown>),
    /// Send nothing more, and tell the server.
    Finish,
    /// Forget the connection, which is broken.
    HangUp,
    Dial,
    End,
    /// End with this error.
    GiveUp(String),
}

/// Shows what became of a typed line.
pub(super) fn show(what: &str, line: &Text) -> Action {
    Action::Show(format!("{what}: {}", notices::without_password(line)))
}
