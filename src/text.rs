//! `Text`: one clean line of text, safe to show on anybody's terminal.
//!
//! All input (typed lines, the MOTD, the server's name) becomes a `Text` before it is used, so that
//! history, logs and every wire share one filter.

mod fnv; // a digest
mod property; // properties of single characters, from Unicode
mod words; // words and blanks
mod mask; // masks with * and ?
mod mention; // whether a line names somebody
mod filter; // which characters of a line are kept
mod clean; // `Text`
mod line; // a line that a client sent, and how far the filter changed it

pub use self::clean::Text;
pub use self::fnv::fnv1a;
pub use self::line::Line;
pub use self::mask::{SourceMask, matches};
pub use self::mention::{is_like_a_name, mentions, words_like_names};
pub use self::property::shows;
pub use self::words::{is_blank, split_word};

#[cfg(test)]
mod tests;
