//! `Node`: one machine of a cluster. What its clients see, and how it stays with the others.
//!
//! It knows no thread, no socket and no clock: the caller says what happened and when, sends the
//! [`Command`]s, and carries out the effects.

mod fork; // what the clients see without the others
mod state; // what a node consists of
mod view; // what the rest of the server sees
mod inputs; // what its clients do
mod following; // entries of the log
mod apart; // cut off from the others, and with them again
mod course; // what it asks of the log, and when
mod answers; // what it does with an answer
mod saved; // over a hot restart

pub use self::saved::SavedNode;
pub use self::state::{Applied, Command, Node, NodeOptions, Report};
