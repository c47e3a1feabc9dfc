//! `Refusal`: why chatd did not do what somebody asked for.

use std::fmt;
use std::time::Duration;

use super::room::RoomName;
use crate::text::Text;

/// A user's mistake, told to that user only. Its `Display` is the wording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It may not come in; the words say why.
    TurnedAway(Text),
    /// A line longer than the limit, both in bytes.
    TooLong {
        /// Its length.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// A message that is not of the protocol.
    Malformed,
    /// What was asked for cannot be had; the words say why.
    NotFound(Text),
    /// There is no history to search.
    NoArchive,
    /// This many bytes came without the end of a line.
    EndlessLine(usize),
    /// Nothing came for this long.
    Idle(Duration),
    /// There is no such command.
    UnknownCommand(Text),
    /// A command was used in a way that makes no sense.
    Misused,
    /// The same, with how it is used.
    Usage(&'static str),
    /// That can't be a nick.
    NotANick,
    /// That can't be a room's name.
    NotARoom,
    /// Nobody may have that nick.
    Reserved(Text),
    /// Somebody else has that nick, or had it a moment ago.
    Taken(Text),
    /// Nobody has that nick.
    Nobody(Text),
    /// There is no such room.
    NoSuchRoom(RoomName),
    /// `/leave` in the lobby.
    InLobby,
    /// `/join` to the room one is in.
    AlreadyIn(RoomName),
    /// `/reply` before anybody wrote.
    NobodyWrote,
    /// `/reply` to somebody who has left.
    WriterLeft,
    /// `/ignore` of oneself.
    IgnoreSelf,
    /// `/unignore` of somebody who is not ignored.
    NotIgnored(Text),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TurnedAway(why) => why.fmt(f),
            Self::TooLong { bytes, limit } => {
                write!(f, "too long: {bytes} bytes, the limit is {limit}; not sent")
            }
            Self::NotFound(why) => why.fmt(f),
            Self::NoArchive => {
                f.write_str("there is nothing to search: this server keeps no history on disk")
            }
            Self::Malformed => {
                f.write_str(r#"that is no message; it looks like {"t":"say","text":"hello"}"#)
            }
            Self::EndlessLine(bytes) => write!(f, "{bytes} bytes without a line end; goodbye"),
            Self::Idle(limit) => {
                let limit = humantime::format_duration(*limit);
                write!(f, "nothing heard from you for {limit}; goodbye")
            }
            Self::UnknownCommand(name) => write!(f, "unknown command /{name}; try /help"),
            Self::Misused => f.write_str("that is not how it is used; try /help"),
            Self::Usage(usage) => write!(f, "usage: {usage}"),
            Self::NotANick => {
                f.write_str("a nick has 1 to 16 of A-Z a-z 0-9 _ - and starts with a letter")
            }
            Self::NotARoom => {
                f.write_str("a room's name has 1 to 32 of a-z 0-9 _ - and starts with a letter")
            }
            Self::Reserved(nick) => write!(f, "{nick} is reserved"),
            Self::Taken(nick) => write!(f, "{nick} is taken"),
            Self::Nobody(nick) => write!(f, "no one here is called {nick}"),
            Self::NoSuchRoom(room) => write!(f, "there is no room called {room}"),
            Self::InLobby => f.write_str("you are in the lobby"),
            Self::AlreadyIn(room) => write!(f, "you are already in {room}"),
            Self::NobodyWrote => f.write_str("no one has written to you yet"),
            Self::WriterLeft => f.write_str("whoever wrote to you has left"),
            Self::IgnoreSelf => f.write_str("you can't ignore yourself"),
            Self::NotIgnored(nick) => write!(f, "you do not ignore {nick}"),
        }
    }
}
