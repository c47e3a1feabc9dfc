//! Passwords: hashed and verified by two threads of their own, as each takes 19 MiB and some
//! hundredths of a second on purpose.

use std::fmt;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordHasher, PasswordVerifier};

/// Longer ones only make work.
const MAX_BYTES: usize = 512;

/// A password. It cannot be shown by accident.
#[derive(Clone)]
pub struct Password(String);

impl Password {
    /// What somebody typed; `None` when it is empty or longer than 512 bytes.
    pub fn new(typed: &str) -> Option<Self> {
        (1..=MAX_BYTES).contains(&typed.len()).then(|| Self(typed.to_owned()))
    }

    /// An argon2id hash of it, with a salt of its own.
    pub(super) fn hash(&self) -> Result<String, String> {
        let hash = Argon2::default().hash_password(self.0.as_bytes());
        hash.map(|hash| hash.to_string()).map_err(|error| error.to_string())
    }

    /// Whether `hash` is of this password.
    pub(super) fn matches(&self, hash: &str) -> bool {
        PasswordHash::new(hash)
            .is_ok_and(|hash| Argon2::default().verify_password(self.0.as_bytes(), &hash).is_ok())
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_argon2id_and_of_one_password_only() {
        let (right, wrong) = (Password::new("open sesame").unwrap(), Password::new("x").unwrap());
        let hash = right.hash().unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert_ne!(hash, right.hash().unwrap(), "each has a salt of its own");
        assert!(right.matches(&hash) && !wrong.matches(&hash));
        assert!(!right.matches("") && !right.matches("open sesame"));
    }

    #[test]
    fn a_password_is_neither_empty_nor_endless_nor_shown() {
        assert!(Password::new("").is_none() && Password::new(&"x".repeat(513)).is_none());
        assert_eq!(format!("{:?}", Password::new("secret")), "Some(Password(..))");
    }
}
