//! The wire of browsers: `chatd.v1` over WebSocket, on which one may be in several rooms.
//!
//! What the server sends becomes the lines that the text wire has for it, so that nothing above
//! knows of JSON.

mod upgrade; // from HTTP to WebSocket
mod object; // what the server sends
mod words; // objects in the words of the text wire
mod halves; // a connection's two halves

pub(crate) use self::halves::{Incoming, Outgoing, fits, open};
pub(crate) use self::words::Told;
