//! `Refusal`: why chatd did not do what a client asked for.

mod room; // in a room, or on the way into it

use std::fmt;
use std::time::Duration;

pub use self::room::RoomRefusal;

use super::model::{Mask, NameError, Nick, RoomName};
use crate::address::Origin;
use crate::chat::length::Length;
use crate::text::Text;

/// Sent only to the client that asked. Its `Display` is the wording on every wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The connection is refused; the text says why.
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
    /// The store did not answer a question; the text says why.
    NotFound(Text),
    /// There is no history to search.
    NoArchive,
    /// This many bytes arrived without a line end.
    EndlessLine(usize),
    /// The client sent nothing for this long.
    Idle(Duration),
    /// There is no such command.
    UnknownCommand(Text),
    /// Almost this command, whose arguments are secret.
    Misspelt(&'static str),
    /// Wrong arguments of a command.
    Misused,
    /// The same, with the command's usage.
    Usage(&'static str),
    /// Not a valid nick.
    NotANick,
    /// Not a valid name of a room.
    NotARoom,
    /// Nobody may have that nick.
    Reserved(Text),
    /// Somebody else has that nick, or it is reserved for somebody who left.
    Taken(Text),
    /// Nobody has that nick.
    Nobody(Text),
    /// There is no such room.
    NoSuchRoom(RoomName),
    /// What a client can do only in a room.
    InNoRoom,
    /// `/leave` in the lobby.
    InLobby,
    /// Its messages are objects, which have no control bytes.
    NoBell,
    /// `/join` to the room that the client is in.
    AlreadyIn(RoomName),
    /// A line for a room that the client is not in.
    NotIn(RoomName),
    /// `/join` by a client that is in this many rooms.
    TooManyRooms(usize),
    /// A private message to somebody who speaks over HTTP.
    SpeaksOverHttp(Nick),
    /// A request over HTTP under a nick that belongs to an account.
    RegisteredOverHttp(Nick),
    /// A retry of a request over HTTP that is being answered.
    UnderWay,
    /// Another request under the key of an earlier one.
    KeyUsed,
    /// A token that no account has.
    WrongToken,
    /// A token that is not for that room.
    TokenElsewhere(RoomName),
    /// A request with a token of that account names somebody else.
    OtherThanToken(Nick),
    /// An account has as many tokens as it can.
    TooManyTokens(usize),
    /// There is no such token.
    NoSuchToken(Text),
    /// There is such a token already, or it cannot be called that.
    TokenTaken(Text),
    /// Only accounts may speak, and a request over HTTP has no token.
    LockdownOverHttp,
    /// Several lines in one request to a slow room.
    OneLine(RoomName),
    /// An older node of the cluster does not know of requests over HTTP.
    OlderNodes,
    /// `/reply` before a private message arrived.
    NobodyWrote,
    /// `/reply` to somebody who has left.
    WriterLeft,
    /// `/ignore` of oneself.
    IgnoreSelf,
    /// `/unignore` of somebody who is not ignored.
    NotIgnored(Text),
    /// The server has no state directory for accounts and bans.
    NoAccounts,
    /// That nick belongs to an account.
    Registered(Nick),
    /// That nick belongs to no account.
    NotRegistered(Text),
    /// A guest's name cannot be registered.
    Guest,
    /// Not acceptable as a new password.
    NotAPassword,
    /// The filter changed the password: another one could become the same.
    GarbledPassword,
    /// That can't be the new password of an account.
    NotANewPassword,
    /// Only somebody who is logged in has a password to change.
    NotLoggedIn,
    /// The password is wrong.
    WrongPassword,
    /// Too many logins failed; the next is allowed after this time.
    LoginsFailed(Duration),
    /// Too many names were registered; the next is allowed after this time.
    TooManyNames(Duration),
    /// Passwords from the same address are still being checked.
    AuthPending,
    /// The client, or the nick that it asks for, is banned.
    Banned {
        /// The reason, if one was given.
        why: Option<Text>,
        /// The remaining time; `None` for ever.
        left: Option<Duration>,
    },
    /// An operator disconnected the client, perhaps with a reason.
    Kicked(Nick, Option<Text>),
    /// The client is muted, for this long; `None` until it is unmuted.
    Muted(Option<Duration>),
    /// The room is slow; the client may speak again after this time.
    TooSoon(Duration),
    /// Only clients that are logged in may speak.
    Lockdown,
    /// The command changes what the nodes of a cluster have to agree on.
    CutOff,
    /// The line was shown here, and is not shown on the other nodes of the cluster.
    NotPassedOn,
    /// The client edits its line itself.
    NotEdited,
    /// The client does not agree to what editing its line needs.
    NotTelnet,
    /// Several lines were pasted behind this command.
    TakesOneLine(Text),
    /// The command is for operators.
    OperatorsOnly,
    /// The command is for operators of the server. Those of a room, of whom the client is one, can
    /// use this instead.
    OnlyOfServer(&'static str),
    /// An operator's command against the operator.
    Yourself,
    /// Not a possible target of a ban.
    NotAMask(Text),
    /// Not a valid duration.
    NotADuration(Text),
    /// Too long a duration.
    TooLongADuration(Text),
    /// There is no such ban.
    NotBanned(Mask),
    /// An order is in force, but could not be saved.
    NotSaved(Text),
    /// Too many orders wait to be saved.
    TooManyBanChanges,
    /// There is no line of theirs that was meant.
    NothingToForget(Nick),
    /// `/unmute` of somebody who is not muted.
    NotMuted(Nick),
    /// `/unmute` of an address without a mute.
    NobodyMuted(Origin),
    /// Something in a room.
    InRoom(RoomRefusal),
}

impl From<RoomRefusal> for Refusal {
    fn from(refusal: RoomRefusal) -> Self {
        Self::InRoom(refusal)
    }
}

impl From<NameError> for Refusal {
    fn from(error: NameError) -> Self {
        match error {
            NameError::NotANick => Self::NotANick,
            NameError::Reserved(text) => Self::Reserved(text),
            NameError::NotARoom => Self::NotARoom,
        }
    }
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
                f.write_str("nothing to search: this server keeps no history on disk")
            }
            Self::Malformed => {
                f.write_str(r#"not a valid message; send one like {"t":"say","text":"hello"}"#)
            }
            Self::EndlessLine(bytes) => write!(f, "{bytes} bytes without a line end; goodbye"),
            Self::Idle(limit) => {
                let limit = humantime::format_duration(*limit);
                write!(f, "you sent nothing for {limit}; goodbye")
            }
            Self::UnknownCommand(name) => write!(f, "unknown command /{name}; try /help"),
            Self::Misspelt(name) => write!(f, "did you mean /{name}? not sent"),
            Self::Misused => f.write_str("wrong usage; try /help"),
            Self::Usage(usage) => write!(f, "usage: {usage}"),
            Self::NotANick => f.write_str(
                "a nick has 1 to 16 of the characters A-Z a-z 0-9 _ - and starts with a letter",
            ),
            Self::NotARoom => f.write_str(
                "a room name has 1 to 32 of the characters a-z 0-9 _ - and starts with a letter",
            ),
            Self::Reserved(nick) => write!(f, "{nick} is reserved"),
            Self::Taken(nick) => write!(f, "{nick} is taken"),
            Self::Nobody(nick) => write!(f, "no one here is called {nick}"),
            Self::NoSuchRoom(room) => write!(f, "there is no room called {room}"),
            Self::NoBell => f.write_str("only text clients have a bell"),
            Self::InNoRoom => f.write_str("you are in no room"),
            Self::InLobby => f.write_str("you are in the lobby"),
            Self::AlreadyIn(room) => write!(f, "you are already in {room}"),
            Self::NotIn(room) => write!(f, "you are not in {room}"),
            Self::TooManyRooms(most) => write!(f, "you are in {most} rooms already"),
            Self::SpeaksOverHttp(nick) => {
                write!(f, "{nick} speaks over HTTP and cannot be written to")
            }
            Self::RegisteredOverHttp(nick) => {
                write!(f, "{nick} is registered: send a token of that account")
            }
            Self::UnderWay => f.write_str("the request with that key is under way"),
            Self::KeyUsed => f.write_str("another request had that key: give this one a new key"),
            Self::WrongToken => f.write_str("wrong token, or it was revoked"),
            Self::TokenElsewhere(room) => write!(f, "the token is not for {room}"),
            Self::OtherThanToken(nick) => write!(f, "the token is {nick}'s"),
            Self::TooManyTokens(most) => {
                write!(f, "you have {most} tokens already; /token revoke LABEL")
            }
            Self::NoSuchToken(label) => write!(f, "you have no token called {label}"),
            Self::TokenTaken(label) => write!(f, "a token cannot be called {label} now"),
            Self::LockdownOverHttp => {
                f.write_str("only registered people may speak now: send a token of your account")
            }
            Self::OneLine(room) => {
                write!(f, "{room} is slow: send one line at a time")
            }
            Self::OlderNodes => {
                f.write_str("a node of the cluster has an older version; try again later")
            }
            Self::NobodyWrote => f.write_str("no one has written to you yet"),
            Self::WriterLeft => f.write_str("the person who wrote to you has left"),
            Self::IgnoreSelf => f.write_str("you can't ignore yourself"),
            Self::NotIgnored(nick) => write!(f, "you are not ignoring {nick}"),
            Self::NoAccounts => {
                f.write_str("this server keeps no accounts: it has no state directory")
            }
            Self::Registered(nick) => write!(f, "{nick} is registered; /login {nick} PASSWORD"),
            Self::NotRegistered(nick) => write!(f, "{nick} is not registered"),
            Self::Guest => f.write_str("choose a name first: /nick NAME, then /register PASSWORD"),
            Self::NotAPassword => {
                f.write_str("not registered: a password has 8 to 512 bytes; choose another one")
            }
            Self::GarbledPassword => f.write_str(
                "not accepted: a password must be UTF-8 text without control or invisible characters",
            ),
            Self::NotANewPassword => {
                f.write_str("not changed: a password has 8 to 512 bytes; choose another one")
            }
            Self::NotLoggedIn => f.write_str("log in first: /login NAME PASSWORD"),
            Self::WrongPassword => f.write_str("wrong password"),
            Self::AuthPending => f.write_str(
                "passwords from your address are still being checked; try again in a moment",
            ),
            Self::TooManyNames(wait) => {
                let wait = Length::left(*wait);
                write!(f, "too many names registered from your address; try again in {wait}")
            }
            Self::LoginsFailed(wait) => {
                write!(f, "too many failed logins; try again in {}", Length::left(*wait))
            }
            Self::Banned { why, left } => {
                f.write_str("banned")?;
                left.iter().try_for_each(|left| write!(f, " for {}", Length::left(*left)))?;
                why.iter().try_for_each(|why| write!(f, ": {why}"))
            }
            Self::Kicked(by, why) => {
                write!(f, "kicked by {by}")?;
                why.iter().try_for_each(|why| write!(f, ": {why}"))
            }
            Self::Muted(None) => f.write_str("you are muted"),
            Self::Muted(Some(left)) => write!(f, "you are muted for {}", Length::left(*left)),
            Self::TooSoon(wait) => {
                write!(f, "slow down: you may speak again in {}; not sent", Length::left(*wait))
            }
            Self::Lockdown => {
                f.write_str("only registered people may speak now; /login NAME PASSWORD")
            }
            Self::CutOff => f.write_str("not while this node is cut off from the others"),
            Self::NotPassedOn => f.write_str("not passed on: too much waits"),
            Self::NotEdited => f.write_str("your client edits your line itself"),
            Self::NotTelnet => {
                f.write_str("your client does not answer as telnet does; nothing is changed")
            }
            Self::TakesOneLine(command) => write!(f, "not sent: {command} takes one line only"),
            Self::OperatorsOnly => f.write_str("only operators may do that"),
            Self::OnlyOfServer(instead) => write!(
                f,
                "only operators of the server may do that; operators of a room can use {instead}"
            ),
            Self::Yourself => f.write_str("you cannot do that to yourself"),
            Self::NotAMask(text) => {
                write!(f, "{text} is not a name, address or network that can be banned")
            }
            Self::NotADuration(text) => {
                write!(f, "{text} is not a duration such as 10m, 2h or 7d")
            }
            Self::TooLongADuration(text) => {
                write!(f, "{text} is too long: at most 3650d; without a duration it is for ever")
            }
            Self::NotBanned(mask) => write!(f, "{mask} is not banned"),
            Self::NotSaved(what) => {
                write!(
                    f,
                    "{what}, but not saved yet: chatd keeps trying; if the server stops first, it is lost"
                )
            }
            Self::TooManyBanChanges => f.write_str(
                "not done: bans cannot be saved to disk now, and too many are waiting to be saved",
            ),
            Self::NothingToForget(nick) => write!(f, "no line of {nick} was found"),
            Self::NotMuted(nick) => write!(f, "{nick} is not muted"),
            Self::NobodyMuted(origin) => write!(f, "nobody from {origin} is muted"),
            Self::InRoom(refusal) => refusal.fmt(f),
        }
    }
}
