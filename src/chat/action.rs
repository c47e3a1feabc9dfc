//! `Action`: what a client asks for on a wire that has requests of its own instead of commands.

use serde::{Deserialize, Serialize};

use super::model::{Moment, RoomMask, RoomName, RoomRole, Setting, SettingValue};
use super::refusal::Refusal;
use super::signal::{Signal, Tags};
use crate::text::{Line, Text};

/// A request of a client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Action {
    /// To come into the chat under a nick, and as whom.
    Introduce {
        /// The nick that it asks for.
        nick: Text,
        /// Its user name, with the `~` that marks it as not verified.
        user: Text,
        /// Its real name.
        real: Text,
    },
    /// To enter a room, perhaps with its key.
    Join(RoomName, Option<Text>),
    /// To leave a room, perhaps with last words.
    Part(RoomName, Option<Text>),
    /// To leave all rooms.
    PartAll,
    /// To say something.
    Say {
        /// To whom.
        to: Recipient,
        /// How.
        manner: Manner,
        /// What.
        text: Text,
        /// What the client's program says about it.
        #[serde(default, skip_serializing_if = "Tags::is_empty")]
        tags: Tags,
    },
    /// To tell other programs something.
    Signal(Recipient, Signal, Tags),
    /// To be called so.
    Nick(Text),
    /// To leave the chat, perhaps with last words.
    Quit(Option<Text>),
    /// To set a room's topic, or to clear it.
    Topic(RoomName, Option<Text>),
    /// To make somebody leave a room.
    Kick(RoomName, Text, Option<Text>),
    /// To invite somebody to a room.
    Invite(Text, RoomName),
    /// To change a room.
    Change(RoomName, RoomRequest),
    /// The same several times at once.
    ChangeAll(RoomName, Vec<RoomRequest>),
    /// To be away for this reason, or to be back.
    Away(Option<Text>),
    /// To have this real name.
    SetReal(Text),
    /// To have a flag, or to have it no longer.
    Flag(Flag, bool),
    /// To tell all operators, and whoever wants to hear it.
    Wallops(Text),
    /// To give back the [rights](super::AuthCommand::Oper) of an operator.
    GiveUpRights,
    /// Whether to be told its own lines.
    Echo(bool),
    /// To note that it has read what was said there up to this moment, or to be told up to when.
    MarkRead(Recipient, Option<Moment>),
    /// To run a command of the text wire, perhaps in one of its rooms.
    Command(Option<RoomName>, Line),
}

/// What a client says of itself by a user mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Flag {
    /// It is in no list of people for those who share no room with it.
    Invisible,
    /// It wants to hear what is told to operators.
    Wallops,
    /// It is a program.
    Bot,
}

/// The flags of a client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flags {
    /// As [`Flag::Invisible`].
    pub invisible: bool,
    /// As [`Flag::Wallops`].
    pub wallops: bool,
    /// As [`Flag::Bot`].
    pub bot: bool,
}

impl Flags {
    pub(crate) fn are_unset(&self) -> bool {
        *self == Self::default()
    }

    /// Sets or clears one of them; returns whether that changed it.
    pub(crate) fn set(&mut self, flag: Flag, on: bool) -> bool {
        let place = match flag {
            Flag::Invisible => &mut self.invisible,
            Flag::Wallops => &mut self.wallops,
            Flag::Bot => &mut self.bot,
        };
        std::mem::replace(place, on) != on
    }
}

/// A change of a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RoomRequest {
    /// Gives somebody a role, or takes it.
    Role(Text, RoomRole, bool),
    /// Changes a setting.
    Set(Setting, SettingValue),
    /// Adds a mask to a list, or removes it.
    Mask(MaskList, RoomMask, bool),
}

/// A list of masks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MaskList {
    /// Those who may not enter.
    Bans,
    /// Those whom no ban keeps out.
    Exceptions,
    /// Those who may enter an invite-only room without an invitation.
    Invited,
}

/// To whom something is said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Recipient {
    /// The people in a room.
    Room(RoomName),
    /// Those of them who have this role, or a higher one.
    Role(RoomName, RoomRole),
    /// The one who is called so.
    Nick(Text),
}

/// How something is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Manner {
    /// As a line.
    Line,
    /// As an action (`/me`).
    Emote,
    /// As a notice, which nobody answers by a program.
    Notice,
}

/// An action that the chat refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denied {
    /// What the client asked for.
    pub action: Action,
    /// Why it is not done.
    pub why: Refusal,
}
