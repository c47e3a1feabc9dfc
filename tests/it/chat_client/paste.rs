//! Pasted lines go to one place, all of them or none, and are no commands.

use super::*;
use crate::pty::{CTRL_D, Terminal};

/// Pastes a text, as a terminal does.
#[track_caller]
fn paste(terminal: &mut Terminal, text: &str) {
    terminal.types(&format!("\x1b[200~{text}\x1b[201~"));
}

/// What somebody got up to the answer to a ping.
#[track_caller]
fn got(client: &mut Client) -> Vec<String> {
    let lines = client.ask("");
    lines.into_iter().filter(|line| !line.starts_with("-- ")).collect()
}

#[test]
fn a_paste_is_sent_line_by_line_and_its_last_line_can_be_edited() {
    let server = Server::start();
    let [mut bob] = people(&server, ["bob"]);
    let mut alice = alice(&server);
    paste(&mut alice, "one\rtwo\n\nthr");
    ends_in(&mut alice, &["> one", "> two", "> thr"]);
    alice.types("ee\r");
    ends_in(&mut alice, &["> three", ">"]);
    for line in ["one", "two", "three"] {
        bob.wait_for(|said| said == format!("<alice> {line}"));
    }
}

#[test]
fn a_paste_after_a_name_goes_to_that_person_only() {
    let server = Server::with(["--rate", "0"]);
    let [mut bob, mut carol] = people(&server, ["bob", "carol"]);
    let mut alice = alice(&server);
    bob.wait_for(|line| line.ends_with(" joined (3 here)"));
    alice.types("/msg bob ");
    paste(&mut alice, "one\ntwo\nthree\n");
    alice.types("/reply ");
    bob.send("/msg alice yes?");
    alice.displays(|rows| rows.contains(&"[from bob] yes?") && rows.ends_with(&["> /reply"]));
    paste(&mut alice, "four\n\nfi");
    alice.types("ve\r/me ");
    paste(&mut alice, "waves\nleaves\n");
    let to_bob = ["one", "two", "three", "four", "five"];
    for text in to_bob {
        bob.wait_for(|line| line == format!("[from alice] {text}"));
    }
    for client in [&mut bob, &mut carol] {
        client.wait_for(|line| line == "* alice waves");
        client.wait_for(|line| line == "* alice leaves");
    }
    assert_eq!(got(&mut carol), [""; 0]);
}

#[test]
fn a_paste_after_a_command_of_one_line_is_refused_as_a_whole() {
    let server = Server::start();
    let [mut bob] = people(&server, ["bob"]);
    let mut alice = alice(&server);
    for command in ["/topic", "/login alice", "/join"] {
        alice.types(&format!("{command} "));
        paste(&mut alice, "one\ntwo\n");
        let name = command.split(' ').next().unwrap();
        let told = format!("!! not sent: {name} takes one line only");
        ends_in(&mut alice, &[&told, &format!("> {command}")]);
        alice.types("\x15");
    }
    alice.types("still here\r");
    bob.wait_for(|line| line == "<alice> still here");
    assert_eq!(bob.ask("/topic"), ["-- no topic is set"]);
}

#[test]
fn what_is_pasted_is_no_command() {
    let server = Server::start();
    let [mut bob] = people(&server, ["bob"]);
    let mut alice = alice(&server);
    let lines = ["/quit now", "// TODO", "/etc/passwd", "/nick eve", "end"];
    paste(&mut alice, &lines.join("\n"));
    alice.types("\r");
    for line in lines {
        bob.wait_for(|said| said == format!("<alice> {line}"));
    }
    // What is pasted without a line end is only text that could have been typed.
    paste(&mut alice, "/me waves");
    alice.types("\r");
    bob.wait_for(|line| line == "* alice waves");
}

#[test]
fn many_lines_are_sent_only_if_that_is_meant() {
    let server = Server::with(["--rate", "0"]);
    let [mut bob] = people(&server, ["bob"]);
    let mut alice = alice(&server);
    let text: String = (1..=60).map(|n| format!("line {n}\n")).collect();
    paste(&mut alice, &text);
    ends_in(&mut alice, &["-- 60 lines: Enter sends them, any other key does not", ">"]);
    alice.types("x");
    ends_in(&mut alice, &["-- not sent: 60 lines", ">"]);
    alice.types("no\r");
    bob.wait_for(|line| line == "<alice> no");
    paste(&mut alice, &text);
    ends_in(&mut alice, &["-- 60 lines: Enter sends them, any other key does not", ">"]);
    alice.types("\r");
    for n in 1..=60 {
        bob.wait_for(|line| line == format!("<alice> line {n}"));
    }
}

#[test]
fn whoever_leaves_in_the_middle_of_a_paste_takes_the_rest_along() {
    let server = Server::with(["--burst", "5", "--rate", "5"]);
    let [mut bob] = people(&server, ["bob"]);
    let mut alice = alice(&server);
    let text: String = (1..=300).map(|n| format!("line {n}\n")).collect();
    paste(&mut alice, &text);
    alice.displays(|rows| rows.iter().any(|row| row.starts_with("-- 300 lines")));
    alice.types("\r");
    bob.wait_for(|line| line == "<alice> line 1");
    alice.types(CTRL_D);
    assert_eq!(alice.ends(), 1);
    let left = bob.wait_for(|line| line.starts_with("-- alice left") || line.ends_with(" line 60"));
    assert!(left.starts_with("-- alice left"), "{left}");
}
