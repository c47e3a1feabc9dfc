//! A whole chat with its clients, its store and its clocks, and what has to be so after each step.
//!
//! The rules are those of the contract. What they need to know comes from the effects that the
//! chat had so far, and from what it hands over of each client (its presence).

mod after;
mod facts;
mod ignored;
mod rules;
mod screen;
mod speech;
mod steps;
mod store;
mod restart;
mod replica;
mod tables;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::time::Duration;

use chatd::address::{Address, Origin};
use chatd::chat::{
    Chat, ClientId, Effects, Event, Moment, Now, Password, RoomId, Settings, conceal,
};
use chatd::text::{Text, shows};
use chatd::wire::Dialect;

use self::facts::Facts;
use self::ignored::Gone;
use self::replica::Replica;
use self::store::{Roll, Store};

/// People in a room above which joins and leaves are told in digests.
const CROWD: usize = 50;

/// The chat, and what has to be so from all that it said.
pub struct World {
    chat: Chat,
    settings: Settings,
    now: Now,
    effects: Effects,
    store: Store,
    /// Who has which letter now, or had it last.
    letters: HashMap<u8, ClientId>,
    here: BTreeMap<ClientId, Known>,
    rooms: BTreeMap<RoomId, Room>,
    lockdown: bool,
    /// Nicks that were left: for whom they are kept, and until when.
    kept: HashMap<String, (Address, Duration)>,
    /// Who was muted and left without an account: from where, and until when.
    mutes_left: Vec<(Address, Option<Moment>)>,
    /// The people that somebody ignores and that have left.
    gone: Vec<Gone>,
    /// The ids of lines.
    ids: HashSet<String>,
    /// Processes so far.
    starts: usize,
    /// Some joins and leaves may have been told in digests.
    was_crowded: bool,
    /// Somebody spoke of an address that somebody comes from.
    spoke_of_addresses: bool,
    clients: u64,
    big: usize,
    /// The password that was typed last.
    typed: Option<Password>,
    /// If the chat is a cluster's: others that hear the same.
    replicas: Vec<Replica>,
    deeds: usize,
}

/// A client.
struct Known {
    origin: Origin,
    dialect: Dialect,
    facts: Facts,
    ignores: HashSet<ClientId>,
    /// What it was called while somebody ignored it.
    former: Vec<String>,
    /// Who wrote to it last.
    writer: Option<ClientId>,
    connected: Duration,
}

impl Known {
    fn new(origin: Origin, dialect: Dialect, connected: Duration) -> Self {
        let (facts, ignores, writer) = (Facts::default(), HashSet::new(), None);
        Self { origin, dialect, facts, ignores, former: Vec::new(), writer, connected }
    }
}

/// A room, as those know it who are in it.
#[derive(Default)]
struct Room {
    name: String,
    members: BTreeSet<ClientId>,
    /// Whom notices told to be in it.
    names: BTreeSet<String>,
    /// How many joins were told, less the leaves; digests count, too.
    told: i64,
    slow: Duration,
    /// Who spoke since it is slow, but for those whose time to wait was over.
    spoke: Vec<Spoke>,
}

/// Somebody spoke.
struct Spoke {
    at: Duration,
    client: ClientId,
    from: Address,
    login: Option<String>,
}

/// What happens in a step.
enum Cause {
    /// Something to a client.
    Client(ClientId, Event),
    /// The store says who is who, and who stays out.
    Roll(Roll),
    /// Nothing but the time passing, or what an operator does to the whole server.
    Other,
}

/// What happens, and who everybody was before.
#[derive(Clone, Copy)]
struct Step<'a> {
    cause: &'a Cause,
    before: &'a BTreeMap<ClientId, Facts>,
}

impl World {
    /// An empty chat, and a store with two accounts.
    pub fn new() -> Self {
        let settings = Settings {
            name: Text::new("box7"),
            motd: [Text::new("be nice")].into(),
            replay: 5,
            has_archive: true,
            keep: None,
        };
        let store = Store::new();
        let mut chat = Chat::new(settings.clone());
        chat.register(store.known.clone());
        chat.name_lines_after("box7-1");
        let lobby = Room { name: "lobby".to_owned(), ..Room::default() };
        Self {
            chat,
            settings,
            now: Now::default(),
            effects: Effects::default(),
            store,
            letters: HashMap::new(),
            here: BTreeMap::new(),
            rooms: BTreeMap::from([(RoomId::LOBBY, lobby)]),
            lockdown: false,
            kept: HashMap::new(),
            mutes_left: Vec::new(),
            gone: Vec::new(),
            ids: HashSet::new(),
            starts: 1,
            was_crowded: false,
            spoke_of_addresses: false,
            clients: 0,
            big: 0,
            typed: None,
            replicas: Vec::new(),
            deeds: 0,
        }
    }

    /// Lets something happen, and looks at what follows from it.
    fn happen(&mut self, cause: Cause) {
        let before = self.all_facts();
        self.was_crowded |= self.here.len() > CROWD;
        match &cause {
            Cause::Client(client, event) => {
                let event = self.conceal(event.clone());
                self.in_all_chats(|chat, now, effects| {
                    chat.handle(now, *client, event.clone(), effects);
                });
            }
            Cause::Roll(roll) => {
                let roll = self.store.in_force(roll);
                self.in_all_chats(|chat, now, effects| {
                    chat.register(roll.clone());
                    chat.enforce(now, effects);
                });
            }
            Cause::Other => {}
        }
        self.store.take_note(&cause);
        let step = Step { cause: &cause, before: &before };
        assert!(step.may_do_something() || self.effects.is_empty(), "somebody who is gone acts");
        self.follow(step);
        self.refresh();
        self.check(step);
    }

    /// The event without a password, which waits for the claim.
    fn conceal(&mut self, event: Event) -> Event {
        let Event::Line(line) = event else { return event };
        let (event, password) = conceal(line);
        self.typed = password;
        event
    }

    fn all_facts(&self) -> BTreeMap<ClientId, Facts> {
        self.here.iter().map(|(id, known)| (*id, known.facts.clone())).collect()
    }

    /// Takes over what the chat would hand over of each client.
    fn refresh(&mut self) {
        for (id, known) in &mut self.here {
            known.facts = Facts::of(&self.chat, *id);
        }
    }

    /// Whether that client is logged in to an operator's account, as the chat was told of it.
    fn is_operator(&self, facts: &Facts) -> bool {
        facts.login.as_ref().is_some_and(|login| self.store.is_operator(login))
    }
}

impl<'a> Step<'a> {
    /// Who does something, and who that was.
    fn actor(self) -> Option<(ClientId, &'a Facts)> {
        match self.cause {
            Cause::Client(client, _) => self.before.get(client).map(|facts| (*client, facts)),
            _ => None,
        }
    }

    fn event(self) -> Option<&'a Event> {
        match self.cause {
            Cause::Client(_, event) => Some(event),
            _ => None,
        }
    }

    /// Who typed a line, and what it was.
    fn typed(self) -> Option<(ClientId, &'a Facts, &'a str)> {
        let (client, facts) = self.actor()?;
        match self.event()? {
            Event::Line(line) => Some((client, facts, line.as_str())),
            _ => None,
        }
    }

    /// The words of a command, without its slash.
    fn command(self) -> Option<Vec<&'a str>> {
        let (_, _, line) = self.typed()?;
        let line = line.trim_start_matches(|c| !shows(c)).strip_prefix('/')?;
        let words: Vec<_> = line.trim_end().split(char::is_whitespace).collect();
        Some(words).filter(|words| !words[0].starts_with('/'))
    }

    /// Whether the client typed the command of that name.
    fn is_command(self, name: &str) -> bool {
        self.command().is_some_and(|words| words[0].eq_ignore_ascii_case(name))
    }

    /// Who is gone does nothing, but the name that they registered is theirs.
    fn may_do_something(self) -> bool {
        let decided =
            matches!(self.event(), Some(Event::Registered(..) | Event::PasswordChanged(..)));
        decided || self.event().is_none() || self.actor().is_some()
    }
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

/// Case and look-alikes folded: what has to be unique.
fn fold(nick: &str) -> String {
    nick.to_ascii_lowercase().replace('0', "o").replace(['1', 'l'], "i")
}
