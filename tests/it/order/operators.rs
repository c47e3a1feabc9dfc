//! What operators may do, and other users may not.

use std::time::Duration;

use super::{account, log_in, ruled, until};
use crate::harness::{Client, Server, TempDir, WebSocket, people};
use crate::metrics;
use crate::restart::switch;

const MINE: &str = "!! only operators may do that";

#[test]
fn operators_commands_are_refused_to_others_and_not_in_their_help() {
    let dir = TempDir::new();
    let (server, mut carol) = ruled(&dir);
    let [mut eve] = people(&server, ["eve"]);
    for line in [
        "/kick carol",
        "/mute carol",
        "/unmute eve",
        "/ban carol",
        "/unban eve",
        "/bans",
        "/slow 5",
        "/lockdown on",
        "/reload",
        "/help kick",
    ] {
        assert_eq!(eve.ask(line), [MINE], "{line}");
    }
    let lists = |client: &mut Client| client.ask("/help").iter().any(|line| line.contains("/kick"));
    assert!(!lists(&mut eve) && lists(&mut carol));
    let address = "127.0.0.1";
    assert!(!eve.ask("/whois carol").concat().contains(address));
    assert!(carol.ask("/whois eve").concat().contains(address));
}

#[test]
fn a_kick_says_by_whom_and_why() {
    let dir = TempDir::new();
    let (server, mut carol) = ruled(&dir);
    let [mut eve, mut bob] = people(&server, ["eve", "bob"]);
    until(&mut carol, "/kick eve too  loud", "-- eve is kicked");
    eve.wait_for(|line| line == "!! kicked by carol: too  loud");
    eve.rest();
    bob.wait_for(|line| line == "-- eve left: kicked by carol: too  loud (2 here)");
    server.wait_log(["operator carol kicked eve: too  loud"]);
    let mut page = WebSocket::join(&server, "mallory");
    until(&mut carol, "/kick mallory", "-- mallory is kicked");
    while page.line() != "!! kicked by carol" {}
    page.expect_closed(1008);
    metrics::expect(&server, "chatd_dropped_clients_total{reason=\"kicked\"} ", 2.0);
    assert_eq!(carol.ask("/kick carol").last().unwrap(), "!! you cannot do that to yourself");
}

#[test]
fn who_is_muted_is_told_for_how_long_and_heard_by_nobody() {
    let dir = TempDir::new();
    let (server, mut carol) = ruled(&dir);
    let [mut eve, mut bob] = people(&server, ["eve", "bob"]);
    until(&mut carol, "/mute eve 1h", "-- eve is muted for 1h");
    eve.wait_for(|line| line == "!! you are muted for 1h");
    server.wait_log(["operator carol muted eve for 1h"]);
    bob.sync();
    for line in ["hello", "/me hello", "/msg bob hello", "/topic hello", "/nick hello"] {
        let told = eve.ask(line);
        assert!(told.len() == 1 && told[0].starts_with("!! you are muted for "), "{told:?}");
        bob.expect_nothing();
    }
    // Nor by going and coming, nor by another program.
    drop(eve);
    bob.wait_for(|line| line.starts_with("-- eve left"));
    let mut again = Client::guest(&server);
    assert!(again.ask("hello")[0].starts_with("!! you are muted for "));
    switch(&server);
    assert!(again.ask("hello")[0].starts_with("!! you are muted for "));
    let name = again.name.clone();
    carol.wait_for(|line| line == format!("-- {name} joined (3 here)"));
    until(&mut carol, &format!("/unmute {name}"), "may speak again");
    again.wait_for(|line| line == "-- you may speak again");
    server.wait_log([&format!("operator carol unmuted {name}")]);
    again.send("hello");
    bob.wait_for(|line| line == format!("<{name}> hello"));
}

#[test]
fn a_mute_that_somebody_left_behind_is_listed_and_lifted_by_address() {
    let dir = TempDir::new();
    let (server, mut carol) = ruled(&dir);
    let [mut eve] = people(&server, ["eve"]);
    until(&mut carol, "/mute eve", "-- eve is muted");
    until(&mut carol, "/whois eve", ", muted, from 127.0.0.1");
    eve.send("/quit");
    carol.wait_for(|line| line.starts_with("-- eve left"));
    let mut other = Client::guest(&server);
    assert_eq!(other.ask("hello"), ["!! you are muted"]);
    until(&mut carol, "/bans", "-- 127.0.0.1 is muted");
    until(&mut carol, "/unmute 127.0.0.1", "-- 127.0.0.1 may speak again");
    other.wait_for(|line| line == "-- you may speak again");
    other.send("hello");
    carol.wait_for(|line| line.ends_with("> hello"));
    until(&mut carol, "/unmute 127.0.0.1", "!! nobody from 127.0.0.1 is muted");
    server.wait_log(["carol unmuted 127.0.0.1"]);
}

#[test]
fn what_begins_as_a_duration_and_is_none_is_refused() {
    let dir = TempDir::new();
    let (server, mut carol) = ruled(&dir);
    let [mut eve] = people(&server, ["eve"]);
    carol.sync();
    for word in ["5", "0", "0s", "-1h", "1st offence", "7x"] {
        for command in ["/mute eve", "/ban eve", "/ban 192.0.2.1"] {
            let told = carol.ask(&format!("{command} {word}"));
            assert!(
                told.len() == 1 && told[0].contains("is not a duration"),
                "{command} {word} {told:?}"
            );
        }
    }
    assert_eq!(carol.ask("/bans"), ["-- nobody is banned"]);
    eve.expect_nothing();
}

#[test]
fn a_slow_room_takes_one_line_at_a_time_and_a_lockdown_only_registered_people() {
    let dir = TempDir::new();
    account(&dir, "add bob", "top secret\n");
    let (server, mut carol) = ruled(&dir);
    let mut bob = log_in(&server, "bob", "top secret");
    let [mut eve] = people(&server, ["eve"]);
    until(&mut carol, "/slow 60", "once every 60 s");
    server.wait_log(["operator carol set slow to 60 s in lobby"]);
    eve.wait_for(|line| line.contains("once every 60 s"));
    assert_eq!(eve.ask("one"), [""; 0]);
    switch(&server);
    let told = eve.ask("two");
    assert!(told[0].starts_with("!! slow down: you may speak again in "), "{told:?}");
    until(&mut carol, "/slow 0", "as often as you like");
    eve.wait_for(|line| line.contains("as often as you like"));
    until(&mut carol, "/lockdown on", "only registered people");
    server.wait_log(["operator carol turned lockdown on"]);
    eve.wait_for(|line| line.contains("only registered people"));
    switch(&server);
    let mut page = WebSocket::connect(&server);
    page.expect_contains("Welcome");
    let locked = "only registered people may speak now; /login NAME PASSWORD";
    while page.line() != format!("-- {locked}") {}
    for line in ["three", "/msg bob three", "/nick three", "/topic three"] {
        assert_eq!(eve.ask(line), [format!("!! {locked}")]);
    }
    assert_eq!(page.ask("three"), [format!("!! {locked}")]);
    bob.send("four");
    assert!(eve.wait_for(|line| line.ends_with(" four")).starts_with("<bob>"));
    assert!(!bob.sync().concat().contains("three"));
}

#[test]
fn coming_again_is_no_way_around_a_slow_room() {
    let dir = TempDir::new();
    account(&dir, "add bob", "top secret\n");
    let (server, mut carol) = ruled(&dir);
    let [mut eve, mut dan] = people(&server, ["eve", "dan"]);
    until(&mut carol, "/slow 60", "once every 60 s");
    let mut bob = Client::connect_from(&server, "127.0.0.2").welcomed();
    super::logs_in(&mut bob, "bob", "top secret");
    let speaks = |told: Vec<String>| {
        assert!(told.iter().all(|line| !line.starts_with("!!")), "{told:?}");
    };
    let slowly = |told: Vec<String>| {
        let last = told.last().unwrap();
        assert!(last.starts_with("!! slow down: you may speak again in "), "{told:?}");
    };
    speaks(bob.ask("one"));
    speaks(eve.ask("one"));
    // Last words are words, too.
    eve.send("/quit two");
    carol.wait_for(|line| line.starts_with("-- eve left: quit ("));
    bob.send("/quit two");
    carol.wait_for(|line| line.starts_with("-- bob left: quit ("));
    let mut again = Client::guest(&server);
    slowly(again.ask("two"));
    again.ask("/join dev");
    speaks(again.ask("elsewhere"));
    again.ask("/leave");
    slowly(again.ask("two"));
    switch(&server);
    slowly(again.ask("two"));
    let mut bob = Client::connect_from(&server, "127.0.0.3").welcomed();
    super::logs_in(&mut bob, "bob", "top secret");
    slowly(bob.ask("two"));
    // Who was here before is somebody else.
    speaks(dan.ask("three"));
    assert!(carol.sync().iter().all(|line| !line.ends_with("two")));
    until(&mut carol, "/slow 0", "as often as you like");
    again.wait_for(|line| line.contains("as often as you like"));
    speaks(again.ask("two"));
}

#[test]
fn an_operator_reloads_and_anybody_reads_the_motd_again() {
    let dir = TempDir::new();
    account(&dir, "add carol --operator", "open sesame\n");
    let motd = dir.file("motd", "old\n");
    let server = Server::with(["--state-dir", &dir.path(""), "--motd", &motd]);
    let mut carol = log_in(&server, "carol", "open sesame");
    let [mut eve] = people(&server, ["eve"]);
    assert_eq!(eve.ask("/motd"), ["-- old"]);
    dir.file("motd", "new\n");
    carol.send("/reload");
    server.wait_log([" reloaded"]);
    server.wait_log(["operator carol asked for a reload"]);
    until(&mut eve, "/motd", "-- new");
}

#[test]
fn what_an_account_may_do_can_be_changed_while_it_is_in_use() {
    let dir = TempDir::new();
    account(&dir, "add bob", "top secret\n");
    let server = super::server(&dir);
    let mut bob = log_in(&server, "bob", "top secret");
    assert_eq!(bob.ask("/bans"), [MINE]);
    for (role, answer) in [("operator", "-- nobody is banned"), ("user", MINE)] {
        account(&dir, &format!("role BOB {role}"), "");
        let is_so = || (bob.ask("/bans") == [answer]).then_some(());
        crate::harness::eventually("the change", is_so);
    }
}

#[test]
fn an_operator_stays_one_over_a_handover_and_not_longer_than_the_account() {
    let dir = TempDir::new();
    let (server, mut carol) = ruled(&dir);
    switch(&server);
    assert_eq!(carol.ask("/bans"), ["-- nobody is banned"]);
    account(&dir, "remove carol", "");
    carol.wait_for(|line| line == "-- you are logged out: the account was removed");
    assert_eq!(carol.ask("/bans"), [MINE]);
}

#[test]
fn whoever_has_sent_half_a_line_is_within_reach_after_ten_seconds() {
    let dir = TempDir::new();
    let (server, mut carol) = ruled(&dir);
    carol.patience = Duration::from_secs(30);
    let mut eve = Client::guest(&server);
    let name = eve.name.clone();
    eve.types(b"h");
    for order in ["whois", "mute", "kick"] {
        let answer = carol.ask(&format!("/{order} {name}"));
        assert_eq!(answer, [format!("!! no one here is called {name}")]);
    }
    carol.expect(&format!("-- {name} joined (2 here)"));
    assert!(carol.ask(&format!("/whois {name}"))[0].contains(" from 127.0.0.1"));
    carol.ask(&format!("/mute {name}"));
    eve.expect_contains("muted");
    carol.ask(&format!("/kick {name}"));
    assert_eq!(eve.rest_lines()[0], "!! kicked by carol");
}

#[test]
fn a_mute_or_ban_that_ends_does_so_within_ten_years() {
    let dir = TempDir::new();
    let (server, mut carol) = ruled(&dir);
    let [_bob] = people(&server, ["bob"]);
    carol.sync();
    let why = "is too long: at most 3650d; without a duration it is for ever";
    for (command, dur) in [("/mute bob", "10y"), ("/ban eve", "99999999d"), ("/ban eve", "3651d")] {
        assert_eq!(carol.ask(&format!("{command} {dur}")), [format!("!! {dur} {why}")]);
    }
    assert_eq!(carol.ask("/bans"), ["-- nobody is banned"]);
}
