//! `--state-dir`: after any end of the server, the history is there, in the order in which people
//! saw it.

use std::process::Command;

use rusqlite::Connection;

use crate::harness::{Client, PATIENCE, Server, Signal, TempDir, people, run};

mod kept;
mod rooms;
mod versions;

fn start(dir: &TempDir) -> Server {
    Server::with(["--state-dir", &dir.path("state"), "--rate", "0"])
}

/// The database, for somebody who keeps the server from writing.
fn database(dir: &TempDir) -> Connection {
    let connection = Connection::open(dir.path("state/chatd.db")).unwrap();
    connection.busy_timeout(PATIENCE).unwrap();
    connection
}

/// The lines of an export, oldest first.
fn exported_lines(dir: &TempDir) -> Vec<serde_json::Value> {
    let mut export = Command::new(env!("CARGO_BIN_EXE_chatd"));
    let ended = run(export.args(["export", "--state-dir", &dir.path("state")]));
    assert_eq!(ended.status, 0, "{}", ended.stderr);
    ended.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Their texts.
fn exported(dir: &TempDir) -> Vec<String> {
    let text = |line: &serde_json::Value| line["text"].as_str().unwrap().to_owned();
    exported_lines(dir).iter().map(text).collect()
}

#[test]
fn what_was_seen_is_there_after_the_server_was_killed() {
    let dir = TempDir::new();
    let server = start(&dir);
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    alice.send("/topic deploys");
    for number in 0..200 {
        alice.send(&format!("line {number}"));
    }
    bob.wait_for(|line| line.ends_with("line 199"));
    server.signal(Signal::KILL);
    server.wait_killed();

    let lines: Vec<_> = (0..200).map(|number| format!("line {number}")).collect();
    assert_eq!(exported(&dir), lines);
    let server = start(&dir);
    let mut carol = Client::guest(&server);
    carol.expect("-- the topic is deploys");
    carol.expect_contains("] <alice> line 180");
    carol.wait_for(|line| line == "-- end of history");
    carol.expect("-- You are guest1; /nick NAME changes that.");
    carol.send("/history 3");
    for number in 197..200 {
        let line = carol.expect_contains(&format!("<alice> line {number}"));
        assert!(line.starts_with("[20"), "{line}");
    }
    carol.expect("-- end of history");
}

#[test]
fn lines_are_found_by_their_words() {
    let dir = TempDir::new();
    let server = start(&dir);
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    alice.send("the deploy is done");
    alice.send("lunch?");
    bob.wait_for(|line| line.ends_with("lunch?"));
    bob.send("/search deploy done");
    bob.expect_contains("lobby <alice> the deploy is done");
    bob.expect("-- end of search");
    bob.send("/search nothing like it");
    bob.expect("-- nothing was found");
    bob.send("/search \"* OR (");
    bob.expect_contains("-- nothing was found");
}

#[test]
fn lines_are_found_in_rooms_that_nobody_remembers() {
    let dir = TempDir::new();
    let server = start(&dir);
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    alice.send("/join archive");
    alice.send("the deploy was rolled back");
    // More rooms than are kept without anybody in them, each with something to keep it for.
    for number in 0..300 {
        alice.send(&format!("/join r{number}"));
        alice.send("something else");
    }
    alice.sync();
    bob.ask("/rooms");
    bob.send("/search deploy");
    bob.expect_contains("archive <alice> the deploy was rolled back");
    bob.expect("-- end of search");
}

#[test]
fn private_words_are_never_stored() {
    let dir = TempDir::new();
    let server = start(&dir);
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    alice.send("/msg bob secret");
    bob.expect("[from alice] secret");
    alice.send("open");
    bob.expect("<alice> open");
    server.stop();
    assert_eq!(exported(&dir), ["open"]);
}

#[test]
fn private_words_do_not_wait_for_the_disk() {
    let dir = TempDir::new();
    let server = start(&dir);
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    let other = database(&dir);
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    alice.send("open\n/msg bob secret");
    alice.expect("[to bob] secret");
    bob.expect("[from alice] secret");
    bob.expect("<alice> open");
    other.execute_batch("ROLLBACK").unwrap();
}

#[test]
fn whoever_comes_and_goes_sees_the_same_order_as_without_a_disk() {
    let dir = TempDir::new();
    let server = start(&dir);
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    for round in 0..50 {
        alice.send(&format!("before {round}"));
        alice.send("/join dev");
        alice.send("/leave");
        alice.send(&format!("after {round}"));
        for line in [
            format!("<alice> before {round}"),
            "-- alice left: moved to dev (1 here)".to_owned(),
            "-- alice joined (2 here)".to_owned(),
            format!("<alice> after {round}"),
        ] {
            bob.expect(&line);
        }
    }
}

#[test]
fn without_a_directory_there_is_nothing_to_search() {
    let server = Server::start();
    let mut alice = Client::join(&server, "alice");
    alice.send("/search deploy");
    alice.expect("!! nothing to search: this server keeps no history on disk");
}

#[test]
fn who_is_ignored_is_not_found() {
    let dir = TempDir::new();
    let server = start(&dir);
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    alice.send("deploy by alice");
    bob.expect("<alice> deploy by alice");
    bob.send("deploy by bob");
    bob.send("/ignore alice");
    bob.expect("-- you are ignoring alice");
    bob.send("/search deploy");
    bob.expect_contains("<bob> deploy by bob");
    bob.expect("-- end of search");
}

#[test]
fn a_script_whose_input_ends_has_all_answers_although_its_lines_wait_for_the_disk() {
    let dir = TempDir::new();
    let server = Server::with(["--state-dir", &dir.path("state")]);
    for _ in 0..20 {
        let mut script = Client::connect(&server);
        script.send_raw(b"hello\n/ping\n/msg nobody x\n");
        script.half_close();
        let told = script.rest_lines();
        assert!(told.iter().any(|line| line == "-- pong"), "{told:?}");
        assert!(told.last().is_some_and(|line| line.starts_with("!! ")), "{told:?}");
    }
}
