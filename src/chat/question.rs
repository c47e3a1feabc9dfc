//! `Question`: what the chat asks the store.

use super::model::{AnswerForm, Nick, Part, RoomName, Since};
use crate::text::Text;

/// A question that only the store can answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// The last lines of a room.
    Last {
        /// The room to read.
        room: RoomName,
        /// At most so many lines.
        lines: usize,
        /// The form in which the client gets them, which bounds their size.
        form: AnswerForm,
        /// Whether to read lines that were said in private, too, since the room is kept.
        with_private: bool,
    },
    /// The topic and the last lines of a room that a client, or
    /// [nobody](super::model::ClientId::NOBODY), is about to enter.
    Room {
        /// The room to read.
        room: RoomName,
        /// At most so many lines.
        lines: usize,
        /// As above.
        with_private: bool,
    },
    /// Whether the room has a topic or lines.
    Exists {
        /// The room.
        room: RoomName,
    },
    /// The lines of a room for a request over HTTP.
    Past {
        /// The room.
        room: RoomName,
        /// From where on; without it, the last ones.
        since: Option<Since>,
        /// At most so many lines.
        lines: usize,
    },
    /// Some lines of a room for a client that says which.
    Part {
        /// The room.
        room: RoomName,
        /// Which.
        part: Part,
        /// At most so many lines.
        lines: usize,
        /// As above.
        with_private: bool,
        /// The people whose lines it does not see.
        without: Vec<Nick>,
    },
    /// When something was said last in each of these rooms, also in private if that is set.
    LastTimes(Vec<(RoomName, bool)>),
    /// The last lines that contain all of these words, in all rooms.
    Search {
        /// The words as typed, never the syntax of the search engine.
        words: Text,
        /// The form in which the client gets the lines, which bounds their size.
        form: AnswerForm,
        /// Private rooms that the client is in: elsewhere, private lines are not found.
        rooms: Vec<RoomName>,
        /// What is not found.
        hidden: Hidden,
    },
}

/// What a client does not see.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hidden {
    /// Lines of private rooms that it is not in, also those from before they were private.
    pub rooms: Vec<RoomName>,
    /// Lines of people whom it ignores.
    pub nicks: Vec<Nick>,
}
