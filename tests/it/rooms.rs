//! Rooms: one at a time, each with its own people, topic and history.

use serde_json::json;

use crate::harness::{Client, Server, TempDir, WebSocket, people};

/// What the client that makes a room is told.
const KEEPS_ORDER: &str = "-- you keep order here; /room shows the settings";

#[test]
fn moving_is_told_to_both_rooms_and_shown_to_the_one_who_moves() {
    let server = Server::start();
    let [mut alice, mut bob, mut carol] = people(&server, ["alice", "bob", "carol"]);
    assert_eq!(bob.ask("/join dev"), ["-- You are alone in dev.", KEEPS_ORDER]);
    alice.expect("-- bob left: moved to dev (2 here)");
    carol.expect("-- bob left: moved to dev (2 here)");
    assert_eq!(carol.ask("/join dev"), ["-- You are in dev with bob (2 here)."]);
    alice.expect("-- carol left: moved to dev (1 here)");
    bob.expect("-- carol joined (2 here)");
    assert_eq!(alice.ask("/join dev"), ["-- You are in dev with bob and carol (3 here)."]);
    bob.expect("-- alice joined (3 here)");
}

#[test]
fn what_is_said_stays_in_the_room() {
    let server = Server::start();
    let [mut alice, mut bob, mut carol] = people(&server, ["alice", "bob", "carol"]);
    bob.ask("/join dev");
    carol.ask("/join dev");
    alice.ask("for the lobby");
    alice.ask("/nick alicia");
    carol.ask("for dev");
    carol.ask("/me waves");
    let heard: Vec<String> =
        bob.sync().into_iter().filter(|line| !line.starts_with("--")).collect();
    assert_eq!(heard, ["<carol> for dev", "* carol waves"]);
    assert!(!alice.sync().iter().any(|line| line.contains("for dev") || line.contains("waves")));
}

#[test]
fn what_was_said_before_a_move_is_seen_before_it() {
    let server = Server::start();
    let [mut alice] = people(&server, ["alice"]);
    assert_eq!(
        alice.ask("/echo on\none\n/join dev\ntwo\n/leave")[..5],
        ["-- echo is on", "<alice> one", "-- You are alone in dev.", KEEPS_ORDER, "<alice> two"]
    );
}

#[test]
fn leave_goes_back_to_the_lobby() {
    let server = Server::start();
    let [mut alice, mut bob, mut carol] = people(&server, ["alice", "bob", "carol"]);
    assert_eq!(alice.ask("/leave"), ["!! you are in the lobby"]);
    bob.ask("/join dev");
    carol.ask("/join dev");
    alice.sync();
    bob.sync();
    assert_eq!(carol.ask("/leave"), ["-- You are in lobby with alice (2 here)."]);
    bob.expect("-- carol left: moved to lobby (1 here)");
    alice.expect("-- carol joined (2 here)");
}

#[test]
fn joining_the_room_one_is_in_changes_nothing() {
    let server = Server::start();
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    assert_eq!(bob.ask("/join lobby"), ["!! you are already in lobby"]);
    alice.expect_nothing();
}

#[test]
fn a_room_name_is_lower_cased_and_loses_its_hash() {
    let server = Server::start();
    let [mut alice] = people(&server, ["alice"]);
    assert_eq!(alice.ask("/join #DevOps"), ["-- You are alone in devops.", KEEPS_ORDER]);
    assert_eq!(alice.ask("/join devops"), ["!! you are already in devops"]);
    assert_eq!(alice.ask("/join #LOBBY"), ["-- You are alone in lobby."]);
}

#[test]
fn a_room_name_is_like_a_nick_but_up_to_32_long() {
    let server = Server::with(["--rate", "0"]);
    let [mut alice] = people(&server, ["alice"]);
    let longest = "r".repeat(32);
    let told = alice.ask(&format!("/join {longest}"));
    assert_eq!(told, [&*format!("-- You are alone in {longest}."), KEEPS_ORDER]);
    for name in [&*"r".repeat(33), "1st", "_a", "a.b", "a/b", "d\u{e9}v", "#", "##a"] {
        let answer = alice.ask(&format!("/join {name}"));
        assert!(answer.len() == 1 && answer[0].starts_with("!! "), "{name}: {answer:?}");
    }
    assert!(alice.ask("/who")[0].starts_with(&format!("-- {longest} ")));
}

#[test]
fn each_room_has_its_history() {
    let server = Server::start();
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    bob.ask("said in the lobby");
    bob.ask("/join dev");
    bob.ask("said in dev");
    alice.sync();
    let lines = alice.ask("/join dev");
    assert_eq!(lines[0], "-- You are in dev with bob (2 here).");
    assert!(lines[1].ends_with("] <bob> said in dev"), "{lines:?}");
    assert_eq!(lines[2..], ["-- end of history"]);
}

#[test]
fn the_topic_is_told_shown_and_belongs_to_its_room() {
    let server = Server::start();
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    assert_eq!(alice.ask("/topic"), ["-- no topic is set"]);
    let set = "-- bob set the topic: release  on friday";
    assert_eq!(bob.ask("/topic release  on friday"), [set]);
    alice.expect(set);
    assert_eq!(alice.ask("/topic"), ["-- the topic is release  on friday"]);
    assert_eq!(alice.ask("/join dev"), ["-- You are alone in dev.", KEEPS_ORDER]);
    assert_eq!(alice.ask("/topic"), ["-- no topic is set"]);
    let lines = alice.ask("/leave");
    let expected = ["-- You are in lobby with bob (2 here).", "-- the topic is release  on friday"];
    assert_eq!(lines, expected);
}

#[test]
fn the_rooms_are_listed_with_their_people_and_topics() {
    let server = Server::start();
    let [mut alice, mut bob, _carol] = people(&server, ["alice", "bob", "carol"]);
    bob.ask("/join dev");
    bob.ask("/topic tea");
    alice.sync();
    let mut rooms = alice.ask("/rooms");
    rooms.retain(|room| !room.contains(" hall-"));
    rooms.sort();
    assert_eq!(rooms, ["-- dev (1 here): tea", "-- lobby (2 here)"]);
}

#[test]
fn the_lobby_is_listed_even_when_it_is_empty() {
    let server = Server::start();
    let mut alice = Client::guest(&server);
    alice.ask("/join dev");
    assert_eq!(alice.ask("/rooms"), ["-- dev (1 here)", "-- lobby (0 here)"]);
}

#[test]
fn the_rooms_with_most_people_are_listed_first_and_then_by_name() {
    let server = Server::with(["--rate", "0"]);
    let rooms = [("ann", "zoo"), ("bob", "zoo"), ("cid", "bar"), ("dan", "art"), ("eve", "zoo")];
    let mut clients = rooms.map(|(nick, room)| {
        let mut client = Client::join(&server, nick);
        client.ask(&format!("/join {room}"));
        client
    });
    let [_fay, mut gus] = people(&server, ["fay", "gus"]);
    gus.ask("/join bar");
    clients[0].sync();
    let listed = ["-- zoo (3 here)", "-- bar (2 here)", "-- art (1 here)", "-- lobby (1 here)"];
    assert_eq!(clients[0].ask("/rooms"), listed);
}

#[test]
fn the_people_of_another_room_can_be_asked_for() {
    let server = Server::start();
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    bob.ask("/join dev");
    alice.sync();
    assert_eq!(alice.ask("/who #Dev"), ["-- dev (1 here): bob"]);
    assert_eq!(bob.ask("/who lobby"), ["-- lobby (1 here): alice"]);
}

#[test]
fn a_newcomer_is_in_the_lobby() {
    let server = Server::start();
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    bob.ask("/join dev");
    alice.sync();
    let mut guest = Client::guest(&server);
    guest.send("hi");
    alice.expect(&format!("-- {} joined (2 here)", guest.name));
    bob.expect_nothing();
}

#[test]
fn a_topic_can_be_cleared_and_stays_so() {
    let dir = TempDir::new();
    let state = dir.path("state");
    let server = Server::with_web(["--state-dir", &state]);
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    let mut page = WebSocket::join_json(&server, "page");
    alice.ask("/topic tea");
    bob.wait_for(|line| line == "-- alice set the topic: tea");
    page.sync();
    alice.send("/topic -");
    alice.expect("-- alice cleared the topic");
    bob.wait_for(|line| line == "-- alice cleared the topic");
    let cleared = json!({"t": "topic", "room": "lobby", "nick": "alice", "text": null});
    assert_eq!(page.object(), cleared);
    for line in ["/topic", "/topic -"] {
        assert_eq!(alice.ask(line), ["-- no topic is set"]);
    }
    assert_eq!(alice.ask("/rooms"), ["-- lobby (3 here)"]);
    server.stop();
    let server = Server::with(["--state-dir", &state]);
    assert_eq!(Client::join(&server, "carol").ask("/topic"), ["-- no topic is set"]);
}
