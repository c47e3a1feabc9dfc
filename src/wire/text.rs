//! The text wire: lines for netcat and people, with just enough telnet for telnet.

mod first_line;
mod telnet;
mod decode;
mod encode;

pub use decode::{Decoder, MAX_WITHOUT_LINE_END};
pub use encode::{Style, digest, encode, http_refusal, plain_refusal};
pub use first_line::is_typed;
