//! `Reason`: why somebody left.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::model::{Nick, RoomName};
use crate::text::Text;

/// Why somebody left a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reason {
    /// On purpose, perhaps with last words.
    Quit(Option<Text>),
    /// The connection ended.
    Disconnected,
    /// The client sent nothing for too long, or the network lost it.
    TimedOut,
    /// The client's send queue overflowed.
    TooSlow,
    /// An operator disconnected the client.
    Kicked(Nick, Option<Text>),
    /// A room's operator made the client leave that room.
    KickedFromRoom(Nick, Option<Text>),
    /// The client went to another room.
    Moved(RoomName),
    /// The client went to a private room.
    MovedAway,
    /// The client left one of its rooms, perhaps with last words.
    Parted(Option<Text>),
    /// The client was connected to this node of the cluster, which is lost.
    Lost(Text),
}

impl Reason {
    /// Whether the client stays in the chat.
    pub(super) fn is_of_one_room(&self) -> bool {
        matches!(
            self,
            Self::Moved(_) | Self::MovedAway | Self::Parted(_) | Self::KickedFromRoom(..)
        )
    }

    /// The same without anybody's words: for the log, and for those who ignore the speaker.
    pub fn without_words(self) -> Self {
        match self {
            Self::Quit(_) => Self::Quit(None),
            Self::Parted(_) => Self::Parted(None),
            Self::Kicked(by, _) => Self::Kicked(by, None),
            Self::KickedFromRoom(by, _) => Self::KickedFromRoom(by, None),
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
            Self::Kicked(by, None) | Self::KickedFromRoom(by, None) => write!(f, "kicked by {by}"),
            Self::Kicked(by, Some(why)) | Self::KickedFromRoom(by, Some(why)) => {
                write!(f, "kicked by {by}: {why}")
            }
            Self::Parted(None) => f.write_str("parted"),
            Self::Parted(Some(words)) => write!(f, "parted: {words}"),
            Self::Moved(room) => write!(f, "moved to {room}"),
            Self::MovedAway => f.write_str("moved"),
            Self::Lost(node) => write!(f, "lost with {node}"),
        }
    }
}
