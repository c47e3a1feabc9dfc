//! `Text`: one clean line of text, safe to show on anybody's terminal.
//!
//! All input (typed lines, the MOTD, the server's name) becomes a `Text` before it is used, so that
//! history, logs and every wire share one filter.

mod property; // single characters, by the tables of Unicode
mod words; // words, and what is none
mod filter; // what of a line is kept
mod clean; // `Text`
mod line; // a line that a client sent, and how much of it was changed

pub use self::clean::Text;
pub use self::line::Line;
pub use self::property::shows;
pub use self::words::{is_blank, split_word};

#[cfg(test)]
mod tests;
