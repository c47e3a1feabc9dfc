//! `Event`: what happened to a client.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::action::Action;
use super::model::{
    Account, AuthCommand, BanChange, Entry, LineFilter, PasswordHash, Post, Reading, RoomName,
    RoomPast, Token, TypedPassword,
};
use super::reason::Reason;
use crate::address::Origin;
use crate::text::{Line, Text};

/// Something that happened to one client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Event {
    /// It connected from this origin.
    Connected(Origin, Traits),
    /// It has sent nothing for a moment, so a person may be reading; announces it.
    Settled,
    /// It sent a line: something to say, or a command.
    Line(Line),
    /// The same in one of its rooms.
    LineIn(RoomName, Line),
    /// It tells its rooms apart, so it may be in several.
    ManyRooms,
    /// It asks for this, perhaps under a label: the answer is told between
    /// [two effects](super::Effect::Label) with it.
    Do(Action, Option<Text>),
    /// It sent a command with a password, which is [kept apart](super::conceal).
    Authenticate(AuthCommand, TypedPassword),
    /// It sent a line that is longer than allowed.
    TooLong {
        /// Length of the line, in bytes.
        bytes: usize,
        /// The limit, in bytes.
        limit: usize,
    },
    /// It sent a message that its protocol does not define.
    Malformed,
    /// The store found the lines that it asked for.
    Found {
        /// The room, unless it searched all of them.
        room: Option<RoomName>,
        /// The lines, oldest first.
        lines: Vec<(RoomName, Entry)>,
    },
    /// The store did not answer its question; the text says why.
    NotFound(Text),
    /// This is what the store has of a room, which is `None` when it has nothing.
    RoomRead(RoomName, Option<RoomPast>),
    /// The store could not read a room; the text says why.
    RoomNotRead(RoomName, Text),
    /// Whether the store has a topic or lines of a room whose people the client asked for.
    RoomExists(RoomName, bool),
    /// The answer to its question did not come in time.
    NotAnswered,
    /// The store registered the nick that it asked for. The hash is for the stores of other nodes.
    Registered(Account, Option<PasswordHash>),
    /// Its password was right; this is its account.
    LoggedIn(Account),
    /// The account has the password that the client asked for, with this hash as above.
    PasswordChanged(Account, Option<PasswordHash>),
    /// Its password was wrong.
    WrongPassword,
    /// It was not logged in or registered, for another reason than a wrong password; the text says why.
    NotAuthenticated(Text),
    /// Its change of bans is on disk.
    BanSaved {
        /// The change.
        change: BanChange,
        /// Whether saving it had failed before.
        was_late: bool,
    },
    /// Its change of bans could not be saved yet.
    BanNotSaved(BanChange),
    /// Its change of bans is not made, because too many are not saved yet.
    TooManyBanChanges,
    /// How many of the lines that it wanted to be forgotten are removed.
    Forgotten(Box<LineFilter>, u64),
    /// A line of a request over HTTP. The id is the request's; no client is connected.
    Post(Box<Post>),
    /// A request over HTTP had a wrong token.
    WrongToken(Origin),
    /// A token was made for the client's account.
    TokenMade(Box<Token>),
    /// Somebody reads a room over HTTP from here on. The id is the connection's; it is no client.
    Read(Box<Reading>),
    /// It asks whether the server is alive (telnet's AYT).
    Ping,
    /// It ended the conversation (telnet's Ctrl-D or IAC EOF).
    Quit,
    /// It sent nothing for the idle timeout, this long.
    Idle(Duration),
    /// It sent this many bytes without a line end, more than the limit.
    EndlessLine(usize),
    /// Its connection ended. May be sent more than once, and for an unknown client.
    Gone(Reason),
}

/// What an event may do to the chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// It changes nothing.
    Query,
    /// It may change the chat.
    Change,
    /// It may change the chat, and what the client sends next has to wait until it has done so and,
    /// if it asked the store something, the store has answered.
    Barrier,
}

/// How a kind of client differs from others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Traits {
    /// Whether it starts with `/echo on`, because nothing else shows its own lines.
    pub echo: bool,
    /// Whether it keeps a list of people, and is told who is in a room that it enters.
    pub lists: bool,
    /// Whether the connection is encrypted.
    pub encrypted: bool,
    /// The protocol that the client speaks.
    #[serde(default, skip_serializing_if = "Wire::is_text")]
    pub wire: Wire,
}

/// What a client speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Wire {
    /// Lines.
    #[default]
    Text,
    /// WebSocket.
    Web,
    /// IRC: the client is in no room at first, is told who everybody is, and asks by
    /// [actions](Action).
    Irc,
}

impl Wire {
    pub(crate) fn is_text(&self) -> bool {
        *self == Self::Text
    }
}
