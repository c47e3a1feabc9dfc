//! The text wire: lines for netcat and people, and as much of the telnet protocol as its clients
//! need.

mod first_line;
mod telnet;
mod decode;
mod encode;

pub use decode::{Decoder, MAX_WITHOUT_LINE_END};
pub use encode::{Style, digest, encode, http_refusal, plain_refusal};
pub use first_line::is_typed;
