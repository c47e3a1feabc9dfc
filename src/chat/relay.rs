//! `Relay`: what somebody did, for clients that are told who everybody is.

use std::sync::Arc;

use super::action::{Flag, Manner, MaskList};
use super::model::{LineId, Moment, Nick, RoomMask, RoomName, RoomRole};
use super::reason::Reason;
use super::room_change::RoomChange;
use super::signal::{Signalled, Tags};
use crate::text::Text;

/// Who somebody is (RFC 2812, section 2.3.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The nick.
    pub nick: Nick,
    /// The user name, with a `~`: nobody verifies it.
    pub user: Text,
    /// What stands for the address: the account, or the cloak.
    pub host: Text,
    /// The account that the client is logged in to.
    pub account: Option<Nick>,
    /// The real name, which may be anything.
    pub real: Text,
    /// Whether it is a program.
    pub is_bot: bool,
}

impl Source {
    /// `nick!user@host`.
    pub fn full(&self) -> String {
        format!("{}!{}@{}", self.nick, self.user, self.host)
    }
}

/// Who somebody was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Past {
    /// Who, with that nick.
    pub who: Arc<Source>,
    /// When they left, or took another nick.
    pub until: Moment,
}

/// What somebody did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relay {
    /// Who did it; as they were before it, if that changed them.
    pub by: Arc<Source>,
    /// When.
    pub at: Moment,
    /// What.
    pub deed: Deed,
}

impl Deed {
    /// Whether clients that watch for somebody are told that they did it.
    pub fn is_followed(&self) -> bool {
        matches!(self, Self::Away(_) | Self::Account(_) | Self::Real(_) | Self::Host(..))
    }
}

/// What there is to do besides saying something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Entered a room.
    Join(RoomName),
    /// Left a room, and stays in the chat.
    Part(RoomName, Reason),
    /// Made somebody leave a room.
    Kick(RoomName, Nick, Option<Text>),
    /// Invited somebody to a room.
    Invite(RoomName, Nick),
    /// Changed a room.
    Change(RoomName, RoomChange),
    /// Added a mask to a list that only IRC shows, or removed it.
    Mask(RoomName, MaskList, RoomMask, bool),
    /// Changed a room several times at once: each is one of the two above.
    Changes(RoomName, Vec<Deed>),
    /// Left the chat.
    Quit(Reason),
    /// Told others something by a program.
    Signal(Box<Signalled>),
    /// Said something to those in a room who have a role there.
    SaidToRole(Box<SaidToRole>),
    /// Is called so now.
    Nick(Nick),
    /// Set a room's topic, or cleared it.
    Topic(RoomName, Option<Text>),
    /// Is away for this reason, or is back.
    Away(Option<Text>),
    /// Is away for this reason; told to the client that wrote to them.
    IsAway(Text),
    /// Logged in to that account, or out.
    Account(Option<Nick>),
    /// Has this flag now, or has it no longer; for its own client.
    Flag(Flag, bool),
    /// Has the rights of an operator no longer; for its own client.
    NoRights,
    /// Has read what was said there up to this moment; for the clients of its account.
    Read(Text, Option<Moment>),
    /// Told this to all operators.
    Wallops(Text),
    /// Has this real name now.
    Real(Text),
    /// Has this user name and host now.
    Host(Text, Text),
}

/// A line to those in a room who have a role there, which is not stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SaidToRole {
    /// The room.
    pub room: RoomName,
    /// The role, or a higher one.
    pub role: RoomRole,
    /// How it was said.
    pub manner: Manner,
    /// The line.
    pub text: Text,
    /// With these tags.
    pub tags: Tags,
    /// Its id.
    pub id: LineId,
}
