//! `Client`: what the chat knows about a connected client.

use std::collections::VecDeque;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::markers::Markers;
use super::mutes::Mute;
use crate::address::{Address, Origin};
use crate::chat::action::Flags;
use crate::chat::event::{Traits, Wire};
use crate::chat::message::{Away, Person};
use crate::chat::model::{
    Account, AnswerForm, ClientId, CloakSecret, Moment, Nick, PasswordId, RoomId, RoomKey, RoomName,
};
use crate::chat::relay::Source;
use crate::text::Text;

/// Most former nicks that are remembered of an ignored client.
const MAX_FORMER: usize = 4;

fn is_empty(text: &Text) -> bool {
    text.as_str().is_empty()
}

/// What is recorded about a client for a restart after a crash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Presence {
    origin: Origin,
    pub(crate) nick: Nick,
    login: Option<Nick>,
    #[serde(default)]
    password: Option<PasswordId>,
    mute: Option<Mute>,
    /// The room that its lines go to, unless it is in none.
    pub(crate) room: RoomName,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    is_in_no_room: bool,
    announced: bool,
    echo: bool,
    lists: bool,
    quiet: bool,
    encrypted: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    has_many_rooms: bool,
    #[serde(default, skip_serializing_if = "Wire::is_text")]
    wire: Wire,
    #[serde(default, skip_serializing_if = "is_empty")]
    user: Text,
    #[serde(default, skip_serializing_if = "is_empty")]
    real: Text,
    #[serde(default, skip_serializing_if = "Flags::are_unset")]
    flags: Flags,
    /// The other rooms of a client that is in several, in the order in which it entered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    other_rooms: Vec<RoomName>,
}

impl Presence {
    /// That of no client, for a record that needs one.
    pub fn of_nobody() -> Self {
        let origin = Origin::of([0, 0, 0, 0].into());
        Client::new(Nick::guest(0), origin, Traits::default(), Duration::ZERO)
            .presence(vec![RoomName::lobby()])
    }

    /// Whether others know of it.
    pub(crate) fn is_announced(&self) -> bool {
        self.announced
    }

    /// Forgets one of its rooms, if it is in several; returns whether it was.
    pub fn forget_a_room(&mut self) -> bool {
        self.other_rooms.pop().is_some()
    }

    /// All rooms that it is in; its lines go to the last.
    pub fn rooms(&self) -> impl Iterator<Item = RoomName> {
        let last = (!self.is_in_no_room).then_some(self.room);
        self.other_rooms.iter().copied().chain(last)
    }

    /// Its nick.
    pub fn nick(&self) -> Nick {
        self.nick
    }

    /// The account that it is logged in to.
    pub(crate) fn login(&self) -> Option<Nick> {
        self.login
    }

    /// The same of a client that others do not know of yet.
    pub(crate) fn hidden(&self) -> Self {
        Self { announced: false, ..self.clone() }
    }

    /// The same of a client that is called `nick`, and not logged in.
    pub(crate) fn called(&self, nick: Nick) -> Self {
        Self { nick, login: None, password: None, ..self.clone() }
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Client {
    pub(crate) nick: Nick,
    /// The account that it is logged in to; the client has that account's nick.
    pub(crate) login: Option<Nick>,
    /// The password that it logged in with; `None` in what an older chatd left.
    #[serde(default)]
    pub(crate) password: Option<PasswordId>,
    pub(crate) origin: Origin,
    /// The rooms it is in; its lines go to the last. A text client is in one at a time.
    pub(crate) rooms: Vec<RoomId>,
    /// Whether it may be in several.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) has_many_rooms: bool,
    /// As [`Traits::wire`].
    #[serde(default, skip_serializing_if = "Wire::is_text")]
    pub(crate) wire: Wire,
    /// The user name and the real name that it gave, on a wire that has them.
    #[serde(default, skip_serializing_if = "is_empty")]
    pub(crate) user: Text,
    #[serde(default, skip_serializing_if = "is_empty")]
    pub(crate) real: Text,
    /// Who it is; follows from the rest.
    #[serde(skip)]
    pub(crate) source: OnceLock<Arc<Source>>,
    /// The operator whose rights it has for as long as it is connected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) rights: Option<Nick>,
    /// Whether the password that is being checked is for such rights.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) wants_rights: bool,
    /// The nick under which lists of people show it as an operator of the server; follows from the
    /// accounts.
    #[serde(skip)]
    pub(crate) marked: Option<Nick>,
    /// What it says of itself by user modes.
    #[serde(default, skip_serializing_if = "Flags::are_unset")]
    pub(crate) flags: Flags,
    /// Up to when it has read, unless it is logged in.
    #[serde(default, skip_serializing_if = "Markers::is_empty")]
    pub(crate) markers: Markers,
    /// The label of the request whose answer has to wait for the store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) label: Option<Text>,
    /// Whether its join was announced. Until then it appears nowhere.
    pub(crate) announced: bool,
    /// Whether `/echo` is on.
    pub(crate) echo: bool,
    /// As [`Traits::lists`].
    pub(crate) lists: bool,
    /// Whether `/quiet` is on.
    pub(crate) quiet: bool,
    /// As [`Traits::encrypted`].
    pub(crate) encrypted: bool,
    pub(crate) mute: Option<Mute>,
    /// The room that it asked to join, while the chat waits for that room's past from the store.
    #[serde(default)]
    pub(crate) entering: Option<RoomName>,
    /// The key that it gave for that room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) entering_with: Option<RoomKey>,
    pub(crate) away: Option<Away>,
    /// The clients that it ignores; also those that left, as their lines are still in the history.
    pub(crate) ignores: Vec<ClientId>,
    /// The clients that ignore it, so that sending a line needs no search.
    pub(crate) ignored_by: Vec<ClientId>,
    /// The nicks that it had while somebody ignored it, except for the current one.
    #[serde(default)]
    pub(crate) former: VecDeque<Nick>,
    /// The sender of the last private message, for `/reply`.
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
            has_many_rooms: traits.wire == Wire::Irc,
            wire: traits.wire,
            user: Text::default(),
            real: Text::default(),
            source: OnceLock::new(),
            rights: None,
            wants_rights: false,
            marked: None,
            flags: Flags::default(),
            markers: Markers::default(),
            label: None,
            announced: false,
            echo: traits.echo,
            lists: traits.lists,
            quiet: false,
            encrypted: traits.encrypted,
            mute: None,
            entering: None,
            entering_with: None,
            away: None,
            ignores: Vec::new(),
            ignored_by: Vec::new(),
            former: VecDeque::new(),
            writer: None,
            connected: now,
            active: now,
        }
    }

    /// A client from its record; what is not in the record is lost.
    pub(crate) fn noted(presence: &Presence, now: Duration) -> Self {
        let Presence { origin, nick, login, password, mute, echo, lists, .. } = *presence;
        let Presence { announced, quiet, encrypted, has_many_rooms, wire, .. } = *presence;
        let Presence { user, real, flags, .. } = presence;
        let (user, real, flags) = (user.clone(), real.clone(), *flags);
        let traits = Traits { echo, lists, encrypted, wire };
        let new = Self::new(nick, origin, traits, now);
        Self { announced, login, password, mute, quiet, has_many_rooms, user, real, flags, ..new }
    }

    /// Its record, while it is in `rooms`, in the order in which it entered.
    pub(crate) fn presence(&self, mut rooms: Vec<RoomName>) -> Presence {
        let last = rooms.pop();
        let Self { nick, login, password, mute, origin, announced, .. } = *self;
        let Self { echo, lists, quiet, encrypted, has_many_rooms, wire, .. } = *self;
        let (user, real, flags) = (self.user.clone(), self.real.clone(), self.flags);
        Presence {
            origin,
            nick,
            login,
            password,
            mute,
            room: last.unwrap_or_else(RoomName::lobby),
            is_in_no_room: last.is_none(),
            announced,
            echo,
            lists,
            quiet,
            encrypted,
            has_many_rooms,
            wire,
            user,
            real,
            flags,
            other_rooms: rooms,
        }
    }

    /// Replaces the ids of other clients.
    pub(crate) fn renumber(&mut self, new: impl Fn(ClientId) -> ClientId + Copy) {
        self.ignores.iter_mut().for_each(|id| *id = new(*id));
        self.ignored_by.iter_mut().for_each(|id| *id = new(*id));
        self.writer = self.writer.map(new);
    }

    /// Takes over what a roster says, except for the room; its login only with the nick of it.
    pub(crate) fn restore(&mut self, presence: &Presence, holds_nick: bool) {
        self.source.take();
        if holds_nick {
            (self.login, self.password) = (presence.login, presence.password);
        } else {
            self.log_out();
        }
        self.mute = presence.mute;
        (self.echo, self.quiet, self.lists) = (presence.echo, presence.quiet, presence.lists);
        self.has_many_rooms = presence.has_many_rooms;
        (self.user, self.real) = (presence.user.clone(), presence.real.clone());
        self.flags = presence.flags;
    }

    /// Changes its nick; returns the old one.
    pub(crate) fn rename(&mut self, nick: Nick) -> Nick {
        let from = std::mem::replace(&mut self.nick, nick);
        self.source.take();
        if !self.ignored_by.is_empty() && from != nick {
            self.former.retain(|former| *former != from && *former != nick);
            self.former.push_back(from);
            if self.former.len() > MAX_FORMER {
                self.former.pop_front();
            }
        }
        from
    }

    /// Its address, as limits and reserved nicks count it.
    pub(crate) fn address(&self) -> Address {
        self.origin.address()
    }

    /// Logs the client in to that account.
    pub(crate) fn log_in(&mut self, account: &Account) {
        self.source.take();
        self.login = Some(account.nick);
        self.password = Some(account.password);
    }

    /// Logs the client out.
    pub(crate) fn log_out(&mut self) {
        self.source.take();
        self.login = None;
        self.password = None;
    }

    /// Whether it is muted at `now`.
    pub(crate) fn is_muted(&self, now: Moment) -> bool {
        self.mute.is_some_and(|mute| mute.is_in_force(now))
    }

    /// The room that its lines go to, unless it is in none.
    pub(crate) fn room(&self) -> Option<RoomId> {
        self.rooms.last().copied()
    }

    /// Who it is; `secret` makes the cloaks.
    pub(crate) fn source(&self, secret: &CloakSecret) -> Arc<Source> {
        self.source.get_or_init(|| Arc::new(self.identify(secret))).clone()
    }

    fn identify(&self, secret: &CloakSecret) -> Source {
        let host = match self.login {
            Some(account) => format!("account.{account}"),
            None => secret.cloak(self.address()),
        };
        let user = match self.wire {
            Wire::Text => Text::new("~text"),
            Wire::Web => Text::new("~web"),
            Wire::Irc => self.user.clone(),
        };
        let (nick, account, real) = (self.nick, self.login, self.real.clone());
        let is_bot = self.flags.bot;
        Source { nick, user, host: Text::new(host), account, real, is_bot }
    }

    /// Whether it may be in several rooms, and has to be told of which one a notice is.
    pub(crate) fn tells_rooms_apart(&self) -> bool {
        self.lists && self.has_many_rooms
    }

    /// Whether it speaks IRC.
    pub(crate) fn speaks_irc(&self) -> bool {
        self.wire == Wire::Irc
    }

    /// The form of its answers.
    pub(crate) fn form(&self) -> AnswerForm {
        if self.lists { AnswerForm::Objects } else { AnswerForm::Lines }
    }

    /// The client as lists show it. A reader who ignores it (`is_heard` is false) does not get its
    /// away text.
    pub(crate) fn person(&self, is_heard: bool, is_operator: bool) -> Person {
        Person { nick: self.nick, away: self.away_as(is_heard), is_operator }
    }

    /// Whether it is away, without the text for a reader who ignores it.
    pub(crate) fn away_as(&self, is_heard: bool) -> Option<Away> {
        self.away.clone().map(|Away(words)| Away(words.filter(|_| is_heard)))
    }
}
