//! Commands: the answer to each, and to mistakes.

use crate::harness::{Client, Server, people};

/// Every command as its usage tells it.
const USAGES: &[&str] = &[
    "/help [COMMAND]",
    "/nick NAME",
    "/token [LABEL]",
    "/token revoke LABEL",
    "/tokens",
    "/who [ROOM]",
    "/whois NAME",
    "/me TEXT",
    "/msg NAME TEXT",
    "/reply TEXT",
    "/join ROOM [KEY]",
    "/leave",
    "/rooms",
    "/topic [TEXT]",
    "/room [SETTING] [VALUE]",
    "/room kick NAME [WHY]",
    "/room ban NAME|MASK [DUR] [WHY]",
    "/room unban NAME|MASK",
    "/room bans",
    "/room keep on|off",
    "/room owner NAME",
    "/invite NAME",
    "/op NAME",
    "/deop NAME",
    "/voice NAME",
    "/devoice NAME",
    "/history [N]",
    "/search WORDS",
    "/ignore NAME",
    "/unignore NAME",
    "/away [TEXT]",
    "/echo on|off",
    "/time on|off",
    "/quiet on|off",
    "/bell on|off",
    "/motd",
    "/register PASSWORD",
    "/login NAME PASSWORD",
    "/password NEW",
    "/ping",
    "/quit [TEXT]",
];

fn alone() -> (Server, Client) {
    let server = Server::with(["--rate", "0"]);
    let alice = Client::join(&server, "alice");
    (server, alice)
}

/// The lines with `0` for every digit, for there is a time in them.
fn shapes(lines: &[String]) -> Vec<String> {
    lines.iter().map(|line| line.replace(|c: char| c.is_ascii_digit(), "0")).collect()
}

#[test]
fn help_lists_every_command_or_explains_one() {
    let (_server, mut alice) = alone();
    let help = alice.ask("/help");
    for usage in USAGES {
        let told = format!("-- {usage} ");
        let line = help.iter().find(|line| line.starts_with(&told));
        let line = line.unwrap_or_else(|| panic!("{usage} in {help:#?}"));
        let name = usage.split(' ').next().unwrap();
        let explained = alice.ask(&format!("/help {name}"));
        assert!(explained.contains(line) && explained.len() < 8, "{explained:?}");
        assert_eq!(alice.ask(&format!("/help {}", &name[1..])), explained);
    }
    let answer = alice.ask("/help foo");
    assert!(answer.len() == 1 && answer[0].starts_with("!! "), "{answer:?}");
}

#[test]
fn help_ends_with_what_everything_else_is() {
    let (_server, mut alice) = alone();
    let help = alice.ask("/help");
    assert_eq!(help.len(), USAGES.len() + 1);
    assert_eq!(help[USAGES.len()], "-- Any other line is said to the room; //text says /text.");
}

#[test]
fn a_usage_mistake_is_answered_with_the_usage() {
    let (_server, mut alice) = alone();
    let bare = ["/nick", "/whois", "/me", "/msg", "/msg alice", "/reply", "/join", "/ignore"];
    let wrong =
        ["/unignore", "/echo", "/time", "/quiet", "/echo maybe", "/time 1", "/quiet please"];
    let padded = ["/me   ", "/msg \t", "/nick "];
    for line in bare.into_iter().chain(wrong).chain(padded) {
        let name = line.split_whitespace().next().unwrap();
        let usage = USAGES.iter().find(|usage| usage.split(' ').next() == Some(name)).unwrap();
        assert_eq!(alice.ask(line), [format!("!! usage: {usage}")], "{line:?}");
    }
    let answer = alice.ask("/history many");
    assert!(answer.len() == 1 && answer[0].starts_with("!! "), "{answer:?}");
}

#[test]
fn an_unknown_command_is_refused_and_never_broadcast() {
    let server = Server::start();
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    assert_eq!(bob.ask("/foo"), ["!! unknown command /foo; try /help"]);
    assert_eq!(bob.ask("/foo my password"), ["!! unknown command /foo; try /help"]);
    assert_eq!(bob.ask("/whoami"), ["!! unknown command /whoami; try /help"]);
    alice.expect_nothing();
}

#[test]
fn commands_are_case_insensitive() {
    let (_server, mut alice) = alone();
    assert_eq!(alice.ask("/NICK Carol"), ["-- you are now Carol"]);
    assert_eq!(alice.ask("/Who"), ["-- lobby (1 here): Carol"]);
    assert_eq!(alice.ask("/ECHO On"), ["-- echo is on"]);
}

#[test]
fn two_slashes_say_one() {
    let server = Server::start();
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    bob.send("//nick is a command\n///");
    alice.expect("<bob> /nick is a command");
    alice.expect("<bob> //");
}

#[test]
fn empty_lines_are_ignored() {
    let server = Server::start();
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    assert_eq!(bob.ask("\n\r\n \n\t\t\n\x01\x02\nhi"), [""; 0]);
    assert_eq!(alice.sync(), ["<bob> hi"]);
}

#[test]
fn the_last_argument_runs_to_the_end_of_the_line() {
    let server = Server::start();
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    bob.send("/msg alice two  spaces /quit");
    alice.expect("[from bob] two  spaces /quit");
    bob.send("/me looks  up ");
    alice.expect_contains("* bob looks  up");
}

#[test]
fn me_is_an_action_that_others_see() {
    let server = Server::start();
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    assert_eq!(bob.ask("/me waves"), [""; 0]);
    alice.expect("* bob waves");
}

#[test]
fn nobody_sees_their_own_line_unless_echo_is_on() {
    let server = Server::start();
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    assert_eq!(bob.ask("one"), [""; 0]);
    assert_eq!(bob.ask("/echo on"), ["-- echo is on"]);
    assert_eq!(bob.ask("two\n/me waves"), ["<bob> two", "* bob waves"]);
    assert_eq!(bob.ask("/echo off"), ["-- echo is off"]);
    assert_eq!(bob.ask("three"), [""; 0]);
    assert_eq!(alice.sync(), ["<bob> one", "<bob> two", "* bob waves", "<bob> three"]);
}

#[test]
fn time_stamps_what_is_said() {
    let server = Server::start();
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    assert_eq!(alice.ask("/time on"), ["-- time is on"]);
    bob.ask("hi");
    assert_eq!(shapes(&alice.sync()), ["[00:00] <bob> hi"]);
    assert_eq!(alice.ask("/time off"), ["-- time is off"]);
    bob.ask("hi");
    alice.expect("<bob> hi");
}

#[test]
fn who_lists_ten_names_a_line() {
    let server = Server::with(["--rate", "0"]);
    let names = ["a1", "b2", "c3", "d4", "e5", "f6", "g7", "h8", "i9", "j0", "k1", "l2"];
    let mut everybody = people(&server, names);
    assert_eq!(
        everybody[0].ask("/who"),
        ["-- lobby (12 here): a1, b2, c3, d4, e5, f6, g7, h8, i9, j0", "--   k1, l2"]
    );
}

#[test]
fn whois_tells_where_somebody_is_and_since_when_but_no_address() {
    let server = Server::start();
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    bob.ask("/join dev");
    bob.ask("/away lunch");
    alice.sync();
    let answer = shapes(&alice.ask("/whois bob"));
    assert_eq!(answer, ["-- bob is in dev, connected 0s, idle 0s, away: lunch"]);
    let answer = shapes(&alice.ask("/whois ALICE"));
    assert_eq!(answer, ["-- alice is in lobby, connected 0s, idle 0s"]);
    assert_eq!(alice.ask("/whois carol"), ["!! no one here is called carol"]);
}

#[test]
fn away_shows_until_one_is_back() {
    let server = Server::start();
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    assert_eq!(bob.ask("/away lunch time"), ["-- you are away: lunch time"]);
    assert_eq!(alice.ask("/who"), ["-- lobby (2 here): alice, bob (away: lunch time)"]);
    assert_eq!(bob.ask("/away"), ["-- you are back"]);
    assert_eq!(alice.ask("/who"), ["-- lobby (2 here): alice, bob"]);
    assert_eq!(bob.ask("/away"), ["-- you are away"]);
    assert_eq!(alice.ask("/who"), ["-- lobby (2 here): alice, bob (away)"]);
}

#[test]
fn a_reason_for_being_away_never_passes_for_more_people() {
    let server = Server::start();
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    for reason in ["x), admin, root (away: y", "a, b", "(", ")", &"x".repeat(61)] {
        bob.ask(&format!("/away {reason}"));
        assert_eq!(alice.ask("/who"), ["-- lobby (2 here): alice, bob (away)"], "{reason}");
        let whois = alice.ask("/whois bob");
        assert!(whois[0].ends_with(&format!(", away: {reason}")), "{whois:?}");
    }
}

#[test]
fn history_is_dated() {
    let (_server, mut alice) = alone();
    assert_eq!(alice.ask("/history"), ["-- nothing has been said here"]);
    alice.ask("one\n/me two\nthree");
    let all = [
        "[0000-00-00 00:00] <alice> one",
        "[0000-00-00 00:00] * alice two",
        "[0000-00-00 00:00] <alice> three",
    ];
    assert_eq!(shapes(&alice.ask("/history"))[..3], all);
    assert_eq!(shapes(&alice.ask("/history 2"))[..2], all[1..]);
    assert_eq!(shapes(&alice.ask("/history 99"))[..3], all);
}

#[test]
fn more_history_can_be_asked_for_than_is_replayed() {
    let server = Server::with(["--rate", "0", "--history", "5"]);
    let [mut alice] = people(&server, ["alice"]);
    alice.ask(&(1..=60).map(|n| n.to_string()).collect::<Vec<_>>().join("\n"));
    let shown = alice.ask("/history 50");
    assert_eq!(shown.len(), 51);
    assert!(shown[0].ends_with("] <alice> 11") && shown[49].ends_with("] <alice> 60"), "{shown:?}");
    assert_eq!(alice.ask("/history").len(), 6);
}

#[test]
fn no_more_history_is_shown_at_once_than_64_kib() {
    let server = Server::with(["--rate", "0"]);
    let [mut alice] = people(&server, ["alice"]);
    alice.ask(&vec!["x".repeat(1000); 80].join("\n"));
    let bytes: usize = alice.ask("/history 80").iter().map(String::len).sum();
    assert!((48 * 1024..=64 * 1024).contains(&bytes), "{bytes} bytes");
}

#[test]
fn ping_is_answered_with_pong() {
    let (_server, mut alice) = alone();
    alice.send("/ping");
    alice.expect("-- pong");
}

#[test]
fn quit_says_good_bye_and_ends() {
    for quit in ["/quit", "/quit see you"] {
        let (_server, mut alice) = alone();
        alice.send(&format!("{quit}\nthis comes too late"));
        alice.expect("-- Bye. (Press Ctrl-C if your prompt does not come back.)");
        alice.expect_end();
    }
}
