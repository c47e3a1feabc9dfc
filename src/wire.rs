//! Wires: how bytes become [`Incoming`], and [`Message`](crate::chat::Message)s become bytes.
//!
//! A wire knows no sockets, threads or clocks: it is fed slices and fills buffers.

use serde::{Deserialize, Serialize};

mod dialect;
pub mod text;
pub mod websocket;

pub use self::dialect::{Dialect, Farewell};

use crate::text::Text;

/// What a client sent, one item at a time, in the order it was sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Incoming {
    /// A whole line: something said or a command. May be blank.
    Line(Text),
    /// A line that was longer than the limit, and was thrown away.
    TooLong {
        /// Its length.
        bytes: usize,
        /// What would have been taken.
        limit: usize,
    },
    /// Something else than the protocol has; it was thrown away.
    Malformed,
    /// The client asks whether anybody is there.
    Ping,
    /// The client is done, although its connection may stay open.
    Quit,
    /// The client's lines end in a bare line feed, so ours to it should, too.
    BareLineFeeds,
    /// Protocol bytes to send back as they are.
    Answer(Vec<u8>),
    /// The client ended the conversation by the protocol's own means. Nothing follows.
    HungUp,
    /// It cannot go on like that. Nothing follows.
    Error(WireError),
}

/// Why a session has to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum WireError {
    /// A browser, or something else that speaks HTTP.
    Http,
    /// A TLS handshake.
    Tls,
    /// Too many bytes without the end of a line.
    EndlessLine,
    /// Against the rules of WebSocket; with the close code that says which (RFC 6455, 7.4.1).
    WebSocket(u16),
}

/// Turns one client's bytes into [`Incoming`], however they are cut into reads.
#[derive(Debug, Serialize, Deserialize)]
pub enum Decoder {
    /// For lines on a bare connection.
    Text(text::Decoder),
    /// For WebSocket messages.
    WebSocket(Box<websocket::Decoder>),
}

impl Decoder {
    /// Decodes from the front of `input` up to the next item, and leaves the rest in `input`.
    ///
    /// `max_line` is the longest line taken, in bytes. `None` means that more bytes are needed.
    pub fn next(&mut self, input: &mut &[u8], max_line: usize) -> Option<Incoming> {
        match self {
            Self::Text(decoder) => decoder.next(input, max_line),
            Self::WebSocket(decoder) => decoder.next(input, max_line),
        }
    }

    /// What is left when no more bytes will come: a last line may lack its end.
    pub fn finish(&mut self, max_line: usize) -> Option<Incoming> {
        match self {
            Self::Text(decoder) => decoder.finish(max_line),
            Self::WebSocket(_) => None,
        }
    }

    /// Whether the client is in the middle of the first line that it ever sends.
    pub fn is_in_first_line(&self) -> bool {
        matches!(self, Self::Text(decoder) if decoder.is_in_first_line())
    }
}
