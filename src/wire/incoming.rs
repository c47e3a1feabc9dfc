//! `Incoming`: what a client sent, whatever it speaks.

use serde::{Deserialize, Serialize};

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
