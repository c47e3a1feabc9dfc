//! Real clients of different kinds in one room, and their effects on each other.

use super::*;
use crate::harness::people;

const NC: &str = "nc.openbsd HOST PORT";

#[test]
#[ignore = "needs nc.openbsd, telnet, plink and socat (netcat-openbsd, inetutils-telnet, putty-tools, socat)"]
fn different_clients_have_one_conversation() {
    let server = server();
    let mut alice = at_terminal(&server, NC);
    alice.shows(&welcome("guest1, alone in lobby", "\r\r\n"));
    enters_the_den(&mut alice, "alice", "alone in den");
    alice.shows("-- you keep order here; /room shows the settings\r\n");

    let mut bob = at_terminal(&server, telnet::TELNET);
    bob.shows(telnet::BANNER);
    bob.shows(&welcome("guest2, alone in lobby", "\r\n"));
    enters_the_den(&mut bob, "bob", "in den with alice (2 here)");
    alice.shows("-- bob joined (2 here)\r\n");

    let mut carol = at_terminal(&server, plink::PLINK);
    carol.shows(&welcome("guest3, alone in lobby", "\r\r\n"));
    enters_the_den(&mut carol, "carol", "in den with alice and bob (3 here)");
    alice.shows("-- carol joined (3 here)\r\n");
    bob.shows("-- carol joined (3 here)\r\n");

    says(&mut alice, "who is on telnet?");
    bob.shows("<alice> who is on telnet?\r\n");
    carol.shows("<alice> who is on telnet?\r\n");

    says(&mut bob, "/me is, voilà");
    alice.shows("* bob is, voilà\r\n");
    carol.shows("* bob is, voilà\r\n");

    says(&mut carol, "/msg alice 🎉");
    carol.shows("[to alice] 🎉\r\n");
    alice.shows("[from carol] 🎉\r\n");

    carol.types(CTRL_C);
    alice.shows("-- carol left: disconnected (2 here)\r\n");
    bob.shows("-- carol left: disconnected (2 here)\r\n");
}

#[test]
#[ignore = "needs nc.openbsd and telnet (netcat-openbsd, inetutils-telnet)"]
fn a_script_is_heard_by_everyone() {
    let server = server();
    let mut alice = at_terminal(&server, NC);
    alice.shows(&welcome("guest1, alone in lobby", "\r\r\n"));
    says(&mut alice, "anyone?");
    says(&mut alice, "/ping");
    alice.shows("-- pong\r\n");
    let mut bob = at_terminal(&server, telnet::TELNET);
    bob.shows(telnet::BANNER);
    bob.shows(&welcome("guest2, in lobby with guest1 (2 here)", "\r\n"));
    bob.skips_to("<guest1> anyone?\r\n-- end of history\r\n");
    says(&mut bob, "here");
    alice.shows("-- guest2 joined (2 here)\r\n<guest2> here\r\n");

    piped(&server, b"build done\n", "nc.openbsd -N HOST PORT");
    for screen in [&mut alice, &mut bob] {
        screen.shows("-- guest3 joined (3 here)\r\n<guest3> build done\r\n");
        screen.shows("-- guest3 left: disconnected (2 here)\r\n");
    }
}

#[test]
#[ignore = "needs nc.openbsd (netcat-openbsd)"]
fn a_killed_client_is_seen_to_have_disconnected() {
    let server = server();
    let mut bob = Client::join(&server, "bob");
    let mut alice = at_terminal(&server, NC);
    alice.shows(&welcome(SECOND, "\r\r\n"));
    becomes_alice(&mut alice, "\r\n");
    hears_and_is_heard(&mut alice, &mut bob, "\r\n");

    alice.signal(Signal::KILL);
    bob.expect("-- alice left: disconnected (1 here)");
}

#[test]
#[ignore = "needs nc.openbsd (netcat-openbsd)"]
fn a_suspended_client_misses_nothing() {
    let server = unlimited_server();
    let mut bob = Client::join(&server, "bob");
    let mut alice = at_terminal(&server, NC);
    alice.shows(&welcome(SECOND, "\r\r\n"));
    becomes_alice(&mut alice, "\r\n");

    alice.signal(Signal::STOP);
    for n in 0..500 {
        bob.send(&long_line(n));
    }
    bob.sync();
    alice.signal(Signal::CONT);
    for n in 0..500 {
        alice.shows(&format!("<bob> {}\r\n", long_line(n)));
    }
}

#[test]
#[ignore = "needs nc.openbsd (netcat-openbsd)"]
fn a_suspended_client_delays_nobody_until_it_is_dropped() {
    let server = unlimited_server();
    let [mut bob, mut carol] = people(&server, ["bob", "carol"]);
    let mut alice = at_terminal(&server, NC);
    alice.shows(&welcome("guest3, in lobby with bob and carol (3 here)", "\r\r\n"));
    becomes_alice(&mut alice, "\r\n");
    hears_and_is_heard(&mut alice, &mut bob, "\r\n");
    carol.wait_for(|line| line.starts_with("<bob>"));

    alice.signal(Signal::STOP);
    let dropped = (0..).find_map(|n| {
        bob.send(&long_line(n));
        match carol.line() {
            line if line == format!("<bob> {}", long_line(n)) => None,
            other => Some(other),
        }
    });
    assert_eq!(dropped.unwrap(), "-- alice left: too slow (2 here)");
}

#[track_caller]
fn enters_the_den(terminal: &mut Terminal, nick: &str, you_are: &str) {
    says(terminal, &format!("/nick {nick}"));
    terminal.shows(&format!("-- you are now {nick}\r\n"));
    says(terminal, "/join den");
    terminal.shows(&format!("-- You are {you_are}.\r\n"));
}

/// One that lets a client say as much as it can.
#[track_caller]
fn unlimited_server() -> Server {
    Server::with(["--name", "box7", "--rate", "0"])
}

/// The longest of lines, each one different.
fn long_line(n: usize) -> String {
    format!("{n:0>1000}")
}
