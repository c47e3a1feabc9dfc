//! The WebSocket wire (RFC 6455): its frames, and the two languages that are spoken in them, plain
//! lines and `chatd.v1`.

mod frames;
mod json;
mod decode;
mod encode;

pub use self::decode::Decoder;
pub use self::encode::{PING, encode_close, encode_json, encode_lines};
pub use self::frames::{Data, End, Frames};

/// The sub-protocol of JSON messages (RFC 6455, section 1.9).
pub const SUBPROTOCOL: &str = "chatd.v1";
