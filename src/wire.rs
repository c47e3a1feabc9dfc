//! Wires: how bytes become [`Incoming`], and [`Message`](crate::chat::Message)s become bytes.
//!
//! A wire knows no sockets, threads or clocks: it decodes slices and fills buffers.

mod draw; // what a client's screen has to show while its line is edited
mod display; // that screen
mod incoming; // what a client sent
mod farewell; // why a connection ends
mod proxy; // the header of the PROXY protocol
mod signature; // the first bytes of a binary one
pub mod text; // lines, with telnet inside
pub mod irc; // IRC
pub mod websocket; // lines or JSON in WebSocket frames
pub mod stream; // what is read over HTTP
mod decoder; // decodes the bytes of any wire
mod dialect; // encodes messages as each client gets them
mod speech; // the form of what one client gets

pub use self::decoder::Decoder;
pub use self::dialect::Dialect;
pub use self::display::Display;
pub use self::draw::Draw;
pub use self::farewell::Farewell;
pub use self::incoming::{EditingNews, Incoming, OVERHEAD_OF_A_LINE, WireError};
pub use self::proxy::{Opening, ProxyHeader, opening};
pub use self::speech::Speech;

pub use self::text::{MAX_WITHOUT_LINE_END, Style, edited};
pub(crate) use self::text::{http_refusal, is_typed, plain_refusal};
pub use self::websocket::{Data, End, Frames, encode_close};
pub(crate) use self::websocket::{PING, SUBPROTOCOL};
