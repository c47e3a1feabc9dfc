//! Encodes messages as WebSocket frames. A server's frames are not masked, so clients can share the
//! bytes (RFC 6455, section 5.1).

use tungstenite::protocol::frame::coding::{CloseCode, Data, OpCode};
use tungstenite::protocol::frame::{CloseFrame, Frame, FrameHeader};

use super::json;
use crate::chat::{Entry, Message, RoomName};
use crate::wire::farewell::Farewell;
use crate::wire::text::{self, Style};

/// An empty ping; keeps the connection open through proxies.
pub const PING: [u8; 2] = [0x89, 0];

/// Appends the lines of `message`, each in a frame of its own.
pub fn encode_lines(message: &Message, timestamps: bool, out: &mut Vec<u8>) {
    encode_lines_by(text::encode, message, timestamps, out);
}

/// The same for a message that rings the client's bell.
pub fn encode_ringing_lines(message: &Message, timestamps: bool, out: &mut Vec<u8>) {
    encode_lines_by(text::encode_ringing, message, timestamps, out);
}

fn encode_lines_by(
    encode: fn(&Message, Style, &mut Vec<u8>),
    message: &Message,
    timestamps: bool,
    out: &mut Vec<u8>,
) {
    let mut lines = Vec::new();
    let style = Style { bare_line_feeds: true, timestamps, ..Style::default() };
    encode(message, style, &mut lines);
    for line in lines.split_inclusive(|&byte| byte == b'\n') {
        push_text(line.strip_suffix(b"\n").unwrap_or(line), out);
    }
}

/// Appends `message` as a `chatd.v1` object in a frame.
pub fn encode_json(message: &Message, out: &mut Vec<u8>) {
    let Some(told) = json::told(message) else { return };
    // Writing to a Vec cannot fail, and every key is a string.
    if let Ok(object) = serde_json::to_vec(&told) {
        push_text(&object, out);
    }
}

/// `message` as a `chatd.v1` object; empty if it is none.
pub(crate) fn object(message: &Message) -> Vec<u8> {
    let told = json::told(message);
    told.and_then(|told| serde_json::to_vec(&told).ok()).unwrap_or_default()
}

/// The object of a line that was said in a room.
pub(crate) fn object_of_line(room: RoomName, entry: &Entry) -> Vec<u8> {
    serde_json::to_vec(&json::said_by(room.as_str(), entry)).unwrap_or_default()
}

/// Appends a close frame.
pub fn encode_close(farewell: Farewell, out: &mut Vec<u8>) {
    let code = match farewell {
        Farewell::Done => CloseCode::Normal,
        Farewell::Expelled | Farewell::TimedOut => CloseCode::Policy,
        Farewell::GoingDown => CloseCode::Away,
        Farewell::TryLater => CloseCode::Again,
        Farewell::Broken(code) => code.into(),
    };
    let frame = Frame::close(Some(CloseFrame { code, reason: "".into() }));
    // Writing to a Vec cannot fail.
    let _ = frame.format(out);
}

fn push_text(text: &[u8], out: &mut Vec<u8>) {
    let header = FrameHeader { opcode: OpCode::Data(Data::Text), ..FrameHeader::default() };
    let _ = header.format(text.len() as u64, out);
    out.extend_from_slice(text);
}
