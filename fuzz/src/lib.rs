//! What fuzz targets share: decoding as a session does, and what must never reach a screen.
//!
//! Written from the contract, not from the code that it judges.

pub mod world;

use chatd::text::Line;
use chatd::wire::{Decoder, Incoming, irc, text, websocket};

/// Decodes `pieces`, each a read of its own, and the end of the stream, as the text wire does.
pub fn decode<'a>(pieces: impl IntoIterator<Item = &'a [u8]>, max_line: usize) -> Vec<Incoming> {
    decode_by(Decoder::Text(text::Decoder::default()), pieces, max_line)
}

/// The same for the IRC wire, which has a limit of its own.
pub fn decode_irc<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<Incoming> {
    decode_by(Decoder::Irc(irc::Decoder::default()), pieces, 0)
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

/// The next item of a client that pays for everything.
pub fn next_item(decoder: &mut Decoder, piece: &mut &[u8], max_line: usize) -> Option<Incoming> {
    loop {
        let item = decoder.next(piece, max_line);
        *decoder.overhead() = 0;
        if item.is_some() || piece.is_empty() {
            return item;
        }
    }
}

fn decode_by<'a>(
    mut decoder: Decoder,
    pieces: impl IntoIterator<Item = &'a [u8]>,
    max_line: usize,
) -> Vec<Incoming> {
    let mut items = Vec::new();
    for mut piece in pieces {
        while let Some(item) = next_item(&mut decoder, &mut piece, max_line) {
            items.push(item);
        }
        assert!(piece.is_empty(), "bytes were left over");
    }
    while let Some(item) = decoder.finish(max_line) {
        items.push(item);
    }
    // What is drawn depends on the reads, and `SpeaksTelnet` comes once.
    items.retain(|item| !matches!(item, Incoming::Draw(_) | Incoming::SpeaksTelnet));
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

/// Whether `c` could move a cursor, reorder or hide text: controls, separators of lines, and what has
/// the property Default_Ignorable_Code_Point, but for what may stay in some places: joiners, the emoji
/// selector, and tags.
pub fn is_dangerous(c: char) -> bool {
    const HIDDEN: [char; 5] = ['\u{AD}', '\u{34F}', '\u{61C}', '\u{3164}', '\u{FFA0}'];
    const RANGES: [(char, char); 14] = [
        ('\u{115F}', '\u{1160}'),
        ('\u{17B4}', '\u{17B5}'),
        ('\u{180B}', '\u{180F}'),
        ('\u{200B}', '\u{200B}'),
        ('\u{200E}', '\u{200F}'),
        ('\u{2028}', '\u{202E}'),
        ('\u{2060}', '\u{206F}'),
        ('\u{FE00}', '\u{FE0E}'),
        ('\u{FEFF}', '\u{FEFF}'),
        ('\u{FFF0}', '\u{FFF8}'),
        ('\u{1BCA0}', '\u{1BCA3}'),
        ('\u{1D173}', '\u{1D17A}'),
        ('\u{E0000}', '\u{E001F}'),
        ('\u{E0080}', '\u{E0FFF}'),
    ];
    c.is_control()
        || HIDDEN.contains(&c)
        || RANGES.iter().any(|&(first, last)| (first..=last).contains(&c))
}

/// Whether `c` is of an emoji tag sequence, its end included.
pub fn is_tag(c: char) -> bool {
    ('\u{E0020}'..='\u{E007F}').contains(&c)
}

/// The same items, of which no line knows how much of it was changed.
pub fn texts(items: &[Incoming]) -> Vec<Incoming> {
    let text = |item: &Incoming| match item {
        Incoming::Line(line) => Incoming::Line(Line::new(line.as_str())),
        other => other.clone(),
    };
    items.iter().map(text).collect()
}
