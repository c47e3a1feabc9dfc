//! What is read over HTTP: lines as netcat gets them, events for `EventSource`, or an object a line.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::text::{self, Style};
use super::websocket;
use crate::chat::{Dates, Entry, Message, RoomName};

/// How one reader gets a room. Readers of one form share the encoded bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stream {
    /// The form.
    pub form: Form,
    /// Whether joins, leaves and new names are left out.
    pub quiet: bool,
    /// How often the connection is kept alive, in seconds; 0 for never. No difference for what is
    /// shared.
    pub ping: u16,
}

/// Decodes what a reader sends, which is nothing that matters.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Decoder {
    /// All that a reader sends is no item.
    #[serde(skip)]
    overhead: usize,
}

impl Decoder {
    /// Drops all bytes, which count for flood control.
    pub(super) fn drop_all(&mut self, input: &mut &[u8]) {
        self.overhead += input.len();
        *input = &[];
    }

    pub(super) fn overhead(&mut self) -> &mut usize {
        &mut self.overhead
    }
}

/// The form of what is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Form {
    /// Lines.
    Text,
    /// Server-sent events, with an object in each.
    Events,
    /// An object of `chatd.v1` a line.
    Objects,
}

impl Stream {
    /// The number of kinds.
    pub const COUNT: usize = 6;

    /// An index for arrays, below [`COUNT`](Self::COUNT).
    pub fn index(self) -> usize {
        let form = match self.form {
            Form::Text => 0,
            Form::Events => 1,
            Form::Objects => 2,
        };
        2 * form + usize::from(self.quiet)
    }

    /// How often the connection is kept alive.
    pub fn ping_interval(self) -> Option<Duration> {
        (self.ping > 0).then(|| Duration::from_secs(self.ping.into()))
    }

    /// Appends `message`, if readers are told of it.
    pub fn encode(self, message: &Message, out: &mut Vec<u8>) {
        let is_shown = match message {
            Message::Said { .. } | Message::TopicSet { .. } | Message::History { .. } => true,
            Message::GoingDown | Message::Bye | Message::Refused(_) => true,
            Message::Joined { .. }
            | Message::Left { .. }
            | Message::Renamed { .. }
            | Message::Digest { .. } => !self.quiet,
            _ => false,
        };
        if is_shown {
            self.form.encode(message, out);
        }
    }
}

impl Form {
    /// Appends `message`, whatever it is.
    fn encode(self, message: &Message, out: &mut Vec<u8>) {
        if self == Self::Text {
            return text::encode(message, STYLE, out);
        }
        match message {
            Message::History { room, entries, .. } => {
                for entry in entries {
                    self.encode_line(*room, entry, out);
                }
            }
            Message::Said { room, entry, .. } => self.encode_line(*room, entry, out),
            other => self.encode_object(None, &websocket::object(other), out),
        }
    }

    fn encode_line(self, room: RoomName, entry: &Entry, out: &mut Vec<u8>) {
        let id = (!entry.id.is_unknown()).then(|| entry.id.short());
        self.encode_object(id.as_deref(), &websocket::object_of_line(room, entry), out);
    }

    fn encode_object(self, id: Option<&str>, object: &[u8], out: &mut Vec<u8>) {
        if object.is_empty() {
            return;
        }
        if self == Self::Events {
            if let Some(id) = id {
                out.extend_from_slice(format!("id: {id}\n").as_bytes());
            }
            out.extend_from_slice(b"data: ");
        }
        out.extend_from_slice(object);
        out.extend_from_slice(if self == Self::Events { b"\n\n" } else { b"\n" });
    }

    /// Appends lines of the past, oldest first, with their dates.
    pub fn encode_past(self, room: RoomName, entries: Vec<Entry>, out: &mut Vec<u8>) {
        let dates = Dates::Always;
        self.encode(&Message::History { room, entries, dates, has_notices: true }, out);
    }

    /// Appends that lines may be missing here.
    pub fn encode_gap(self, out: &mut Vec<u8>) {
        match self {
            Self::Text => out.extend_from_slice(b"-- lines may be missing\n"),
            _ => self.encode_object(None, br#"{"t":"gap"}"#, out),
        }
    }

    /// Appends what keeps the connection alive.
    pub fn encode_ping(self, out: &mut Vec<u8>) {
        out.extend_from_slice(match self {
            Self::Text => b"\n",
            Self::Events => b":\n\n",
            Self::Objects => b"{\"t\":\"ping\"}\n",
        });
    }
}

/// Lines as most netcats get them.
const STYLE: Style = Style { bare_line_feeds: true, timestamps: false, bell: false };

/// The objects of `chatd.v1` for lines, joined by commas.
pub fn objects(room: RoomName, entries: &[Entry]) -> Vec<u8> {
    let objects: Vec<_> =
        entries.iter().map(|entry| websocket::object_of_line(room, entry)).collect();
    objects.join(&b","[..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::{Kind, LineId, Moment, Nick, Tags};
    use crate::text::Text;

    fn shown(form: Form, quiet: bool, message: &Message) -> String {
        let mut out = Vec::new();
        Stream { form, quiet, ping: 0 }.encode(message, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn what_a_reader_sends_is_dropped_and_counts() {
        let (mut decoder, mut input) = (Decoder::default(), &b"GET / again"[..]);
        decoder.drop_all(&mut input);
        assert_eq!((input.len(), *decoder.overhead()), (0, 11));
    }

    #[test]
    fn a_line_is_one_in_each_form() {
        let entry = Entry {
            id: LineId::new("box7-1", 7),
            at: Moment { unix_ms: 5 },
            from: Nick::new("ci").unwrap(),
            kind: Kind::Said,
            text: Text::new("hi"),
            private: false,
        };
        let room = RoomName::new("dev").unwrap();
        let said = Message::Said { room, entry, by: None, tags: Tags::default() };
        let object = r#"{"t":"said","room":"dev","nick":"ci","text":"hi","ts":5,"id":"box7-1-7"}"#;
        assert_eq!(shown(Form::Text, true, &said), "<ci> hi\n");
        assert_eq!(shown(Form::Objects, true, &said), format!("{object}\n"));
        assert_eq!(shown(Form::Events, true, &said), format!("id: box7-1-7\ndata: {object}\n\n"));
        let joined = Message::Joined { room, nick: Nick::new("ci").unwrap(), here: 2 };
        assert_eq!(shown(Form::Text, true, &joined), "");
        assert_eq!(shown(Form::Text, false, &joined), "-- ci joined (2 here)\n");
        assert_eq!(shown(Form::Text, false, &Message::Notice(Text::new("x"))), "");
        let down = r#"{"t":"bye","text":"the server is going down"}"#;
        assert_eq!(shown(Form::Objects, true, &Message::GoingDown), format!("{down}\n"));
    }
}
