//! Tokens: making one, and its hash.

use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};

use crate::chat::TokenHash;

/// What each begins with, so that programs that look for secrets find it.
pub(super) const PREFIX: &str = "chatd_";
/// Characters behind that: 238 bits.
const LENGTH: usize = 40;
const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// A token that nobody can guess; `None` if the system has no random numbers.
pub fn new_token() -> Option<String> {
    let random = SystemRandom::new();
    let mut token = PREFIX.to_owned();
    while token.len() < PREFIX.len() + LENGTH {
        let mut bytes = [0; 64];
        random.fill(&mut bytes).ok()?;
        // Bytes from 248 on would make some letters more likely.
        let letters = bytes.iter().filter(|byte| **byte < 248);
        let letters = letters.map(|byte| char::from(LETTERS[usize::from(byte % 62)]));
        token.extend(letters.take(PREFIX.len() + LENGTH - token.len()));
    }
    Some(token)
}

/// The hash of a token, or of what is sent for one.
pub fn token_hash(token: &str) -> TokenHash {
    let bytes = digest(&SHA256, token.as_bytes());
    TokenHash::new(bytes.as_ref().iter().map(|byte| format!("{byte:02x}")).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_of_letters_and_digits_and_no_other_is_like_it() {
        let (one, other) = (new_token().unwrap(), new_token().unwrap());
        let letters = one.strip_prefix(PREFIX).unwrap();
        assert!(letters.len() == LENGTH && letters.bytes().all(|c| c.is_ascii_alphanumeric()));
        assert!(one != other && token_hash(&one) != token_hash(&other));
        // printf 'chatd_x' | sha256sum
        assert_eq!(
            token_hash("chatd_x").as_str(),
            "59e27ac27b7c101a9d1b39034e82f91a25c47e6dd8243679bf4e0ecc99aa6ce9"
        );
    }
}
