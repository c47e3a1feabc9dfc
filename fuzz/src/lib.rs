//! What fuzz targets share: decoding as a session does, and what must never reach a screen.
//!
//! Written from the contract, not from the code that it judges.

pub mod world;

use chatd::wire::{Decoder, Incoming, text, websocket};

/// Decodes `pieces`, each a read of its own, and the end of the stream, as the text wire does.
pub fn decode<'a>(pieces: impl IntoIterator<Item = &'a [u8]>, max_line: usize) -> Vec<Incoming> {
    decode_by(Decoder::Text(text::Decoder::default()), pieces, max_line)
}

/// The same for the WebSocket wire.
pub fn decode_websocket<'a>(
    is_json: bool,
    pieces: impl IntoIterator<Item = &'a [u8]>,
    max_line: usize,
) -> Vec<Incoming> {
    let decoder = websocket::Decoder::new(is_json);
    decode_by(Decoder::WebSocket(Box::new(decoder)), pieces, max_line)
}

fn decode_by<'a>(
    mut decoder: Decoder,
    pieces: impl IntoIterator<Item = &'a [u8]>,
    max_line: usize,
) -> Vec<Incoming> {
    let mut items = Vec::new();
    for mut piece in pieces {
        while let Some(item) = decoder.next(&mut piece, max_line) {
            items.push(item);
        }
        assert!(piece.is_empty(), "bytes were left over");
    }
    while let Some(item) = decoder.finish(max_line) {
        items.push(item);
    }
    items
}

/// Cuts `bytes` into pieces of these lengths, over and over.
pub fn cut<'a>(bytes: &'a [u8], lengths: &[u8]) -> Vec<&'a [u8]> {
    let mut lengths = lengths.iter().map(|&length| usize::from(length) + 1).cycle();
    let mut rest = bytes;
    let mut pieces = Vec::new();
    while !rest.is_empty() {
        let length = lengths.next().unwrap_or(rest.len()).min(rest.len());
        let (piece, others) = rest.split_at(length);
        pieces.push(piece);
        rest = others;
    }
    pieces
}

/// Whether `c` could move a cursor, reorder or hide text.
pub fn is_dangerous(c: char) -> bool {
    const HIDDEN: [char; 3] = ['\u{61C}', '\u{200B}', '\u{FEFF}'];
    const RANGES: [(char, char); 4] = [
        ('\u{200E}', '\u{200F}'),
        ('\u{2028}', '\u{202E}'),
        ('\u{2066}', '\u{2069}'),
        ('\u{E0000}', '\u{E007F}'),
    ];
    c.is_control()
        || HIDDEN.contains(&c)
        || RANGES.iter().any(|&(first, last)| (first..=last).contains(&c))
}
