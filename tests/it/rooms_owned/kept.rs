//! Rooms that are kept for an account, through restarts.

use rustix::process::Signal;
use serde_json::Value;

use super::{KEEPS_ORDER, refused};
use crate::harness::{Client, Server, TempDir, eventually, people};
use crate::order::{account, log_in_soon, manage};

const PASSWORD: &str = "open sesame";
/// What a member that is not an operator sees of the settings.
const SETTINGS: &str = "-- settings: invite-only on, key on, hidden on, moderated on, topic-lock on, \
                        limit 20, outside on, ctcp off, slow 1";
const PUBLIC: [&str; 1] = ["a public word"];
const BOTH: [&str; 2] = ["a public word", "a private word"];

fn start(dir: &TempDir) -> Server {
    Server::with(["--rate", "0", "--state-dir", &dir.path("")])
}

/// A server with the accounts alice and bob, who are in dev, which alice keeps.
fn with_kept_dev(dir: &TempDir) -> (Server, Client, Client) {
    account(dir, "add alice", &format!("{PASSWORD}\n"));
    account(dir, "add bob", &format!("{PASSWORD}\n"));
    let server = start(dir);
    let [mut alice, mut bob] = ["alice", "bob"].map(|name| log_in_soon(&server, name, PASSWORD));
    alice.ask("/join dev");
    bob.ask("/join dev");
    alice.ask("/room keep on");
    (server, alice, bob)
}

/// Ends the server, in order or at once, and starts the next.
fn again(server: Server, dir: &TempDir, is_in_order: bool) -> Server {
    if is_in_order {
        server.stop();
    } else {
        server.signal(Signal::KILL);
        server.wait_killed();
    }
    start(dir)
}

fn log_in(server: &Server, name: &str) -> Client {
    log_in_soon(server, name, PASSWORD)
}

fn exported(dir: &TempDir) -> Vec<Value> {
    let lines = manage(dir, "export", "");
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The texts in an answer that people said.
fn said(answer: Vec<String>) -> Vec<String> {
    let text = |line: String| line.split_once("> ").map(|(_, text)| text.to_owned());
    answer.into_iter().filter_map(text).collect()
}

#[test]
fn settings_bans_roles_and_topic_survive_each_end() {
    for is_in_order in [true, false] {
        let dir = TempDir::new();
        let (server, mut alice, _bob) = with_kept_dev(&dir);
        alice.ask("/room moderated on\n/room topic-lock on\n/room limit 20\n/room outside on");
        alice.ask("/room ctcp off\n/room slow 1\n/room ban eve 2h spam\n/room ban *!*@x.cloak");
        alice.ask("/room unban *!*@x.cloak\n/voice bob\n/room invite-only on\n/room hidden on");
        alice.ask("/topic plans");
        assert_eq!(alice.ask("/room key s3cret").last().unwrap(), "-- alice set key on");
        let server = again(server, &dir, is_in_order);
        let [mut eve, mut dan] = people(&server, ["eve", "dan"]);
        let why = eve.ask("/join dev").concat();
        assert!(why.starts_with("!! you are banned from dev for ") && why.ends_with(": spam"));
        refused(&mut dan, [("/who dev", "there is no room called dev")]);
        refused(&mut dan, [("/join dev", "dev is invite-only")]);
        let mut bob = log_in(&server, "bob");
        assert!(bob.ask("/join dev").iter().any(|line| line.contains("plans")));
        assert_eq!(bob.ask("/room"), ["-- room dev: kept for alice; voices bob", SETTINGS]);
        let mut alice = log_in(&server, "alice");
        alice.ask("/join dev");
        let shown = alice.ask("/room");
        assert_eq!(shown[0], "-- room dev: kept for alice; operators alice; voices bob");
        assert!(shown[1].contains("key s3cret"), "{shown:?}");
        let bans = alice.ask("/room bans");
        assert!(bans.len() == 1 && bans[0].starts_with("-- eve, by alice, for "), "{bans:?}");
    }
}

#[test]
fn what_is_changed_back_is_so_after_a_crash() {
    let dir = TempDir::new();
    let (server, mut alice, _bob) = with_kept_dev(&dir);
    alice.ask("/op bob\n/room key s3cret\n/room ban eve\n/topic plans");
    alice.ask("/deop bob\n/room key off\n/room unban eve\n/topic -");
    alice.ask("/who");
    let server = again(server, &dir, false);
    let mut bob = log_in(&server, "bob");
    assert_eq!(bob.ask("/join dev").last().unwrap(), "-- You are alone in dev.");
    assert_eq!(bob.ask("/room")[0], "-- room dev: kept for alice");
    let [mut eve] = people(&server, ["eve"]);
    assert_eq!(eve.ask("/join dev").last().unwrap(), "-- You are in dev with bob (2 here).");
}

#[test]
fn the_new_owner_has_the_room_after_a_crash_and_the_kicked_have_no_role() {
    let dir = TempDir::new();
    let (server, mut alice, mut bob) = with_kept_dev(&dir);
    alice.ask("/room owner bob");
    bob.ask("/kick alice");
    let server = again(server, &dir, false);
    let mut alice = log_in(&server, "alice");
    alice.ask("/join dev");
    assert_eq!(alice.ask("/room")[0], "-- room dev: kept for bob");
    refused(&mut alice, [("/room keep off", "only operators of dev may do that")]);
}

#[test]
fn a_room_that_is_kept_no_longer_is_anew_after_a_restart() {
    let dir = TempDir::new();
    let (server, mut alice, _bob) = with_kept_dev(&dir);
    alice.ask("/room key s3cret\n/topic plans");
    alice.ask("/room keep off");
    let server = again(server, &dir, true);
    let [mut eve] = people(&server, ["eve"]);
    assert_eq!(eve.ask("/join dev"), ["-- You are alone in dev.", KEEPS_ORDER]);
}

#[test]
fn private_lines_of_a_kept_room_are_for_its_members_while_it_is_private() {
    for is_in_order in [true, false] {
        let dir = TempDir::new();
        let (server, mut alice, mut bob) = with_kept_dev(&dir);
        alice.ask("a public word");
        alice.ask("/room key s3cret");
        alice.ask("a private word");
        bob.sync();
        assert_eq!(said(bob.ask("/history")), BOTH);
        let server = again(server, &dir, is_in_order);
        let [mut eve] = people(&server, ["eve"]);
        assert_eq!(said(eve.ask("/search word")), [""; 0]);
        refused(&mut eve, [("/join dev", "dev needs a key: /join dev KEY")]);
        let mut bob = log_in(&server, "bob");
        assert_eq!(said(bob.ask("/join dev s3cret")), BOTH);
        assert_eq!([said(bob.ask("/history")), said(bob.ask("/search word"))], [BOTH, BOTH]);
        let mut alice = log_in(&server, "alice");
        assert_eq!(said(alice.ask("/join dev")), BOTH);
        alice.ask("/room key off");
        assert_eq!(said(eve.ask("/join dev")), PUBLIC);
        for client in [&mut eve, &mut alice] {
            client.sync();
            let shown = [said(client.ask("/history")), said(client.ask("/search word"))];
            assert_eq!(shown, [PUBLIC, PUBLIC]);
        }
        let marks: Vec<_> = exported(&dir).iter().map(|line| line["private"].clone()).collect();
        assert_eq!(marks, [Value::Null, Value::Bool(true)]);
    }
}

#[test]
fn private_lines_leave_the_disk_when_the_room_is_kept_no_longer() {
    let texts = |dir: &TempDir| -> Vec<_> {
        exported(dir).iter().map(|line| line["text"].as_str().unwrap().to_owned()).collect()
    };
    for end in ["/room keep off", "removed", "removed without a server"] {
        let dir = TempDir::new();
        let (server, mut alice, _bob) = with_kept_dev(&dir);
        alice.ask("a public word\n/room key s3cret");
        alice.ask("a private word");
        assert_eq!(texts(&dir), BOTH);
        let _server = match end {
            "removed" => {
                account(&dir, "remove alice", "");
                server
            }
            "removed without a server" => {
                server.stop();
                account(&dir, "remove alice", "");
                start(&dir)
            }
            command => {
                alice.ask(command);
                server
            }
        };
        eventually("the private line to go", || (texts(&dir) == PUBLIC).then_some(()));
    }
}

#[test]
fn private_lines_of_a_room_that_is_not_kept_never_reach_the_disk() {
    let dir = TempDir::new();
    let (server, mut alice, _bob) = with_kept_dev(&dir);
    alice.ask("/room key s3cret\n/room keep off");
    alice.ask("a private word");
    alice.ask("/room key off");
    alice.ask("a public word");
    server.stop();
    let lines: Vec<_> = exported(&dir).iter().map(|line| line["text"].clone()).collect();
    assert_eq!(lines, PUBLIC);
}

#[test]
fn removing_the_account_ends_the_keeping_at_once_or_at_the_next_start() {
    for is_running in [true, false] {
        let dir = TempDir::new();
        let (mut server, mut alice, mut bob) = with_kept_dev(&dir);
        alice.ask("/room key s3cret\n/topic plans");
        bob.ask("a private word");
        if is_running {
            account(&dir, "remove alice", "");
            alice.wait_for(|line| line == "-- you are logged out: the account was removed");
            let shown = bob.ask("/room");
            assert!(shown.contains(&"-- room dev: operators alice".to_owned()), "{shown:?}");
        } else {
            server.stop();
            account(&dir, "remove alice", "");
            server = start(&dir);
        }
        let server = again(server, &dir, false);
        let [mut eve] = people(&server, ["eve"]);
        assert_eq!(eve.ask("/join dev"), ["-- You are alone in dev.", KEEPS_ORDER]);
        assert_eq!(said(eve.ask("/history")), [""; 0]);
        assert_eq!(said(eve.ask("/search word")), [""; 0]);
    }
}

#[test]
fn an_account_keeps_rooms_without_people_and_at_most_ten() {
    let dir = TempDir::new();
    let (server, mut alice, _bob) = with_kept_dev(&dir);
    for number in 1..10 {
        alice.ask(&format!("/join r{number}"));
        assert_eq!(alice.ask("/room keep on"), ["-- alice set keep on"]);
    }
    let server = again(server, &dir, false);
    let mut alice = log_in(&server, "alice");
    for number in 1..10 {
        alice.ask(&format!("/join r{number}"));
        let shown = format!("-- room r{number}: kept for alice; operators alice");
        assert_eq!(alice.ask("/room")[0], shown);
    }
    alice.ask("/join one-more");
    refused(&mut alice, [("/room keep on", "you keep 10 rooms already")]);
}

#[test]
fn a_setting_is_confirmed_when_it_is_on_the_disk() {
    let dir = TempDir::new();
    let (_server, mut alice, mut bob) = with_kept_dev(&dir);
    let disk = rusqlite::Connection::open(dir.path("chatd.db")).unwrap();
    disk.busy_timeout(crate::harness::PATIENCE).unwrap();
    disk.execute_batch("BEGIN IMMEDIATE").unwrap();
    alice.send("/room key s3cret\nno line waits for so long");
    bob.wait_for(|line| line == "<alice> no line waits for so long");
    let told = alice.sync();
    assert!(!told.iter().any(|line| line.contains("set key on")), "{told:?}");
    disk.execute_batch("ROLLBACK").unwrap();
    for member in [&mut alice, &mut bob] {
        member.wait_for(|line| line == "-- alice set key on");
    }
}
