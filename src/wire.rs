//! Wires: how bytes become [`Incoming`], and [`Message`](crate::chat::Message)s become bytes.
//!
//! A wire knows no sockets, threads or clocks: it is fed slices and fills buffers.

pub mod text;

use crate::text::Text;

/// What a client sent, one item at a time, in the order it was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    /// The client asks whether anybody is there.
    Ping,
    /// The client is done, although its connection may stay open.
    Quit,
    /// The client's lines end in a bare line feed, so ours to it should, too.
    BareLineFeeds,
    /// Protocol bytes to send back as they are.
    Answer([u8; 3]),
    /// It cannot go on like that. Nothing follows.
    Error(WireError),
}

/// Why a session has to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WireError {
    /// A browser, or something else that speaks HTTP.
    Http,
    /// A TLS handshake.
    Tls,
    /// Too many bytes without the end of a line.
    EndlessLine,
}
