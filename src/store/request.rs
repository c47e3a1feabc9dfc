//! Questions to the store, and its answers.

use std::fmt;

use crate::chat::{
    Account, Ban, BanChange, Entry, LineFilter, Mask, Moment, Nick, PasswordHash, PastSlice,
    RoomName, RoomPast,
};
use crate::text::Text;

/// The answer to what a client asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The last lines of a room, oldest first.
    Last(RoomName, Vec<Recalled>),
    /// The topic and last lines of a room; `None` when nothing was ever said or set in it.
    RoomRead(RoomName, Option<RoomPast>),
    /// A room's topic and lines could not be read.
    RoomNotRead(RoomName, Denial),
    /// Whether anything was ever said or set in a room, or why that could not be read.
    Exists(RoomName, Result<bool, Denial>),
    /// The lines of a room for a request over HTTP; `None` when nothing was ever said or set in it.
    Past(Result<Option<PastSlice>, Denial>),
    /// The lines that a client asked for, oldest first.
    Part(Result<Vec<Entry>, Denial>),
    /// When something was said last in rooms.
    LastTimes(Result<Vec<(RoomName, Moment)>, Denial>),
    /// The last lines found, oldest first.
    Found(Vec<Recalled>),
    /// The account was registered. In a cluster nothing is saved yet; then this is the hash of its
    /// password.
    Registered(Account, Option<PasswordHash>),
    /// The client logged in to this account.
    LoggedIn(Account),
    /// The account has the new password; the hash is as above.
    PasswordChanged(Account, Option<PasswordHash>),
    /// Registering, logging in or changing the password failed.
    NotAuthenticated(Denial),
    /// The ban is on the disk.
    Banned(Ban),
    /// The ban is lifted.
    Unbanned(Mask),
    /// The change to the bans failed.
    BanNotChanged(BanChange, Denial),
    /// This many lines that match the filter are forgotten.
    Forgotten(LineFilter, u64),
    /// The request was denied.
    Denied(Denial),
}

/// The result of a query or change that chatd may deny.
pub(super) type ChangeResult<T> = rusqlite::Result<Result<T, Denial>>;

/// Why a request was denied. Its `Display` is the wording for the client that asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denial {
    /// Too many requests wait.
    Busy,
    /// Writing failed.
    NotSaved,
    /// Reading failed.
    NotRead,
    /// A search without words.
    NoWords,
    /// A search with more than `MAX_WORDS` words.
    TooManyWords,
    /// The search took too long.
    TooLong,
    /// The password is wrong.
    WrongPassword,
    /// The nick is not registered.
    NotRegistered(Nick),
    /// The nick, or one that resembles it, is registered.
    Registered(Nick),
    /// There is no such ban.
    NotBanned(Mask),
    /// The limit on accounts, bans or tokens is reached.
    Full,
    /// The account has a token with that label.
    LabelTaken,
    /// The account has no such token.
    NoSuchToken,
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
            Self::LabelTaken => f.write_str("the account has a token with that label"),
            Self::NoSuchToken => f.write_str("the account has no token with that label"),
            Self::Full => f.write_str("the limit is reached; no more can be added"),
        }
    }
}

/// A row of the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recalled {
    /// A line that somebody said in a room.
    Said(RoomName, Entry),
    /// Lines were lost or removed there, as the text says.
    Marker(RoomName, Entry),
}

impl Recalled {
    /// The room and the entry.
    pub fn into_entry(self) -> (RoomName, Entry) {
        match self {
            Self::Said(room, entry) | Self::Marker(room, entry) => (room, entry),
        }
    }

    pub(crate) fn entry(&self) -> &Entry {
        match self {
            Self::Said(_, entry) | Self::Marker(_, entry) => entry,
        }
    }

    /// The text of the line, or of the marker in its place.
    pub fn text(&self) -> &Text {
        &self.entry().text
    }
}

/// Words in one search.
pub(super) const MAX_WORDS: usize = 16;
