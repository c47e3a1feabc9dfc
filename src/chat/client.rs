//! `Client`: what the chat knows of somebody who is connected.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::message::{Away, Person};
use super::nick::Nick;
use super::room::{RoomId, RoomName};
use crate::address::Address;

/// Names a client for good: never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ClientId(pub u64);

impl ClientId {
    /// No client's.
    pub const NOBODY: Self = Self(u64::MAX);
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "c{}", self.0)
    }
}

/// What a kind of client is used to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traits {
    /// Gets its own lines back until it says otherwise: nothing else shows them.
    pub echo: bool,
    /// Is told who is in the room that it enters, to keep a list.
    pub lists: bool,
}

/// Who a client is to the others, and how it wants to be treated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Presence {
    address: Address,
    pub(super) nick: Nick,
    pub(super) room: RoomName,
    announced: bool,
    echo: bool,
    lists: bool,
    quiet: bool,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Client {
    pub(super) nick: Nick,
    pub(super) address: Address,
    /// The rooms it is in; what it says goes to the last. A text client is in one at a time.
    pub(super) rooms: Vec<RoomId>,
    /// Whether anybody was told of it. Until then it appears nowhere.
    pub(super) announced: bool,
    /// Gets its own lines back.
    pub(super) echo: bool,
    /// Is told who is in the room that it enters.
    pub(super) lists: bool,
    /// Wants no join and leave notices.
    pub(super) quiet: bool,
    pub(super) away: Option<Away>,
    /// Whom it ignores, those who left included, for what they said is still in the history.
    pub(super) ignores: Vec<ClientId>,
    /// Who ignores it, so that no line needs a search.
    pub(super) ignored_by: Vec<ClientId>,
    /// Who wrote to it last.
    pub(super) writer: Option<ClientId>,
    /// When it connected, and when it last sent a line.
    pub(super) connected: Duration,
    pub(super) active: Duration,
}

impl Client {
    pub(super) fn new(nick: Nick, address: Address, traits: Traits, now: Duration) -> Self {
        Self {
            nick,
            address,
            rooms: Vec::with_capacity(1),
            announced: false,
            echo: traits.echo,
            lists: traits.lists,
            quiet: false,
            away: None,
            ignores: Vec::new(),
            ignored_by: Vec::new(),
            writer: None,
            connected: now,
            active: now,
        }
    }

    /// One as it was noted; what was not noted is forgotten.
    pub(super) fn noted(presence: &Presence, now: Duration) -> Self {
        let Presence { address, nick, announced, echo, lists, quiet, .. } = *presence;
        Self { announced, quiet, ..Self::new(nick, address, Traits { echo, lists }, now) }
    }

    /// What is to be noted of it, while it is in `room`.
    pub(super) fn presence(&self, room: RoomName) -> Presence {
        let Self { nick, address, announced, echo, lists, quiet, .. } = *self;
        Presence { address, nick, room, announced, echo, lists, quiet }
    }

    /// The room that it talks in.
    pub(super) fn room(&self) -> RoomId {
        self.rooms.last().copied().unwrap_or(RoomId::LOBBY)
    }

    pub(super) fn person(&self) -> Person {
        Person { nick: self.nick, away: self.away.clone() }
    }
}
