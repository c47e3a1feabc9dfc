//! `Ask`: what a request over HTTP wants to know of the broadcaster, and its `Reply`.

use std::time::Duration;

use super::denied::Denied;
use crate::chat::{Author, Entry, Kind, ListedRoom, Nick, PastSlice, Refusal, RoomName, TokenHash};
use crate::net::Status;
use crate::text::Text;

/// What a request asks for.
#[derive(Clone, Debug)]
pub enum Ask {
    /// Whether the client may read a room, or without a room what is about all of them.
    MayRead {
        /// The room.
        room: Option<RoomName>,
        /// The token of the request.
        token: Option<TokenHash>,
    },
    /// Whether an author may speak in a room.
    MaySpeak {
        /// The room.
        room: RoomName,
        /// The speaker, as the request names it.
        author: Author,
    },
    /// Have lines said.
    Post(Posting),
    /// Which rooms there are.
    Rooms,
    /// What was said in a room.
    Past {
        /// The room.
        room: RoomName,
        /// From where on; without it, the last lines.
        since: Option<Begin>,
        /// At most so many lines.
        lines: usize,
        /// Whether they are wanted as text.
        in_text: bool,
        /// The token of the request.
        token: Option<TokenHash>,
    },
}

/// What a request wants to read from now on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadRequest {
    /// The room.
    pub room: RoomName,
    /// From where on, if not from now on.
    pub since: Option<Begin>,
    /// The token of the request.
    pub token: Option<TokenHash>,
    /// The head of the answer.
    pub head: Vec<u8>,
}

/// From where on somebody reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Begin {
    /// Behind the line with this id.
    Behind(String),
    /// With what was said so long ago.
    Ago(Duration),
}

/// Lines to be said, all or none.
#[derive(Clone, Debug)]
pub struct Posting {
    /// Where.
    pub room: RoomName,
    /// By whom.
    pub author: Author,
    /// As lines or as actions.
    pub kind: Kind,
    /// The lines, at least one.
    pub lines: Vec<Text>,
    /// The key of the request, if it has one.
    pub key: Option<String>,
}

/// What came of it.
#[derive(Clone, Debug)]
pub enum Reply {
    /// The client may do what it asked for.
    Granted,
    /// The lines were said.
    Said {
        /// By whom.
        nick: Nick,
        /// Whether all of them were on the disk before anybody saw them.
        durable: bool,
        /// The lines.
        lines: Vec<Entry>,
        /// Whether this is the answer to an earlier request with the same key.
        replayed: bool,
    },
    /// The rooms.
    Rooms(Vec<ListedRoom>),
    /// What was said.
    Past(PastSlice),
    /// The same as text. Times need a larger stack than a connection's thread has.
    PastText(Vec<u8>),
    /// The request is refused.
    Refused(Denied),
}

impl Reply {
    /// The reply of a broadcaster that does not answer.
    pub(super) fn no_answer() -> Self {
        let words = "no answer in time: it is not known whether anything was said";
        Self::Refused(Denied::later(Status::ServiceUnavailable, Duration::from_secs(5), words))
    }

    /// The reply, unless it is a refusal.
    pub(super) fn into_result(self) -> Result<Self, Denied> {
        match self {
            Self::Refused(denied) => Err(denied),
            other => Ok(other),
        }
    }
}

impl From<Refusal> for Reply {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal.into())
    }
}
