//! The IRC wire: however reads split the bytes, the same lines come out, and what is parsed of them
//! can be built again.
//!
//! Input: the number of lengths to split by, these lengths, the stream.
#![no_main]

use chatd::text::matches;
use chatd::wire::irc::{Line, Request, channel_changes, pieces, strip, user_changes};
use chatd::wire::{Incoming, MAX_WITHOUT_LINE_END};
use chatd_fuzz::{cut, decode_irc};
use libfuzzer_sys::fuzz_target;

/// Stands for a page of itself, so that a short input reaches the limits on long lines.
const PAGE: u8 = b'~';

fuzz_target!(|input: &[u8]| {
    let [cuts, rest @ ..] = input else { return };
    let (lengths, stream) = rest.split_at(usize::from(cuts % 8).min(rest.len()));
    let bytes: Vec<u8> = stream
        .iter()
        .flat_map(|&byte| std::iter::repeat_n(byte, if byte == PAGE { 4096 } else { 1 }))
        .collect();

    let whole = decode_irc([&*bytes]);
    assert_eq!(decode_irc(cut(&bytes, lengths)), whole);
    if bytes.len() < 4096 {
        assert_eq!(decode_irc(bytes.chunks(1)), whole);
    }
    for (number, item) in whole.iter().enumerate() {
        match item {
            Incoming::Irc(line) => check(line),
            Incoming::TooLong { bytes, limit: 512 | 4094 } => {
                assert!(*bytes <= MAX_WITHOUT_LINE_END)
            }
            Incoming::NotUtf8 => {}
            Incoming::Error(_) => assert_eq!(number + 1, whole.len(), "something follows the end"),
            other => panic!("{other:?} is not of this wire"),
        }
    }
});

fn check(line: &str) {
    assert!(!line.contains(['\r', '\n', '\0']));
    let request = Request::parse(line);
    rebuild(&request);
    channel_changes(&request.params);
    for param in &request.params {
        user_changes(param);
        assert!(strip(param).len() <= param.len());
        assert!(matches("*", param));
        let cut: Vec<_> = pieces(param, 32).collect();
        assert!(cut.iter().all(|piece| piece.len() <= 32));
    }
}

/// Builds a line of the parameters again, and parses that.
fn rebuild(request: &Request) {
    let Some((last, middle)) = request.params.split_last() else { return };
    let line = middle.iter().fold(Line::new("src", "X"), |line, param| line.param(param));
    let line = request.tags.iter().fold(line.last(last), |line, (key, value)| line.tag(key, value));
    let mut out = Vec::new();
    line.end(&mut out);
    let sent = String::from_utf8(out).expect("UTF-8 stays UTF-8");
    let inside = sent.strip_suffix("\r\n").expect("a line has an end");
    assert!(!inside.contains(['\r', '\n', '\0']));
    if line.body_len() <= 510 {
        assert_eq!(Request::parse(inside).params, request.params);
    }
}
