//! The text wire: lines for netcat and people, and as much of the telnet protocol as its clients
//! need.

mod first_line;
mod telnet;
mod options;
mod editing;
mod line_editing;
mod decode;
mod typing;
mod encode;

pub use decode::{Decoder, MAX_WITHOUT_LINE_END};
pub use editing::edited;
pub use encode::{
    Style, digest, encode, encode_ringing, http_refusal, plain_refusal, shown_time, to_role,
};
pub use first_line::is_typed;
pub(crate) use first_line::{TLS_HANDSHAKE, could_be_http_request, is_http_request};
