//! Private messages, replies, and ignored people.

use crate::harness::{Client, Server, people};

#[test]
fn a_private_message_is_seen_by_the_two_only() {
    let server = Server::start();
    let [mut alice, mut bob, mut carol] = people(&server, ["alice", "bob", "carol"]);
    assert_eq!(
        alice.ask("/msg bob the key is under the mat"),
        ["[to bob] the key is under the mat"]
    );
    bob.expect("[from alice] the key is under the mat");
    bob.expect_nothing();
    carol.expect_nothing();
}

#[test]
fn a_name_is_found_however_it_is_written_and_shown_as_it_is() {
    let server = Server::start();
    let [mut alice, mut bob] = people(&server, ["alice", "Bob"]);
    assert_eq!(alice.ask("/msg b0B hi"), ["[to Bob] hi"]);
    bob.expect("[from alice] hi");
}

#[test]
fn a_message_to_nobody_is_refused() {
    let server = Server::start();
    let [mut alice] = people(&server, ["alice"]);
    assert_eq!(alice.ask("/msg bob hi"), ["!! no one here is called bob"]);
}

#[test]
fn a_reply_goes_to_who_wrote_last() {
    let server = Server::start();
    let [mut alice, mut bob, mut carol] = people(&server, ["alice", "bob", "carol"]);
    let answer = bob.ask("/reply to whom?");
    assert!(answer.len() == 1 && answer[0].starts_with("!! "), "{answer:?}");
    carol.ask("/msg bob one");
    alice.ask("/msg bob two");
    bob.sync();
    assert_eq!(bob.ask("/reply got it"), ["[to alice] got it"]);
    assert_eq!(alice.sync(), ["[from bob] got it"]);
    carol.expect_nothing();
}

#[test]
fn a_reply_never_goes_to_somebody_who_is_ignored() {
    let server = Server::start();
    let [mut alice, mut bob, mut eve] = people(&server, ["alice", "bob", "eve"]);
    alice.ask("/msg bob hello");
    bob.ask("/ignore eve");
    eve.ask("/msg bob me instead");
    assert_eq!(bob.ask("/reply hello yourself"), ["[to alice] hello yourself"]);
    assert_eq!(alice.sync(), ["[from bob] hello yourself"]);
    eve.expect_nothing();
}

#[test]
fn a_blank_before_a_command_makes_it_no_more_public() {
    let server = Server::start();
    let [mut alice, mut bob, mut carol] = people(&server, ["alice", "bob", "carol"]);
    for blank in [" ", "   ", "\t", " \u{a0}", "\x1b"] {
        assert_eq!(alice.ask(&format!("{blank}/msg bob secret")), ["[to bob] secret"]);
        bob.expect("[from alice] secret");
    }
    alice.ask(" //not a secret");
    assert_eq!(carol.sync(), ["<alice> /not a secret"]);
}

#[test]
fn a_reply_follows_the_client_and_not_the_name() {
    let server = Server::start();
    let [mut alice, mut bob, mut carol] = people(&server, ["alice", "bob", "carol"]);
    alice.ask("/msg bob psst");
    alice.ask("/nick alicia");
    carol.ask("/nick alice");
    bob.sync();
    assert_eq!(bob.ask("/reply yes?"), ["[to alicia] yes?"]);
    assert!(alice.sync().contains(&"[from bob] yes?".to_owned()));
    assert!(!carol.sync().iter().any(|line| line.contains("yes?")));
}

#[test]
fn a_reply_to_somebody_who_left_reaches_nobody() {
    let server = Server::start();
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    alice.ask("/msg bob psst");
    drop(alice);
    bob.wait_for(|line| line == "-- alice left: disconnected (1 here)");
    let [mut other] = people(&server, ["alice"]);
    bob.sync();
    let answer = bob.ask("/reply yes?");
    assert!(answer.len() == 1 && answer[0].starts_with("!! "), "{answer:?}");
    other.expect_nothing();
}

#[test]
fn ignoring_covers_lines_actions_and_private_messages() {
    let server = Server::start();
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    assert_eq!(alice.ask("/ignore bob"), ["-- you are ignoring bob"]);
    bob.ask("hi\n/me waves\n/msg alice psst");
    assert_eq!(alice.sync(), [""; 0]);
    assert_eq!(alice.ask("/history"), ["-- nothing has been said here"]);
    assert_eq!(alice.ask("/unignore bob"), ["-- you no longer ignore bob"]);
    bob.ask("hi\n/me waves\n/msg alice psst");
    assert_eq!(alice.sync(), ["<bob> hi", "* bob waves", "[from bob] psst"]);
}

#[test]
fn ignoring_covers_what_was_said_before_one_came_and_what_those_who_left_said() {
    let server = Server::start();
    let [mut alice, mut bob, mut carol] = people(&server, ["alice", "bob", "carol"]);
    alice.ask("/ignore bob");
    for client in [&mut bob, &mut carol] {
        client.ask("/join dev");
        client.ask("hi\n/me waves");
    }
    let seen = |lines: Vec<String>| {
        let said = lines.into_iter().filter(|line| line.starts_with('['));
        said.map(|line| line.split_once("] ").unwrap().1.to_owned()).collect::<Vec<_>>()
    };
    let carols = ["<carol> hi", "* carol waves"];
    alice.sync();
    assert_eq!(seen(alice.ask("/join dev")), carols);
    assert_eq!(seen(alice.ask("/history")), carols);
    drop(bob);
    alice.wait_for(|line| line.starts_with("-- bob left"));
    assert_eq!(seen(alice.ask("/history")), carols);
    alice.ask("/leave");
    assert_eq!(seen(alice.ask("/join dev")), carols);
}

#[test]
fn ignoring_follows_the_client_through_renames() {
    let server = Server::start();
    let [mut alice, mut bob, mut carol] = people(&server, ["alice", "bob", "carol"]);
    alice.ask("/ignore bob");
    bob.ask("/nick rob");
    carol.ask("/nick bob");
    bob.ask("from rob");
    carol.ask("from the new bob");
    let heard: Vec<String> = alice.sync().into_iter().filter(|line| line.contains("> ")).collect();
    assert_eq!(heard, ["<bob> from the new bob"]);
    alice.ask("/unignore rob");
    bob.ask("heard again");
    alice.expect("<rob> heard again");
}

#[test]
fn ignoring_concerns_nobody_else_and_no_notices() {
    let server = Server::start();
    let [mut alice, mut bob, mut carol] = people(&server, ["alice", "bob", "carol"]);
    alice.ask("/ignore bob");
    bob.ask("hi");
    assert_eq!(carol.sync(), ["<bob> hi"]);
    drop(bob);
    alice.expect("-- bob left: disconnected (2 here)");
}

#[test]
fn ignoring_nobody_is_refused() {
    let server = Server::start();
    let [mut alice] = people(&server, ["alice"]);
    assert_eq!(alice.ask("/ignore bob"), ["!! no one here is called bob"]);
    let answer = alice.ask("/unignore bob");
    assert!(answer.len() == 1 && answer[0].starts_with("!! "), "{answer:?}");
}

#[test]
fn a_private_message_announces_its_sender_but_is_no_history() {
    let server = Server::start();
    let [mut alice] = people(&server, ["alice"]);
    let mut guest = Client::guest(&server);
    guest.ask("/msg alice psst");
    alice.expect(&format!("-- {} joined (2 here)", guest.name));
    alice.expect(&format!("[from {}] psst", guest.name));
    assert_eq!(alice.ask("/history"), ["-- nothing has been said here"]);
}

#[test]
fn whoever_writes_to_somebody_away_is_told() {
    let server = Server::start();
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    alice.ask("/msg bob hi");
    bob.ask("/away lunch");
    assert_eq!(alice.ask("/msg bob psst"), ["[to bob] psst", "-- bob is away: lunch"]);
    bob.ask("/msg alice what");
    assert_eq!(alice.ask("/reply hm"), ["[from bob] what", "[to bob] hm", "-- bob is away: lunch"]);
    bob.ask("/away\n/away");
    assert_eq!(alice.ask("/reply hm"), ["[to bob] hm", "-- bob is away"]);
    bob.ask("/away");
    assert_eq!(alice.ask("/reply hm"), ["[to bob] hm"]);
}
