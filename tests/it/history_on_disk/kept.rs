//! `--durability relaxed`, `--keep` and `--keep-lines`, as people and `chatd export` see them.

use super::{database, exported, start};
use crate::harness::{Client, Server, TempDir, eventually, people};

const TOO_SLOW: &str = "the disk is too slow";

fn start_with(dir: &TempDir, [option, value]: [&str; 2]) -> Server {
    Server::with(["--state-dir", &dir.path("state"), "--rate", "0", option, value])
}

/// What `/history` shows of the room somebody is in, without the dates and the last line.
#[track_caller]
fn history(client: &mut Client) -> Vec<String> {
    client.send("/history 50");
    let mut shown = Vec::new();
    loop {
        match client.line() {
            end if end == "-- end of history" => return shown,
            line => shown.push(line.split_once("> ").unwrap().1.to_owned()),
        }
    }
}

/// Somebody who comes in, and the lines that they are shown.
#[track_caller]
fn newcomer(server: &Server) -> (Client, Vec<String>) {
    let mut client = Client::guest(server);
    let told = client.sync();
    let said = told.iter().filter_map(|line| Some(line.split_once("> ")?.1.to_owned()));
    (client, said.collect())
}

#[track_caller]
fn replayed(server: &Server) -> Vec<String> {
    newcomer(server).1
}

/// Alice says some lines in the lobby, and others in another room, on a server of which nothing
/// else is asked.
fn say(dir: &TempDir, lines: usize) {
    let server = start(dir);
    let mut alice = Client::join(&server, "alice");
    for place in ["/join dev", "/leave"] {
        alice.ask(place);
        for number in 0..lines {
            alice.send(&format!("{} {number}", &place[1..]));
        }
    }
    alice.sync();
    server.stop();
}

fn numbered(word: &str, numbers: std::ops::Range<usize>) -> Vec<String> {
    numbers.map(|number| format!("{word} {number}")).collect()
}

#[test]
fn relaxed_lines_are_heard_before_they_are_on_the_disk_and_there_after_an_orderly_end() {
    let dir = TempDir::new();
    let server = start_with(&dir, ["--durability", "relaxed"]);
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    let lines = numbered("line", 0..50);
    let other = database(&dir);
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    for line in &lines {
        alice.send(line);
        bob.expect(&format!("<alice> {line}"));
    }
    assert_eq!(exported(&dir), [""; 0], "the disk was another's");
    other.execute_batch("ROLLBACK").unwrap();
    drop(other);
    let (status, log) = server.stop();
    assert!(status.success() && !log.contains(TOO_SLOW), "{log}");
    assert_eq!(exported(&dir), lines);
    let server = start_with(&dir, ["--durability", "relaxed"]);
    assert_eq!(replayed(&server), lines[30..]);
    assert_eq!(history(&mut newcomer(&server).0), lines);
}

#[test]
fn of_a_room_the_last_lines_are_kept_and_the_others_forgotten_by_everything() {
    let dir = TempDir::new();
    say(&dir, 12);
    let server = start_with(&dir, ["--keep-lines", "5"]);
    assert_eq!(replayed(&server), numbered("leave", 7..12));
    let kept = [numbered("join dev", 7..12), numbered("leave", 7..12)].concat();
    eventually("the rest to go", || (exported(&dir) == kept).then_some(()));
    let mut bob = newcomer(&server).0;
    assert_eq!(history(&mut bob), numbered("leave", 7..12));
    assert_eq!(bob.ask("/search leave").len(), 6);
    server.stop();
    let server = start(&dir);
    assert_eq!(replayed(&server), numbered("leave", 7..12));
    assert_eq!(exported(&dir), kept);
}

#[test]
fn what_is_too_old_is_forgotten_by_everything() {
    let dir = TempDir::new();
    say(&dir, 12);
    let two_hours = "UPDATE msg SET ts = ts - 7200000 WHERE body NOT LIKE '% 11'";
    assert_eq!(database(&dir).execute(two_hours, []), Ok(22));
    let server = start_with(&dir, ["--keep", "1h"]);
    assert_eq!(replayed(&server), ["leave 11"]);
    eventually("the rest to go", || (exported(&dir).len() == 2).then_some(()));
    assert_eq!(exported(&dir), ["join dev 11", "leave 11"]);
    let mut bob = newcomer(&server).0;
    assert_eq!(history(&mut bob), ["leave 11"]);
    server.stop();
    assert_eq!(replayed(&start(&dir)), ["leave 11"]);
}

#[test]
fn what_becomes_too_old_meanwhile_is_not_replayed_any_more() {
    let dir = TempDir::new();
    let server = start_with(&dir, ["--keep", "1s"]);
    let mut alice = Client::join(&server, "alice");
    // More than once where a newcomer takes longer than the line lasts.
    let said = eventually("a line to be replayed while it is young", || {
        alice.send("soon forgotten");
        alice.sync();
        replayed(&server).pop()
    });
    assert_eq!(said, "soon forgotten");
    eventually("it to be too old", || replayed(&server).is_empty().then_some(()));
    assert_eq!(exported(&dir).pop(), Some(said), "on the disk it has a minute");
}
