//! One client acts on the chat.

mod speech; // `Turn`, and what a client can say and be told
mod presence; // joining, leaving, changing rooms and names
mod entrance; // going to a room that the store is asked for first
mod moderation; // logins, and what operators do
pub mod commands; // the table of commands, and what each does
mod nodes; // nodes of a cluster come and go, with their clients

pub use self::nodes::{Guest, LateLine};
pub(crate) use self::speech::Turn;
