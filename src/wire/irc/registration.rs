//! `Registration`: what a client has sent of what it has to send before it is in the chat.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::formatting::strip;
use crate::text::Text;

/// The longest user name, in bytes; longer ones are cut.
const MAX_USER: usize = 10;
/// The longest real name, in bytes; longer ones are cut.
const MAX_REAL: usize = 150;

/// What a client says about itself with USER.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// The user name, without the `~` that marks it as not verified.
    pub name: String,
    /// The real name.
    pub real: Text,
}

impl User {
    /// Cleans what was sent; `None` if nothing is left of the name.
    pub fn new(name: &str, real: &str) -> Option<Self> {
        let is_kept = |c: &char| c.is_ascii_alphanumeric() || "-_.".contains(*c);
        let name: String = name.chars().filter(is_kept).take(MAX_USER).collect();
        (!name.is_empty()).then(|| Self { name, real: real_name(real) })
    }
}

/// Cleans and cuts a real name.
pub fn real_name(real: &str) -> Text {
    let text = Text::new(strip(real));
    let text = text.as_str();
    let cut = (0..=MAX_REAL.min(text.len())).rev().find(|at| text.is_char_boundary(*at));
    Text::new(&text[..cut.unwrap_or(0)])
}

/// A text that `Debug` does not show.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Secret(String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<Secret> for String {
    fn from(Secret(text): Secret) -> Self {
        text
    }
}

/// A client that is not registered yet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registration {
    /// The nick that it asks for.
    pub nick: Option<String>,
    /// What it said with USER.
    pub user: Option<User>,
    /// What it sent with PASS.
    #[serde(default)]
    pub pass: Option<Secret>,
    /// Whether it negotiates capabilities, and CAP END has to come first.
    pub is_negotiating: bool,
}

impl Registration {
    /// The nick and the user, once nothing is missing.
    pub fn complete(&self) -> Option<(&str, &User)> {
        if self.is_negotiating {
            return None;
        }
        Some((self.nick.as_deref()?, self.user.as_ref()?))
    }
}

/// Whether a command is of another protocol: a browser that is made to post to this port sends
/// lines that look like these.
pub fn is_foreign(command: &str) -> bool {
    const FOREIGN: [&str; 11] = [
        "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE", "HOST",
        "HELO",
    ];
    let word = command.trim_end_matches(':');
    FOREIGN.contains(&word) || command.ends_with(':')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_name_has_a_few_plain_characters() {
        let name = |text| User::new(text, "").map(|user| user.name);
        assert_eq!(name("alice").as_deref(), Some("alice"));
        assert_eq!(name("~a!b@c d:é\x01-_.").as_deref(), Some("abcd-_."));
        assert_eq!(name("abcdefghijkl").as_deref(), Some("abcdefghij"));
        assert_eq!(name("~@!"), None);
    }

    #[test]
    fn a_real_name_is_clean_and_bounded() {
        let real = |text: &str| User::new("a", text).map(|user| user.real.to_string());
        assert_eq!(real("\x02Alice\x034 A.\r\n\x1b").as_deref(), Some("Alice A."));
        assert_eq!(real(&"é".repeat(100)).map(|real| real.len()), Some(150));
    }

    #[test]
    fn a_client_is_registered_once_nothing_is_missing() {
        let mut registration = Registration::default();
        assert_eq!(registration.complete(), None);
        registration.nick = Some("alice".to_owned());
        registration.user = User::new("a", "Alice");
        registration.is_negotiating = true;
        assert_eq!(registration.complete(), None);
        registration.is_negotiating = false;
        assert_eq!(registration.complete().map(|(nick, _)| nick), Some("alice"));
    }

    #[test]
    fn what_browsers_send_is_foreign() {
        for foreign in ["GET", "POST", "HOST:", "HOST", "CONTENT-TYPE:", "ACCEPT:"] {
            assert!(is_foreign(foreign), "{foreign}");
        }
        for own in ["NICK", "USER", "CAP", "PASS", "PING", "QUIT", "AUTHENTICATE", "FOO"] {
            assert!(!is_foreign(own), "{own}");
        }
    }
}
