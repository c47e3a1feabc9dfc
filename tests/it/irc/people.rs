//! Who is there, who was, and what people say of themselves.

use super::server;
use crate::harness::{Client, Irc, commands};
use crate::restart::switch;

#[test]
fn a_client_is_told_when_somebody_comes_and_goes_whom_it_watches_for() {
    let server = server();
    let mut alice = Irc::named(&server, "alice");
    assert_eq!(alice.ask("MONITOR + bob,carol"), [":box7 731 alice :bob,carol"]);
    let mut bob = Client::join(&server, "bob");
    let online = alice.line();
    assert!(online.starts_with(":box7 730 alice :bob!~text@"), "{online}");
    bob.ask("/nick rob");
    alice.expect(":box7 731 alice :bob");
    let carol = Irc::named(&server, "carol");
    assert!(alice.line().starts_with(":box7 730 alice :carol!~carol@"));
    drop(carol);
    alice.expect(":box7 731 alice :carol");
    assert_eq!(commands(&alice.ask("MONITOR L\nMONITOR C\nMONITOR L")), ["732", "733", "733"]);
}

#[test]
fn whom_a_client_watches_for_stays_so_over_a_restart() {
    let server = server();
    let mut alice = Irc::with_caps(&server, "alice", "extended-monitor away-notify");
    alice.ask("MONITOR + bob,carol");
    let mut carol = Irc::named(&server, "carol");
    alice.until(|line| line.contains(" 730 alice :carol!"));
    switch(&server);
    alice.expect_nothing();
    let _bob = Client::join(&server, "bob");
    assert!(alice.line().starts_with(":box7 730 alice :bob!~text@"));
    carol.send("AWAY :lunch");
    assert!(alice.line().ends_with(" AWAY :lunch"));
    drop(carol);
    alice.expect(":box7 731 alice :carol");
}

#[test]
fn user_modes_are_shown_and_unknown_ones_are_refused() {
    let server = server();
    let mut alice = Irc::named(&server, "alice");
    let lines = alice.ask("MODE alice +iwB\nMODE alice\nMODE alice -wx");
    assert_eq!(commands(&lines), ["MODE", "MODE", "MODE", "221", "MODE", "501"]);
    assert_eq!(lines[3], ":box7 221 alice +Biw");
    let mut bob = Irc::named(&server, "bob");
    assert_eq!(commands(&bob.ask("MODE alice")), ["502"]);
    assert!(commands(&bob.ask("WHOIS alice")).contains(&"335"));
}

#[test]
fn somebody_who_has_left_is_remembered() {
    let server = server();
    let mut alice = Irc::named(&server, "alice");
    let mut bob = Irc::named(&server, "bob");
    bob.send("QUIT :bye");
    bob.rest();
    let lines = alice.ask("WHOWAS bob\nWHOWAS eve");
    assert_eq!(commands(&lines), ["314", "312", "369", "406", "369"]);
    assert!(lines[0].contains(" bob ~bob ") && lines[0].ends_with(" :bob of the tests"));
}

#[test]
fn the_service_is_known_although_it_is_no_client() {
    let server = super::server();
    let mut ann = Irc::named(&server, "ann");
    assert_eq!(commands(&ann.ask("WHOIS chatd")), ["311", "312", "318"]);
}
