//! Operators and voices.

use super::{KEEPS_ORDER, all_told, in_dev, refused, server};
use crate::harness::{Client, people};

#[test]
fn whoever_makes_a_room_is_its_operator() {
    let server = server();
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    assert_eq!(alice.ask("/join dev"), ["-- You are alone in dev.", KEEPS_ORDER]);
    bob.sync();
    assert_eq!(bob.ask("/join dev"), ["-- You are in dev with alice (2 here)."]);
    assert_eq!(bob.ask("/room")[0], "-- room dev: operators alice");
}

#[test]
fn roles_are_given_and_taken_before_the_whole_room() {
    let server = server();
    let [mut alice, mut bob, mut carol] = in_dev(&server, ["alice", "bob", "carol"]);
    let others = [&mut bob, &mut carol];
    all_told(&mut alice, "/op bob", others, "-- alice gave bob operator");
    let others = [&mut alice, &mut carol];
    all_told(&mut bob, "/voice carol", others, "-- bob gave carol voice");
    assert_eq!(carol.ask("/room")[0], "-- room dev: operators alice, bob; voices carol");
    let others = [&mut alice, &mut carol];
    all_told(&mut bob, "/devoice carol", others, "-- bob took voice from carol");
    let others = [&mut bob, &mut carol];
    all_told(&mut alice, "/deop bob", others, "-- alice took operator from bob");
    assert_eq!(bob.ask("/room")[0], "-- room dev: operators alice");
}

#[test]
fn one_may_take_a_role_from_oneself_and_nobody_inherits() {
    let server = server();
    let [mut alice, mut bob] = in_dev(&server, ["alice", "bob"]);
    alice.ask("/voice bob");
    bob.sync();
    all_told(&mut bob, "/devoice bob", [&mut alice], "-- bob took voice from bob");
    all_told(&mut alice, "/deop alice", [&mut bob], "-- alice took operator from alice");
    assert_eq!(bob.ask("/room")[0], "-- room dev: nobody keeps order here");
    let only = "only operators of dev may do that";
    refused(&mut alice, [("/op alice", only), ("/op bob", only), ("/deop alice", only)]);
}

#[test]
fn what_cannot_be_given_or_taken_is_refused() {
    let server = server();
    let [mut alice, mut bob] = in_dev(&server, ["alice", "bob"]);
    let _dan = people(&server, ["dan"]);
    alice.sync();
    refused(
        &mut alice,
        [
            ("/op alice", "alice is an operator already"),
            ("/deop bob", "bob is no operator"),
            ("/devoice bob", "bob has no voice"),
            ("/op dan", "dan is not in dev"),
            ("/voice nobody", "no one here is called nobody"),
            ("/op", "usage: /op NAME"),
        ],
    );
    alice.ask("/voice bob");
    refused(&mut alice, [("/voice bob", "bob has a voice already")]);
    let only = "only operators of dev may do that";
    bob.sync();
    refused(
        &mut bob,
        [
            ("/op bob", only),
            ("/deop alice", only),
            ("/voice alice", only),
            ("/devoice alice", only),
            ("/op nobody", only),
            ("/room hidden on", only),
            ("/kick alice", only),
            ("/room kick alice", only),
            ("/room ban alice", only),
            ("/room unban alice", only),
            ("/room bans", only),
            ("/room keep on", only),
        ],
    );
}

#[test]
fn whoever_wants_to_do_what_only_the_servers_operators_do_reads_what_there_is_in_a_room() {
    let server = server();
    let [mut alice, mut bob] = in_dev(&server, ["alice", "bob"]);
    for (line, instead) in [
        ("/mute bob 10m", "/kick NAME, or /room moderated on with /voice NAME"),
        ("/unmute bob", "/voice NAME"),
        ("/ban bob", "/room ban NAME"),
        ("/unban bob", "/room unban NAME"),
        ("/bans", "/room bans"),
        ("/help slow", "/room slow SECONDS"),
        ("/lockdown on", "/room moderated on"),
    ] {
        let told = "!! only operators of the server may do that; operators of a room can use";
        assert_eq!(alice.ask(line), [format!("{told} {instead}")]);
        refused(&mut bob, [(line, "only operators may do that")]);
    }
    refused(&mut alice, [("/reload", "only operators may do that")]);
    assert_eq!(alice.ask("/room moderated on"), ["-- alice set moderated on"]);
    assert_eq!(bob.ask("hello").last().unwrap(), "!! dev is moderated; not sent");
}

#[test]
fn a_role_follows_the_client_through_renames_and_comes_back_with_it() {
    let server = server();
    let [mut alice, mut bob] = in_dev(&server, ["alice", "bob"]);
    alice.ask("/nick alicia");
    assert_eq!(alice.ask("/room")[0], "-- room dev: operators alicia");
    drop(alice);
    bob.wait_for(|line| line.starts_with("-- alicia left"));
    assert_eq!(bob.ask("/room")[0], "-- room dev: nobody keeps order here");
    let mut again = Client::join(&server, "alicia");
    assert_eq!(again.ask("/join dev"), ["-- You are in dev with bob (2 here)."]);
    assert_eq!(bob.ask("/room").last_chunk::<2>().unwrap()[0], "-- room dev: operators alicia");
}

#[test]
fn the_name_may_come_after_the_room() {
    let server = server();
    let [mut alice, mut bob] = in_dev(&server, ["alice", "bob"]);
    alice.send("/quit");
    bob.wait_for(|line| line.starts_with("-- alice left"));
    let mut again = Client::guest(&server);
    again.ask("/join dev");
    assert_eq!(again.ask("/room")[0], "-- room dev: nobody keeps order here");
    again.ask("/nick alice");
    assert_eq!(again.ask("/room")[0], "-- room dev: operators alice");
}

#[test]
fn a_role_is_held_for_the_name_at_its_address_only() {
    let server = server();
    let [mut alice, mut bob] = in_dev(&server, ["alice", "bob"]);
    alice.send("/quit");
    bob.wait_for(|line| line.starts_with("-- alice left"));
    let mut other = Client::connect_from(&server, "127.0.0.2").welcomed();
    assert_eq!(other.ask("/nick alice"), ["!! alice is taken"]);
    other.ask("/join dev");
    assert_eq!(other.ask("/room")[0], "-- room dev: nobody keeps order here");
}

#[test]
fn who_was_kicked_or_deopped_does_not_come_back_with_a_role() {
    let server = server();
    let [mut alice, mut bob, mut carol] = in_dev(&server, ["alice", "bob", "carol"]);
    for line in ["/op bob", "/op carol", "/kick bob", "/deop carol"] {
        alice.ask(line);
    }
    for client in [&mut bob, &mut carol] {
        client.ask("/leave");
        client.ask("/join dev");
        client.sync();
    }
    assert_eq!(alice.ask("/room").last_chunk::<2>().unwrap()[0], "-- room dev: operators alice");
}

#[test]
fn a_stranger_in_a_room_that_was_left_a_moment_ago_has_no_rights_there() {
    let server = server();
    let [mut alice] = in_dev(&server, ["alice"]);
    alice.ask("/room topic-lock on");
    alice.ask("/leave");
    let [mut bob] = people(&server, ["bob"]);
    assert_eq!(bob.ask("/join dev"), ["-- You are alone in dev."]);
    refused(&mut bob, [("/topic mine", "only operators of dev may set the topic")]);
    assert_eq!(alice.ask("/join dev").last().unwrap(), "-- You are in dev with bob (2 here).");
    assert_eq!(alice.ask("/topic ours"), ["-- alice set the topic: ours"]);
}
