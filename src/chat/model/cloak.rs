//! `CloakSecret`: what cloaks are made with, which stand for addresses.

use std::fmt;

use ring::hmac;
use serde::{Deserialize, Serialize};

use crate::address::Address;

/// The letters of base 32 (RFC 4648, section 6), in lower case.
const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
/// Letters of a cloak: 50 bits.
const LENGTH: usize = 10;

/// The key of the cloaks. Whoever knows it can tell addresses from cloaks by trying.
#[derive(Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CloakSecret([u8; 32]);

impl CloakSecret {
    /// A key of these bytes, which nobody can guess.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Whether it was never set.
    pub(crate) fn is_unset(&self) -> bool {
        *self == Self::default()
    }

    /// The cloak of an address: the same for all connections from there, and no other's.
    pub(crate) fn cloak(&self, address: Address) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.0);
        let tag = hmac::sign(&key, &address.octets());
        let bits =
            tag.as_ref().iter().take(8).fold(0u64, |bits, byte| bits << 8 | u64::from(*byte));
        let letter = |at: usize| char::from(LETTERS[(bits >> (59 - 5 * at)) as usize & 31]);
        (0..LENGTH).map(letter).chain(".cloak".chars()).collect()
    }
}

impl fmt::Debug for CloakSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CloakSecret(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cloak_stands_for_an_address_and_depends_on_the_secret() {
        let address = |text: &str| Address::of(text.parse().unwrap());
        let cloak = |secret, text| CloakSecret::new([secret; 32]).cloak(address(text));
        let one = cloak(1, "192.0.2.1");
        let (name, end) = one.split_once('.').unwrap();
        assert_eq!((name.len(), end), (10, "cloak"));
        assert!(name.bytes().all(|byte| LETTERS.contains(&byte)));
        assert_eq!(one, cloak(1, "::ffff:192.0.2.1"));
        assert_eq!(cloak(1, "2001:db8::1"), cloak(1, "2001:db8::2"), "a /64 has one cloak");
        let others = [cloak(1, "192.0.2.2"), cloak(2, "192.0.2.1"), cloak(1, "2001:db8::1")];
        assert!(!others.contains(&one));
        assert_eq!(format!("{:?}", CloakSecret::new([7; 32])), "CloakSecret(..)");
    }
}
