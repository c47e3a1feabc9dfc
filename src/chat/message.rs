//! `Message`: what happened, for wires to put into words.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::model::{Entry, Moment, Nick, RoomName};
use super::refusal::Refusal;
use crate::text::Text;

/// Bytes of a reason for being away that a list shows.
const MAX_LISTED_REASON: usize = 60;

/// Something that clients are told. It says what happened, not how that looks.
///
/// `here` counts the people in the room: those who were announced, and the reader.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are named for what they are")]
pub enum Message {
    /// To a newcomer.
    Welcome {
        server: Text,
        nick: Nick,
        room: RoomName,
        others: Others,
    },
    /// To somebody who went to another room.
    Moved {
        room: RoomName,
        nick: Nick,
        others: Others,
    },
    /// A line or an action.
    Said {
        room: RoomName,
        entry: Entry,
    },
    /// To the one it was written to.
    PrivateFrom {
        from: Nick,
        to: Nick,
        text: Text,
        at: Moment,
    },
    /// To the one who wrote it.
    PrivateTo {
        from: Nick,
        to: Nick,
        text: Text,
        at: Moment,
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
    /// Joins and leaves of a crowded room.
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
    /// To the one who asked for it.
    RenamedYou {
        room: RoomName,
        from: Nick,
        to: Nick,
    },
    TopicSet {
        room: RoomName,
        nick: Nick,
        text: Text,
    },
    /// The topic as it is, to one who came or asked.
    Topic {
        room: RoomName,
        text: Option<Text>,
    },
    /// Who is in a room; `more` were left out of the list.
    People {
        room: RoomName,
        here: usize,
        people: Vec<Person>,
        more: usize,
    },
    /// What was said in a room, oldest first; with dates if asked for.
    History {
        room: RoomName,
        entries: Vec<Entry>,
        dated: bool,
    },
    /// Lines of any rooms, oldest first, that were searched for.
    Found(Vec<(RoomName, Entry)>),
    /// Anything else that chatd has to say.
    Notice(Text),
    Refused(Refusal),
    /// To one who quits.
    Bye,
    /// To everybody, last.
    GoingDown,
}

impl Message {
    /// About how many bytes it takes to show.
    pub fn weight(&self) -> usize {
        let text = match self {
            Self::Said { entry, .. } => entry.text.as_str().len(),
            Self::Notice(text) | Self::TopicSet { text, .. } => text.as_str().len(),
            Self::Left { reason: Reason::Quit(Some(words)), .. }
            | Self::Left { reason: Reason::Kicked(_, Some(words)), .. } => words.as_str().len(),
            _ => 0,
        };
        64 + text
    }
}

/// Why somebody left a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// On purpose, perhaps with last words.
    Quit(Option<Text>),
    /// The connection ended.
    Disconnected,
    /// Nothing came for too long, or the network lost the client.
    TimedOut,
    /// Too much was waiting to be read.
    TooSlow,
    /// An operator, the first, threw the client out.
    Kicked(Nick, Option<Text>),
    /// To go to another room.
    Moved(RoomName),
}

impl Reason {
    /// The same without what somebody said.
    pub fn without_words(self) -> Self {
        match self {
            Self::Quit(_) => Self::Quit(None),
            other => other,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Quit(None) => f.write_str("quit"),
            Self::Quit(Some(words)) => write!(f, "quit: {words}"),
            Self::Disconnected => f.write_str("disconnected"),
            Self::TimedOut => f.write_str("timed out"),
            Self::TooSlow => f.write_str("too slow"),
            Self::Kicked(by, None) => write!(f, "kicked by {by}"),
            Self::Kicked(by, Some(why)) => write!(f, "kicked by {by}: {why}"),
            Self::Moved(room) => write!(f, "moved to {room}"),
        }
    }
}

/// The people in a room besides the reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Others {
    /// How many they are.
    pub count: usize,
    /// Their nicks, unless they are too many to name.
    pub names: Vec<Nick>,
}

/// Somebody in a list of people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// What they are called.
    pub nick: Nick,
    /// Whether they said that they are away, and why.
    pub away: Option<Away>,
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

/// Somebody's being away, with the reason they gave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Away(pub Option<Text>);

impl Away {
    /// Whether the reason can stand in a list without passing for more of the list.
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
