//! Accounts: registered nicks, their passwords, and their roles.

use std::fmt;
use std::sync::Arc;

use icu_normalizer::{ComposingNormalizerBorrowed, DecomposingNormalizerBorrowed};
use serde::{Deserialize, Serialize};

use super::moment::Moment;
use super::name::Nick;
use crate::text::{Line, Text, fnv1a, is_blank};

/// In bytes. Shorter passwords can be guessed (NIST SP 800-63B); longer ones only cost time.
const MIN_BYTES: usize = 8;
const MAX_BYTES: usize = 512;
/// What is typed may be longer than what it is normalized to.
const MAX_TYPED: usize = 3 * MAX_BYTES;

/// What the holder of an account may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Role {
    /// No more than anybody else, under a reserved nick.
    User,
    /// Moderate: use the operators' commands.
    Operator,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::User => "user",
            Self::Operator => "operator",
        })
    }
}

/// A registered nick, and who may use it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// The nick, as it was registered.
    pub nick: Nick,
    /// The holder's role.
    pub role: Role,
    /// When it was created.
    pub created: Moment,
    /// When somebody last logged in; `None` if never.
    pub last_seen: Option<Moment>,
    /// The id of its password.
    pub password: PasswordId,
}

/// Identifies the password of an account without revealing it. Every change gives a new id, even to
/// the same password, since each hash has its own salt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasswordId(u64);

impl PasswordId {
    /// The id of the password with this salted hash.
    pub fn of(hash: &str) -> Self {
        Self(fnv1a(hash.bytes()))
    }
}

/// The salted hash of a password, as a store keeps it. Its `Debug` does not show it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct PasswordHash(Arc<str>);

impl PasswordHash {
    /// The hash in the store's form.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for PasswordHash {
    fn from(hash: String) -> Self {
        Self(hash.into())
    }
}

impl From<PasswordHash> for String {
    fn from(hash: PasswordHash) -> Self {
        hash.as_str().to_owned()
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(..)")
    }
}

/// A password. Its `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Password {
    typed: String,
    normal: String,
}

impl Password {
    /// A typed password; `None` when nothing in it shows, when it is longer than 512 bytes, or when
    /// a wire would change it: blanks around it, characters that the filter drops, or U+FFFD, which
    /// replaces bytes that are not UTF-8.
    pub fn new(typed: &str) -> Option<Self> {
        let arrives = typed.trim() == typed
            && typed.len() <= MAX_TYPED
            && !typed.contains(char::REPLACEMENT_CHARACTER)
            && Line::new(typed).is_as_sent_from(0);
        let normal = arrives.then(|| normalized(typed))?;
        let is_password = normal.len() <= MAX_BYTES && !is_blank(typed);
        is_password.then(|| Self { typed: typed.to_owned(), normal })
    }

    /// A new password; `None` also when it has fewer than 8 bytes.
    pub fn chosen(typed: &str) -> Option<Self> {
        Self::new(typed).filter(|password| password.normal.len() >= MIN_BYTES)
    }

    /// The normalized password, for hashing: the same on every system that it is typed on.
    pub fn as_bytes(&self) -> &[u8] {
        self.normal.as_bytes()
    }

    /// The spellings that the stored hash may be of: the normalized one and, since older versions
    /// hashed the password as typed, what other systems send for the same keys. At most three.
    pub fn spellings(&self) -> Vec<String> {
        let decomposed = DecomposingNormalizerBorrowed::new_nfd().normalize(&self.typed);
        let mut spellings = vec![self.normal.clone()];
        for spelling in [self.typed.clone(), decomposed.into_owned()] {
            if !spellings.contains(&spelling) {
                spellings.push(spelling);
            }
        }
        spellings
    }
}

/// A password as it is compared (RFC 8265, section 4.2): whether a keyboard sends a letter with its
/// accent or one after the other, and which blank it sends, makes no difference.
fn normalized(typed: &str) -> String {
    let spaced = typed.replace(char::is_whitespace, " ");
    ComposingNormalizerBorrowed::new_nfc().normalize(&spaced).into_owned()
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}

/// A command with a password, without the password.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AuthCommand {
    /// Register the client's nick.
    Register,
    /// Log in to the account of this name, as it was typed.
    Login(Text),
    /// Change the password of the client's account.
    SetPassword,
    /// Get the rights of the operator whose account has this name, under one's own nick.
    Oper(Text),
}

impl AuthCommand {
    /// The password that was typed, if it is one that the command takes.
    pub(crate) fn password(&self, typed: &str) -> Option<Password> {
        match self {
            Self::Login(_) | Self::Oper(_) => Password::new(typed),
            Self::Register | Self::SetPassword => Password::chosen(typed),
        }
    }
}

/// What is known of a typed password that is kept elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TypedPassword {
    /// The command takes it.
    Acceptable,
    /// The command does not take it.
    Unacceptable,
    /// It is not what the client sent.
    Garbled,
}

/// What a client asks for with a password, without the password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuthClaim {
    /// Register the nick.
    Register(Nick, Moment),
    /// Log in to the nick's account.
    Login(Nick, Moment),
    /// Change the account's password from the one with this id.
    SetPassword(Nick, PasswordId),
}

impl AuthClaim {
    /// The nick of the account.
    pub fn nick(&self) -> Nick {
        let (Self::Register(nick, _) | Self::Login(nick, _) | Self::SetPassword(nick, _)) = self;
        *nick
    }

    /// The request to the store, with the password that belongs to the claim.
    pub fn with(self, password: Password) -> AuthRequest {
        match self {
            Self::Register(nick, at) => AuthRequest::Register(nick, password, at),
            Self::Login(nick, at) => AuthRequest::Login(nick, password, at),
            Self::SetPassword(nick, old) => AuthRequest::SetPassword(nick, old, password),
        }
    }
}

/// A request to register, to log in or to change a password, which the store answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuthRequest {
    /// Register the nick under this password.
    Register(Nick, Password, Moment),
    /// Log in to the nick's account with this password.
    Login(Nick, Password, Moment),
    /// Change the account's password from the one with this id to this one.
    SetPassword(Nick, PasswordId, Password),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_neither_empty_nor_endless_nor_shown() {
        assert!(Password::new("").is_none() && Password::new(&"x".repeat(513)).is_none());
        for lost in [" x", "x ", "x\u{3000}", "a\tb", "a\rb", "a\u{200b}b", "\u{1b}[A"] {
            assert!(Password::new(lost).is_none(), "{lost:?}");
        }
        assert!(Password::new("Grüße, 日本 x").is_some());
        assert!(Password::new("1234567").is_some() && Password::chosen("1234567").is_none());
        assert!(Password::chosen("12345678").is_some() && Password::chosen(" 1234567").is_none());
        assert_eq!(format!("{:?}", Password::new("secret")), "Some(Password(..))");
    }

    #[test]
    fn what_others_could_not_be_told_from_is_no_password() {
        for lost in [
            "caf\u{fffd} au lait",
            "\u{3164}\u{3164}\u{3164}",
            "pass\u{ad}word",
            "pass\u{2060}word",
        ] {
            assert!(Password::new(lost).is_none(), "{lost:?}");
        }
        assert!(Password::chosen(&"\u{2800}".repeat(9)).is_none());
    }

    #[test]
    fn a_password_is_the_same_from_every_keyboard() {
        let bytes = |typed| Password::new(typed).unwrap().as_bytes().to_vec();
        assert_eq!(bytes("cafe\u{301} au lait"), bytes("café au lait"));
        assert_eq!(bytes("café\u{a0}au\u{3000}lait"), bytes("café au lait"));
        assert_eq!(bytes("\u{212b}ngstrom"), bytes("\u{c5}ngstrom"));
        assert_ne!(bytes("Passwort"), bytes("passwort"));
        assert_ne!(bytes("ﬁve"), bytes("five"), "look-alikes are other letters");
        let eight_bytes_decomposed = Password::chosen("e\u{301}e\u{301}ab");
        assert!(eight_bytes_decomposed.is_none(), "as short as what it is normalized to");
        assert!(Password::new(&"é".repeat(256)).is_some());
        assert!(Password::new(&"e\u{301}".repeat(256)).is_some());
        assert!(Password::new(&"e\u{301}".repeat(257)).is_none());
    }

    #[test]
    fn what_older_versions_hashed_is_among_its_spellings() {
        let spellings = |typed| Password::new(typed).unwrap().spellings();
        let [composed, decomposed] = ["café au lait", "cafe\u{301} au lait"];
        assert_eq!(spellings(composed), [composed, decomposed]);
        assert_eq!(spellings(decomposed), [composed, decomposed]);
        assert_eq!(spellings("plain").len(), 1);
        assert_eq!(spellings("cafe\u{301}\u{a0}é").len(), 3);
    }
}
