//! The header of the PROXY protocol: it is found once it is whole, whatever follows, and a text
//! client that nobody asked for one cannot say it.
//!
//! Input: a byte that chooses the beginning, and the rest of the stream.
#![no_main]

use chatd::wire::{Decoder, Dialect, Incoming, Opening, WireError, opening};
use libfuzzer_sys::fuzz_target;

const BEGINNINGS: [&[u8]; 5] =
    [b"", b"PROXY TCP4 ", b"PROXY TCP6 ", b"PROXY UNKNOWN", b"\r\n\r\n\0\r\nQUIT\n\x21"];
const MAX_LINE: usize = 1024;

fuzz_target!(|input: &[u8]| {
    let Some((&choice, rest)) = input.split_first() else { return };
    let bytes = [BEGINNINGS[usize::from(choice) % BEGINNINGS.len()], rest].concat();
    let whole = opening(&bytes);
    for end in 0..bytes.len() {
        match opening(&bytes[..end]) {
            Opening::Incomplete { .. } => {}
            early => assert_eq!(early, whole, "after {end} bytes"),
        }
    }
    if let Opening::Header(_, length) = whole {
        assert!(length <= 4096 && length <= bytes.len());
        assert_eq!(opening(&bytes[..length]), whole);
        // The keys that erase could erase what shows it.
        if !bytes[..length].contains(&8) && !bytes[..length].contains(&127) {
            assert_eq!(first_item(&bytes), Some(Incoming::Error(WireError::Proxy)));
        }
    }
});

/// What the decoder of the text wire makes of the bytes, one by one, at first.
fn first_item(bytes: &[u8]) -> Option<Incoming> {
    let mut decoder: Decoder = Dialect::default().decoder();
    bytes.chunks(1).find_map(|mut byte| decoder.next(&mut byte, MAX_LINE))
}
