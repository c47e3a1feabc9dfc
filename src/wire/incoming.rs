//! `Incoming`: what a client sent, on any wire.

use serde::{Deserialize, Serialize};

use super::draw::Draw;
use crate::chat::RoomName;
use crate::text::Line;

/// So many bytes of the protocol's [overhead](crate::wire::Decoder::overhead) cost as much as a line.
pub const OVERHEAD_OF_A_LINE: usize = 64;

/// One item that a client sent. Items come in the order in which they were sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Incoming {
    /// A whole line: something said or a command. May be blank.
    Line(Line),
    /// The same in one of the client's rooms.
    LineIn(RoomName, Line),
    /// The client's first message: it tells its rooms apart, so it may be in several.
    ManyRooms,
    /// A line that was longer than the limit; it is dropped.
    TooLong {
        /// Length of the line, in bytes.
        bytes: usize,
        /// The limit, in bytes.
        limit: usize,
    },
    /// A line of an IRC client, without its end. May be blank.
    Irc(String),
    /// A line that is not UTF-8, from an IRC client; it is dropped.
    NotUtf8,
    /// A message that the protocol does not define; it is dropped.
    Malformed,
    /// The client asks whether the server is alive.
    Ping,
    /// The client will send nothing more, although its connection may stay open.
    Quit,
    /// The client's lines end in a bare line feed, so the server's lines to it should, too.
    BareLineFeeds,
    /// The client speaks telnet. Comes once.
    SpeaksTelnet,
    /// What `/edit` came to.
    #[serde(skip)]
    Editing(EditingNews),
    /// The client's screen has to change; nothing that the client said before holds that up.
    #[serde(skip)]
    Draw(Draw),
    /// Protocol bytes to send back as they are.
    Answer(Vec<u8>),
    /// The client ended the conversation by the protocol's own means. Nothing follows.
    HungUp,
    /// The client broke a rule, and the session ends. Nothing follows.
    Error(WireError),
}

impl Incoming {
    /// Whether the server answers it although it is no line of text: pings and telnet's options,
    /// too.
    pub fn is_answered(&self) -> bool {
        matches!(
            self,
            Self::Irc(_)
                | Self::ManyRooms
                | Self::NotUtf8
                | Self::TooLong { .. }
                | Self::Malformed
                | Self::Ping
                | Self::Editing(_)
                | Self::Answer(_)
        )
    }

    /// Whether it is a line that nobody would see.
    pub fn is_blank_line(&self) -> bool {
        matches!(self, Self::Line(line) | Self::LineIn(_, line) if line.is_blank())
    }

    /// Whether flood control counts it. Once the client `is_hung_up`, only its lines matter.
    pub fn costs_a_token(&self, is_hung_up: bool) -> bool {
        match self {
            Self::Line(_) | Self::LineIn(..) => !is_hung_up || !self.is_blank_line(),
            // An answer costs as much as a line.
            other => other.is_answered() && !is_hung_up,
        }
    }

    /// Whether it shows that the client's user is there: a line that is not blank. What programs
    /// send by themselves does not.
    pub fn is_activity(&self) -> bool {
        match self {
            Self::Line(line) | Self::LineIn(_, line) => !line.is_blank(),
            Self::Irc(line) => !is_keep_alive(line),
            Self::ManyRooms
            | Self::NotUtf8
            | Self::TooLong { .. }
            | Self::Malformed
            | Self::Editing(_) => true,
            _ => false,
        }
    }
}

/// Whether a line of IRC is blank, or a ping or its answer.
fn is_keep_alive(line: &str) -> bool {
    let mut words = line.split(' ').filter(|word| !word.is_empty());
    let command = words.find(|word| !word.starts_with(['@', ':'])).unwrap_or_default();
    ["", "PING", "PONG"].iter().any(|own| own.eq_ignore_ascii_case(command))
}

/// Why a session has to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum WireError {
    /// A browser, or something else that speaks HTTP.
    Http,
    /// An IRC client, which may send a password next, or has sent it.
    Irc,
    /// A TLS handshake.
    Tls,
    /// A header of the PROXY protocol, which nobody asked it for.
    Proxy,
    /// Too many bytes without a line end.
    EndlessLine,
    /// A violation of the WebSocket protocol, with its close code (RFC 6455, section 7.4.1).
    WebSocket(u16),
}

/// What `/edit` came to, for the client's eyes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EditingNews {
    /// Editing was on already.
    On,
    /// Editing is off.
    Off,
    /// The client does not agree to what editing needs, or does not answer.
    Declined,
    /// Several lines were pasted behind this command, which takes one.
    OneLine(String),
}
