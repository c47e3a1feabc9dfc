//! `RoomRefusal`: why chatd did not do something in a room, or did not let a client in.

use std::fmt;
use std::time::Duration;

use crate::chat::length::Length;
use crate::chat::model::{Nick, RoomName, RoomRole, Setting, SettingValue};
use crate::text::Text;

/// Sent only to the client that asked, as every [`Refusal`](super::Refusal).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RoomRefusal {
    /// It shows nothing of itself to who is not in it.
    Hidden(RoomName),
    /// Only invited clients enter.
    InviteOnly(RoomName),
    /// A client enters with a key, and gave none.
    NeedsKey(RoomName),
    /// It is another key.
    WrongKey(RoomName),
    /// So many people are in it already, and no more may enter.
    Full(RoomName, usize),
    /// The client is banned from it.
    Banned {
        /// The room.
        room: RoomName,
        /// The reason, if one was given.
        why: Option<Text>,
        /// The remaining time; `None` for ever.
        left: Option<Duration>,
    },
    /// Only its operators may do that.
    OperatorsOnly(RoomName),
    /// The lobby has no operators but those of the server.
    ServersLobby,
    /// The lobby has nothing like that.
    NotInLobby,
    /// Only operators and voices speak.
    Moderated(RoomName),
    /// CTCP other than ACTION does not pass.
    NoCtcp(RoomName),
    /// Only operators set the topic.
    TopicLocked(RoomName),
    /// It takes no lines of clients that are not in it.
    NothingFromOutside(RoomName),
    /// Somebody is not in the room.
    Elsewhere(Nick, RoomName),
    /// Somebody who is to be invited is in the room.
    InAlready(Nick, RoomName),
    /// Somebody has that role.
    HasRole(Nick, RoomRole),
    /// Somebody does not have that role.
    LacksRole(Nick, RoomRole),
    /// The room is kept for somebody whom its operators have no power over.
    Owned(Nick, RoomName),
    /// The same of an operator of the server.
    KeepsOrder(Nick),
    /// There is no such setting.
    NoSetting(Text),
    /// The setting has that value.
    SetAlready(Setting, SettingValue),
    /// Not a key of a room.
    NotAKey,
    /// There is no such ban in the room.
    NotBanned(Text, RoomName),
    /// The room has as many bans as it can.
    TooManyBans(RoomName, usize),
    /// As many accounts have roles in the kept room as can have them.
    TooManyRoles(RoomName, usize),
    /// Rooms are kept for accounts only.
    NoAccount,
    /// The server has no disk to keep rooms on.
    KeepsNoRooms,
    /// The room is kept for this account already.
    KeptFor(Nick, RoomName),
    /// The room is not kept.
    NotKept(RoomName),
    /// As many rooms are kept for the client's account as for any.
    TooManyKept(usize),
    /// The same for somebody else's.
    KeepsTooMany(Nick, usize),
    /// A room can only be given to somebody who is logged in.
    NotLoggedIn(Nick),
}

impl fmt::Display for RoomRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hidden(room) => write!(f, "{room} is open only to those who are in it"),
            Self::InviteOnly(room) => write!(f, "{room} is invite-only"),
            Self::NeedsKey(room) => write!(f, "{room} needs a key: /join {room} KEY"),
            Self::WrongKey(room) => write!(f, "that is not the key of {room}"),
            Self::Full(room, limit) => write!(f, "{room} is full ({limit})"),
            Self::Banned { room, why, left } => {
                write!(f, "you are banned from {room}")?;
                left.iter().try_for_each(|left| write!(f, " for {}", Length::left(*left)))?;
                why.iter().try_for_each(|why| write!(f, ": {why}"))
            }
            Self::OperatorsOnly(room) => write!(f, "only operators of {room} may do that"),
            Self::ServersLobby => f.write_str("the lobby belongs to the server's operators"),
            Self::NotInLobby => f.write_str("not in the lobby"),
            Self::Moderated(room) => write!(f, "{room} is moderated; not sent"),
            Self::NoCtcp(room) => write!(f, "no CTCP passes in {room}; not sent"),
            Self::TopicLocked(room) => write!(f, "only operators of {room} may set the topic"),
            Self::NothingFromOutside(room) => write!(f, "{room} takes no lines from outside"),
            Self::Elsewhere(nick, room) => write!(f, "{nick} is not in {room}"),
            Self::InAlready(nick, room) => write!(f, "{nick} is in {room} already"),
            Self::HasRole(nick, RoomRole::Operator) => write!(f, "{nick} is an operator already"),
            Self::HasRole(nick, RoomRole::Voice) => write!(f, "{nick} has a voice already"),
            Self::LacksRole(nick, RoomRole::Operator) => write!(f, "{nick} is no operator"),
            Self::LacksRole(nick, RoomRole::Voice) => write!(f, "{nick} has no voice"),
            Self::Owned(nick, room) => write!(f, "{nick} owns {room}"),
            Self::KeepsOrder(nick) => write!(f, "{nick} keeps order on this server"),
            Self::NoSetting(name) => write!(f, "there is no setting {name}; /room shows them"),
            Self::SetAlready(setting, value) => {
                write!(f, "{} is {value} already", setting.row().name)
            }
            Self::NotAKey => {
                f.write_str("a key has 1 to 23 printable characters, no blank, no comma")
            }
            Self::NotBanned(mask, room) => write!(f, "{mask} is not banned from {room}"),
            Self::TooManyBans(room, most) => write!(f, "{room} has {most} bans already"),
            Self::TooManyRoles(room, most) => {
                write!(f, "{most} accounts have roles in {room} already")
            }
            Self::NoAccount => f.write_str("log in first: a room is kept for an account"),
            Self::KeepsNoRooms => {
                f.write_str("this server keeps no rooms: it has no state directory")
            }
            Self::KeptFor(nick, room) => write!(f, "{room} is kept for {nick}"),
            Self::NotKept(room) => write!(f, "{room} is not kept"),
            Self::TooManyKept(most) => write!(f, "you keep {most} rooms already"),
            Self::KeepsTooMany(nick, most) => write!(f, "{nick} keeps {most} rooms already"),
            Self::NotLoggedIn(nick) => write!(f, "{nick} is not logged in"),
        }
    }
}
