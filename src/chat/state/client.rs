//! `Client`: what the chat knows of somebody who is connected.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::mutes::Mute;
use crate::address::{Address, Origin};
use crate::chat::event::Traits;
use crate::chat::message::{Away, Person};
use crate::chat::model::{Account, ClientId, Moment, Nick, PasswordId, RoomId, RoomName};

/// Who a client is to the others, and how it wants to be treated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Presence {
    origin: Origin,
    pub(crate) nick: Nick,
    login: Option<Nick>,
    #[serde(default)]
    password: Option<PasswordId>,
    mute: Option<Mute>,
    pub(crate) room: RoomName,
    announced: bool,
    echo: bool,
    lists: bool,
    quiet: bool,
    encrypted: bool,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Client {
    pub(crate) nick: Nick,
    /// The account that it is logged in to, whose nick is the one it wears.
    pub(crate) login: Option<Nick>,
    /// The password that it logged in with; `None` in what an older chatd left.
    #[serde(default)]
    pub(crate) password: Option<PasswordId>,
    pub(crate) origin: Origin,
    /// The rooms it is in; what it says goes to the last. A text client is in one at a time.
    pub(crate) rooms: Vec<RoomId>,
    /// Whether anybody was told of it. Until then it appears nowhere.
    pub(crate) announced: bool,
    /// Gets its own lines back.
    pub(crate) echo: bool,
    /// Is told who is in the room that it enters.
    pub(crate) lists: bool,
    /// Wants no join and leave notices.
    pub(crate) quiet: bool,
    /// Nobody on the way can read what it sends.
    pub(crate) encrypted: bool,
    pub(crate) mute: Option<Mute>,
    /// The room that it asked to go to, while the store is asked for what there is of it.
    #[serde(default)]
    pub(crate) entering: Option<RoomName>,
    pub(crate) away: Option<Away>,
    /// Whom it ignores, those who left included, for what they said is still in the history.
    pub(crate) ignores: Vec<ClientId>,
    /// Who ignores it, so that no line needs a search.
    pub(crate) ignored_by: Vec<ClientId>,
    /// Who wrote to it last.
    pub(crate) writer: Option<ClientId>,
    /// When it connected, and when it last sent a line.
    pub(crate) connected: Duration,
    pub(crate) active: Duration,
}

impl Client {
    pub(crate) fn new(nick: Nick, origin: Origin, traits: Traits, now: Duration) -> Self {
        Self {
            nick,
            login: None,
            password: None,
            origin,
            rooms: Vec::with_capacity(1),
            announced: false,
            echo: traits.echo,
            lists: traits.lists,
            quiet: false,
            encrypted: traits.encrypted,
            mute: None,
            entering: None,
            away: None,
            ignores: Vec::new(),
            ignored_by: Vec::new(),
            writer: None,
            connected: now,
            active: now,
        }
    }

    /// One as it was noted; what was not noted is forgotten.
    pub(crate) fn noted(presence: &Presence, now: Duration) -> Self {
        let Presence { origin, nick, login, password, mute, echo, lists, .. } = *presence;
        let Presence { announced, quiet, encrypted, .. } = *presence;
        let traits = Traits { echo, lists, encrypted };
        Self { announced, login, password, mute, quiet, ..Self::new(nick, origin, traits, now) }
    }

    /// What is to be noted of it, while it is in `room`.
    pub(crate) fn presence(&self, room: RoomName) -> Presence {
        let Self { nick, login, password, mute, origin, announced, .. } = *self;
        let Self { echo, lists, quiet, encrypted, .. } = *self;
        Presence {
            origin,
            nick,
            login,
            password,
            mute,
            room,
            announced,
            echo,
            lists,
            quiet,
            encrypted,
        }
    }

    /// Where it comes from, as far as limits and kept names go.
    pub(crate) fn address(&self) -> Address {
        self.origin.address()
    }

    /// It is logged in to that account from now on.
    pub(crate) fn log_in(&mut self, account: &Account) {
        (self.login, self.password) = (Some(account.nick), Some(account.password));
    }

    /// It is logged in no longer.
    pub(crate) fn log_out(&mut self) {
        (self.login, self.password) = (None, None);
    }

    /// Whether it may not speak.
    pub(crate) fn is_muted(&self, now: Moment) -> bool {
        self.mute.is_some_and(|mute| mute.is_in_force(now))
    }

    /// The room that it talks in.
    pub(crate) fn room(&self) -> RoomId {
        self.rooms.last().copied().unwrap_or(RoomId::LOBBY)
    }

    pub(crate) fn person(&self) -> Person {
        Person { nick: self.nick, away: self.away.clone() }
    }
}
