//! Ignoring somebody: whatever they say, for as long as the ignoring client is connected.

use crate::harness::{Client, Server, TempDir, WebSocket, people};
use crate::order::log_in_soon;

#[test]
fn a_topic_by_somebody_who_is_ignored_is_not_shown_anywhere() {
    let server = Server::with_web([]);
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    let mut page = WebSocket::join_json(&server, "page");
    alice.ask("/ignore bob");
    page.ask("/ignore bob");
    bob.ask("/topic read this");
    assert_eq!((alice.sync(), page.sync()), (vec![], vec![]));
    assert_eq!(alice.ask("/topic"), ["-- you ignore the person who set the topic"]);
    assert_eq!(alice.ask("/rooms"), ["-- lobby (3 here)"]);
    alice.ask("/join dev");
    assert!(alice.ask("/leave").iter().all(|line| !line.contains("read this")));
    bob.sync();
    assert_eq!(bob.ask("/topic"), ["-- the topic is read this"]);
    bob.ask("/topic -");
    assert_eq!(alice.sync(), ["-- bob cleared the topic"]);
}

#[test]
fn words_of_somebody_who_is_ignored_are_left_out_of_notices() {
    let server = Server::start();
    let [mut alice, mut bob, mut carol] = people(&server, ["alice", "bob", "carol"]);
    alice.ask("/ignore bob");
    bob.ask("/away read this");
    assert_eq!(alice.ask("/who"), ["-- lobby (3 here): alice, bob (away), carol"]);
    assert!(alice.ask("/whois bob")[0].ends_with(", away"));
    assert_eq!(alice.ask("/msg bob hi"), ["[to bob] hi", "-- bob is away"]);
    assert_eq!(carol.ask("/msg bob hi"), ["[to bob] hi", "-- bob is away: read this"]);
    // One who was not announced yet is told apart.
    let mut guest = Client::guest(&server);
    guest.types(b"x");
    bob.send("/quit and this");
    alice.expect("-- bob left: quit (2 here)");
    carol.expect("-- bob left: quit: and this (2 here)");
    guest.wait_for(|line| line == "-- bob left: quit: and this (3 here)");
}

#[test]
fn somebody_who_is_ignored_stays_so_when_they_come_again() {
    let server = Server::with(["--rate", "0"]);
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    alice.ask("/ignore bob");
    for name in ["bob", "b0b", "bob", "rob", "bob"] {
        drop(bob);
        alice.wait_for(|line| line.contains(" left: disconnected"));
        bob = Client::guest(&server);
        if name == "rob" {
            // Another name on the way out is no way around it.
            bob.ask("/nick bob");
            bob.ask("/nick rob");
            bob.ask("hi");
        } else {
            bob.ask(&format!("/nick {name}"));
            bob.ask("hi\n/me waves\n/msg alice psst\n/topic hi");
        }
        let heard: Vec<_> = alice.sync().into_iter().filter(|line| line.contains("hi")).collect();
        assert_eq!(heard, [""; 0], "{name}");
        assert_eq!(alice.ask("/history"), ["-- nothing has been said here"]);
    }
    // Somebody else under that name is heard.
    drop(bob);
    alice.wait_for(|line| line.contains(" left: disconnected"));
    let mut other = Client::guest(&server);
    other.ask("/nick carol\nhi");
    alice.wait_for(|line| line == "<carol> hi");
    other.ask("/nick bob");
    assert_eq!(alice.ask("/unignore bob").last().unwrap(), "-- you no longer ignore bob");
    other.ask("hi again\n/nick carol\n/nick bob\nand again");
    alice.wait_for(|line| line == "<bob> hi again");
    alice.wait_for(|line| line == "<bob> and again");
}

#[test]
fn whoever_ignores_an_account_ignores_it_from_wherever_it_comes() {
    let dir = TempDir::new();
    let server = Server::with(["--state-dir", &dir.path(""), "--rate", "0"]);
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    bob.send("/register open sesame");
    bob.wait_for(|line| line.contains(" is yours now"));
    alice.ask("/ignore bob");
    bob.ask("before");
    drop(bob);
    alice.wait_for(|line| line.starts_with("-- bob left"));
    assert_eq!(alice.ask("/search before"), ["-- nothing was found"]);
    let mut bob = log_in_soon(&server, "bob", "open sesame");
    bob.ask("/join dev\n/leave\nafter");
    assert!(alice.sync().iter().all(|line| !line.contains("after")));
    let mut elsewhere = Client::connect_from(&server, "127.0.0.2").welcomed();
    elsewhere.send("/login bob open sesame");
    elsewhere.wait_for(|line| line.starts_with("-- you are logged in"));
    elsewhere.ask("from elsewhere");
    assert!(alice.sync().iter().all(|line| !line.contains("from elsewhere")));
    assert_eq!(alice.ask("/unignore bob").last().unwrap(), "-- you no longer ignore bob");
    elsewhere.ask("heard");
    alice.wait_for(|line| line == "<bob> heard");
}
