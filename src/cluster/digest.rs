//! `digest`: what nodes compare to find out whether they have the same chat.

use std::io::{self, BufWriter, Write};

use ring::digest::{Context, SHA256};
use serde::Serialize;

/// The size of the pieces that are hashed.
const PIECE: usize = 64 * 1024;

/// The SHA-256 of `state` as JSON. Equal states have equal digests because a chat is written in the
/// same way whatever its past: maps in the order of their keys.
pub fn digest(state: &impl Serialize) -> [u8; 32] {
    let mut writer = BufWriter::with_capacity(PIECE, Hash(Context::new(&SHA256)));
    serde_json::to_writer(&mut writer, state).expect("a chat has a form in JSON");
    let Ok(Hash(hash)) = writer.into_inner() else { unreachable!("hashing does not fail") };
    let mut digest = [0; 32];
    digest.copy_from_slice(hash.finish().as_ref());
    digest
}

struct Hash(Context);

impl Write for Hash {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::Origin;
    use crate::chat::{Chat, ClientId, Effects, Event, Now, Settings, Traits};

    #[test]
    fn the_digest_is_that_of_the_json_and_the_same_after_reading_it_back() {
        let (mut chat, mut effects) = (Chat::new(Settings::default()), Effects::default());
        chat.set_shared(true);
        let origin = Origin::of([192, 0, 2, 1].into());
        for id in (1..2000).rev() {
            let connected = Event::Connected(origin, Traits::default());
            chat.handle(Now::default(), ClientId(id), connected, &mut effects);
        }
        let json = serde_json::to_vec(&chat).unwrap();
        let whole = ring::digest::digest(&SHA256, &json);
        assert_eq!(digest(&chat), whole.as_ref());
        let back: Chat = serde_json::from_slice(&json).unwrap();
        assert_eq!(digest(&back), digest(&chat));
        assert_ne!(digest(&Chat::new(Settings::default())), digest(&chat));
    }
}
