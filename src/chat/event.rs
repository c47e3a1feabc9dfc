//! `Event`: what happened to a client.

use std::time::Duration;

use super::message::Reason;
use super::model::{Account, Ban, Entry, LineFilter, Mask, Order, RoomName, RoomPast};
use crate::address::Origin;
use crate::text::Text;

/// Something that happened to one client.
#[derive(Clone, Debug)]
pub enum Event {
    /// It connected, from there.
    Connected(Origin, Traits),
    /// It has been silent for a moment: somebody may be reading.
    Settled,
    /// It sent a line: something to say, or a command.
    Line(Text),
    /// It sent a line that was longer than allowed, both in bytes.
    TooLong {
        /// Its length.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// It sent something that its protocol does not have.
    Malformed,
    /// This is what it asked for: lines of one room, or of any.
    Found {
        /// Which, if it was only one.
        room: Option<RoomName>,
        /// The lines, oldest first.
        lines: Vec<(RoomName, Entry)>,
    },
    /// What it asked for cannot be had.
    NotFound(Text),
    /// This is what the store has of a room, which is `None` when it has nothing.
    RoomRead(RoomName, Option<RoomPast>),
    /// What the store has of a room is not known; the words say why.
    RoomNotRead(RoomName, Text),
    /// It was to be answered, and will not be for now.
    NotAnswered,
    /// The nick is registered now, as it asked for.
    Registered(Account),
    /// That is its account, as it claimed.
    LoggedIn(Account),
    /// The account has the password that the client asked for.
    PasswordChanged(Account),
    /// That is not the password to the account that it claimed.
    WrongPassword,
    /// Its claim came to nothing, and not for a wrong password; the words say why.
    NotClaimed(Text),
    /// The ban that it ordered is on the disk.
    Banned(Ban),
    /// The ban that it lifted is not on the disk any more.
    Unbanned(Mask),
    /// The disk did not take what it ordered.
    NotSaved(Order),
    /// So many lines are forgotten, of those that it wanted to be.
    Forgotten(LineFilter, u64),
    /// It asks whether the server is there.
    Ping,
    /// It said that it is done.
    Quit,
    /// It sent nothing for this long, which is too long.
    Idle(Duration),
    /// It sent this many bytes without the end of a line, which is too many.
    EndlessLine(usize),
    /// It is gone. May come any number of times, and for a client that never was.
    Gone(Reason),
}

/// What a kind of client is used to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traits {
    /// Gets its own lines back until it says otherwise: nothing else shows them.
    pub echo: bool,
    /// Is told who is in the room that it enters, to keep a list.
    pub lists: bool,
    /// Nobody on the way can read what is sent.
    pub encrypted: bool,
}
