//! What people take for words, and for nothing.

use super::property::shows;

/// Whether nothing in `text` shows.
pub fn is_blank(text: &str) -> bool {
    !text.contains(shows)
}

/// The first word of `text` and what follows it, without the white space between them.
///
/// White space is what has the Unicode property White_Space: an ideographic space, too.
pub fn split_word(text: &str) -> (&str, &str) {
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    (word, rest.trim_start())
}
