//! `Decoder`: any wire's bytes into what they mean.

use serde::{Deserialize, Serialize};

use super::incoming::Incoming;
use super::{text, websocket};

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
