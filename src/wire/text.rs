//! The text wire: lines for netcat and people, with just enough telnet for telnet.

mod decode;
mod encode;
mod first_line;
mod telnet;

pub use decode::{Decoder, MAX_WITHOUT_LINE_END};
pub use encode::{Style, digest, encode, http_refusal};
