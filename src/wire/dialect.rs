//! `Dialect`: the encoding that one client gets.

use serde::{Deserialize, Serialize};

use super::decoder::Decoder;
use super::farewell::Farewell;
use super::stream::{self, Stream};
use super::text::{self, Style};
use super::{irc, websocket};
use crate::chat::{Message, Traits, Wire};

/// The encoding of messages to one client. Clients of one dialect share the encoded bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Dialect {
    /// Lines on a plain connection.
    Text(Style),
    /// The same lines, each in a WebSocket message.
    Lines {
        /// Lines that people say carry the time.
        timestamps: bool,
        /// As [`Style::bell`].
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        bell: bool,
    },
    /// `chatd.v1`: JSON objects, each in a WebSocket message.
    Json,
    /// IRC, with those of its capabilities that change bytes that clients share.
    Irc(irc::Caps),
    /// What is read over HTTP.
    Stream(Stream),
}

impl Dialect {
    /// A number that those have in common whose clients share the encoded bytes.
    pub fn index(self) -> usize {
        match self {
            Self::Text(style) => style.index(),
            Self::Lines { timestamps, .. } => Style::COUNT + usize::from(timestamps),
            Self::Json => Style::COUNT + 2,
            Self::Stream(stream) => Style::COUNT + 3 + stream.index(),
            Self::Irc(caps) => Style::COUNT + 3 + Stream::COUNT + caps.index(),
        }
    }

    /// The traits of clients that speak this dialect.
    pub fn traits(self, encrypted: bool) -> Traits {
        let wire = match self {
            Self::Text(_) => Wire::Text,
            Self::Irc(_) => Wire::Irc,
            Self::Lines { .. } | Self::Json | Self::Stream(_) => Wire::Web,
        };
        Traits { echo: self.is_websocket(), lists: self == Self::Json, encrypted, wire }
    }

    /// A decoder for a client of this dialect.
    pub fn decoder(self) -> Decoder {
        match self {
            Self::Text(_) => Decoder::Text(text::Decoder::default()),
            Self::Irc(_) => Decoder::Irc(irc::Decoder::default()),
            Self::Stream(_) => Decoder::Stream(stream::Decoder::default()),
            other => Decoder::WebSocket(Box::new(websocket::Decoder::new(other == Self::Json))),
        }
    }

    /// Whether it is sent over WebSocket.
    pub fn is_websocket(self) -> bool {
        matches!(self, Self::Lines { .. } | Self::Json)
    }

    /// How it is read over HTTP, if it is.
    pub fn stream(self) -> Option<Stream> {
        match self {
            Self::Stream(stream) => Some(stream),
            _ => None,
        }
    }

    /// Whether it is IRC.
    pub fn is_irc(self) -> bool {
        matches!(self, Self::Irc(_))
    }

    /// This dialect with lines that end in LF; unchanged where lines have no end.
    pub fn with_bare_line_feeds(self) -> Self {
        match self {
            Self::Text(style) => Self::Text(Style { bare_line_feeds: true, ..style }),
            other => other,
        }
    }

    /// This dialect with or without the time of each line; unchanged where the time is always sent.
    pub fn with_timestamps(self, timestamps: bool) -> Self {
        match self {
            Self::Text(style) => Self::Text(Style { timestamps, ..style }),
            Self::Lines { bell, .. } => Self::Lines { timestamps, bell },
            other => other,
        }
    }

    /// This dialect with or without BEL behind lines that name the client; unchanged where lines
    /// are objects.
    pub fn with_bell(self, bell: bool) -> Self {
        match self {
            Self::Text(style) => Self::Text(Style { bell, ..style }),
            Self::Lines { timestamps, .. } => Self::Lines { timestamps, bell },
            other => other,
        }
    }

    /// This dialect with those of these capabilities that clients share; unchanged elsewhere.
    pub fn with_caps(self, caps: irc::Caps) -> Self {
        match self {
            Self::Irc(_) => Self::Irc(caps.shared()),
            other => other,
        }
    }

    /// Whether lines that name the client end in BEL.
    pub fn has_bell(self) -> bool {
        match self {
            Self::Text(Style { bell, .. }) | Self::Lines { bell, .. } => bell,
            Self::Json | Self::Irc(_) | Self::Stream(_) => false,
        }
    }

    /// Appends the encoded `message` to `out`.
    pub fn encode(self, message: &Message, out: &mut Vec<u8>) {
        match self {
            Self::Text(style) => text::encode(message, style, out),
            Self::Lines { timestamps, .. } => websocket::encode_lines(message, timestamps, out),
            Self::Json => websocket::encode_json(message, out),
            Self::Irc(caps) => irc::encode(message, caps, out),
            Self::Stream(stream) => stream.encode(message, out),
        }
    }

    /// The same for a line that rings the client's bell.
    pub fn encode_ringing(self, message: &Message, out: &mut Vec<u8>) {
        match self {
            Self::Text(style) => text::encode_ringing(message, style, out),
            Self::Lines { timestamps, .. } => {
                websocket::encode_ringing_lines(message, timestamps, out);
            }
            Self::Json => websocket::encode_json(message, out),
            Self::Irc(caps) => irc::encode(message, caps, out),
            Self::Stream(stream) => stream.encode(message, out),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::{Allowance, AnswerForm, Dates, Entry, Kind, LineId, Moment, Nick, RoomName};
    use crate::text::Text;
    use proptest::prelude::*;

    fn sent(message: &Message, dialect: Dialect) -> usize {
        let mut bytes = Vec::new();
        dialect.encode(message, &mut bytes);
        bytes.len()
    }

    /// Bytes in one answer.
    const MOST: usize = 64 * 1024;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn no_more_is_sent_on_any_wire_than_was_allowed(
            texts in prop::collection::vec(r#"(["\\]{1,900}|[a-zé]{1,900})"#, 2..200),
            nick in "[a-z]{1,16}",
            kind in prop::sample::select(&[Kind::Said, Kind::Emoted][..]),
        ) {
            let style = |timestamps| Style { timestamps, ..Style::default() };
            let room = RoomName::new(&"r".repeat(32)).unwrap();
            for (form, dialect) in [
                (AnswerForm::Lines, Dialect::Text(style(true))),
                (AnswerForm::Lines, Dialect::Lines { timestamps: true, bell: false }),
                (AnswerForm::Objects, Dialect::Json),
            ] {
                let mut allowance = Allowance::new(form);
                let entry = |text: &String| Entry {
                    id: LineId::new("box7.example-1795348952000", u64::MAX),
                    at: Moment { unix_ms: 1_795_348_952_000 },
                    from: Nick::new(&nick).unwrap(),
                    kind,
                    text: Text::new(text),
                    private: false,
                };
                let entries = texts.iter().map(entry).take_while(|entry| allowance.allows(entry));
                let entries: Vec<_> = entries.collect();
                let found = entries.iter().map(|entry| (room, entry.clone())).collect();
                prop_assert!(sent(&Message::Found(found), dialect) <= MOST + 100);
                let dates = Dates::Always;
                let history = Message::History { room, entries, dates, has_notices: false };
                prop_assert!(sent(&history, dialect) <= MOST + 100);
            }
        }
    }
}
