//! `Decoder`: decodes the bytes of any wire into `Incoming`.

use serde::{Deserialize, Serialize};

use super::incoming::Incoming;
use super::{irc, stream, text, websocket};
use crate::edit::Size;

/// Decodes one client's bytes into [`Incoming`], however they are split into reads.
#[derive(Debug, Serialize, Deserialize)]
pub enum Decoder {
    /// For lines on a plain connection.
    Text(text::Decoder),
    /// For IRC.
    Irc(irc::Decoder),
    /// For WebSocket messages.
    WebSocket(Box<websocket::Decoder>),
    /// For what is read over HTTP.
    Stream(stream::Decoder),
}

impl Decoder {
    /// For a text client whose line was edited, on a terminal of this size. What it typed is lost.
    pub fn editing(size: Size) -> Self {
        Self::Text(text::Decoder::editing(size))
    }

    /// Decodes one item from the front of `input`, and leaves the rest in `input`. `None` means
    /// that more bytes are needed; or that [`overhead`](Self::overhead) has to be accounted for
    /// first, if some of `input` is left.
    ///
    /// `max_line` is the longest line accepted, in bytes.
    pub fn next(&mut self, input: &mut &[u8], max_line: usize) -> Option<Incoming> {
        match self {
            Self::Text(decoder) => decoder.next(input, max_line),
            Self::Irc(decoder) => decoder.next(input),
            Self::WebSocket(decoder) => decoder.next(input, max_line),
            Self::Stream(decoder) => {
                decoder.drop_all(input);
                None
            }
        }
    }

    /// The last item when no more bytes will come: the last line may lack its line end.
    pub fn finish(&mut self, max_line: usize) -> Option<Incoming> {
        match self {
            Self::Text(decoder) => decoder.finish(max_line),
            Self::Irc(decoder) => decoder.finish(),
            Self::WebSocket(_) | Self::Stream(_) => None,
        }
    }

    /// The bytes decoded that are part of no item: commands and frames of the protocol, and keys
    /// that erase. The caller lowers the number when it has taken account of them.
    pub fn overhead(&mut self) -> &mut usize {
        match self {
            Self::Text(decoder) => decoder.overhead(),
            Self::Irc(decoder) => decoder.overhead(),
            Self::WebSocket(decoder) => decoder.overhead(),
            Self::Stream(decoder) => decoder.overhead(),
        }
    }

    /// Whether the client sends keys.
    pub fn sends_keys(&self) -> bool {
        matches!(self, Self::Text(decoder) if decoder.has_keyboard())
    }

    /// Whether the client speaks IRC.
    pub fn is_irc(&self) -> bool {
        matches!(self, Self::Irc(_))
    }

    /// Whether the client was asked whether its line can be edited, and has not answered. The caller
    /// decides how long to wait before it [gives up](Self::give_up_asking).
    pub fn is_asking(&self) -> bool {
        matches!(self, Self::Text(decoder) if decoder.is_asking())
    }

    /// The client has not answered in time: returns what to tell it.
    pub fn give_up_asking(&mut self) -> Option<Incoming> {
        match self {
            Self::Text(decoder) => decoder.give_up_asking(),
            Self::WebSocket(_) | Self::Irc(_) | Self::Stream(_) => None,
        }
    }

    /// Continues in another process: the line that is being edited is drawn again.
    pub fn resume(&mut self) {
        if let Self::Text(decoder) = self {
            decoder.resume();
        }
    }

    /// Takes out the bytes of the unfinished item, which may be many. The caller must
    /// [put them back](Self::put_bytes) before it uses the decoder again.
    pub fn take_bytes(&mut self) -> Vec<u8> {
        match self {
            Self::Text(decoder) => decoder.take_bytes(),
            Self::Irc(decoder) => decoder.take_bytes(),
            Self::WebSocket(decoder) => decoder.take_bytes(),
            Self::Stream(_) => Vec::new(),
        }
    }

    /// Undoes [`take_bytes`](Self::take_bytes), perhaps in another process.
    pub fn put_bytes(&mut self, bytes: Vec<u8>) {
        match self {
            Self::Text(decoder) => decoder.put_bytes(bytes),
            Self::Irc(decoder) => decoder.put_bytes(bytes),
            Self::WebSocket(decoder) => decoder.put_bytes(&bytes),
            Self::Stream(_) => {}
        }
    }

    /// Whether nothing that the client sends matters.
    pub fn is_deaf(&self) -> bool {
        matches!(self, Self::Stream(_))
    }

    /// Whether the client is in the middle of the first line that it ever sends.
    pub fn is_in_first_line(&self) -> bool {
        matches!(self, Self::Text(decoder) if decoder.is_in_first_line())
    }
}
