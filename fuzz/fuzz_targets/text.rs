//! The text wire: however reads split the bytes, the same lines come out, and they are clean.
//!
//! Input: the limit, the number of lengths to split by, these lengths, the stream.
#![no_main]

use chatd::wire::{Incoming, MAX_WITHOUT_LINE_END};
use chatd_fuzz::{cut, decode, is_dangerous};
use libfuzzer_sys::fuzz_target;

const LIMITS: [usize; 4] = [1, 16, 1024, MAX_WITHOUT_LINE_END];
/// Stands for a page of itself, so that a short input reaches the limits on long lines.
const PAGE: u8 = b'~';

fuzz_target!(|input: &[u8]| {
    let [limit, cuts, rest @ ..] = input else { return };
    let max_line = LIMITS[usize::from(limit % 4)];
    let (lengths, stream) = rest.split_at(usize::from(cuts % 8).min(rest.len()));
    let bytes: Vec<u8> = stream
        .iter()
        .flat_map(|&byte| std::iter::repeat_n(byte, if byte == PAGE { 4096 } else { 1 }))
        .collect();

    let whole = decode([&*bytes], max_line);
    assert_eq!(decode(cut(&bytes, lengths), max_line), whole);
    if bytes.len() < 4096 {
        assert_eq!(decode(bytes.chunks(1), max_line), whole);
    }
    for (number, item) in whole.iter().enumerate() {
        let last = number + 1 == whole.len();
        match item {
            Incoming::Line(text) => {
                assert!(!text.as_str().contains(is_dangerous));
                assert!(text.as_str().chars().count() <= max_line);
            }
            Incoming::TooLong { bytes, limit } => {
                assert!(*limit == max_line && *bytes > max_line);
                assert!(*bytes <= MAX_WITHOUT_LINE_END);
            }
            Incoming::Answer(answer) => assert!(answer.chunks(3).all(is_negotiation)),
            Incoming::Editing(_) => {}
            Incoming::BareLineFeeds => assert!(matches!(
                whole.get(number + 1),
                Some(Incoming::Line(_) | Incoming::TooLong { .. })
            )),
            Incoming::Quit | Incoming::Error(_) => assert!(last, "something follows the end"),
            Incoming::Ping => {}
            Incoming::Malformed
            | Incoming::LineIn(..)
            | Incoming::ManyRooms
            | Incoming::Irc(_)
            | Incoming::NotUtf8
            | Incoming::HungUp
            | Incoming::SpeaksTelnet
            | Incoming::Draw(_) => panic!("{item:?} is not of this wire"),
        }
    }
});

/// Whether it refuses an option, or is about one that line editing needs.
fn is_negotiation(command: &[u8]) -> bool {
    matches!(command, [255, 252 | 254, _] | [255, 251, 1 | 3] | [255, 253, 31])
}
