//! The WebSocket wire: however reads split the bytes, the same items come out, they are clean, and
//! nothing comes after the end.
//!
//! Input: the kind of stream, the number of lengths to split by, these lengths, the stream: as it
//! is, or messages to put into frames.
#![no_main]

use chatd::wire::{Incoming, MAX_WITHOUT_LINE_END, WireError};
use chatd_fuzz::{cut, decode_websocket, is_dangerous};
use libfuzzer_sys::fuzz_target;

const MAX_LINE: usize = 64;
/// Ends a message: no text has it.
const END: u8 = 0xff;

/// The messages in `stream`, each as a text frame with a mask of zeros, which changes nothing.
fn frames(stream: &[u8]) -> Vec<u8> {
    let frame = |message: &[u8]| {
        let length = u16::try_from(message.len()).unwrap_or(u16::MAX);
        let message = &message[..usize::from(length)];
        let header = match length {
            0..126 => vec![0x81, 0x80 | length as u8],
            _ => [&[0x81, 0xfe][..], &length.to_be_bytes()].concat(),
        };
        [&header, &[0; 4][..], message].concat()
    };
    stream.split(|&byte| byte == END).flat_map(frame).collect()
}

fuzz_target!(|input: &[u8]| {
    let [kind, cuts, rest @ ..] = input else { return };
    let (lengths, stream) = rest.split_at(usize::from(cuts % 8).min(rest.len()));
    let is_json = kind & 1 == 1;
    let bytes = if kind & 2 == 2 { frames(stream) } else { stream.to_vec() };

    let whole = decode_websocket(is_json, [&*bytes], MAX_LINE);
    assert_eq!(decode_websocket(is_json, cut(&bytes, lengths), MAX_LINE), whole);
    if bytes.len() < 4096 {
        assert_eq!(decode_websocket(is_json, bytes.chunks(1), MAX_LINE), whole);
    }
    for (number, item) in whole.iter().enumerate() {
        let last = number + 1 == whole.len();
        match item {
            Incoming::Line(text) => {
                assert!(!text.as_str().contains(is_dangerous));
                assert!(text.as_str().len() <= MAX_LINE);
            }
            Incoming::TooLong { bytes, limit } => {
                assert!(*limit == MAX_LINE && *bytes > MAX_LINE);
                assert!(*bytes <= MAX_WITHOUT_LINE_END);
            }
            Incoming::Malformed => assert!(is_json),
            // A pong or a close, whole, short and without a mask.
            Incoming::Answer(answer) => {
                assert!(matches!(answer[0], 0x8a | 0x88));
                assert!(answer[1] <= 125 && answer.len() == 2 + usize::from(answer[1]));
            }
            Incoming::HungUp => assert!(last, "something follows the end"),
            Incoming::Error(WireError::WebSocket(code)) => {
                assert!(last && matches!(code, 1002 | 1003 | 1007 | 1009));
            }
            other => panic!("{other:?} is not of this wire"),
        }
    }
});
