//! Lines are there again after a restart, and on request.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::{fs, iter};

use chatd::address::Address;
use chatd::chat::{AnswerForm, ClientId, Entry, Hidden, Kind, LineId, Question};
use chatd::store::{Answer, Denial, Event, PastRoom, Recalled, Retention, Store};
use chatd::text::Text;

use super::{CLIENT, Kept, count, entry, home, moment, nick, other, room, texts};
use crate::harness::TempDir;

#[test]
fn what_was_said_and_topics_are_there_after_a_restart() {
    let dir = TempDir::new();
    let mut kept = Kept::open(&dir);
    assert_eq!(kept.past.rooms, []);
    let emote = Entry {
        id: LineId::new("a-b", 1),
        kind: Kind::Emoted,
        from: nick("B0b-_9"),
        at: moment(-1),
        text: Text::new("wävés ✔"),
        private: false,
    };
    let one = entry("one");
    kept.store.write(room("lobby"), one.clone()).unwrap();
    kept.store.set_topic(room("dev"), Some(Text::new("work"))).unwrap();
    kept.store.write(room("dev"), emote.clone()).unwrap();
    kept.store.set_topic(room("quiet"), Some(Text::new("soon gone"))).unwrap();
    kept.store.set_topic(room("quiet"), None).unwrap();
    kept.close();
    let kept = Kept::open(&dir);
    let said = |name, entry| vec![Recalled::Said(room(name), entry)];
    let past = [
        PastRoom { name: room("lobby"), topic: None, lines: said("lobby", one) },
        PastRoom { name: room("dev"), topic: Some(Text::new("work")), lines: said("dev", emote) },
    ];
    assert_eq!(kept.past.rooms, past);
}

#[test]
fn committed_means_that_another_process_sees_it() {
    let dir = TempDir::new();
    let mut kept = Kept::open(&dir);
    for number in 1..=20 {
        let seq = kept.say("a line");
        assert_eq!(seq, number);
        kept.wait_committed(seq);
        assert!(count(&dir, "msg") >= number.cast_signed());
        assert_eq!(kept.store.pending(), 0);
    }
}

#[test]
fn what_queues_up_is_committed_together() {
    let dir = TempDir::new();
    let mut kept = Kept::open(&dir);
    let lines = 3000;
    kept.say_all((0..lines).map(|number| number.to_string()));
    let mut commits = 0;
    kept.wait(|event| {
        commits += 1;
        (event == Event::Committed { upto: lines }).then_some(())
    });
    assert!(commits < 100, "{commits} commits for {lines} lines");
}

#[test]
fn the_last_lines_come_oldest_first_and_fit_a_screen() {
    let dir = TempDir::new();
    let mut kept = Kept::open(&dir);
    kept.say_all((1..=30).map(|number| number.to_string()));
    kept.store.write(room("dev"), entry("elsewhere")).unwrap();
    kept.wait_committed(31);
    assert_eq!(kept.last("lobby", 3), ["28", "29", "30"]);
    assert_eq!(kept.last("dev", 100), ["elsewhere"]);
    assert_eq!(kept.last("nowhere", 100), [] as [&str; 0]);
    let long = "x".repeat(30_000);
    kept.say_all([(); 3].map(|()| long.clone()));
    kept.wait_committed(34);
    assert_eq!(kept.last("lobby", 100).len(), 2, "64 KiB of them");
    kept.close();
    assert_eq!(Kept::open(&dir).past.rooms[0].lines.len(), 2);
}

#[test]
fn searching_finds_lines_with_their_dates() {
    let dir = TempDir::new();
    let mut kept = Kept::open(&dir);
    let done = entry("the deploy is done");
    kept.store.write(room("lobby"), done.clone()).unwrap();
    let seq = kept.say("lunch?");
    kept.wait_committed(seq);
    let search = |words| {
        let question = Question::Search {
            words: Text::new(words),
            form: AnswerForm::Lines,
            rooms: Vec::new(),
            hidden: Hidden::default(),
        };
        kept.store.ask(CLIENT, home(), question).unwrap();
        kept.answer()
    };
    let hit = vec![Recalled::Said(room("lobby"), done)];
    assert_eq!(search("DEPLOY done"), Answer::Found(hit));
    assert_eq!(search("deploy lunch"), Answer::Found(vec![]));
    assert_eq!(search("\"*\""), Answer::Denied(Denial::NoWords));
}

#[test]
fn a_reader_with_too_much_to_do_says_that_it_is_busy() {
    let dir = TempDir::new();
    let mut kept = Kept::open(&dir);
    kept.say_all((0..2000).map(|number| format!("{number} {}", "word ".repeat(20))));
    kept.wait_committed(2000);
    let question = || Question::Last {
        room: room("lobby"),
        lines: 1000,
        form: AnswerForm::Lines,
        with_private: false,
    };
    let asked = iter::repeat_with(|| kept.store.ask(CLIENT, home(), question())).take(10_000);
    let answers = asked.take_while(Result::is_ok).count();
    assert!(answers < 10_000, "it should be busy some time");
    (0..answers).for_each(|_| assert!(matches!(kept.answer(), Answer::Last(..))));
    assert_eq!(kept.last("lobby", 1).len(), 1);
}

#[test]
fn one_address_that_asks_a_lot_delays_another_by_one_answer_only() {
    let dir = TempDir::new();
    let (tell, events) = std::sync::mpsc::sync_channel(0);
    let database = chatd::store::Database::open(dir.path("").as_ref()).unwrap();
    let (tell_history, history) = std::sync::mpsc::channel();
    // The thread that searches waits with each answer until the test takes it.
    let report = move |event| match event {
        Event::Answered(ClientId(202), _) => drop(tell_history.send(event)),
        _ => drop(tell.send(event)),
    };
    let store = Store::start(database, Retention::default(), report).unwrap();
    let search = |id, from: &str| {
        let question = Question::Search {
            words: Text::new("rare words"),
            form: AnswerForm::Lines,
            rooms: Vec::new(),
            hidden: Hidden::default(),
        };
        store.ask(ClientId(id), Address::of(from.parse().unwrap()), question)
    };
    let greedy = (0..100).filter(|id| search(*id, &format!("2001:db8::{id}")).is_ok()).count();
    assert!((10..30).contains(&greedy), "{greedy}");
    assert_eq!(search(200, "2001:db8::1:1"), Err(Denial::Busy), "the same household");
    assert_eq!(search(201, "2001:db8:0:1::1"), Ok(()));
    let question = Question::Last {
        room: room("lobby"),
        lines: 20,
        form: AnswerForm::Lines,
        with_private: false,
    };
    store.ask(ClientId(202), home(), question).unwrap();
    let answered = history.recv_timeout(crate::harness::PATIENCE);
    assert!(answered.is_ok(), "what takes no time does not wait for searches");
    let order = std::iter::from_fn(|| match events.recv_timeout(crate::harness::PATIENCE) {
        Ok(Event::Answered(id, _)) => Some(id.0),
        other => panic!("{other:?}"),
    });
    let order: Vec<_> = order.take(greedy + 1).collect();
    let place = |id| order.iter().position(|other| *other == id).unwrap();
    assert!(place(201) <= 3, "{order:?}");
}

#[test]
fn rows_that_no_chatd_wrote_are_passed_over() {
    let dir = TempDir::new();
    let mut kept = Kept::open(&dir);
    kept.say("one");
    kept.close();
    let row = "INSERT INTO msg(room_id, ts, origin, oseq, kind, nick, body) VALUES";
    let rows = [
        "(1, 5, 'x', 1, 99, 'alice', 'a kind of later')",
        "(1, 5, 'x', 2, 0, 'not a nick', 'forged')",
        "(1, 'soon', 'x', 3, 0, 'bob', x'ff00')",
        "(1, 5, 'x', 4, 0, 'bob', 'a' || char(27) || '[2Jb')",
    ];
    for values in rows {
        other(&dir).execute(&format!("{row}{values}"), []).unwrap();
    }
    let kept = Kept::open(&dir);
    assert_eq!(kept.last("lobby", 9), ["one", "", "a[2Jb"]);
    assert_eq!(texts(&kept.past.rooms[0].lines), ["one", "", "a[2Jb"]);
}

#[test]
fn the_files_are_for_their_owner_only() {
    let dir = TempDir::new();
    let path = dir.path("state");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let database = chatd::store::Database::open(path.as_ref()).unwrap();
    assert_eq!(mode(path.as_ref()), 0o700);
    for entry in fs::read_dir(&path).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(mode(&entry.path()), 0o600, "{:?}", entry.file_name());
    }
    drop(database);
}
