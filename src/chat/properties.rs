//! Property tests: what holds of the chat after any sequence of events.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::time::Duration;

use proptest::prelude::*;

use super::turn::View;
use super::*;
use crate::address::Origin;
use crate::text::{Line, Text};

mod arrivals;
mod events;
mod irc;
mod order;
mod readers;
mod replicas;
mod steps;
mod store;

use self::replicas::Logged;
use self::steps::{Step, keep, step};

/// The chat, and what everybody has on the screen.
struct World {
    chat: Chat,
    now: Now,
    connected: u64,
    said: usize,
    screens: BTreeMap<ClientId, Vec<Message>>,
    rooms: HashMap<RoomId, HashSet<ClientId>>,
    /// Questions to the store.
    asked: VecDeque<(ClientId, Event)>,
    /// The password that was typed last.
    typed: Option<Password>,
    /// What it has of rooms.
    past: HashMap<RoomName, RoomPast>,
    kept: HashMap<RoomName, KeptRoom>,
    /// All that happened, if that is noted.
    log: Option<Vec<Logged>>,
}

impl World {
    fn new() -> Self {
        Self::keeping(None)
    }

    fn keeping(keep: Option<Duration>) -> Self {
        let name = Text::new("box7");
        let settings =
            Settings { name, replay: 20, has_archive: true, keep, ..Settings::default() };
        let mut chat = Chat::new(settings);
        chat.register(roll());
        Self::of(chat)
    }

    fn of(chat: Chat) -> Self {
        let (screens, rooms) = (BTreeMap::new(), HashMap::new());
        Self {
            chat,
            asked: VecDeque::new(),
            typed: None,
            past: HashMap::new(),
            kept: HashMap::new(),
            now: Now::default(),
            connected: 0,
            said: 0,
            screens,
            rooms,
            log: None,
        }
    }

    /// A world with as many empty rooms as are remembered, so that some will be forgotten, first
    /// those that random events enter often.
    fn of_many_rooms() -> Self {
        let mut world = Self::new();
        world.take(Step::Connect(0));
        let others = (2..=256).map(|number| format!("r{number}"));
        for room in ["dev".to_owned(), "ops".to_owned()].into_iter().chain(others) {
            world.take(Step::Other(0, Event::Line(Line::new(format!("/join {room}")))));
            world.take(Step::Answer);
            world.take(Step::Other(0, Event::Line(Line::new("/topic theirs"))));
        }
        world
    }

    fn client(&self, number: usize) -> Option<ClientId> {
        self.screens.keys().nth(number % self.screens.len().max(1)).copied()
    }

    fn take(&mut self, step: Step) {
        let mut effects = Effects::default();
        let (client, event) = match step {
            Step::Connect(from) => {
                self.connected += 1;
                let id = ClientId(self.connected);
                self.screens.insert(id, Vec::new());
                (
                    Some(id),
                    Event::Connected(Origin::of([192, 0, 2, from].into()), Traits::default()),
                )
            }
            Step::Say(number) => {
                self.said += 1;
                (self.client(number), Event::Line(Line::new(self.said.to_string())))
            }
            Step::Type(number, line) => (self.client(number), Event::Line(Line::new(line))),
            Step::Other(number, event) => (self.client(number), event),
            Step::Post(from, name) => {
                self.connected += 1;
                self.said += 1;
                let post = self.post(from, name);
                (Some(ClientId(self.connected)), Event::Post(Box::new(post)))
            }
            Step::Answer => match self.asked.pop_front() {
                Some((client, event)) => (Some(client), event),
                None => return,
            },
            Step::Pass(ms) => {
                self.now.uptime += Duration::from_millis(ms);
                self.now.moment.unix_ms += ms as i64;
                self.chat.tick(self.now, &mut effects);
                self.note(None, &effects);
                self.carry_out(effects);
                return arrivals::check(&self.chat, self.now);
            }
        };
        if let Some(client) = client {
            let event = self.conceal(event);
            self.chat.handle(self.now, client, event.clone(), &mut effects);
            self.note(Some((client, event)), &effects);
            self.carry_out(effects);
            self.check_kept();
        }
    }

    fn post(&self, from: u8, name: Option<&str>) -> Post {
        let origin = Origin::of([192, 0, 2, from].into());
        let author = name.map_or(Author::Guest, |name| Author::Named(Text::new(name)));
        let (room, text) = (RoomName::lobby(), Text::new(self.said.to_string()));
        Post { origin, author, room, kind: Kind::Said, text, part: 0, parts: 1, key: None }
    }

    fn carry_out(&mut self, mut effects: Effects) {
        let (list, except) = effects.drain();
        for effect in list {
            match effect {
                Effect::Tell { to: Audience::One(id) | Audience::Telnet(id), message } => {
                    self.show(id, message)
                }
                Effect::Tell { to: Audience::Room(room, range), message } => {
                    let members = self.rooms.get(&room).cloned().unwrap_or_default();
                    for id in members.into_iter().filter(|id| !except[range.clone()].contains(id)) {
                        self.show(id, message.clone());
                    }
                }
                Effect::Tell { to: Audience::Each(range), message } => {
                    except[range].iter().for_each(|id| self.show(*id, message.clone()));
                }
                Effect::Tell { to: Audience::Everyone, message } => {
                    let everyone: Vec<_> = self.screens.keys().copied().collect();
                    everyone.into_iter().for_each(|id| self.show(id, message.clone()));
                }
                Effect::Entered(id, room) => {
                    assert!(self.rooms.entry(room).or_default().insert(id), "entered twice");
                }
                Effect::Left(id, room) => {
                    assert!(self.rooms.entry(room).or_default().remove(&id), "left twice");
                }
                Effect::Authenticate(id, claim) => {
                    let event = self.claimed(claim);
                    self.asked.push_back((id, event));
                }
                Effect::ChangeBan(id, order) => {
                    let event = self.ordered(order);
                    self.asked.push_back((id, event));
                }
                Effect::Reply(..) | Effect::Service(..) => unreachable!("only the wire has these"),
                Effect::Reload
                | Effect::Moderated(_)
                // An answer may end behind the client's end.
                | Effect::Label(..)
                | Effect::RoomChanged(_)
                | Effect::Seen(..)
                | Effect::Posted(..)
                | Effect::ReadingEnded(..)
                | Effect::MakeToken(..)
                | Effect::ShowToken(_) => {}
                Effect::RecordTopic(room, topic) => self.check_topic(room, topic.as_ref()),
                Effect::KeepRoom(room, kept) => self.keep(room, kept),
                Effect::Record(room, entry) => {
                    assert!(entry.private && self.kept.contains_key(&room), "it is not kept");
                }
                Effect::RecordGap(..) | Effect::RecordRoll(_) => {
                    unreachable!("there is no cluster")
                }
                Effect::TurnedAway(id) => drop(self.screens.remove(&id)),
                Effect::Renamed(id, ..) | Effect::LoginFailed(id, _) => {
                    assert!(self.screens.contains_key(&id));
                }
                Effect::Arrived(id, _) | Effect::Changed(id) => {
                    assert!(self.screens.contains_key(&id))
                }
                Effect::Departed(id, ..) => drop(self.screens.remove(&id)),
                Effect::Ask(id, Question::Room { room, .. }) => {
                    let past = self.past.get(&room).cloned();
                    self.asked.push_back((id, Event::RoomRead(room, past)));
                }
                Effect::Ask(id, Question::Exists { room }) => {
                    let exists = self.past.contains_key(&room);
                    self.asked.push_back((id, Event::RoomExists(room, exists)));
                }
                Effect::Forget(id, filter) => {
                    self.asked.push_back((id, Event::Forgotten(Box::new(filter), 3)));
                }
                Effect::ShowRoom(id, _)
                | Effect::Timestamps(id, _)
                | Effect::Bell(id, _)
                | Effect::Ring(id, _)
                | Effect::Ask(id, _)
                | Effect::Disconnect(id, _) => {
                    assert!(self.screens.contains_key(&id));
                }
            }
        }
    }

    fn show(&mut self, id: ClientId, message: Message) {
        if let Some(nick) = shown(&message) {
            let holder = self.chat.nicks.holder(nick.as_str());
            let client = holder.and_then(|holder| self.chat.clients.get(&holder));
            let known = client.is_none_or(|client| client.announced);
            assert!(known || holder == Some(id), "{message:?} shows somebody unannounced");
        }
        if let (Message::History { entries, .. }, Some(keep)) = (&message, self.chat.settings.keep)
        {
            let oldest = self.now.moment.unix_ms - keep.as_millis() as i64;
            let is_old = entries.iter().any(|entry| entry.at.unix_ms < oldest);
            assert!(!is_old, "{message:?} shows what is too old");
        }
        self.check_privacy(id, &message);
        let screen = self.screens.get_mut(&id).expect("every recipient is connected");
        screen.push(message);
    }

    /// Nobody is shown what is going on in a private room that they are not in.
    fn check_privacy(&self, id: ClientId, message: &Message) {
        let name = match message {
            Message::People { room, .. } | Message::Topic { room, .. } => room,
            Message::Said { room, .. } | Message::History { room, .. } => room,
            _ => return,
        };
        let Some(room) = self.chat.rooms.find(*name).filter(|room| room.is_private()) else {
            return;
        };
        let effects = &mut Effects::default();
        let view = View { chat: &self.chat, now: self.now, me: id, at: None, effects };
        let may = view.is_in(room) || view.may_enter(room, None).is_ok();
        assert!(may, "{message:?} shows a private room to a stranger");
    }

    /// The members that the effects add up to are the chat's members; each is connected, and each
    /// client is in exactly one room.
    fn check(&self) {
        let mut seen = HashSet::new();
        for (&room, members) in &self.rooms {
            let listed: HashSet<_> = self.chat.members(room).iter().copied().collect();
            assert_eq!(*members, listed);
            assert!(members.iter().all(|id| self.screens.contains_key(id) && seen.insert(*id)));
            if let Some(room) = self.chat.rooms.get(room) {
                let announced = listed.iter().filter(|id| self.chat.clients[id].announced);
                assert_eq!(announced.count(), room.announced);
            }
        }
        assert!(self.screens.keys().all(|id| seen.contains(id)), "everybody is in a room");
        let nicks: HashSet<_> =
            self.chat.clients.values().map(|client| fold(client.nick)).collect();
        assert_eq!(nicks.len(), self.chat.clients.len(), "nicks are unique");
        for client in self.chat.clients.values() {
            let owner = self.chat.registry.account(client.nick).map(|account| account.nick);
            assert_eq!(client.login, owner, "a registered nick is worn by whoever logged in to it");
        }
    }

    /// After the last event, no client has a nick or an address that was banned then.
    fn check_bans(&self) {
        let (now, registry) = (self.now.moment, &self.chat.registry);
        for client in self.chat.clients.values() {
            assert_eq!(registry.ban_on(now, client.nick), None);
            assert_eq!(registry.ban_of(now, client.origin), None);
        }
    }
}

/// An operator and a user.
fn roll() -> Roll {
    let accounts = vec![account("carol", Role::Operator), account("dave", Role::User)];
    Roll { accounts, bans: Vec::new(), tokens: Vec::new() }
}

fn account(nick: &str, role: Role) -> Account {
    let nick = Nick::new(nick).unwrap();
    let (created, password) = (Moment::default(), PasswordId::default());
    Account { nick, role, created, last_seen: None, password }
}

/// Written apart from the code under test, for comparison.
fn fold(nick: Nick) -> String {
    nick.as_str().to_lowercase().replace('0', "o").replace(['1', 'l'], "i")
}

/// The people that a message shows to others.
fn shown(message: &Message) -> Option<Nick> {
    match message {
        Message::Said { entry, .. } => Some(entry.from),
        Message::PrivateFrom { from, .. } => Some(*from),
        Message::Joined { nick, .. } | Message::TopicSet { nick, .. } => Some(*nick),
        Message::Renamed { to, .. } => Some(*to),
        _ => None,
    }
}

/// The numbers of the lines on a screen, each with who said it.
fn lines(screen: &[Message]) -> Vec<(usize, Nick)> {
    let line = |message: &Message| match message {
        Message::Said { entry, .. } => Some((entry.text.as_str().parse().ok()?, entry.from)),
        _ => None,
    };
    screen.iter().filter_map(line).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn invariants_hold_after_every_step(
        steps in prop::collection::vec(step(), 1..120),
        keep in keep(),
    ) {
        let mut world = World::keeping(keep);
        for step in steps {
            world.take(step);
            world.check();
            world.check_bans();
        }
        for screen in world.screens.values() {
            let order: Vec<_> = lines(screen).into_iter().map(|(number, _)| number).collect();
            prop_assert!(order.is_sorted_by(|a, b| a < b), "one order for all: {order:?}");
        }
    }

    #[test]
    fn no_line_returns_to_its_sender(steps in prop::collection::vec(step(), 1..120)) {
        let mut world = World::new();
        for step in steps.into_iter().filter(|step| !matches!(step, Step::Type(_, "/echo on"))) {
            let said = world.said;
            let speaker = match step {
                Step::Say(number) => world.client(number),
                _ => None,
            };
            world.take(step);
            if let Some(screen) = speaker.and_then(|speaker| world.screens.get(&speaker)) {
                prop_assert!(lines(screen).iter().all(|&(number, _)| number != said + 1));
            }
        }
    }

    #[test]
    fn a_second_gone_changes_nothing(steps in prop::collection::vec(step(), 1..60), who in 0..8usize) {
        let mut world = World::new();
        steps.into_iter().for_each(|step| world.take(step));
        if let Some(client) = world.client(who) {
            world.take(Step::Other(who, Event::Gone(Reason::Disconnected)));
            for event in [Event::Gone(Reason::TooSlow), Event::Settled, Event::Line(Line::new("x"))] {
                let mut effects = Effects::default();
                world.chat.handle(world.now, client, event, &mut effects);
                prop_assert!(effects.is_empty());
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn invariants_hold_while_rooms_are_forgotten(steps in prop::collection::vec(step(), 1..20)) {
        let mut world = World::of_many_rooms();
        for step in steps {
            world.take(step);
            world.check();
        }
    }
}
