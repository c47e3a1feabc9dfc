//! The password in a line, as the server finds it.

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation;

use crate::chat::without_command;
use crate::text::{Text, is_blank, shows, split_word};

/// What a character of a password is drawn as.
pub(super) const MASK: &str = "*";

/// The password in a line, if the server finds one there.
pub fn password(line: &str) -> Option<&str> {
    let command = line.trim_start_matches(|c| !shows(c)).strip_prefix('/')?;
    let (name, arguments) = split_word(command);
    let arguments = arguments.trim();
    let password = match name.to_ascii_lowercase().as_str() {
        "login" => split_word(arguments).1,
        "register" | "password" => arguments,
        _ => "",
    };
    Some(password).filter(|password| !is_blank(password))
}

/// Whether a line has a password, or what seems to be one in a command that is misspelt: the server
/// refuses such a command, so that nobody reads it.
pub fn has_secret(line: &str) -> bool {
    let text = Text::new(line);
    let is_command = text.as_str().trim_start_matches(|c| !shows(c)).starts_with('/');
    password(text.as_str()).is_some() || (!is_command && without_command(text).is_none())
}

/// Where the password begins in a line that is being typed, in bytes.
pub fn secret_start(line: &str) -> Option<usize> {
    if let Some(password) = password(line) {
        return Some(line.trim_end().len() - password.len());
    }
    // The server drops some characters, and may find a command then.
    password(Text::new(line).as_str()).map(|_| 0)
}

/// The line with a mask for each character of its password.
pub fn masked(line: &str) -> Cow<'_, str> {
    let Some(start) = secret_start(line) else { return line.into() };
    let masks = line[start..].graphemes(true).map(|_| MASK);
    [&line[..start]].into_iter().chain(masks).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_have_a_password_is_known() {
        for line in ["/login alice x", " /Register x", "\u{ff0f}login alice x", "\\password x"] {
            assert!(has_secret(line), "{line}");
        }
        for line in ["/login alice", "/me waves", "login alice x", "\\o/", "hello", ""] {
            assert!(!has_secret(line), "{line}");
        }
    }

    #[test]
    fn a_password_is_masked_as_soon_as_it_begins() {
        for (line, shown) in [
            ("/login alice ", "/login alice "),
            ("/login alice x", "/login alice *"),
            (" /LOGIN  alice  open sésame ", " /LOGIN  alice  ************"),
            ("/register secret", "/register ******"),
            ("/Password  é", "/Password  *"),
            ("/login alice", "/login alice"),
            ("//login alice x", "//login alice x"),
            ("login alice x", "login alice x"),
            ("/lo\u{200b}gin a b", "***********"),
        ] {
            assert_eq!(masked(line), shown);
        }
    }
}
