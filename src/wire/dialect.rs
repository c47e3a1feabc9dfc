//! `Dialect`: the encoding that one client gets.

use serde::{Deserialize, Serialize};

use super::decoder::Decoder;
use super::farewell::Farewell;
use super::text::{self, Style};
use super::websocket;
use crate::chat::{Message, Traits};

/// The encoding of messages to one client. Clients of one dialect share the encoded bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Dialect {
    /// Lines on a plain connection.
    Text(Style),
    /// The same lines, each in a WebSocket message.
    Lines {
        /// Lines that people say carry the time.
        timestamps: bool,
    },
    /// `chatd.v1`: JSON objects, each in a WebSocket message.
    Json,
}

impl Dialect {
    /// The number of dialects.
    pub const COUNT: usize = Style::COUNT + 3;

    /// Its number, below [`COUNT`](Self::COUNT).
    pub fn index(self) -> usize {
        match self {
            Self::Text(style) => style.index(),
            Self::Lines { timestamps } => Style::COUNT + usize::from(timestamps),
            Self::Json => Style::COUNT + 2,
        }
    }

    /// The traits of clients that speak this dialect.
    pub fn traits(self, encrypted: bool) -> Traits {
        Traits { echo: self.is_websocket(), lists: self == Self::Json, encrypted }
    }

    /// A decoder for such a client.
    pub fn decoder(self) -> Decoder {
        match self {
            Self::Text(_) => Decoder::Text(text::Decoder::default()),
            other => Decoder::WebSocket(Box::new(websocket::Decoder::new(other == Self::Json))),
        }
    }

    /// Whether it goes over WebSocket.
    pub fn is_websocket(self) -> bool {
        !matches!(self, Self::Text(_))
    }

    /// The same with lines that end in a bare line feed; unchanged where lines have no end.
    pub fn with_bare_line_feeds(self) -> Self {
        match self {
            Self::Text(style) => Self::Text(Style { bare_line_feeds: true, ..style }),
            other => other,
        }
    }

    /// The same with or without the time of each line; unchanged where the time is always sent.
    pub fn with_timestamps(self, timestamps: bool) -> Self {
        match self {
            Self::Text(style) => Self::Text(Style { timestamps, ..style }),
            Self::Lines { .. } => Self::Lines { timestamps },
            Self::Json => Self::Json,
        }
    }

    /// Appends the encoded `message` to `out`.
    pub fn encode(self, message: &Message, out: &mut Vec<u8>) {
        match self {
            Self::Text(style) => text::encode(message, style, out),
            Self::Lines { timestamps } => websocket::encode_lines(message, timestamps, out),
            Self::Json => websocket::encode_json(message, out),
        }
    }

    /// Appends what has to be sent before the connection is closed.
    pub fn encode_end(self, farewell: Farewell, out: &mut Vec<u8>) {
        if self.is_websocket() {
            websocket::encode_close(farewell, out);
        }
    }
}

impl Default for Dialect {
    fn default() -> Self {
        Self::Text(Style::default())
    }
}
