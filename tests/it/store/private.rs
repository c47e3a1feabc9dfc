//! Lines that were said while their room was private.

use chatd::chat::{AnswerForm, Entry, Hidden, Password, Question, Role};
use chatd::store::{Answer, offline};
use chatd::text::Text;
use serde_json::Value;

use super::commands::exported;
use super::{CLIENT, Kept, count, entry, home, nick, other, room, texts};
use crate::harness::TempDir;

/// A store with a line that was said in dev in public, and then one in private, while dev is kept for
/// alice.
fn with_private_line(dir: &TempDir) -> Kept {
    let mut kept = Kept::open(dir);
    let seq = kept.store.write(room("dev"), entry("a public word")).unwrap();
    kept.wait_committed(seq);
    keep(dir, "alice", 1);
    say_in_private(&mut kept, "a private word");
    kept
}

fn say_in_private(kept: &mut Kept, text: &str) {
    let line = Entry { private: true, ..entry(text) };
    let seq = kept.store.write(room("dev"), line).unwrap();
    kept.wait_committed(seq);
}

/// Notes that dev is kept for this account, from row `first` on.
fn keep(dir: &TempDir, owner: &str, first: i64) {
    let sql = "INSERT OR REPLACE INTO kept(room_id, owner, first, is_private, state)
               SELECT id, ?1, ?2, 1, '{}' FROM room WHERE name = 'dev'";
    other(dir).execute(sql, (owner, first)).unwrap();
}

impl Kept {
    /// The last lines of dev, for a member.
    #[track_caller]
    fn last_in_private(&self) -> Vec<String> {
        let (room, form) = (room("dev"), AnswerForm::Lines);
        let question = Question::Last { room, lines: 20, form, with_private: true };
        self.store.ask(CLIENT, home(), question).unwrap();
        match self.answer() {
            Answer::Last(_, lines) => texts(&lines),
            other => panic!("{other:?}"),
        }
    }

    /// The lines found by somebody who is in the private room of this name.
    #[track_caller]
    fn search_in(&self, name: &str) -> Vec<String> {
        let (words, form) = (Text::new("word"), AnswerForm::Lines);
        let (rooms, hidden) = (vec![room(name)], Hidden::default());
        self.found(Question::Search { words, form, rooms, hidden })
    }

    #[track_caller]
    fn found(&self, question: Question) -> Vec<String> {
        self.store.ask(CLIENT, home(), question).unwrap();
        match self.answer() {
            Answer::Found(lines) => texts(&lines),
            other => panic!("{other:?}"),
        }
    }
}

const PUBLIC: [&str; 1] = ["a public word"];
const BOTH: [&str; 2] = ["a public word", "a private word"];

#[test]
fn private_lines_are_read_for_members_only() {
    let dir = TempDir::new();
    let kept = with_private_line(&dir);
    assert_eq!(kept.last("dev", 20), PUBLIC);
    assert_eq!(kept.last_in_private(), BOTH);
    assert_eq!(kept.search("word"), PUBLIC);
    assert_eq!(kept.search_in("ops"), PUBLIC);
    assert_eq!(kept.search_in("dev"), BOTH);
}

#[test]
fn what_an_owner_before_said_in_private_is_nobodys_to_read() {
    let dir = TempDir::new();
    let mut kept = with_private_line(&dir);
    keep(&dir, "bob", 3);
    assert_eq!([kept.last_in_private(), kept.search_in("dev")], [PUBLIC, PUBLIC]);
    say_in_private(&mut kept, "bob's own word");
    assert_eq!(kept.last_in_private(), ["a public word", "bob's own word"]);
}

#[test]
fn a_start_reads_private_lines_only_of_rooms_that_are_private_now() {
    let dir = TempDir::new();
    with_private_line(&dir).close();
    let read = || {
        let kept = Kept::open(&dir);
        let dev = kept.past.rooms.iter().find(|past| past.name == room("dev")).unwrap();
        let lines = texts(&dev.lines);
        kept.close();
        lines
    };
    assert_eq!(read(), BOTH);
    other(&dir).execute("UPDATE kept SET is_private = 0", ()).unwrap();
    assert_eq!(read(), PUBLIC);
}

#[test]
fn removing_the_account_ends_the_keeping() {
    let dir = TempDir::new();
    let kept = with_private_line(&dir);
    let password = Password::new("secret").unwrap();
    offline::add(dir.path("").as_ref(), nick("alice"), Role::User, &password).unwrap();
    offline::remove(dir.path("").as_ref(), nick("alice")).unwrap();
    assert_eq!(count(&dir, "kept"), 0);
    assert_eq!(kept.last_in_private(), PUBLIC);
}

#[test]
fn an_export_has_private_lines_and_says_so() {
    let dir = TempDir::new();
    let _kept = with_private_line(&dir);
    let marks: Vec<_> =
        exported(&dir, "").into_iter().map(|line| line["private"].clone()).collect();
    assert_eq!(marks, [Value::Null, Value::Bool(true)]);
}

#[test]
fn the_secret_of_the_cloaks_is_made_once() {
    let (dir, elsewhere) = (TempDir::new(), TempDir::new());
    let secret = |dir| {
        let kept = Kept::open(dir);
        let secret = kept.past.cloak_secret;
        kept.close();
        secret
    };
    let first = secret(&dir);
    assert!(first == secret(&dir) && first != secret(&elsewhere));
    assert_eq!(format!("{first:?}"), "CloakSecret(..)");
}

#[test]
fn what_a_reader_does_not_see_takes_no_place_among_the_hits() {
    let dir = TempDir::new();
    let mut kept = with_private_line(&dir);
    let mut last = 0;
    for number in 0..25 {
        let text = format!("a word {number}");
        kept.store.write(room("dev"), entry(&text)).unwrap();
        let line = Entry { from: nick("eve"), ..entry(&text) };
        last = kept.store.write(room("lobby"), line).unwrap();
    }
    kept.wait_committed(last);
    let search = |rooms, nicks| {
        let (words, form, hidden) = (Text::new("word"), AnswerForm::Lines, Hidden { rooms, nicks });
        kept.found(Question::Search { words, form, rooms: Vec::new(), hidden })
    };
    assert_eq!(search(vec![room("dev")], Vec::new()).len(), 20);
    assert_eq!(search(Vec::new(), vec![nick("eve")]).len(), 20);
    assert_eq!(search(vec![room("dev")], vec![nick("eve")]), [""; 0]);
}
