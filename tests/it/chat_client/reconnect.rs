//! The server goes away and comes back.

use std::net::Shutdown;

use super::*;
use crate::pty::{CTRL_D, Terminal};

/// A row says that there will be another try.
fn is_lost(rows: &[&str]) -> bool {
    rows.iter().any(|row| row.contains("; trying again in "))
}

/// Alice, who registered, and typed a line when the server had gone from that address.
#[track_caller]
fn registered_and_cut_off(state: &str, line: &str) -> (SocketAddr, Terminal) {
    let server = Server::with(["--state-dir", state]);
    let address = server.addr();
    let mut alice = Terminal::run(chat(address, ["--nick", "alice"]));
    alice.displays(|rows| rows.contains(&"-- you are now alice"));
    alice.types("/register open sesame\r");
    alice.displays(|rows| rows.iter().any(|row| row.starts_with("-- alice is yours now")));
    server.stop();
    alice.displays(is_lost);
    alice.types(&format!("{line}\r"));
    alice.displays(|rows| rows.contains(&"-- not sent yet: no connection"));
    (address, alice)
}

#[test]
fn name_room_and_what_was_typed_meanwhile_survive_a_restart_of_the_server() {
    let server = Server::start();
    let mut alice = Terminal::run(chat(server.addr(), []));
    alice.types("/nick alice\r/join dev\r");
    alice.displays(|rows| {
        rows.ends_with(&["-- you keep order here; /room shows the settings", ">"])
    });

    let address = server.addr();
    drop(server);
    alice.displays(is_lost);
    alice.types("typed in between\rhalf");
    alice.displays(|rows| rows.contains(&"-- not sent yet: no connection"));

    let server = server_at(address, []);
    let mut bob = Client::guest(&server);
    bob.send("/join dev");
    bob.wait_for(|line| line == "<alice> typed in between" || line.contains("> typed in between"));
    alice.displays(|rows| rows.contains(&"-- you are now alice") && rows.last() == Some(&"> half"));
    alice.types("-typed\r");
    bob.wait_for(|line| line == "<alice> half-typed");
}

#[test]
fn only_what_was_missed_is_shown_again_and_how_much_it_is() {
    let server = Server::start();
    let [mut bob] = people(&server, ["bob"]);
    let (listener, address) = listen();
    let mut alice = Terminal::run(chat(address, ["--nick", "alice"]));
    let ends = relay(&listener, server.addr());
    bob.wait_for(|line| line.contains(" joined "));
    bob.send("one");
    ends_in(&mut alice, &["<bob> one", ">"]);
    ends.iter().for_each(|end| drop(end.shutdown(Shutdown::Both)));
    bob.wait_for(|line| line.contains(" left: disconnected"));
    bob.ask("two\nthree");
    let _ends = relay(&listener, server.addr());
    alice.displays(|rows| {
        let [.., told, two, three, ">"] = rows else { return false };
        let ends = two.ends_with("] <bob> two") && three.ends_with("] <bob> three");
        *told == "-- you missed 2 lines" && ends
    });
    let written = String::from_utf8_lossy(alice.written()).into_owned();
    assert_eq!(written.matches("> one").count(), 1, "{written}");
}

#[test]
fn a_registered_name_is_logged_in_to_again_before_anything_is_said() {
    let dir = TempDir::new();
    let state = dir.path("");
    let (address, mut alice) = registered_and_cut_off(&state, "typed in between");

    let server = server_at(address, ["--state-dir", &state]);
    let mut bob = Client::guest(&server);
    let said = bob.wait_for(|line| line.ends_with("> typed in between"));
    assert!(said.ends_with("<alice> typed in between"), "{said}");
    let display = alice.displays(|rows| {
        rows.contains(&"-- you are logged in as alice") && rows.last() == Some(&">")
    });
    assert!(!display.contains("sesame"), "{display}");
}

#[test]
fn whoever_cannot_be_logged_in_again_is_told() {
    let (dir, other) = (TempDir::new(), TempDir::new());
    let (address, mut alice) = registered_and_cut_off(&dir.path(""), "secret");

    let server = server_at(address, ["--state-dir", &other.path("")]);
    alice.displays(|rows| {
        let told = ["-- not logged in as alice; type /login to try again", "!! not sent: secret"];
        told.iter().all(|line| rows.contains(line)) && rows.last() == Some(&">")
    });
    drop(server);
}

#[test]
fn it_comes_back_after_being_turned_away_for_a_while() {
    let server = Server::with(["--max-clients", "1"]);
    let mut alice = Terminal::run(chat(server.addr(), []));
    alice.displays(|rows| rows.last() == Some(&">"));
    let mut other = Terminal::run(chat(server.addr(), []));
    other.displays(|rows| {
        rows.iter().any(|row| row.starts_with("!! the server is full")) && is_lost(rows)
    });
    alice.types(CTRL_D);
    assert_eq!(alice.ends(), 0);
    other.displays(|rows| rows.iter().any(|row| row.contains("-- Welcome to chatd")));
}

#[test]
fn a_line_that_the_server_may_not_have_got_is_named() {
    let (listener, address) = listen();
    let mut alice = Terminal::run(chat(address, []));
    let mut server = accept(&listener);
    server.expect("");
    server.expect("/ping");
    server.send("-- pong");
    alice.types("one\r");
    server.expect("one");
    server.expect("/ping");
    server.send("-- pong");
    alice.types("two\r");
    server.expect("two");
    drop(server);
    let display =
        alice.displays(|rows| is_lost(rows) && rows.contains(&"!! perhaps not sent: two"));
    assert!(!display.contains("not sent: one"), "{}", display);
}

#[test]
fn leaving_without_a_connection_tells_what_was_not_sent() {
    let (listener, address) = listen();
    let mut alice = Terminal::run(chat(address, []));
    drop(accept(&listener));
    drop(listener);
    alice.displays(is_lost);
    alice.types("important\r");
    alice.displays(|rows| rows.contains(&"-- not sent yet: no connection"));
    alice.types(CTRL_D);
    assert_eq!(alice.ends(), 1);
    alice.displays(|rows| rows.contains(&"!! not sent: important"));
}

#[test]
fn a_name_that_an_own_ghost_holds_is_taken_when_that_is_gone() {
    let server = Server::start();
    let [ghost] = people(&server, ["alice"]);
    let mut alice = Terminal::run(chat(server.addr(), ["--nick", "alice"]));
    alice.displays(|rows| rows.ends_with(&["!! alice is taken", ">"]));
    drop(ghost);
    alice.displays(|rows| rows.ends_with(&["-- you are now alice", ">"]));
}

#[test]
fn the_first_connection_has_to_work() {
    let (listener, address) = listen();
    drop(listener);
    let mut alice = Terminal::run(chat(address, []));
    assert_eq!(alice.ends(), 1);
    let wanted = format!("chat: {address}: Connection refused (os error 111)");
    alice.displays(|rows| rows == [wanted.as_str()]);
}
