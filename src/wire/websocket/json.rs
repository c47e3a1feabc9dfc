//! `chatd.v1`: messages as JSON objects, as docs/PROTOCOL.md describes them.

use serde::{Deserialize, Serialize, Serializer};

use super::json_room::{JsonRoom, room};
use crate::chat::{
    Entry, Kind, LineId, Manner, Message, Nick, Refusal, RoomChange, RoomChangeBy, RoomName,
    RoomRole,
};
use crate::text::Text;

/// What a client sends.
pub(super) enum Request {
    /// A line, perhaps in one of its rooms.
    Say(Option<RoomName>, String),
    /// It may be in several rooms.
    ManyRooms,
}

/// What a client's message asks for; `None` if the message is not valid.
pub(super) fn request(json: &str) -> Option<Request> {
    // Not a tagged enum: serde would buffer unknown fields until it finds the tag, and nested ones
    // would need more stack than a session has.
    #[derive(Deserialize)]
    struct Object {
        t: Kind,
        text: Option<String>,
        room: Option<String>,
        rooms: Option<String>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Kind {
        Say,
        Hello,
    }
    let Object { t, text, room, rooms } = serde_json::from_str(json).ok()?;
    match t {
        Kind::Say => {
            let room = room.map(|room| RoomName::new(&room)).transpose().ok()?;
            Some(Request::Say(room, text?))
        }
        Kind::Hello => (rooms? == "many").then_some(Request::ManyRooms),
    }
}

/// A message to a client, with the fields of the protocol.
#[derive(Serialize)]
#[serde(tag = "t", rename_all = "lowercase")]
pub(super) enum Told<'a> {
    Said(JsonLine<'a>),
    Emote(JsonLine<'a>),
    Private {
        from: &'a str,
        to: &'a str,
        text: &'a str,
        ts: i64,
        id: Id<'a>,
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        notice: bool,
    },
    Joined {
        room: &'a str,
        nick: &'a str,
        here: usize,
    },
    Left {
        room: &'a str,
        nick: &'a str,
        here: usize,
        reason: String,
    },
    Renamed {
        room: &'a str,
        from: &'a str,
        to: &'a str,
    },
    Topic {
        room: &'a str,
        nick: Option<&'a str>,
        text: Option<&'a str>,
    },
    Welcome {
        server: &'a str,
        nick: &'a str,
        room: &'a str,
        here: usize,
    },
    People {
        room: &'a str,
        nicks: Vec<&'a str>,
        here: usize,
        /// Those of them who are operators of the server.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        operators: Vec<&'a str>,
    },
    Operator {
        nick: &'a str,
        on: bool,
    },
    History {
        room: &'a str,
        messages: Vec<Told<'a>>,
    },
    Found {
        messages: Vec<Told<'a>>,
    },
    Room(Box<JsonRoom<'a>>),
    Role {
        room: &'a str,
        nick: &'a str,
        role: RoomRole,
        on: bool,
        by: Option<&'a str>,
    },
    Invited {
        room: &'a str,
        by: &'a str,
    },
    Kicked {
        room: &'a str,
        by: &'a str,
        why: Option<&'a str>,
    },
    Notice(Notice<'a>),
    Refused {
        text: String,
        /// The room in which the client asked for it, for one that is in several.
        #[serde(skip_serializing_if = "Option::is_none")]
        room: Option<&'a str>,
    },
    Bye {
        text: &'static str,
    },
}

#[derive(Serialize)]
pub(super) struct JsonLine<'a> {
    room: &'a str,
    nick: &'a str,
    text: &'a str,
    ts: i64,
    #[serde(skip_serializing_if = "Id::is_unknown")]
    id: Id<'a>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    notice: bool,
}

#[derive(Serialize)]
pub(super) struct Notice<'a> {
    text: String,
    /// The room that it is about, if it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    room: Option<&'a str>,
    /// The speaker of a line for those with a role in the room.
    #[serde(skip_serializing_if = "Option::is_none")]
    nick: Option<&'a str>,
    /// When the line was said; in a history only.
    #[serde(skip_serializing_if = "Option::is_none")]
    ts: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<Id<'a>>,
}

/// The id of a line.
#[derive(Clone, Copy)]
pub(super) struct Id<'a>(&'a LineId);

impl Id<'_> {
    fn is_unknown(&self) -> bool {
        self.0.is_unknown()
    }
}

impl Serialize for Id<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.short())
    }
}

/// `message` in the form of the protocol.
pub(super) fn told(message: &Message) -> Option<Told<'_>> {
    Some(match message {
        // For wires that tell who everybody is.
        Message::Relay(_) | Message::Introduced(_) | Message::LoggedIn(_) | Message::GotRights => {
            return None;
        }
        Message::Denied(denied) => refused(None, &denied.why),
        Message::Welcome { server, nick, room, others } => {
            let (server, nick, room) = (server.as_str(), nick.as_str(), room.as_str());
            Told::Welcome { server, nick, room, here: others.count + 1 }
        }
        Message::Moved { room, nick, others } => {
            Told::Joined { room: room.as_str(), nick: nick.as_str(), here: others.count + 1 }
        }
        Message::Said { room, entry, .. } => said_by(room.as_str(), entry),
        Message::PrivateFrom { id, from, to, text, at, manner, .. }
        | Message::PrivateTo { id, from, to, text, at, manner, .. } => {
            let (from, to, id) = (from.as_str(), to.as_str(), Id(id));
            let notice = *manner == Manner::Notice;
            Told::Private { from, to, text: text.as_str(), ts: at.unix_ms, id, notice }
        }
        Message::Joined { room, nick, here } => {
            Told::Joined { room: room.as_str(), nick: nick.as_str(), here: *here }
        }
        Message::Left { room, nick, reason, here } => {
            let (room, nick, reason) = (room.as_str(), nick.as_str(), reason.to_string());
            Told::Left { room, nick, here: *here, reason }
        }
        Message::Digest { room, joined, left, here } => {
            notice(Some(room), crate::wire::text::digest(*joined, *left, *here))
        }
        Message::Renamed { room, from, to } | Message::RenamedYou { room, from, to } => {
            Told::Renamed { room: room.as_str(), from: from.as_str(), to: to.as_str() }
        }
        Message::TopicSet { room, nick, text, .. } => {
            let text = text.as_ref().map(|text| text.as_str());
            Told::Topic { room: room.as_str(), nick: Some(nick.as_str()), text }
        }
        Message::Topic { room, text } => {
            let text = text.as_ref().map(|text| text.as_str());
            Told::Topic { room: room.as_str(), nick: None, text }
        }
        Message::People { room, here, people, .. } => {
            let nicks = people.iter().map(|person| person.nick.as_str()).collect();
            let operators = people.iter().filter(|person| person.is_operator);
            let operators = operators.map(|person| person.nick.as_str()).collect();
            Told::People { room: room.as_str(), nicks, here: *here, operators }
        }
        Message::History { room, entries, .. } => {
            let room = room.as_str();
            let messages = entries.iter().map(|entry| said_by(room, entry)).collect();
            Told::History { room, messages }
        }
        Message::Found(found) => {
            let said = found.iter().map(|(room, entry)| said_by(room.as_str(), entry));
            Told::Found { messages: said.collect() }
        }
        Message::RoomChanged { room, by, change } => changed(room, by, change),
        Message::RoleRestored { room, nick, role } => {
            let (room, nick) = (room.as_str(), nick.as_str());
            Told::Role { room, nick, role: *role, on: true, by: None }
        }
        Message::Operator { nick, on } => Told::Operator { nick: nick.as_str(), on: *on },
        Message::Room(view) => Told::Room(Box::new(room(view))),
        Message::Invited { room, by } => Told::Invited { room: room.as_str(), by: by.as_str() },
        Message::KickedFrom { room, by, why } => {
            let why = why.as_ref().map(Text::as_str);
            Told::Kicked { room: room.as_str(), by: by.as_str(), why }
        }
        Message::SaidToRole { room, role, from, manner, text } => {
            let text = crate::wire::text::to_role((*room, *role), *from, *manner, text);
            let (room, nick) = (Some(room.as_str()), Some(from.as_str()));
            Told::Notice(Notice { text, room, nick, ts: None, id: None })
        }
        Message::Notice(text) => notice(None, text.to_string()),
        Message::NoticeIn(room, text) => notice(Some(room), text.to_string()),
        Message::Refused(refusal) => refused(None, refusal),
        Message::RefusedIn(room, refusal) => refused(Some(room), refusal),
        Message::Bye => Told::Bye { text: "Bye." },
        Message::GoingDown => Told::Bye { text: "the server is going down" },
    })
}

fn changed<'a>(room: &'a RoomName, by: &'a Nick, change: &'a RoomChange) -> Told<'a> {
    match change {
        RoomChange::Role { nick, role, on } => Told::Role {
            room: room.as_str(),
            nick: nick.as_str(),
            role: *role,
            on: *on,
            by: Some(by.as_str()),
        },
        _ => notice(Some(room), RoomChangeBy(*by, change).to_string()),
    }
}

fn notice(room: Option<&RoomName>, text: String) -> Told<'_> {
    let room = room.map(RoomName::as_str);
    Told::Notice(Notice { text, room, nick: None, ts: None, id: None })
}

fn refused<'a>(room: Option<&'a RoomName>, why: &Refusal) -> Told<'a> {
    Told::Refused { text: why.to_string(), room: room.map(RoomName::as_str) }
}

pub(super) fn said_by<'a>(room: &'a str, entry: &'a Entry) -> Told<'a> {
    let (nick, text, ts) = (entry.from.as_str(), entry.text.as_str(), entry.at.unix_ms);
    let id = Id(&entry.id);
    let notice = entry.kind == Kind::Noticed;
    let line = JsonLine { room, nick, text, ts, id, notice };
    match entry.kind {
        Kind::Gap | Kind::Removed(_) => {
            let id = Some(id).filter(|id| !id.is_unknown());
            let (text, ts) = (text.to_owned(), Some(ts));
            Told::Notice(Notice { text, room: None, nick: None, ts, id })
        }
        Kind::Said | Kind::Noticed => Told::Said(line),
        Kind::Emoted => Told::Emote(line),
    }
}
