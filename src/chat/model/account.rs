//! Accounts: registered nicks, their passwords, and their roles.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::moment::Moment;
use super::name::Nick;
use crate::text::Text;

/// In bytes. Shorter passwords can be guessed (NIST SP 800-63B); longer ones only cost time.
const MIN_BYTES: usize = 8;
const MAX_BYTES: usize = 512;

/// What the holder of an account may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

/// An account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Account {
    /// The registered nick.
    pub nick: Nick,
    /// The holder's role.
    pub role: Role,
    /// When it was created.
    pub created: Moment,
    /// The last login.
    pub last_seen: Option<Moment>,
    /// Which password it has.
    pub password: PasswordId,
}

/// Names the password of an account and tells nothing of it: a changed password has another name,
/// even when it is the same again, as each hash has a salt of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasswordId(u64);

impl PasswordId {
    /// That of the password with this salted hash. The name is the same in every version of chatd,
    /// as snapshots have it: FNV-1a (RFC 9923).
    pub fn of(hash: &str) -> Self {
        let mix = |sum: u64, byte: u8| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        Self(hash.bytes().fold(0xcbf2_9ce4_8422_2325, mix))
    }
}

/// A password. Its `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl Password {
    /// A typed password; `None` when it is empty or longer than 512 bytes, or when a wire would
    /// change it: blanks around it, or characters that the filter drops.
    pub fn new(typed: &str) -> Option<Self> {
        let arrives = typed.trim() == typed && Text::new(typed).as_str() == typed;
        ((1..=MAX_BYTES).contains(&typed.len()) && arrives).then(|| Self(typed.to_owned()))
    }

    /// A new password; `None` also when it has fewer than 8 bytes.
    pub fn chosen(typed: &str) -> Option<Self> {
        Self::new(typed).filter(|password| password.0.len() >= MIN_BYTES)
    }

    /// The password itself, for hashing.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}

/// A client's claim to a nick, for the store to check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// Register the nick under this password.
    Register(Nick, Password, Moment),
    /// Log in to the nick's account with this password.
    Login(Nick, Password, Moment),
    /// It shall have this password instead of the one that its holder logged in with.
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
}
