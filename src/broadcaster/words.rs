//! What clients say, in the debug log, without lines that may hold a password.

use crate::chat::{Message, Reason};

/// Logs the words of a message, if a client said any.
pub(super) fn log(message: &Message) {
    // Looking for a password takes nearly as long as what the chat does with a line.
    if !log::log_enabled!(log::Level::Debug) {
        return;
    }
    match message {
        Message::Said { room, entry, .. } if may_hold_password(entry.text.as_str()) => {
            log::debug!("{} in {room}: (this may hold a password)", entry.from);
        }
        Message::Said { room, entry, .. } => {
            log::debug!("{} in {room}: {}", entry.from, entry.text);
        }
        Message::Left { room, nick, reason: Reason::Quit(Some(words)), .. } => {
            log::debug!("{nick} quit {room}: {words}");
        }
        _ => {}
    }
}

/// Whether a line looks like a command with a password, such as a `/login` that was typed with one
/// slash too many, or none.
fn may_hold_password(words: &str) -> bool {
    let mut words = words.split_whitespace();
    let first = words.next().unwrap_or_default().trim_start_matches(|c: char| !c.is_alphanumeric());
    let is_command = |command: &&str| first.eq_ignore_ascii_case(command);
    ["login", "register", "password"].iter().any(is_command) && words.next().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_in_what_was_said_is_recognised_by_its_command() {
        for words in
            ["/login bob s3cret", "//LOGIN bob s", "/register s", " /password s", "login bob s"]
        {
            assert!(may_hold_password(words), "{words}");
        }
        for words in ["hello", "/me logs in", "my login fails", "login", "-- notice"] {
            assert!(!may_hold_password(words), "{words}");
        }
    }
}
