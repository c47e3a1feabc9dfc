//! What a step means.
//!
//! | what | does |
//! |---|---|
//! | `+` | connects; the next byte says from where, how it is spoken to, and whether encrypted |
//! | `:` and all that is not below | sends a line |
//! | `.` `>` `?` `m` `~` | settles; a line too long; a ping; no message at all; quits |
//! | `-` `<` `z` `e` | is gone; too slow; idle for so many seconds; a line without an end |
//! | `!` `=` | the store answers the next who wrote, or who read; `#` says that it cannot |
//! | `f` | the store's disk takes nothing any more, or does again |
//! | `x` | somebody adds, removes, promotes or demotes an account: `a+bob` `a-bob` `a!bob` `a.bob` |
//! | `t` `j` | so many seconds pass; so many hours more on the clock on the wall, or fewer |
//! | `c` | the settings change |
//! | `o` `d` | operators are told something; all are told that the server goes down |
//! | `s` `k` | hands over to the next process; crashes; in a cluster, replicas are read back |
//! | `@` `%` | many clients; many rooms |

use std::time::Duration;

use chatd::address::Origin;
use chatd::chat::{ClientId, Event, Nick, Reason};
use chatd::text::{Line, Text};
use chatd::wire::{Dialect, Style};

use super::rules::has_address;
use super::store::Store;
use super::{Cause, Known, World};

/// How long after connecting a client is announced at the latest.
const ANNOUNCED_AFTER: Duration = Duration::from_secs(10);
/// Steps that may be big in an input.
const MAX_BIG: usize = 2;
/// More than a room can have before joins are told in digests.
const MANY: u8 = 60;
/// Bytes in a line, before they are cleaned.
const MAX_LINE: usize = 1024;

impl World {
    /// Does what a line of the input says.
    pub fn step(&mut self, letter: u8, what: u8, more: &[u8]) {
        let number = more.first().copied().unwrap_or_default();
        match what {
            b'+' => self.connect(letter, number),
            b'!' => self.answer(Store::written),
            b'=' => self.answer(Store::read),
            b'f' => self.store.is_full = !self.store.is_full,
            // The accounts of a cluster come from its log alone.
            b'x' if self.is_shared() => {}
            b'x' => self.change_account(more),
            b't' => self.pass(Duration::from_secs(number.into())),
            b'j' => self.now.moment.unix_ms += 3_600_000 * i64::from(number as i8),
            b'c' => self.configure(more),
            b'o' => self.tell_operators(),
            b'd' => {
                self.in_all_chats(|chat, _, effects| chat.go_down(effects));
                self.happen(Cause::Other);
            }
            b's' | b'k' if self.is_shared() => self.read_back(letter),
            b's' => self.hand_over(number),
            b'k' => self.crash(),
            b'@' => self.crowd(),
            b'%' => self.tour(letter, more),
            _ => {
                if let Some(event) = event(what, more) {
                    self.act(letter, event);
                }
            }
        }
    }

    fn act(&mut self, letter: u8, event: Event) {
        if let Some(&client) = self.letters.get(&letter) {
            self.happen(Cause::Client(client, event));
        }
    }

    /// A letter is free again when its client is gone; its next client is another.
    fn connect(&mut self, letter: u8, how: u8) {
        if self.letters.get(&letter).is_some_and(|client| self.here.contains_key(client)) {
            return;
        }
        self.clients += 1;
        let client = ClientId(self.clients);
        self.letters.insert(letter, client);
        let dialect = match (how & 4, how & 8) {
            (0, style) => Dialect::Text(Style { bare_line_feeds: style != 0, ..Style::default() }),
            (_, 0) => Dialect::Json,
            _ => Dialect::Lines { timestamps: false, bell: false },
        };
        let origin = origin(how);
        self.here.insert(client, Known::new(origin, dialect, self.now.uptime));
        let traits = dialect.traits(how & 32 == 0);
        self.happen(Cause::Client(client, Event::Connected(origin, traits)));
    }

    fn answer(&mut self, take: impl FnOnce(&mut Store) -> Option<Cause>) {
        if let Some(cause) = take(&mut self.store) {
            self.happen(cause);
        }
    }

    fn change_account(&mut self, more: &[u8]) {
        let [how, nick @ ..] = more else { return };
        // Guests' names and reserved ones are no accounts'.
        let nick = str::from_utf8(nick).ok().and_then(|nick| Nick::chosen(nick).ok());
        if let Some(nick) = nick {
            self.store.change(*how, nick, self.now.moment);
        }
    }

    fn pass(&mut self, time: Duration) {
        self.now.uptime += time;
        self.now.moment.unix_ms += i64::try_from(time.as_millis()).expect("it is short");
        self.in_all_chats(|chat, now, effects| chat.tick(now, effects));
        self.happen(Cause::Other);
        let next = self.chat.next_deadline();
        assert!(next.is_none_or(|deadline| deadline > self.now.uptime), "something is late");
        for known in self.here.values() {
            let is_new = known.connected + ANNOUNCED_AFTER > self.now.uptime;
            assert!(known.facts.announced || is_new, "{} is here unseen", known.facts.nick);
        }
    }

    fn configure(&mut self, more: &[u8]) {
        let [replay, motd @ ..] = more else { return };
        self.settings.replay = 10 * usize::from(*replay);
        let lines = motd.split(|&byte| byte == b'|');
        self.settings.motd =
            lines.map(|line| Text::new(&line[..line.len().min(MAX_LINE)])).collect();
        self.spoke_of_addresses |= self.settings.motd.iter().any(|line| has_address(line.as_str()));
        self.chat.configure(self.settings.clone());
        self.configure_replicas();
        self.happen(Cause::Other);
    }

    fn tell_operators(&mut self) {
        self.in_all_chats(|chat, _, effects| chat.tell_operators("the disk is slow", effects));
        self.happen(Cause::Other);
    }

    /// Takes the letters above ASCII.
    fn crowd(&mut self) {
        if self.is_big() {
            for letter in (128..).take(MANY.into()) {
                self.connect(letter, letter);
                self.act(letter, Event::Settled);
            }
        }
    }

    /// Goes from room to room and leaves something in each: more than are kept empty.
    fn tour(&mut self, letter: u8, more: &[u8]) {
        let rooms = str::from_utf8(more).ok().and_then(|more| more.parse().ok()).unwrap_or(0);
        if self.is_big() {
            for room in 0..u32::min(rooms, 300) {
                for line in [format!("/join r{room}"), "/topic mine".to_owned()] {
                    self.act(letter, Event::Line(Line::new(line)));
                    self.answer(Store::read);
                }
            }
        }
    }

    fn is_big(&mut self) -> bool {
        self.big += 1;
        self.big <= MAX_BIG
    }
}

/// What happens to a client; `None` for a line that no wire would let through.
fn event(what: u8, more: &[u8]) -> Option<Event> {
    let number = more.first().copied().unwrap_or_default();
    Some(match what {
        b'.' => Event::Settled,
        b'>' => Event::TooLong { bytes: 1312, limit: MAX_LINE },
        b'?' => Event::Ping,
        b'm' => Event::Malformed,
        b'~' => Event::Quit,
        b'-' => Event::Gone(Reason::Disconnected),
        b'<' => Event::Gone(Reason::TooSlow),
        b'z' => Event::Idle(Duration::from_secs(number.into())),
        b'e' => Event::EndlessLine(65_536),
        b'#' => Event::NotFound(Text::new("the history cannot be read now")),
        _ if more.len() > MAX_LINE => return None,
        _ => Event::Line(Line::new(more)),
    })
}

/// A few hosts, three of them in one /64.
fn origin(how: u8) -> Origin {
    let host = how & 3;
    Origin::of(match how & 64 {
        0 => [192, 0, 2, host].into(),
        _ => [0x2001, 0xdb8, 0, u16::from(host == 3), 0, 0, 0, host.into()].into(),
    })
}
