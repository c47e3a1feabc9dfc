//! The WebSocket wire (RFC 6455): frames, with plain lines or `chatd.v1` in them.

mod frames;
mod json_room; // the settings and roles of a room
mod json;
mod decode;
mod encode;

pub use self::decode::Decoder;
pub use self::encode::{PING, encode_close, encode_json, encode_lines, encode_ringing_lines};
pub(super) use self::encode::{object, object_of_line};
pub use self::frames::{Data, End, Frames};

/// The sub-protocol of JSON messages (RFC 6455, section 1.9).
pub const SUBPROTOCOL: &str = "chatd.v1";
