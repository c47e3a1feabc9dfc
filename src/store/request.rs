//! What the store can be asked, and what it answers.

use std::fmt;

use crate::chat::{
    Account, AnswerForm, Ban, BanChange, Entry, LineFilter, Mask, Nick, RoomName, RoomPast,
};
use crate::text::Text;

/// Something to look up in the history.
#[derive(Clone, Debug)]
pub enum Question {
    /// The last lines of a room.
    Last {
        /// Which.
        room: RoomName,
        /// How many.
        lines: usize,
        /// How they will be sent.
        form: AnswerForm,
    },
    /// What there is of a room for somebody who enters it.
    Room {
        /// Which.
        room: RoomName,
        /// How many of the last lines.
        lines: usize,
    },
    /// The last lines in which all of these words stand, whatever somebody typed; in all rooms, as
    /// everybody may go to any of them.
    Search {
        /// The words.
        words: Text,
        /// How the lines will be sent.
        form: AnswerForm,
    },
}

/// What became of what a client asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The last lines of a room, oldest first.
    Last(RoomName, Vec<Recalled>),
    /// What there is of a room; `None` when nothing was ever said or set in it.
    RoomRead(RoomName, Option<RoomPast>),
    /// What there is of a room is not known.
    RoomNotRead(RoomName, Denial),
    /// The last lines found, oldest first.
    Found(Vec<Recalled>),
    /// There is an account now.
    Registered(Account),
    /// It is their account.
    LoggedIn(Account),
    /// The account has another password.
    PasswordChanged(Account),
    /// The claim came to nothing.
    NotAuthenticated(Denial),
    /// The ban is on the disk.
    Banned(Ban),
    /// It is not there any more.
    Unbanned(Mask),
    /// The order was not carried out.
    BanNotChanged(BanChange, Denial),
    /// So many lines are forgotten, of those that were meant.
    Forgotten(LineFilter, u64),
    /// It was not done.
    Denied(Denial),
}

/// What SQLite made of something that may be denied.
pub(super) type Outcome<T> = rusqlite::Result<Result<T, Denial>>;

/// Why something was not done. Its `Display` is the wording for whoever asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denial {
    /// Too many others ask.
    Busy,
    /// The disk did not take it.
    NotSaved,
    /// The disk did not give it.
    NotRead,
    /// There is nothing to search for.
    NoWords,
    /// There is too much to search for.
    TooManyWords,
    /// Too much has to be looked at.
    TooLong,
    /// That is not the password.
    WrongPassword,
    /// Nobody registered that nick.
    NotRegistered(Nick),
    /// Somebody registered that nick, or one like it.
    Registered(Nick),
    /// There is no such ban.
    NotBanned(Mask),
    /// There are as many as there can be.
    Full,
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Busy => f.write_str("busy; try again"),
            Self::NotSaved => f.write_str("that could not be saved; try again later"),
            Self::NotRead => f.write_str("the database cannot be read now; try again later"),
            Self::NoWords => f.write_str("a search needs words made of letters or digits"),
            Self::TooManyWords => {
                write!(f, "a search takes at most {} words", MAX_WORDS)
            }
            Self::TooLong => f.write_str("the search took too long; try rarer words"),
            Self::WrongPassword => f.write_str("wrong password"),
            Self::NotRegistered(nick) => write!(f, "{nick} is not registered"),
            Self::Registered(nick) => write!(f, "{nick} is already registered"),
            Self::NotBanned(mask) => write!(f, "{mask} is not banned"),
            Self::Full => f.write_str("the limit is reached; no more can be added"),
        }
    }
}

/// A row of the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recalled {
    /// Somebody said something in a room.
    Said(RoomName, Entry),
    /// Lines were lost there, as the text says.
    Gap(RoomName, Entry),
}

impl Recalled {
    /// As an entry of the history, with its room.
    pub fn into_entry(self) -> (RoomName, Entry) {
        match self {
            Self::Said(room, entry) | Self::Gap(room, entry) => (room, entry),
        }
    }

    /// The entry alone.
    pub(crate) fn entry(&self) -> &Entry {
        match self {
            Self::Said(_, entry) | Self::Gap(_, entry) => entry,
        }
    }

    /// What was said, or what stands in its place.
    pub fn text(&self) -> &Text {
        &self.entry().text
    }
}

/// Words that can be looked for at once.
pub(super) const MAX_WORDS: usize = 16;
