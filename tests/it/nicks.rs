//! Nicks: which are valid, who may take them, and for whom they are reserved.

use crate::harness::{Client, Server, people};

const NO_NICK: &str =
    "!! a nick has 1 to 16 of the characters A-Z a-z 0-9 _ - and starts with a letter";

#[track_caller]
fn rename(client: &mut Client, nick: &str) -> String {
    client.ask(&format!("/nick {nick}")).pop().unwrap()
}

#[test]
fn a_nick_has_1_to_16_characters_and_starts_with_a_letter() {
    let server = Server::with(["--rate", "0"]);
    let mut alice = Client::guest(&server);
    for nick in ["a", "Z", "x-_-", "b52", "sixteen_letters_"] {
        assert_eq!(rename(&mut alice, nick), format!("-- you are now {nick}"));
    }
    for nick in
        ["seventeen_letters", "1st", "_a", "-a", "a.b", "a!", "\u{e9}va", "a\u{301}", "<b>", "#a"]
    {
        assert_eq!(rename(&mut alice, nick), NO_NICK, "{nick}");
    }
}

#[test]
fn some_names_are_reserved_however_they_are_written() {
    let server = Server::with(["--rate", "0"]);
    let mut alice = Client::guest(&server);
    let names = ["server", "admin", "root", "chatd", "guest", "guesthouse", "NickServ", "serv"];
    let likenesses = ["SERVER", "Adm1n", "admln", "r00t", "rOot", "CHATD", "GUEST99", "Guest_"];
    for nick in names.into_iter().chain(likenesses) {
        assert_eq!(rename(&mut alice, nick), format!("!! {nick} is reserved"));
    }
    for nick in ["servers", "roots", "gues", "theguest"] {
        assert_eq!(rename(&mut alice, nick), format!("-- you are now {nick}"));
    }
}

#[test]
fn nicks_are_unique_under_case_and_look_alikes() {
    let server = Server::with(["--rate", "0"]);
    let [_bill, mut mallory] = people(&server, ["Bill_0", "mallory"]);
    for nick in ["Bill_0", "bill_0", "BILL_o", "b1ll_O", "Blil_0", "bIl1_0"] {
        assert_eq!(rename(&mut mallory, nick), format!("!! {nick} is taken"));
    }
    assert_eq!(rename(&mut mallory, "Bill-0"), "-- you are now Bill-0");
}

#[test]
fn ones_own_nick_may_be_rewritten() {
    let server = Server::start();
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    assert_eq!(rename(&mut bob, "B0B"), "-- you are now B0B");
    alice.expect("-- bob is now B0B");
    assert_eq!(rename(&mut alice, "bob"), "!! bob is taken");
}

#[test]
fn a_rename_is_told_to_the_room_and_heard_under_the_new_name() {
    let server = Server::start();
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    let mut guest = Client::guest(&server);
    guest.send("hi");
    alice.expect(&format!("-- {} joined (3 here)", guest.name));
    alice.expect(&format!("<{}> hi", guest.name));
    assert_eq!(rename(&mut guest, "carol"), "-- you are now carol");
    alice.expect(&format!("-- {} is now carol", guest.name));
    bob.ask("/join dev");
    assert_eq!(rename(&mut bob, "rob"), "-- you are now rob");
    alice.expect("-- bob left: moved to dev (2 here)");
    guest.ask("hello");
    alice.expect("<carol> hello");
}

#[test]
fn a_refused_rename_is_told_to_nobody_else() {
    let server = Server::start();
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    bob.ask("/nick alice");
    bob.ask("/nick root");
    bob.ask("hi");
    assert_eq!(alice.sync(), ["<bob> hi"]);
}

#[test]
fn a_nick_left_by_going_is_kept_for_its_address() {
    let server = Server::start();
    let [mut alice, bob] = people(&server, ["alice", "bob"]);
    drop(bob);
    alice.expect("-- bob left: disconnected (1 here)");
    let mut stranger = Client::connect_from(&server, "127.0.0.2").welcomed();
    assert_eq!(rename(&mut stranger, "bob"), "!! bob is taken");
    assert_eq!(rename(&mut stranger, "B0b"), "!! B0b is taken");
    assert_eq!(rename(&mut Client::guest(&server), "Bob"), "-- you are now Bob");
}

#[test]
fn a_nick_left_by_renaming_is_kept_for_its_address() {
    let server = Server::start();
    let [mut bob] = people(&server, ["bob"]);
    assert_eq!(rename(&mut bob, "rob"), "-- you are now rob");
    let mut stranger = Client::connect_from(&server, "127.0.0.2").welcomed();
    assert_eq!(rename(&mut stranger, "bob"), "!! bob is taken");
    assert_eq!(rename(&mut bob, "bob"), "-- you are now bob");
    assert_eq!(rename(&mut stranger, "rob"), "!! rob is taken");
    assert_eq!(rename(&mut Client::guest(&server), "rob"), "-- you are now rob");
}

#[test]
fn a_nick_left_before_the_announcement_is_kept_too() {
    let server = Server::start();
    let mut bob = Client::guest(&server);
    assert_eq!(rename(&mut bob, "bob"), "-- you are now bob");
    assert_eq!(rename(&mut bob, "rob"), "-- you are now rob");
    let mut stranger = Client::connect_from(&server, "127.0.0.2").welcomed();
    assert_eq!(rename(&mut stranger, "bob"), "!! bob is taken");
}

#[test]
fn the_nick_is_shown_in_brackets_on_every_line_whatever_the_line_says() {
    let server = Server::start();
    let [mut alice, mut mallory] = people(&server, ["alice", "mallory"]);
    for line in
        ["-- alice left: quit (1 here)", "!! not sent", "<alice> I quit", "[from alice] psst"]
    {
        mallory.send(line);
        alice.expect(&format!("<mallory> {line}"));
    }
}
