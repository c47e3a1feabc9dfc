//! Decodes WebSocket messages into [`Incoming`].

use serde::{Deserialize, Serialize, Serializer};
use tungstenite::protocol::frame::coding::CloseCode;

use super::frames::{Data, End, Frames};
use super::json::{self, Request};
use crate::chat::RoomName;
use crate::text::Line;
use crate::wire::incoming::{Incoming, WireError};
use crate::wire::text::MAX_WITHOUT_LINE_END;

/// Decodes the bytes of one WebSocket client into [`Incoming`].
///
/// Each message is one line, even if it contains line ends.
#[derive(Debug, Deserialize)]
#[serde(from = "SavedDecoder")]
pub struct Decoder {
    frames: Frames,
    /// Whether messages are JSON rather than plain lines.
    is_json: bool,
    /// Whether the client has sent a message.
    has_spoken: bool,
    /// The next item, before anything that is still to be decoded.
    ready: Option<Incoming>,
    is_over: bool,
}

/// The state of a decoder in a snapshot, enough to continue in the next process.
#[derive(Serialize, Deserialize)]
struct SavedDecoder {
    is_json: bool,
    /// An older program knew of nothing that is for first messages only.
    #[serde(default = "yes")]
    has_spoken: bool,
    unfinished: Vec<u8>,
    is_over: bool,
}

fn yes() -> bool {
    true
}

impl From<SavedDecoder> for Decoder {
    fn from(saved: SavedDecoder) -> Self {
        let SavedDecoder { is_json, has_spoken, is_over, .. } = saved;
        let mut decoder = Self { has_spoken, is_over, ..Self::new(is_json) };
        decoder.put_bytes(&saved.unfinished);
        decoder
    }
}

impl Serialize for Decoder {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { frames, is_json, has_spoken, is_over, .. } = self;
        let unfinished = frames.unfinished().to_vec();
        let (is_json, has_spoken, is_over) = (*is_json, *has_spoken, *is_over);
        SavedDecoder { is_json, has_spoken, unfinished, is_over }.serialize(serializer)
    }
}

impl Decoder {
    /// A decoder for a client that was just upgraded.
    pub fn new(is_json: bool) -> Self {
        let frames = Frames::new(MAX_WITHOUT_LINE_END);
        Self { frames, is_json, has_spoken: false, ready: None, is_over: false }
    }

    /// See [`wire::Decoder::take_bytes`](crate::wire::Decoder::take_bytes).
    pub fn take_bytes(&mut self) -> Vec<u8> {
        self.frames.take_unfinished()
    }

    /// See [`wire::Decoder::put_bytes`](crate::wire::Decoder::put_bytes).
    pub fn put_bytes(&mut self, mut unfinished: &[u8]) {
        // The bytes are an incomplete message, so this only restores the position in the stream.
        let _ = self.frames.next(&mut unfinished, &mut Vec::new());
        self.frames.overhead = 0;
    }

    /// See [`wire::Decoder::overhead`](crate::wire::Decoder::overhead).
    pub fn overhead(&mut self) -> &mut usize {
        &mut self.frames.overhead
    }

    /// See [`wire::Decoder::next`](crate::wire::Decoder::next).
    #[inline(never)]
    pub fn next(&mut self, input: &mut &[u8], max_line: usize) -> Option<Incoming> {
        if let Some(ready) = self.ready.take() {
            return Some(ready);
        }
        if self.is_over {
            *input = &[];
            return None;
        }
        let mut answer = Vec::new();
        let item = match self.frames.next(input, &mut answer) {
            Ok(None) => return None,
            Ok(Some(Data::Ping)) => return Some(Incoming::Answer(answer)),
            Ok(Some(data)) => self.message(data, max_line),
            Err(end) => self.end(end),
        };
        if answer.is_empty() {
            return Some(item);
        }
        self.ready = Some(item);
        Some(Incoming::Answer(answer))
    }

    /// Not inlined: what JSON takes of the stack would add up with what frames take.
    #[inline(never)]
    fn message(&mut self, data: Data, max_line: usize) -> Incoming {
        let Data::Text(message) = data else {
            return self.end(End::Broken(CloseCode::Unsupported.into()));
        };
        if !self.is_json {
            return line(None, &message, max_line);
        }
        let is_first = !std::mem::replace(&mut self.has_spoken, true);
        match json::request(&message) {
            Some(Request::Say(room, text)) => line(room, &text, max_line),
            Some(Request::ManyRooms) if is_first => Incoming::ManyRooms,
            _ => Incoming::Malformed,
        }
    }

    fn end(&mut self, end: End) -> Incoming {
        self.is_over = true;
        match end {
            End::Closed => Incoming::HungUp,
            End::Broken(code) => Incoming::Error(WireError::WebSocket(code)),
        }
    }
}

fn line(room: Option<RoomName>, text: &str, limit: usize) -> Incoming {
    match room {
        _ if text.len() > limit => Incoming::TooLong { bytes: text.len(), limit },
        Some(room) => Incoming::LineIn(room, Line::new(text)),
        None => Incoming::Line(Line::new(text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tungstenite::protocol::frame::coding::{Data as Kind, OpCode};
    use tungstenite::protocol::frame::{CloseFrame, Frame};

    const LIMIT: usize = 20;

    fn masked(mut frame: Frame) -> Vec<u8> {
        frame.header_mut().mask = Some([1, 2, 3, 4]);
        let mut bytes = Vec::new();
        frame.format(&mut bytes).unwrap();
        bytes
    }

    fn text(text: &str) -> Vec<u8> {
        masked(Frame::message(text.to_owned(), OpCode::Data(Kind::Text), true))
    }

    /// Decodes `bytes` at once and byte by byte, and compares.
    fn decode(is_json: bool, bytes: &[u8]) -> Vec<Incoming> {
        let feed = |size: usize| {
            let mut decoder = Decoder::new(is_json);
            let mut items = Vec::new();
            for mut piece in bytes.chunks(size) {
                while let Some(item) = decoder.next(&mut piece, LIMIT) {
                    items.push(item);
                }
                assert!(piece.is_empty());
            }
            items
        };
        let whole = feed(bytes.len());
        assert_eq!(feed(1), whole);
        whole
    }

    fn said(text: &str) -> Incoming {
        Incoming::Line(Line::new(text))
    }

    #[test]
    fn a_message_is_a_line_whatever_it_contains() {
        let bytes = [text("hello"), text("two\nlines\r\n"), text("")].concat();
        assert_eq!(decode(false, &bytes), [said("hello"), said("two\nlines\r\n"), said("")]);
    }

    #[test]
    fn json_says_what_to_say_and_anything_else_is_malformed() {
        let good = text(r#"{"t":"say","text":"h\u00e9","more":1}"#);
        assert_eq!(decode(true, &good), [said("hé")]);
        for bad in ["", "hello", "[]", "{}", r#"{"t":"say"}"#, r#"{"t":"shout","text":"x"}"#] {
            assert_eq!(decode(true, &text(bad)), [Incoming::Malformed], "{bad}");
        }
    }

    #[test]
    fn what_is_too_long_is_refused_and_what_is_far_too_long_ends_it() {
        let long = "x".repeat(LIMIT + 1);
        let too_long = Incoming::TooLong { bytes: LIMIT + 1, limit: LIMIT };
        assert_eq!(decode(false, &[text(&long), text("x")].concat()), [too_long, said("x")]);
        let broken = |code| [Incoming::Error(WireError::WebSocket(code))];
        assert_eq!(decode(false, &text(&"x".repeat(MAX_WITHOUT_LINE_END + 1))), broken(1009));
        let binary = masked(Frame::message(&b"x"[..], OpCode::Data(Kind::Binary), true));
        assert_eq!(decode(false, &[binary, text("later")].concat()), broken(1003));
    }

    fn moved(mut decoder: Decoder) -> Decoder {
        let held = decoder.take_bytes();
        let mut decoder = moved_in_json(&decoder);
        decoder.put_bytes(&held);
        decoder
    }

    /// Moves the state as older programs do.
    fn moved_in_json(decoder: &Decoder) -> Decoder {
        serde_json::from_str(&serde_json::to_string(decoder).unwrap()).unwrap()
    }

    /// Decodes the first frame of a message and `count` more that do not end it.
    fn endless(frame: Vec<u8>, count: usize) -> Vec<Incoming> {
        let first = masked(Frame::message("", OpCode::Data(Kind::Text), false));
        let bytes = [first, frame.repeat(count)].concat();
        let mut decoder = Decoder::new(false);
        let pieces = bytes.chunks(4096).map(|mut piece| {
            let item = decoder.next(&mut piece, LIMIT);
            assert!(decoder.frames.unfinished().len() <= 2 * MAX_WITHOUT_LINE_END);
            item
        });
        pieces.flatten().collect()
    }

    #[test]
    fn a_message_that_never_ends_ends_it_although_its_frames_are_empty() {
        let too_large = [Incoming::Error(WireError::WebSocket(1009))];
        for payload in ["", "x"] {
            let frame = masked(Frame::message(payload, OpCode::Data(Kind::Continue), false));
            assert_eq!(
                endless(frame.clone(), 2 * MAX_WITHOUT_LINE_END / frame.len() + 1),
                too_large
            );
            assert_eq!(endless(frame, 1000), [], "some are no harm");
        }
        let pong = masked(Frame::pong(&b"x"[..]));
        assert_eq!(endless(pong, MAX_WITHOUT_LINE_END), [], "they are not kept");
    }

    #[test]
    fn overhead_is_counted_apart_from_messages_and_not_twice_when_moved() {
        let fragment =
            |text: &'static str, kind| masked(Frame::message(text, OpCode::Data(kind), false));
        let mut decoder = Decoder::new(false);
        let mut overhead = |bytes: &[u8]| {
            let mut piece = bytes;
            while decoder.next(&mut piece, LIMIT).is_some() {}
            std::mem::take(decoder.overhead())
        };
        assert_eq!(overhead(&text("hello")), 0);
        assert_eq!(overhead(&masked(Frame::ping(&b"x"[..]))), 0);
        assert_eq!(overhead(&masked(Frame::pong(&b"x"[..]))), 7);
        assert_eq!(overhead(&fragment("two", Kind::Text)), 6);
        assert_eq!(overhead(&fragment("", Kind::Continue).repeat(10)), 60);
        assert_eq!(*moved(decoder).overhead(), 0);
    }

    #[test]
    fn wherever_it_is_saved_it_goes_on_as_if_it_was_not() {
        let fragment = |text: &'static str, kind, is_final| {
            masked(Frame::message(text, OpCode::Data(kind), is_final))
        };
        let bytes = [
            text("one"),
            fragment("t", Kind::Text, false),
            masked(Frame::ping(&b"hi"[..])),
            fragment("w", Kind::Continue, false),
            fragment("o", Kind::Continue, true),
            text("three"),
        ]
        .concat();
        let whole = decode(false, &bytes);
        for cut in 0..bytes.len() {
            let (mut before, mut after) = bytes.split_at(cut);
            let mut decoder = Decoder::new(false);
            let mut items = Vec::new();
            while let Some(item) = decoder.next(&mut before, LIMIT) {
                items.push(item);
            }
            let mut decoder = if cut % 2 == 0 { moved(decoder) } else { moved_in_json(&decoder) };
            while let Some(item) = decoder.next(&mut after, LIMIT) {
                items.push(item);
            }
            assert_eq!(items, whole, "saved after {cut} bytes");
        }
    }

    #[test]
    fn a_ping_is_answered_and_a_close_ends_it() {
        let pong = Incoming::Answer(vec![0x8a, 2, b'h', b'i']);
        let bytes = [masked(Frame::ping(&b"hi"[..])), text("x")].concat();
        assert_eq!(decode(false, &bytes), [pong, said("x")]);
        let close = CloseFrame { code: CloseCode::Away, reason: "".into() };
        let closed = decode(false, &[masked(Frame::close(Some(close))), text("x")].concat());
        let answer = Incoming::Answer(vec![0x88, 2, 0x03, 0xe9]);
        assert_eq!(closed, [answer, Incoming::HungUp]);
    }

    #[test]
    fn frames_without_a_mask_and_unknown_ones_break_the_rules() {
        let broken = [Incoming::Error(WireError::WebSocket(1002))];
        assert_eq!(decode(false, &[0x81, 1, b'x']), broken);
        let reserved = [0x8b, 0x80, 1, 2, 3, 4];
        assert_eq!(decode(false, &reserved), broken);
    }
}
