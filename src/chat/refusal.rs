//! `Refusal`: why chatd did not do what somebody asked for.

use std::fmt;
use std::time::Duration;

use super::model::{Mask, NameError, Nick, RoomName};
use crate::address::Origin;
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
    /// Almost this command, which nobody else may see.
    Misspelt(&'static str),
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
    /// There is nowhere to keep accounts and bans.
    NoAccounts,
    /// That nick belongs to an account.
    Registered(Nick),
    /// That nick belongs to no account.
    NotRegistered(Text),
    /// A guest's name cannot be registered.
    Guest,
    /// That can't be the password of an account that is to be.
    NotAPassword,
    /// That can't be the new password of an account.
    NotANewPassword,
    /// Only somebody who is logged in has a password to change.
    NotLoggedIn,
    /// It is another one's.
    WrongPassword,
    /// Logins failed: to be tried again in so long.
    LoginsFailed(Duration),
    /// Names were registered: another may be in so long.
    TooManyNames(Duration),
    /// Passwords from the same place are not dealt with yet.
    ClaimPending,
    /// The client, or the nick it asks for, is banned; for so much longer, if not for ever.
    Banned {
        /// Why, if that was said.
        why: Option<Text>,
        /// How much longer.
        left: Option<Duration>,
    },
    /// The client had to go.
    Kicked(Nick, Option<Text>),
    /// The client may not speak, for so much longer if not for good.
    Muted(Option<Duration>),
    /// It said something a moment ago, and may again in so long.
    TooSoon(Duration),
    /// Only those who are logged in may speak.
    Lockdown,
    /// The command is for operators.
    OperatorsOnly,
    /// An operator's command against the operator.
    Yourself,
    /// That can't be the target of a ban.
    NotAMask(Text),
    /// That is how long, and makes no sense.
    NotADuration(Text),
    /// There is no such ban.
    NotBanned(Mask),
    /// That is in force, but the disk did not take it.
    NotSaved(Text),
    /// The disk takes nothing, and the memory nothing more.
    TooManyOrders,
    /// There is no line of theirs that was meant.
    NothingToForget(Nick),
    /// `/unmute` of somebody who is not muted.
    NotMuted(Nick),
    /// `/unmute` of an address that nobody was muted at.
    NobodyMuted(Origin),
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
            Self::Misspelt(name) => write!(f, "did you mean /{name}? not sent"),
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
            Self::NoAccounts => {
                f.write_str("this server keeps no accounts: it has no state directory")
            }
            Self::Registered(nick) => write!(f, "{nick} is registered; /login {nick} PASSWORD"),
            Self::NotRegistered(nick) => write!(f, "{nick} is not registered"),
            Self::Guest => f.write_str("choose a name first: /nick NAME, then /register PASSWORD"),
            Self::NotAPassword => {
                f.write_str("not registered: a password has 8 to 512 bytes; choose another one")
            }
            Self::NotANewPassword => {
                f.write_str("not changed: a password has 8 to 512 bytes; choose another one")
            }
            Self::NotLoggedIn => f.write_str("log in first: /login NAME PASSWORD"),
            Self::WrongPassword => f.write_str("wrong password"),
            Self::ClaimPending => f.write_str(
                "passwords from your address are being looked at; try again in a moment",
            ),
            Self::TooManyNames(wait) => {
                let wait = whole(*wait);
                write!(f, "too many names registered from your address; try again in {wait}")
            }
            Self::LoginsFailed(wait) => {
                write!(f, "too many failed logins; try again in {}", whole(*wait))
            }
            Self::Banned { why, left } => {
                f.write_str("banned")?;
                left.iter().try_for_each(|left| write!(f, " for {}", whole(*left)))?;
                why.iter().try_for_each(|why| write!(f, ": {why}"))
            }
            Self::Kicked(by, why) => {
                write!(f, "kicked by {by}")?;
                why.iter().try_for_each(|why| write!(f, ": {why}"))
            }
            Self::Muted(None) => f.write_str("you are muted"),
            Self::Muted(Some(left)) => write!(f, "you are muted for {}", whole(*left)),
            Self::TooSoon(wait) => {
                write!(f, "slowly, please: you may speak again in {}; not sent", whole(*wait))
            }
            Self::Lockdown => {
                f.write_str("only registered people may speak now; /login NAME PASSWORD")
            }
            Self::OperatorsOnly => f.write_str("only operators may do that"),
            Self::Yourself => f.write_str("that would be you"),
            Self::NotAMask(text) => {
                write!(f, "{text} is no name, address or network that can be banned")
            }
            Self::NotADuration(text) => {
                write!(f, "{text} is no duration; it looks like 10m, 2h or 7d")
            }
            Self::NotBanned(mask) => write!(f, "{mask} is not banned"),
            Self::NotSaved(what) => {
                write!(
                    f,
                    "{what}, but that is not saved, and tried again; till then it ends with the server"
                )
            }
            Self::TooManyOrders => f.write_str(
                "not done: the disk takes no bans, and there is no room for more of them",
            ),
            Self::NothingToForget(nick) => write!(f, "no line of {nick} was found"),
            Self::NotMuted(nick) => write!(f, "{nick} is not muted"),
            Self::NobodyMuted(origin) => write!(f, "nobody from {origin} is muted"),
        }
    }
}

/// A duration in whole seconds, rounded up.
fn whole(duration: Duration) -> humantime::FormattedDuration {
    humantime::format_duration(Duration::from_secs(duration.as_millis().div_ceil(1000) as u64))
}
