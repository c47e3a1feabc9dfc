//! Wires: how bytes become [`Incoming`], and [`Message`](crate::chat::Message)s become bytes.
//!
//! A wire knows no sockets, threads or clocks: it decodes slices and fills buffers.

mod incoming; // what a client sent
mod farewell; // why a connection ends
pub mod text; // lines, with telnet inside
pub mod websocket; // lines or JSON in WebSocket frames
mod decoder; // decodes the bytes of any wire
mod dialect; // encodes messages as each client gets them

pub use self::decoder::Decoder;
pub use self::dialect::Dialect;
pub use self::farewell::Farewell;
pub use self::incoming::{Incoming, WireError};
