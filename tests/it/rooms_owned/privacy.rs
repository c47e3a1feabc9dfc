//! What a private room shows to those who are not in it.

use super::{in_dev, refused, server};
use crate::harness::{Server, TempDir, people};

#[test]
fn a_move_to_a_private_room_does_not_say_where() {
    let server = server();
    let [mut alice] = in_dev(&server, ["alice"]);
    for (setting, join) in [
        ("key s3cret", "/join dev s3cret"),
        ("hidden on", "/join dev"),
        ("invite-only on", "/join dev"),
    ] {
        let [mut eve] = people(&server, ["eve"]);
        alice.ask(&format!("/room {setting}"));
        alice.ask("/invite eve");
        eve.sync();
        let [mut bob] = people(&server, ["bob"]);
        eve.sync();
        alice.ask("/invite bob");
        bob.ask(join);
        eve.expect("-- bob left: moved (1 here)");
        alice.ask(&format!("/room {} off", setting.split(' ').next().unwrap()));
        bob.send("/quit");
        eve.send("/quit");
        bob.rest();
        eve.rest();
    }
}

#[test]
fn people_and_topic_of_a_private_room_are_for_members() {
    let server = server();
    let [mut alice, mut bob] = in_dev(&server, ["alice", "bob"]);
    let [mut eve] = people(&server, ["eve"]);
    alice.ask("/topic plans");
    let list = |eve: &mut crate::harness::Client| {
        eve.ask("/rooms").into_iter().find(|line| line.starts_with("-- dev"))
    };
    assert_eq!(list(&mut eve).unwrap(), "-- dev (2 here): plans");
    assert_eq!(eve.ask("/who dev"), ["-- dev (2 here): alice, bob"]);
    assert!(eve.ask("/whois bob")[0].starts_with("-- bob is in dev, connected "));
    alice.ask("/room invite-only on");
    assert_eq!(list(&mut eve).unwrap(), "-- dev (2 here)");
    refused(&mut eve, [("/who dev", "dev is invite-only")]);
    assert!(eve.ask("/whois bob")[0].starts_with("-- bob is elsewhere, connected "));
    alice.ask("/room key s3cret\n/room invite-only off");
    refused(&mut eve, [("/who dev", "dev needs a key: /join dev KEY")]);
    alice.ask("/room hidden on");
    assert_eq!(list(&mut eve), None);
    refused(&mut eve, [("/who dev", "there is no room called dev")]);
    assert_eq!(bob.ask("/who dev").last().unwrap(), "-- dev (2 here): alice, bob");
    assert!(bob.ask("/rooms").contains(&"-- dev (2 here): plans".to_owned()));
    assert!(bob.ask("/whois alice")[0].starts_with("-- alice is in dev, "));
}

#[test]
fn what_was_said_in_private_is_not_shown_once_the_room_is_open() {
    let server = server();
    let [mut alice] = in_dev(&server, ["alice"]);
    alice.ask("in public");
    alice.ask("/room key s3cret");
    alice.ask("in private");
    let [mut bob, mut dan] = people(&server, ["bob", "dan"]);
    let told = bob.ask("/join dev s3cret").join("\n");
    assert!(told.contains("in public") && told.contains("in private"), "{told}");
    alice.ask("/room key off");
    for told in [dan.ask("/join dev"), bob.ask("/history"), alice.ask("/history")] {
        let told = told.join("\n");
        assert!(told.contains("in public") && !told.contains("in private"), "{told}");
    }
}

#[test]
fn private_lines_and_topics_of_a_room_that_is_not_kept_are_not_on_the_disk() {
    let dir = TempDir::new();
    let start = || Server::with(["--rate", "0", "--state-dir", &dir.path("")]);
    let server = start();
    let [mut alice, mut bob] = in_dev(&server, ["alice", "bob"]);
    alice.ask("a public word");
    alice.ask("/topic public");
    alice.ask("/room hidden on");
    alice.ask("a private word");
    alice.ask("/topic private");
    let found = |lines: Vec<String>| lines.join("\n").contains("a private word");
    assert!(found(alice.ask("/history")) && found(bob.ask("/history")));
    let [mut eve] = people(&server, ["eve"]);
    assert_eq!(eve.ask("/search word"), ["-- nothing was found"]);
    assert!(alice.ask("/search word").join("\n").contains("a public word"));
    server.stop();
    let server = start();
    let [mut eve] = people(&server, ["eve"]);
    let told = eve.ask("/join dev").join("\n");
    assert!(told.contains("a public word") && told.contains("the topic is public"), "{told}");
    assert!(!told.contains("private"), "{told}");
}
