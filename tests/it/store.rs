//! The store by itself: what is on the disk after any failure, and its answers.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use chatd::address::Address;
use chatd::chat::{
    AnswerForm, ClientId, Entry, Hidden, Kind, LineId, Moment, Nick, Question, RoomName,
};
use chatd::store::{Answer, Database, Event, Past, Recalled, Retention, Store};
use chatd::text::Text;
use rusqlite::Connection;

use crate::harness::{PATIENCE, TempDir};

mod accounts;
mod broken_files;
mod cluster;
mod commands;
mod crash;
mod forget;
mod full_disk;
mod lines;
mod overflow;
mod places;
mod private;
mod retention;

/// A store in use, and what it says.
struct Kept {
    store: Store,
    events: Receiver<Event>,
    past: Past,
}

impl Kept {
    #[track_caller]
    fn open(dir: &TempDir) -> Self {
        Self::keeping(dir, Retention::default())
    }

    #[track_caller]
    fn keeping(dir: &TempDir, keep: Retention) -> Self {
        Self::open_at(&dir.path(""), keep)
    }

    #[track_caller]
    fn open_at(dir: &str, keep: Retention) -> Self {
        let mut database = Database::open(dir.as_ref()).unwrap();
        let past = database.past(20).unwrap();
        let (tell, events) = channel();
        let report = move |event| drop(tell.send(event));
        Kept { store: Store::start(database, keep, report).unwrap(), events, past }
    }

    /// Alice says that in the lobby; it has to find room.
    #[track_caller]
    fn say(&mut self, text: &str) -> u64 {
        self.store.write(room("lobby"), entry(text)).expect("room for a line")
    }

    /// The same, line by line; returns the last one's number.
    #[track_caller]
    fn say_all(&mut self, lines: impl IntoIterator<Item = String>) -> u64 {
        lines.into_iter().map(|line| self.say(&line)).last().unwrap()
    }

    /// SQLite adds up its sleeps while it waits for another connection, and not the time: on a busy
    /// machine, its 5 s were more than 10.
    #[track_caller]
    fn next(&self) -> Event {
        self.events.recv_timeout(3 * PATIENCE).unwrap()
    }

    /// The first event of which that can be made; others are skipped.
    #[track_caller]
    fn wait<T>(&self, mut pick: impl FnMut(Event) -> Option<T>) -> T {
        loop {
            if let Some(picked) = pick(self.next()) {
                return picked;
            }
        }
    }

    #[track_caller]
    fn wait_committed(&self, seq: u64) {
        self.wait(|event| matches!(event, Event::Committed { upto } if upto >= seq).then_some(()));
    }

    /// The answer to whatever client 7 asked for.
    #[track_caller]
    fn answer(&self) -> Answer {
        self.wait(|event| match event {
            Event::Answered(CLIENT, answer) => Some(answer),
            _ => None,
        })
    }

    /// The last lines of a room, as text.
    #[track_caller]
    fn last(&self, name: &str, lines: usize) -> Vec<String> {
        let form = AnswerForm::Lines;
        let question = Question::Last { room: room(name), lines, form, with_private: false };
        self.store.ask(CLIENT, home(), question).unwrap();
        match self.answer() {
            Answer::Last(answered, lines) if answered == room(name) => texts(&lines),
            other => panic!("{other:?}"),
        }
    }

    /// The lines that have these words, as text.
    #[track_caller]
    fn search(&self, words: &str) -> Vec<String> {
        let (words, form) = (Text::new(words), AnswerForm::Lines);
        let question =
            Question::Search { words, form, rooms: Vec::new(), hidden: Hidden::default() };
        self.store.ask(CLIENT, home(), question).unwrap();
        match self.answer() {
            Answer::Found(lines) => texts(&lines),
            other => panic!("{other:?}"),
        }
    }

    #[track_caller]
    fn close(self) {
        assert!(self.store.close(PATIENCE), "all should be written");
    }
}

/// Where that client is.
fn home() -> Address {
    Address::of([192, 0, 2, 7].into())
}

const CLIENT: ClientId = ClientId(7);
/// 2026-11-22T10:02:00Z
const NOON: i64 = 1_795_341_720_000;

fn room(name: &str) -> RoomName {
    RoomName::new(name).unwrap()
}

fn nick(name: &str) -> Nick {
    Nick::new(name).unwrap()
}

fn moment(unix_ms: i64) -> Moment {
    Moment { unix_ms }
}

/// The next line's name.
fn next_id() -> LineId {
    static SAID: AtomicU64 = AtomicU64::new(0);
    let origin = format!("box7-{}", std::process::id());
    LineId::new(origin, 1 + SAID.fetch_add(1, Ordering::Relaxed))
}

/// What alice says at ten.
fn entry(text: &str) -> Entry {
    let (id, text) = (next_id(), Text::new(text));
    Entry { id, at: moment(NOON), from: nick("alice"), kind: Kind::Said, text, private: false }
}

fn texts(lines: &[Recalled]) -> Vec<String> {
    lines.iter().map(|line| line.text().to_string()).collect()
}

/// A connection of somebody else's to the database.
fn other(dir: &TempDir) -> Connection {
    let connection = Connection::open(dir.path("chatd.db")).unwrap();
    connection.busy_timeout(Duration::from_secs(10)).unwrap();
    connection
}

fn count(dir: &TempDir, table: &str) -> i64 {
    let sql = format!("SELECT count(*) FROM {table}");
    other(dir).query_row(&sql, [], |row| row.get(0)).unwrap()
}
