//! One client's go at the chat.

mod speech; // `Turn`, and what a client can say and be told
mod presence; // coming, going, moving, being renamed
mod entrance; // going to a room that the store is asked for first
mod moderation; // logging in, and keeping order
pub mod commands; // one table, and what each command does

pub(crate) use self::speech::Turn;
