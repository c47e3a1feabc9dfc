//! The chat, driven by a few clients at once: it never panics, tells nobody who is not there, and
//! its names stay unique; and no line on a screen can be taken for something that it is not.
//!
//! Input: a step a line, such as `a:/nick bob`: a letter for the client, what it does, more on that.
#![no_main]

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use chatd::address::Origin;
use chatd::chat::{
    Audience, Chat, ClientId, Effect, Effects, Entry, Event, Kind, Message, Moment, Now, Reason,
    RoomId, Settings, Traits,
};
use chatd::text::Text;
use chatd::wire::text::{Style, encode};
use chatd_fuzz::is_dangerous;
use libfuzzer_sys::fuzz_target;

/// Steps that an input may have, and how many of them may be big.
const MAX_STEPS: usize = 200;
const MAX_BIG: usize = 2;
/// More than a room can have before joins are told in digests.
const CROWD: u8 = 60;

fuzz_target!(|input: &[u8]| {
    let mut world = World::new();
    for step in input.split(|&byte| byte == b'\n').take(MAX_STEPS) {
        let [letter, what, more @ ..] = step else { continue };
        world.step(*letter, *what, more);
        world.check();
    }
});

/// The chat, and what has to be so from all that it said.
struct World {
    chat: Chat,
    now: Duration,
    effects: Effects,
    /// Who has which letter now, or had it last.
    letters: HashMap<u8, ClientId>,
    here: HashMap<ClientId, Known>,
    rooms: HashSet<RoomId>,
    clients: u64,
    big: usize,
}

/// What effects told of a client.
#[derive(Default)]
struct Known {
    rooms: HashSet<RoomId>,
    echo: bool,
}

impl World {
    fn new() -> Self {
        let settings = Settings {
            name: Text::new("box7"),
            motd: [Text::new("be nice")].into(),
            replay: 5,
            has_archive: true,
        };
        Self {
            chat: Chat::new(settings),
            now: Duration::ZERO,
            effects: Effects::default(),
            letters: HashMap::new(),
            here: HashMap::new(),
            rooms: HashSet::from([RoomId::LOBBY]),
            clients: 0,
            big: 0,
        }
    }

    fn step(&mut self, letter: u8, what: u8, more: &[u8]) {
        let number = more.first().copied().unwrap_or_default();
        match what {
            b'+' => self.connect(letter, number),
            b'@' => self.crowd(),
            b'%' => self.tour(letter, more),
            b't' => self.pass(Duration::from_secs(number.into())),
            b'd' => {
                self.chat.go_down(&mut self.effects);
                self.follow(None);
            }
            _ => {
                let event = match what {
                    b'.' => Event::Settled,
                    b'>' => Event::TooLong { bytes: 1312, limit: 1024 },
                    b'?' => Event::Ping,
                    b'~' => Event::Quit,
                    b'-' => Event::Gone(Reason::Disconnected),
                    b'<' => Event::Gone(Reason::TooSlow),
                    b'z' => Event::Idle(Duration::from_secs(number.into())),
                    b'e' => Event::EndlessLine(65_537),
                    _ => Event::Line(Text::new(more)),
                };
                self.happen(letter, event);
            }
        }
    }

    /// A letter is free again when its client is gone; its next client is another.
    fn connect(&mut self, letter: u8, host: u8) {
        if self.letters.get(&letter).is_some_and(|client| self.here.contains_key(client)) {
            return;
        }
        self.clients += 1;
        let client = ClientId(self.clients);
        self.letters.insert(letter, client);
        let is_page = host & 4 == 4;
        self.here.insert(client, Known { echo: is_page, ..Known::default() });
        let traits = Traits { echo: is_page, lists: is_page, encrypted: false };
        self.happen(letter, Event::Connected(Origin::of([192, 0, 2, host & 3].into()), traits));
    }

    /// Takes the letters above ASCII.
    fn crowd(&mut self) {
        if self.is_big() {
            for letter in (128..).take(CROWD.into()) {
                self.connect(letter, letter);
                self.happen(letter, Event::Settled);
            }
        }
    }

    /// Goes from room to room and leaves something in each: more than are kept empty.
    fn tour(&mut self, letter: u8, more: &[u8]) {
        let rooms = str::from_utf8(more).ok().and_then(|more| more.parse().ok()).unwrap_or(0);
        if self.is_big() {
            for room in 0..u32::min(rooms, 300) {
                for line in [format!("/join r{room}"), "/topic mine".to_owned()] {
                    self.happen(letter, Event::Line(Text::new(line)));
                }
            }
        }
    }

    fn is_big(&mut self) -> bool {
        self.big += 1;
        self.big <= MAX_BIG
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
        self.chat.tick(self.clock(), &mut self.effects);
        self.follow(None);
        assert!(self.chat.next_deadline().is_none_or(|deadline| deadline > self.now));
    }

    fn happen(&mut self, letter: u8, event: Event) {
        let Some(&client) = self.letters.get(&letter) else { return };
        let was_here = self.here.contains_key(&client);
        let leaves = matches!(event, Event::Gone(_) | Event::Quit);
        self.chat.handle(self.clock(), client, event, &mut self.effects);
        assert!(was_here || self.effects.is_empty(), "somebody who is gone acts");
        self.follow(Some(client));
        assert!(!(leaves && self.here.contains_key(&client)), "somebody who is gone stays");
    }

    fn clock(&self) -> Now {
        let unix_ms = i64::try_from(self.now.as_millis()).unwrap_or_default();
        Now { uptime: self.now, moment: Moment { unix_ms } }
    }

    /// Carries out the effects of what `actor` did.
    fn follow(&mut self, actor: Option<ClientId>) {
        let (effects, except) = self.effects.drain();
        for effect in effects {
            match effect {
                Effect::Tell { to, message } => {
                    check_lines(&message);
                    match to {
                        Audience::One(client) => {
                            let known = self.here.get_mut(&client).expect("a recipient is here");
                            if let Message::Notice(text) = &message {
                                known.echo |= text.as_str() == "echo is on";
                                known.echo &= text.as_str() != "echo is off";
                            }
                        }
                        Audience::Room(_, range) => {
                            let except = &except[range];
                            if let (Message::Said { .. }, Some(actor)) = (&message, actor) {
                                let back = !except.contains(&actor);
                                assert_eq!(back, self.here[&actor].echo, "own lines come back");
                            }
                        }
                        Audience::Everyone => {}
                    }
                }
                Effect::Entered(client, room) => {
                    self.rooms.insert(room);
                    let known = self.here.get_mut(&client).expect("who enters is here");
                    assert!(known.rooms.insert(room), "entered twice");
                }
                Effect::Left(client, room) => {
                    let known = self.here.get_mut(&client).expect("who leaves was here");
                    assert!(known.rooms.remove(&room), "left twice");
                }
                Effect::Departed(client, ..) => {
                    let known = self.here.remove(&client).expect("nobody departs twice");
                    assert!(known.rooms.is_empty(), "a ghost stays in a room");
                }
                Effect::Timestamps(client, _)
                | Effect::Disconnect(client, _)
                | Effect::Ask(client, _)
                | Effect::Claim(client, _)
                | Effect::Order(client, _)
                | Effect::Changed(client)
                | Effect::TurnedAway(client) => assert!(self.here.contains_key(&client)),
                Effect::Reload | Effect::Kept(_) => {}
            }
        }
        self.effects.clear();
    }

    /// What the chat tells of itself is what its effects told.
    fn check(&self) {
        let mut members: HashMap<ClientId, usize> = HashMap::new();
        for &room in &self.rooms {
            for client in self.chat.members(room) {
                assert!(self.here[client].rooms.contains(&room));
                *members.entry(*client).or_default() += 1;
            }
        }
        let mut nicks = HashSet::new();
        for (client, known) in &self.here {
            assert_eq!(
                members.get(client),
                Some(&known.rooms.len()),
                "in no room, or twice in one"
            );
            let nick = self.chat.nick(*client).expect("who is here has a nick");
            assert!(nicks.insert(fold(nick.as_str())), "{nick} is not unique");
        }
        let gone = self.letters.values().filter(|client| !self.here.contains_key(client));
        assert!(gone.copied().all(|client| self.chat.nick(client).is_none()));
    }
}

/// Look-alikes become the same.
fn fold(nick: &str) -> String {
    nick.to_ascii_lowercase().replace('0', "o").replace(['1', 'l'], "i")
}

/// Every line says by its first characters whether chatd or a person speaks.
fn check_lines(message: &Message) {
    let mut bytes = Vec::new();
    encode(message, Style { bare_line_feeds: true, timestamps: false }, &mut bytes);
    let text = String::from_utf8(bytes).expect("lines are UTF-8");
    let lines: Vec<_> = text.strip_suffix('\n').expect("lines are whole").split('\n').collect();
    assert!(!lines.iter().any(|line| line.contains(is_dangerous)));
    let begin = |beginning: &str| lines.iter().all(|line| line.starts_with(beginning));
    let as_expected = match message {
        Message::Said { entry: Entry { from, kind, .. }, .. } => {
            let beginning = match kind {
                Kind::Said => format!("<{from}> "),
                Kind::Emoted => format!("* {from} "),
                Kind::Gap => unreachable!("nobody says a gap"),
            };
            lines.len() == 1 && begin(&beginning)
        }
        Message::PrivateFrom { from, .. } => lines.len() == 1 && begin(&format!("[from {from}] ")),
        Message::PrivateTo { to, .. } => lines.len() == 1 && begin(&format!("[to {to}] ")),
        Message::Refused(_) => lines.len() == 1 && begin("!! "),
        Message::History { entries, .. } => {
            let (last, said) = lines.split_last().expect("split gives at least one");
            said.len() == entries.len()
                && said.iter().all(|line| line.starts_with('['))
                && *last == "-- end of history"
        }
        _ => begin("-- "),
    };
    assert!(as_expected, "{message:?} looks like {text:?}");
}
