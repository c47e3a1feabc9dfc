//! `Client`: what the chat knows of somebody who is connected.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::message::{Away, Moment, Person};
use super::mute::Mute;
use super::nick::Nick;
use super::room::{RoomId, RoomName};
use crate::address::{Address, Origin};

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
    /// Nobody on the way can read what is sent.
    pub encrypted: bool,
}

/// Who a client is to the others, and how it wants to be treated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Presence {
    origin: Origin,
    pub(super) nick: Nick,
    login: Option<Nick>,
    mute: Option<Mute>,
    pub(super) room: RoomName,
    announced: bool,
    echo: bool,
    lists: bool,
    quiet: bool,
    encrypted: bool,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Client {
    pub(super) nick: Nick,
    /// The account that it is logged in to, whose nick is the one it wears.
    pub(super) login: Option<Nick>,
    pub(super) origin: Origin,
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
    /// Nobody on the way can read what it sends.
    pub(super) encrypted: bool,
    pub(super) mute: Option<Mute>,
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
    pub(super) fn new(nick: Nick, origin: Origin, traits: Traits, now: Duration) -> Self {
        Self {
            nick,
            login: None,
            origin,
            rooms: Vec::with_capacity(1),
            announced: false,
            echo: traits.echo,
            lists: traits.lists,
            quiet: false,
            encrypted: traits.encrypted,
            mute: None,
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
        let Presence { origin, nick, login, mute, echo, lists, encrypted, .. } = *presence;
        let Presence { announced, quiet, .. } = *presence;
        let traits = Traits { echo, lists, encrypted };
        Self { announced, login, mute, quiet, ..Self::new(nick, origin, traits, now) }
    }

    /// What is to be noted of it, while it is in `room`.
    pub(super) fn presence(&self, room: RoomName) -> Presence {
        let Self { nick, login, mute, origin, announced, echo, lists, quiet, encrypted, .. } =
            *self;
        Presence { origin, nick, login, mute, room, announced, echo, lists, quiet, encrypted }
    }

    /// Where it comes from, as far as limits and kept names go.
    pub(super) fn address(&self) -> Address {
        self.origin.address()
    }

    /// Whether it may not speak.
    pub(super) fn is_muted(&self, now: Moment) -> bool {
        self.mute.is_some_and(|mute| mute.is_in_force(now))
    }

    /// The room that it talks in.
    pub(super) fn room(&self) -> RoomId {
        self.rooms.last().copied().unwrap_or(RoomId::LOBBY)
    }

    pub(super) fn person(&self) -> Person {
        Person { nick: self.nick, away: self.away.clone() }
    }
}
