//! The logic of a client at a terminal: events in, actions out.
//!
//! Knows no sockets, no terminal and no clock. No typed line is lost silently: a line that cannot
//! be sent is kept, and a sent line counts as received only when the pong to a later ping arrives.

mod backoff; // the pauses between attempts to connect
mod login; // the account to log in to again
mod listener; // which lines name the user
mod outbox; // what was typed, until the server got it
mod wishes; // the settings to set again
mod rooms; // the rooms that the user is in
mod replay; // what people said while the client was entering again
mod seen; // what the user saw before a reconnect
mod action; // events and actions
mod state; // `Talk`
mod leaving; // ends of connections, and of the program
mod speaking; // what the user types
mod entering; // from a connection to the place where the user wants to be
mod receiving; // what the server says
mod handle; // an event becomes actions
mod status; // what the status line says

pub(crate) use self::action::{Action, Event};
pub(crate) use self::state::Talk;
pub(crate) use self::status::Status;

#[cfg(test)]
mod addressing;
#[cfg(test)]
mod tests;
