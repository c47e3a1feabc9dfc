//! Hashing and verifying passwords with argon2id, which takes 19 MiB and some hundredths of a
//! second on purpose. Only the password threads and the command line call this.

use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordHasher, PasswordVerifier};

use crate::chat::Password;

/// An argon2id hash of `password`, with a salt of its own.
pub(super) fn hash(password: &Password) -> Result<String, String> {
    let hash = Argon2::default().hash_password(password.as_bytes());
    hash.map(|hash| hash.to_string()).map_err(|error| error.to_string())
}

/// Whether `hash` was made from this password, in any of its spellings.
pub(super) fn matches(password: &Password, hash: &str) -> bool {
    let Ok(hash) = PasswordHash::new(hash) else { return false };
    let is_of =
        |spelling: &String| Argon2::default().verify_password(spelling.as_bytes(), &hash).is_ok();
    password.spellings().iter().any(is_of)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_argon2id_and_of_one_password_only() {
        let (right, wrong) = (Password::new("open sesame").unwrap(), Password::new("x").unwrap());
        let made = hash(&right).unwrap();
        assert!(made.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{made}");
        assert_ne!(made, hash(&right).unwrap(), "each has a salt of its own");
        assert!(matches(&right, &made) && !matches(&wrong, &made));
        assert!(!matches(&right, "") && !matches(&right, "open sesame"));
    }

    #[test]
    fn a_hash_of_what_an_older_version_was_sent_goes_on_matching() {
        let [composed, decomposed] = ["café au lait", "cafe\u{301} au lait"];
        for hashed in [composed, decomposed] {
            let old = Argon2::default().hash_password(hashed.as_bytes()).unwrap().to_string();
            for typed in [composed, decomposed] {
                assert!(matches(&Password::new(typed).unwrap(), &old), "{hashed:?} {typed:?}");
            }
            assert!(!matches(&Password::new("cafe au lait").unwrap(), &old));
        }
    }
}
