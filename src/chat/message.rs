//! `Message`: what clients are told; each wire encodes it in its own way.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::action::{Denied, Manner};
use super::model::{Entry, LineId, Moment, Nick, RoomName, RoomRole};
use super::reason::Reason;
use super::refusal::Refusal;
use super::relay::{Relay, Source};
pub use super::room_change::{RoomChange, RoomChangeBy, RoomView};
use super::signal::Tags;
use crate::text::Text;

/// Longest reason for being away that a list shows, in bytes.
const MAX_LISTED_REASON: usize = 60;

/// Something that clients are told: what happened, not how it looks.
///
/// `here` counts the people in the room: those who were announced, and the reader.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are named for what they are")]
pub enum Message {
    /// To a client that connected.
    Welcome {
        server: Text,
        nick: Nick,
        room: RoomName,
        others: Others,
    },
    /// To a client that went to another room.
    Moved {
        room: RoomName,
        nick: Nick,
        others: Others,
    },
    /// A line or an action.
    Said {
        room: RoomName,
        entry: Entry,
        /// Who said it, if the room has readers who are told that.
        by: Option<Arc<Source>>,
        tags: Tags,
    },
    /// A private message, to its receiver.
    PrivateFrom {
        id: LineId,
        from: Nick,
        to: Nick,
        text: Text,
        at: Moment,
        manner: Manner,
        by: Arc<Source>,
        tags: Tags,
    },
    /// A private message, to its sender.
    PrivateTo {
        id: LineId,
        from: Nick,
        to: Nick,
        text: Text,
        at: Moment,
        manner: Manner,
        by: Arc<Source>,
        tags: Tags,
    },
    Joined {
        room: RoomName,
        nick: Nick,
        here: usize,
    },
    Left {
        room: RoomName,
        nick: Nick,
        reason: Reason,
        here: usize,
    },
    /// How many joined and left a crowded room.
    Digest {
        room: RoomName,
        joined: usize,
        left: usize,
        here: usize,
    },
    Renamed {
        room: RoomName,
        from: Nick,
        to: Nick,
    },
    /// To the client that was renamed.
    RenamedYou {
        room: RoomName,
        from: Nick,
        to: Nick,
    },
    TopicSet {
        room: RoomName,
        nick: Nick,
        /// Without one it was cleared.
        text: Option<Text>,
        /// Whether the room is private, so that the topic is not for the disk.
        is_private: bool,
    },
    /// The current topic, to a client that entered or asked.
    Topic {
        room: RoomName,
        text: Option<Text>,
    },
    /// The people in a room; `more` of them do not fit the list.
    People {
        room: RoomName,
        here: usize,
        people: Vec<Person>,
        more: usize,
    },
    /// Lines of one room, oldest first.
    History {
        room: RoomName,
        entries: Vec<Entry>,
        dates: Dates,
        /// Whether notices of their own say where they begin and end.
        has_notices: bool,
    },
    /// The result of a search, oldest first, from any rooms.
    Found(Vec<(RoomName, Entry)>),
    /// To the members of a room: somebody changed it.
    RoomChanged {
        room: RoomName,
        by: Nick,
        change: RoomChange,
    },
    /// To the members of a room whose clients list people: somebody came back who had this role.
    RoleRestored {
        room: RoomName,
        nick: Nick,
        role: RoomRole,
    },
    /// To clients that list people: somebody in their room is an operator of the server from now
    /// on, or not any more.
    Operator {
        nick: Nick,
        on: bool,
    },
    /// Settings and roles of a room, to a member.
    Room(Box<RoomView>),
    /// To a client that was invited.
    Invited {
        room: RoomName,
        by: Nick,
    },
    /// To a client that was kicked from a room.
    KickedFrom {
        room: RoomName,
        by: Nick,
        why: Option<Text>,
    },
    /// A line to the members of a room who have this role, or a higher one.
    SaidToRole {
        room: RoomName,
        role: RoomRole,
        from: Nick,
        manner: Manner,
        text: Text,
    },
    /// Any other notice.
    Notice(Text),
    /// The same, about one of the reader's rooms.
    NoticeIn(RoomName, Text),
    Refused(Refusal),
    /// The same, of what the client asked for in one of its rooms.
    RefusedIn(RoomName, Refusal),
    /// What somebody did, for those who are told who everybody is; others get something else.
    Relay(Arc<Relay>),
    /// To a client that came into the chat by its [own action](super::Action::Introduce).
    Introduced(Arc<Source>),
    /// To a client that logged in, before it is told of its nick: who it is now.
    LoggedIn(Arc<Source>),
    /// To a client that got the rights of an operator.
    GotRights,
    /// To a client whose action is refused.
    Denied(Box<Denied>),
    /// To a client that quits.
    Bye,
    /// To everybody, as the last message.
    GoingDown,
}

impl Message {
    /// The list of people in an empty room.
    pub(super) fn nobody_in(room: RoomName) -> Self {
        Self::People { room, here: 0, people: Vec::new(), more: 0 }
    }

    /// Its size in bytes on the wire, roughly.
    pub fn weight(&self) -> usize {
        let text = match self {
            Self::Said { entry, .. } => entry.text.as_str().len(),
            Self::Notice(text)
            | Self::NoticeIn(_, text)
            | Self::SaidToRole { text, .. }
            | Self::TopicSet { text: Some(text), .. } => text.as_str().len(),
            Self::Left { reason: Reason::Quit(Some(words)), .. }
            | Self::Left {
                reason: Reason::Kicked(_, Some(words)) | Reason::KickedFromRoom(_, Some(words)),
                ..
            } => words.as_str().len(),
            _ => 0,
        };
        64 + text
    }
}

/// The people in a room besides the reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Others {
    /// Their number.
    pub count: usize,
    /// Their nicks, unless they are too many to name.
    pub names: Vec<Nick>,
}

/// Somebody in a list of people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Their nick.
    pub nick: Nick,
    /// Set if they are away.
    pub away: Option<Away>,
    /// Whether they are an operator of the server.
    pub is_operator: bool,
}

impl fmt::Display for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.away {
            None => self.nick.fmt(f),
            Some(away) if away.fits_a_list() => write!(f, "{} ({away})", self.nick),
            Some(_) => write!(f, "{} (away)", self.nick),
        }
    }
}

/// That somebody is away, and the reason they gave.
///
/// Saved as the text, which is empty without a reason: a `null` would say that they are here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Text", into = "Text")]
pub struct Away(pub Option<Text>);

impl From<Text> for Away {
    fn from(text: Text) -> Self {
        Self(Some(text).filter(|text| !text.as_str().is_empty()))
    }
}

impl From<Away> for Text {
    fn from(Away(text): Away) -> Self {
        text.unwrap_or_default()
    }
}

impl Away {
    /// Whether the reason fits into a list and cannot be taken for more of the list.
    fn fits_a_list(&self) -> bool {
        let text = self.0.as_ref().map_or("", Text::as_str);
        text.len() <= MAX_LISTED_REASON && !text.contains(['(', ')', ','])
    }
}

impl fmt::Display for Away {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            None => f.write_str("away"),
            Some(text) => write!(f, "away: {text}"),
        }
    }
}

/// Which lines of a history carry their date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dates {
    /// All.
    Always,
    /// Those of another day than this moment's.
    UnlessOn(Moment),
}
