//! The chat itself: who is connected, in which room, and who is to be told what.
//!
//! A pure state machine. It knows no sockets, threads or clocks and logs nothing: it is told
//! what happened and when, and answers with [`Effects`] for somebody else to carry out.

use serde::{Deserialize, Serialize};

mod account;
mod ban;
mod claims;
mod client;
pub mod commands;
mod effect;
mod history;
mod logins;
mod message;
mod mute;
mod name;
mod nick;
mod order;
mod orders;
mod pace;
mod presence;
mod refusal;
mod registrations;
mod registry;
mod room;
mod sound;
mod turn;

#[cfg(test)]
mod properties;

use std::sync::Arc;
use std::time::Duration;

use rustc_hash::FxHashMap;

pub use self::account::{Account, Claim, Password, Role};
pub use self::ban::{Ban, Mask, Order};
pub use self::client::{ClientId, Presence, Traits};
pub use self::effect::{Audience, Effect, Effects, Question};
pub use self::message::{Away, Entry, Kind, Message, Moment, Others, Person, Reason};
pub use self::nick::Nick;
pub use self::refusal::Refusal;
pub use self::registry::Roll;
pub use self::room::{RoomId, RoomName};

use self::claims::Claims;
use self::client::Client;
use self::mute::Mutes;
use self::nick::Nicks;
use self::orders::Orders;
use self::registry::Registry;
use self::room::Rooms;
use self::turn::Turn;
use crate::address::Origin;
use crate::text::Text;

/// What can be set from outside, and changed while people chat.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// What the server calls itself.
    pub name: Text,
    /// Lines shown after the welcome.
    pub motd: Arc<[Text]>,
    /// Lines replayed to somebody who enters a room.
    pub replay: usize,
    /// Whether there is somebody to [ask](Effect::Ask) about the past, and to keep accounts and
    /// bans.
    pub has_archive: bool,
    /// How old a line may be that is shown.
    pub keep: Option<Duration>,
}

/// The time, by both clocks that matter.
#[derive(Clone, Copy, Debug, Default)]
pub struct Now {
    /// Since the server started; never goes back. For deadlines.
    pub uptime: Duration,
    /// For people.
    pub moment: Moment,
}

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
    /// The nick is registered now, as it asked for.
    Registered(Account),
    /// That is its account, as it claimed.
    LoggedIn(Account),
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

/// The state of the whole chat.
#[derive(Debug, Serialize, Deserialize)]
pub struct Chat {
    #[serde(skip)]
    settings: Settings,
    clients: FxHashMap<ClientId, Client>,
    nicks: Nicks,
    rooms: Rooms,
    #[serde(skip)]
    registry: Registry,
    #[serde(default)]
    claims: Claims,
    #[serde(default)]
    orders: Orders,
    mutes: Mutes,
    /// Whether only those may speak who are logged in.
    lockdown: bool,
}

impl Chat {
    /// A chat without clients, with an empty lobby.
    pub fn new(settings: Settings) -> Self {
        let rooms = Rooms::new(settings.replay);
        Self {
            settings,
            clients: FxHashMap::default(),
            nicks: Nicks::default(),
            rooms,
            registry: Registry::default(),
            claims: Claims::default(),
            orders: Orders::default(),
            mutes: Mutes::default(),
            lockdown: false,
        }
    }

    /// Takes over changed settings, for whatever is shown from now on.
    pub fn configure(&mut self, settings: Settings) {
        self.rooms.remember(settings.replay);
        self.settings = settings;
    }

    /// Lets `event` happen to `client`, and appends what follows from it to `effects`.
    ///
    /// Never fails: a user's mistake is a [`Refusal`] told to that user. Events for clients that
    /// are not connected (any more) have no effects.
    pub fn handle(&mut self, now: Now, client: ClientId, event: Event, effects: &mut Effects) {
        if let Event::Connected(origin, traits) = event {
            return self.connect(now, client, origin, traits, effects);
        }
        // What is decided holds, whether or not whoever asked for it is still here.
        self.take_note(now, client, &event, effects);
        if !self.clients.contains_key(&client) {
            if let Event::Registered(_) = event {
                // Somebody else may wear that nick by now.
                self.enforce(now, effects);
            }
            return;
        }
        let mut turn = Turn { chat: self, now, me: client, effects };
        match event {
            Event::Connected(..) | Event::Banned(_) | Event::Unbanned(_) | Event::NotSaved(_) => {}
            Event::Settled => turn.announce(),
            Event::Line(line) => turn.line(&line),
            Event::TooLong { bytes, limit } => turn.refuse(Refusal::TooLong { bytes, limit }),
            Event::Found { room, lines } => turn.show_found(room, lines),
            Event::NotFound(why) => turn.refuse(Refusal::NotFound(why)),
            Event::Registered(account) => turn.registered(account),
            Event::LoggedIn(account) => turn.logged_in(account),
            Event::WrongPassword => turn.refuse(Refusal::WrongPassword),
            Event::NotClaimed(why) => turn.refuse(Refusal::NotFound(why)),
            Event::Malformed => turn.refuse(Refusal::Malformed),
            Event::Ping => turn.notice("pong"),
            Event::Quit => turn.quit(None),
            Event::Idle(limit) => turn.expel(Refusal::Idle(limit), Reason::TimedOut),
            Event::EndlessLine(bytes) => {
                turn.expel(Refusal::EndlessLine(bytes), Reason::Disconnected);
            }
            Event::Gone(reason) => turn.depart(reason),
        }
    }

    /// Takes over what was said in a room before this start, and its topic.
    pub fn recall(&mut self, room: RoomName, topic: Option<Text>, entries: Vec<Entry>) {
        self.rooms.recall(room, topic, entries);
    }

    /// When [`tick`](Self::tick) has something to do next.
    pub fn next_deadline(&self) -> Option<Duration> {
        self.rooms.next_digest().into_iter().chain(self.orders.next_try()).min()
    }

    /// Lets the time pass: digests that are due are told, and what the disk did not take is tried
    /// again.
    pub fn tick(&mut self, now: Now, effects: &mut Effects) {
        while let Some(room) = self.rooms.take_digest(now.uptime) {
            self.tell_digest(room, effects);
        }
        if let Some((by, order)) = self.orders.take_due(now.uptime) {
            effects.push(Effect::Order(by, order));
        }
    }

    /// Tells everybody that the server is going down.
    pub fn go_down(&self, effects: &mut Effects) {
        effects.tell(Audience::Everyone, Message::GoingDown);
    }

    /// Who gets what is told to a room. Empty for a room that does not exist.
    pub fn members(&self, room: RoomId) -> &[ClientId] {
        self.rooms.get(room).map_or(&[], |room| &room.members)
    }

    /// The clients that are connected.
    pub fn clients(&self) -> impl Iterator<Item = ClientId> {
        self.clients.keys().copied()
    }

    /// The rooms that a client is in.
    pub fn rooms_of(&self, client: ClientId) -> &[RoomId] {
        self.clients.get(&client).map_or(&[], |client| &client.rooms)
    }

    /// How many rooms have people in them.
    pub fn rooms_in_use(&self) -> usize {
        self.rooms.iter().filter(|room| !room.members.is_empty()).count()
    }

    /// Who a client is to the others.
    pub fn presence(&self, client: ClientId) -> Option<Presence> {
        let client = self.clients.get(&client)?;
        let room = self.rooms.get(client.room())?.name;
        Some(client.presence(room))
    }

    /// What a connected client is called.
    pub fn nick(&self, client: ClientId) -> Option<Nick> {
        self.clients.get(&client).map(|client| client.nick)
    }
}
