//! Lines that name the user are marked, and ring if the user wants that.

use super::*;
use crate::pty::Terminal;

const REVERSED: &str = "<\x1b[7mbob\x1b[m> ";

fn written(terminal: &Terminal) -> String {
    String::from_utf8_lossy(terminal.written()).into_owned()
}

#[test]
fn a_line_that_names_the_user_has_the_name_reversed() {
    let server = Server::with(["--rate", "0"]);
    let [mut bob] = people(&server, ["bob"]);
    let mut alice = alice(&server);
    bob.wait_for(|line| line.ends_with(" joined (2 here)"));
    bob.ask("hello all\nmalice, alice_\nALICE: look");
    ends_in(&mut alice, &["<bob> hello all", "<bob> malice, alice_", "<bob> ALICE: look", ">"]);
    let seen = written(&alice);
    assert_eq!(seen.matches("<\x1b[7m").count(), 1, "{seen:?}");
    assert!(seen.contains(&format!("{REVERSED}ALICE: look")), "{seen:?}");
    // Names have colours.
    assert!(seen.contains("<\x1b[38;5;"), "{seen:?}");

    bob.ask("/me asks alice\n/msg alice psst");
    ends_in(&mut alice, &["* bob asks alice", "[from bob] psst", ">"]);
    let seen = written(&alice);
    for mark in ["* \x1b[7mbob\x1b[m asks", "[from \x1b[7mbob\x1b[m] psst"] {
        assert!(seen.contains(mark), "{seen:?}");
    }
    assert!(!seen.contains('\x07'));
}

#[test]
fn without_colours_it_has_a_mark() {
    let server = Server::with(["--rate", "0"]);
    let [mut bob] = people(&server, ["bob"]);
    for variable in ["NO_COLOR", "X"] {
        let flag = if variable == "X" { "--color=never" } else { "--color=auto" };
        let mut command = chat(server.addr(), ["--nick", "alice", flag]);
        command.env(variable, "1");
        let mut alice = Terminal::run(command);
        alice.displays(|rows| rows.contains(&"-- you are now alice") && rows.last() == Some(&">"));
        bob.ask("alice: look\n/me asks alice\nnothing");
        ends_in(&mut alice, &["*<bob> alice: look", "** bob asks alice", "<bob> nothing", ">"]);
        let seen = written(&alice);
        assert!(!seen.contains("\x1b[7mbob") && !seen.contains("\x1b[38"), "{seen:?}");
        alice.types("/quit\r");
        assert_eq!(alice.ends(), 0);
    }
}

#[test]
fn colours_may_be_asked_for_whatever_the_variable_says() {
    let server = Server::start();
    let [mut bob] = people(&server, ["bob"]);
    let mut command = chat(server.addr(), ["--nick", "alice", "--color=always"]);
    command.env("NO_COLOR", "1");
    let mut alice = Terminal::run(command);
    alice.displays(|rows| rows.contains(&"-- you are now alice") && rows.last() == Some(&">"));
    bob.ask("hello");
    ends_in(&mut alice, &["<bob> hello", ">"]);
    assert!(written(&alice).contains("<\x1b[38;5;"), "{:?}", written(&alice));
}

#[test]
fn the_bell_rings_for_what_is_said_now_and_is_off_at_first() {
    let server = Server::with(["--rate", "0"]);
    let [mut bob] = people(&server, ["bob"]);
    let mut alice = alice(&server);
    bob.wait_for(|line| line.ends_with(" joined (2 here)"));
    bob.ask("alice, one");
    ends_in(&mut alice, &["<bob> alice, one", ">"]);
    assert!(!written(&alice).contains('\x07'));
    alice.types("/bell on\r");
    ends_in(&mut alice, &["-- bell is on", ">"]);
    bob.ask("alice, two\n/msg alice three\nfour");
    ends_in(&mut alice, &["<bob> alice, two", "[from bob] three", "<bob> four", ">"]);
    assert_eq!(written(&alice).matches('\x07').count(), 2);

    // Replayed lines are marked all the same.
    let marks = written(&alice).matches(REVERSED).count();
    alice.types("/history\r");
    alice.displays(|rows| rows.ends_with(&["-- end of history", ">"]));
    assert_eq!(written(&alice).matches(REVERSED).count(), marks + 2);
    alice.types("/time on\r");
    ends_in(&mut alice, &["-- time is on", ">"]);
    alice.types("/join dev\r/leave\r");
    alice.displays(|rows| rows.ends_with(&["-- end of history", ">"]));
    assert_eq!(written(&alice).matches('\x07').count(), 2);
    bob.ask("alice, five");
    alice.displays(|rows| rows.iter().any(|row| row.ends_with("alice, five")));
    assert_eq!(written(&alice).matches('\x07').count(), 3);

    alice.types("/bell off\r");
    ends_in(&mut alice, &["-- bell is off", ">"]);
    bob.ask("alice, six\nseven");
    alice.displays(|rows| rows.iter().any(|row| row.ends_with("seven")));
    assert_eq!(written(&alice).matches('\x07').count(), 3);
    alice.types("/bell loud\r");
    ends_in(&mut alice, &["!! usage: /bell on|off", ">"]);
}

#[test]
fn the_server_never_hears_of_the_bell() {
    let (listener, address) = listen();
    let mut alice = Terminal::run(chat(address, []));
    let mut server = accept(&listener);
    server.expect("");
    server.expect("/ping");
    server.send("-- pong");
    alice.types("/bell on\r/BELL off\r/bell\rhello\r");
    server.expect("hello");
}

#[test]
fn a_pipe_has_neither_marks_nor_a_bell() {
    let server = Server::with(["--rate", "0"]);
    let [mut bob] = people(&server, ["bob"]);
    bob.ask("alice, look");
    let ended = piped(&mut chat(server.addr(), ["--nick", "alice"]), "/bell on\nhello\n/history\n");
    assert_eq!(ended.status, 0, "{}", ended.stderr);
    assert!(ended.stdout.contains("] <bob> alice, look\n"), "{}", ended.stdout);
    let silent = ["\x07", "\x1b", "bell", "*"].iter().all(|mark| !ended.stdout.contains(mark));
    assert!(silent, "{:?}", ended.stdout);
    let lines = bob.ask("");
    assert!(lines.contains(&"<alice> hello".to_owned()), "{lines:?}");

    let ended = piped(&mut chat(server.addr(), []), "/bell loud\n");
    assert_eq!((ended.status, ended.stderr.lines().next().unwrap()), (1, "!! usage: /bell on|off"));
}
