//! `ClusterKey`: seals what nodes put into Redis, which is trusted to keep it in order, but not to
//! read it or to make it up.

use std::collections::BTreeMap;
use std::fmt;

use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, Prk, Salt};

use super::entry::NodeOrigin;
use crate::chat::CloakSecret;

/// The least length of a key, in bytes.
pub const MIN_KEY: usize = 32;
/// The version of the format, which the seal covers.
const FORMAT: u8 = 1;
/// Most origins whose keys are kept.
const MAX_KEYS: usize = 256;

/// The key that all nodes of a cluster share.
pub struct ClusterKey {
    secret: Prk,
    /// The keys of origins, which cost more to derive than to use.
    keys: BTreeMap<NodeOrigin, LessSafeKey>,
}

impl ClusterKey {
    /// The key with these bytes; `None` if they are fewer than [`MIN_KEY`].
    pub fn new(bytes: &[u8]) -> Option<Self> {
        let secret = Salt::new(HKDF_SHA256, b"chatd cluster").extract(bytes);
        (bytes.len() >= MIN_KEY).then_some(Self { secret, keys: BTreeMap::new() })
    }

    /// Seals an input of `origin`. An input with the same number must always be the same: the number
    /// is the nonce (RFC 8439, section 2.8).
    pub fn seal(&mut self, origin: NodeOrigin, oseq: u64, plain: &[u8]) -> Vec<u8> {
        let mut sealed = plain.to_vec();
        let key = self.key(origin);
        // Fails only for more than 64 GiB.
        let done = key.seal_in_place_append_tag(nonce(oseq), aad(origin, oseq), &mut sealed);
        if done.is_err() {
            sealed.clear();
        }
        sealed
    }

    /// Opens a sealed input; `None` if it was not sealed with this key as that input.
    pub fn open(&mut self, origin: NodeOrigin, oseq: u64, sealed: &[u8]) -> Option<Vec<u8>> {
        let mut bytes = sealed.to_vec();
        let opened = self.key(origin).open_in_place(nonce(oseq), aad(origin, oseq), &mut bytes);
        let length = opened.ok()?.len();
        bytes.truncate(length);
        Some(bytes)
    }

    /// Seals a snapshot with a key of its own, which `salt` makes: it must never have been used.
    pub fn seal_snapshot(&mut self, salt: [u8; 16], plain: &[u8]) -> Vec<u8> {
        let mut sealed = salt.to_vec();
        sealed.extend(self.seal(NodeOrigin(salt), 0, plain));
        self.keys.remove(&NodeOrigin(salt));
        sealed
    }

    /// Opens a snapshot.
    pub fn open_snapshot(&mut self, sealed: &[u8]) -> Option<Vec<u8>> {
        let (salt, sealed) = sealed.split_first_chunk::<16>()?;
        let opened = self.open(NodeOrigin(*salt), 0, sealed);
        self.keys.remove(&NodeOrigin(*salt));
        opened
    }

    /// A secret for cloaks, which all nodes of the cluster have.
    pub fn cloak_secret(&self) -> CloakSecret {
        let mut bytes = [0; 32];
        // Both fail only for a length that HKDF cannot make.
        let okm = self.secret.expand(&[b"cloaks"], HKDF_SHA256).expect("32 bytes");
        okm.fill(&mut bytes).expect("32 bytes");
        CloakSecret::new(bytes)
    }

    fn key(&mut self, origin: NodeOrigin) -> &LessSafeKey {
        if self.keys.len() >= MAX_KEYS && !self.keys.contains_key(&origin) {
            self.keys.pop_first();
        }
        let secret = &self.secret;
        self.keys.entry(origin).or_insert_with(|| {
            let info = [&origin.0[..]];
            // Fails only for a length that HKDF cannot make.
            let okm = secret.expand(&info, &CHACHA20_POLY1305).expect("32 bytes");
            LessSafeKey::new(UnboundKey::from(okm))
        })
    }
}

impl fmt::Debug for ClusterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClusterKey(..)")
    }
}

fn nonce(oseq: u64) -> Nonce {
    let mut bytes = [0; NONCE_LEN];
    bytes[NONCE_LEN - 8..].copy_from_slice(&oseq.to_be_bytes());
    Nonce::assume_unique_for_key(bytes)
}

fn aad(origin: NodeOrigin, oseq: u64) -> Aad<[u8; 25]> {
    let mut bytes = [FORMAT; 25];
    bytes[1..17].copy_from_slice(&origin.0);
    bytes[17..].copy_from_slice(&oseq.to_be_bytes());
    Aad::from(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORIGIN: NodeOrigin = NodeOrigin([7; 16]);

    fn key(byte: u8) -> ClusterKey {
        ClusterKey::new(&[byte; 32]).unwrap()
    }

    #[test]
    fn an_input_opens_only_as_itself_and_with_the_key_of_the_cluster() {
        let sealed = key(1).seal(ORIGIN, 5, b"secret");
        assert!(!sealed.windows(6).any(|bytes| bytes == b"secret"));
        assert_eq!(key(1).open(ORIGIN, 5, &sealed).as_deref(), Some(&b"secret"[..]));
        assert_eq!(key(2).open(ORIGIN, 5, &sealed), None);
        assert_eq!(key(1).open(ORIGIN, 6, &sealed), None);
        assert_eq!(key(1).open(NodeOrigin([8; 16]), 5, &sealed), None);
        for index in 0..sealed.len() {
            let mut forged = sealed.clone();
            forged[index] ^= 1;
            assert_eq!(key(1).open(ORIGIN, 5, &forged), None);
        }
        assert_eq!(key(1).open(ORIGIN, 5, b""), None);
    }

    #[test]
    fn a_snapshot_opens_with_the_key_of_the_cluster() {
        let sealed = key(1).seal_snapshot([3; 16], b"state");
        assert_eq!(key(1).open_snapshot(&sealed).as_deref(), Some(&b"state"[..]));
        assert_eq!(key(2).open_snapshot(&sealed), None);
        assert_eq!(key(1).open_snapshot(&sealed[..15]), None);
    }

    #[test]
    fn a_short_key_is_none_and_many_origins_are_not_kept() {
        assert!(ClusterKey::new(&[1; 31]).is_none());
        let mut key = key(1);
        for number in 0..1000_u128 {
            key.seal(NodeOrigin(number.to_be_bytes()), 1, b"x");
        }
        assert_eq!(key.keys.len(), MAX_KEYS);
    }
}
