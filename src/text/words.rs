//! Words and blanks as people see them.

use super::property::shows;

/// Whether nothing in `text` is visible.
pub fn is_blank(text: &str) -> bool {
    !text.contains(shows)
}

/// The first word of `text` and what follows it, without the white space between them.
///
/// White space has the Unicode property White_Space, as an ideographic space does.
pub fn split_word(text: &str) -> (&str, &str) {
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    (word, rest.trim_start())
}
