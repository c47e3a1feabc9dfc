//! Forgetting while lines are written, queued and pruned.

use chatd::chat::{Chat, ClientId, LineFilter, Settings};
use chatd::store::{Answer, Event, Retention};
use chatd::text::Text;

use super::commands::manage;
use super::{CLIENT, Kept, count, entry, nick, other, room};
use crate::harness::{Server, TempDir};

fn of_alice(text: &str) -> LineFilter {
    let (room, text) = (Some(room("lobby")), Some(Text::new(text)));
    LineFilter { nick: Some(nick("alice")), room, text, ..LineFilter::default() }
}

fn is_consistent(dir: &TempDir) {
    let check = "INSERT INTO msg_fts(msg_fts) VALUES('integrity-check')";
    other(dir).execute(check, []).unwrap();
}

#[test]
fn lines_that_wait_to_be_written_are_forgotten_too() {
    let dir = TempDir::new();
    let mut kept = Kept::open(&dir);
    let seq = kept.say("the key is s3cret");
    kept.wait_committed(seq);
    let busy = other(&dir);
    busy.execute_batch("BEGIN IMMEDIATE").unwrap();
    let last = entry("again: s3cret");
    let upto = Some(last.id.clone());
    kept.store.write(room("lobby"), last).unwrap();
    let filter = LineFilter { upto, ..of_alice("s3cret") };
    kept.store.forget(CLIENT, filter.clone()).unwrap();
    kept.say("no more s3cret");
    busy.execute_batch("COMMIT").unwrap();
    assert_eq!(kept.answer(), Answer::Forgotten(filter, 2));
    assert_eq!(kept.last("lobby", 9), ["[2 lines removed]", "no more s3cret"]);
    kept.close();
    is_consistent(&dir);
}

#[test]
fn the_lines_of_another_process_are_forgotten_as_well_while_they_wait() {
    let dir = TempDir::new();
    let mut kept = Kept::open(&dir);
    let seq = kept.say("the key is s3cret");
    kept.wait_committed(seq);
    let filter = kept_forgets(&dir, &kept);
    assert_eq!(filter.nick, Some(nick("alice")));
    assert_eq!(kept.last("lobby", 9), ["[1 line removed]"]);
    assert_eq!(count(&dir, "forget"), 0, "nothing is left of the request");
}

/// Runs `chatd forget` beside a store in use, and returns what that was told to forget.
fn kept_forgets(dir: &TempDir, kept: &Kept) -> LineFilter {
    let ended = manage(dir, "forget --nick alice", "");
    assert_eq!((ended.status, &*ended.stdout), (0, "1 line is forgotten\n"), "{}", ended.stderr);
    kept.wait(|event| match event {
        Event::Forgotten(filter) => Some(filter),
        _ => None,
    })
}

#[test]
fn what_the_log_of_a_cluster_has_forgotten_is_not_reported_to_it_again() {
    let dir = TempDir::new();
    let mut kept = Kept::open(&dir);
    let seq = kept.say("the key is s3cret");
    kept.wait_committed(seq);
    kept.store.forget(ClientId::NOBODY, of_alice("s3cret")).unwrap();
    let (client, answer) = kept.wait(|event| match event {
        Event::Forgotten(filter) => panic!("{filter:?} comes back"),
        Event::Answered(client, answer) => Some((client, answer)),
        _ => None,
    });
    assert_eq!((client, answer), (ClientId::NOBODY, Answer::Forgotten(of_alice("s3cret"), 1)));
}

#[test]
fn a_long_history_is_forgotten_in_slices_and_removed_later() {
    let dir = TempDir::new();
    let mut kept = Kept::open(&dir);
    let texts = (0..5000).map(|number| format!("line {number} {}", number % 2));
    let seq = kept.say_all(texts.map(|text| text.replace(" 1", " odd")));
    kept.wait_committed(seq);
    kept.store.forget(CLIENT, of_alice("odd")).unwrap();
    let Answer::Forgotten(_, lines) = kept.answer() else { panic!("it is forgotten") };
    assert!(lines >= 2500, "{lines}");
    let marker = "[1 line removed]";
    assert_eq!(kept.last("lobby", 3), [marker, "line 4998 0", marker]);
    kept.close();
    is_consistent(&dir);
    let kept = Kept::keeping(&dir, Retention { lines: Some(10), ..Retention::default() });
    crate::harness::eventually("retention", || (count(&dir, "msg") == 10).then_some(()));
    kept.close();
    is_consistent(&dir);
}

#[test]
fn a_request_that_a_server_left_is_dealt_with_at_the_next_start() {
    let dir = TempDir::new();
    let mut kept = Kept::open(&dir);
    let seq = kept.say("the key is s3cret");
    kept.wait_committed(seq);
    kept.close();
    let request = serde_json::to_string(&of_alice("s3cret")).unwrap();
    other(&dir).execute("INSERT INTO forget(lines) VALUES(?1)", [request]).unwrap();
    let kept = Kept::open(&dir);
    assert_eq!(kept.past.late, [of_alice("s3cret")]);
    assert_eq!(kept.last("lobby", 9), ["[1 line removed]"]);
}

#[test]
fn a_snapshot_from_before_has_nothing_of_it_when_it_is_gone_on_with() {
    let dir = TempDir::new();
    let server = Server::with(["--state-dir", &dir.path("")]);
    server.stop();
    let mut kept = Kept::open(&dir);
    let seq = kept.say("the key is s3cret");
    kept.wait_committed(seq);
    kept.close();
    // What a process hands over that was started before the line was forgotten.
    let past = Kept::open(&dir).past;
    let before = past.forgotten;
    let settings = Settings { replay: 20, has_archive: true, ..Settings::default() };
    let mut chat = Chat::new(settings);
    past.recall_in(&mut chat, None);
    let remembers = |chat: &Chat| serde_json::to_string(chat).unwrap().contains("s3cret");
    assert!(remembers(&chat));
    let ended = manage(&dir, "forget --text s3cret", "");
    assert_eq!(ended.stdout, "1 line is forgotten\n", "{}", ended.stderr);
    let past = Kept::open(&dir).past;
    assert_ne!(past.forgotten, before);
    past.recall_in(&mut chat, Some(before));
    assert!(!remembers(&chat));
    assert_eq!(chat.nick(ClientId(1)), None);
}

#[test]
fn what_version_1_removed_is_gone_from_the_file() {
    let dir = TempDir::new();
    let old = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/chatd-v1.db");
    dir.file("chatd.db", std::fs::read(old).unwrap());
    let has_secret = || {
        let file = std::fs::read(dir.path("chatd.db")).unwrap();
        file.windows(8).any(|window| window == b"r2xyzzy!")
    };
    let said = "INSERT INTO msg(room_id, ts, origin, oseq, kind, nick, body)
                VALUES(1, 0, 'x', 1, 0, 'alice', printf('%.5000c hunter2xyzzy!', 'x'));
                DELETE FROM msg WHERE origin = 'x'";
    other(&dir).execute_batch(said).unwrap();
    assert!(has_secret());
    Kept::open(&dir).close();
    assert!(!has_secret());
}
