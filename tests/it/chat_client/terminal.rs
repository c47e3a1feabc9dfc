//! At a terminal: the line being typed is at the bottom, all others are above it.

use super::*;
use crate::pty::{CTRL_C, CTRL_D};

const UP: &str = "\x1b[A";
const DOWN: &str = "\x1b[B";
const LEFT: &str = "\x1b[D";
const TAB: &str = "\t";

#[test]
fn what_others_say_leaves_the_line_that_is_being_typed_whole() {
    let server = Server::start();
    let [mut bob] = people(&server, ["bob"]);
    let mut alice = alice(&server);

    alice.types("half a li");
    ends_in(&mut alice, &["> half a li"]);
    bob.send("hello");
    ends_in(&mut alice, &["<bob> hello", "> half a li"]);
    bob.send("/me waves");
    ends_in(&mut alice, &["<bob> hello", "* bob waves", "> half a li"]);
    alice.types("ne\r");
    ends_in(&mut alice, &["* bob waves", "> half a line", ">"]);
    bob.wait_for(|line| line == "<alice> half a line");
}

#[test]
fn the_cursor_stays_where_it_was_in_the_line() {
    let server = Server::start();
    let [mut bob] = people(&server, ["bob"]);
    let mut alice = alice(&server);

    alice.types(&format!("hell world{}", LEFT.repeat(6)));
    alice
        .displays_with_cursor(|rows, (_, column)| rows.ends_with(&["> hell world"]) && column == 6);
    bob.send("hello");
    let wanted = ["<bob> hello", "> hell world"];
    alice.displays_with_cursor(|rows, (_, column)| rows.ends_with(&wanted) && column == 6);
    alice.types("o\r");
    bob.wait_for(|line| line == "<alice> hello world");
}

#[test]
fn lines_of_several_rows_stay_whole_on_both_sides() {
    let server = Server::start();
    let [mut bob] = people(&server, ["bob"]);
    let mut alice = alice(&server);

    let typed: String = ('a'..='z').cycle().take(200).collect();
    alice.types(&typed);
    let prompted = format!("> {typed}");
    // The terminal itself wraps it, and copies it as one line.
    ends_in(&mut alice, &[&prompted]);
    let long: String = ('0'..='9').cycle().take(150).collect();
    bob.send(&long);
    let said = format!("<bob> {long}");
    ends_in(&mut alice, &[&said[..80], &format!("  {}", &said[80..]), &prompted]);
    alice.types("\r");
    bob.wait_for(|line| line == format!("<alice> {typed}"));
}

#[test]
fn a_crowd_that_talks_all_the_time_breaks_nothing() {
    const LINES: usize = 300;
    let server = Server::with(["--rate", "0"]);
    let [mut bob] = people(&server, ["bob"]);
    let mut alice = alice(&server);

    let text = "typed letter by letter, meanwhile";
    for (n, letter) in text.chars().enumerate() {
        let share =
            (n * LINES / text.len()..(n + 1) * LINES / text.len()).map(|n| format!("line {n}\n"));
        bob.send_raw(share.collect::<String>().as_bytes());
        alice.types(&letter.to_string());
    }
    let last = format!("<bob> line {}", LINES - 1);
    let typed = format!("> {text}");
    ends_in(&mut alice, &[&last, &typed]);
    let written = String::from_utf8_lossy(alice.written()).into_owned();
    let said: Vec<_> =
        written.split("> line ").skip(1).map(|rest| rest.split('\r').next().unwrap()).collect();
    let all: Vec<_> = (0..LINES).map(|n| n.to_string()).collect();
    assert_eq!(said, all);
    alice.types("\r");
    bob.wait_for(|line| line == format!("<alice> {text}"));
}

#[test]
fn a_tab_completes_commands_and_names() {
    let server = Server::start();
    let [mut bob] = people(&server, ["bobby"]);
    let mut alice = alice(&server);

    alice.types(&format!("/ms{TAB}BO{TAB}psst\r"));
    ends_in(&mut alice, &["> /msg bobby psst", "[to bobby] psst", ">"]);
    bob.wait_for(|line| line == "[from alice] psst");

    let mut carol = Client::join(&server, "carol");
    ends_in(&mut alice, &["-- carol joined (3 here)", ">"]);
    alice.types(&format!("ca{TAB}hi\r"));
    carol.wait_for(|line| line == "<alice> carol: hi");
}

#[test]
fn a_tab_completes_what_the_command_takes() {
    let server = Server::start();
    let [mut bob] = people(&server, ["bob"]);
    bob.ask("/join dev");
    let mut alice = alice(&server);
    alice.types("/rooms\r");
    ends_in(&mut alice, &["-- dev (1 here)", "-- lobby (1 here)", ">"]);
    alice.types(&format!("/jo{TAB}d{TAB}\r"));
    ends_in(&mut alice, &["> /join dev", "-- You are in dev with bob (2 here).", ">"]);
    alice.types(&format!("/qui{TAB}"));
    ends_in(&mut alice, &["/quiet /quit", "> /qui"]);
    alice.types(&format!("e{TAB}{TAB}"));
    ends_in(&mut alice, &["off on", "> /quiet o"]);
}

#[test]
fn a_tab_lists_what_there_is_when_it_is_not_clear() {
    let server = Server::start();
    let [mut bob] = people(&server, ["bob"]);
    let mut alice = alice(&server);
    alice.types(&format!("/who{TAB}"));
    ends_in(&mut alice, &["-- you are now alice", "/who /whois", "> /who"]);
    bob.send("still here?");
    ends_in(&mut alice, &["/who /whois", "<bob> still here?", "> /who"]);
}

#[test]
fn every_command_of_the_server_is_completed() {
    let server = Server::start();
    let [mut bob] = people(&server, ["bob"]);
    let help = bob.ask("/help");
    let commands = help.iter().filter_map(|line| line.strip_prefix("-- /")?.split(' ').next());
    let mut commands: Vec<_> = commands.map(|name| format!("/{name}")).collect();
    commands.sort();
    commands.dedup();
    let mut alice = alice(&server);
    alice.types(&format!("/{TAB}"));
    alice.displays(|rows| {
        let listed = rows.iter().skip_while(|row| !row.starts_with("/away ")).copied();
        let listed: Vec<_> = listed.flat_map(str::split_whitespace).collect();
        listed.strip_suffix(&[">", "/"]).is_some_and(|shown| shown == commands)
    });
}

#[test]
fn what_was_typed_comes_back_with_the_arrows() {
    let server = Server::start();
    let [mut bob] = people(&server, ["bob"]);
    let mut alice = alice(&server);
    alice.types("one\rtwo\rdraft");
    alice.types(&format!("{UP}{UP}"));
    ends_in(&mut alice, &["> one", "> two", "> one"]);
    alice.types(&format!("{DOWN}{DOWN}"));
    ends_in(&mut alice, &["> one", "> two", "> draft"]);
    alice.types(&format!("{UP}\r"));
    for line in ["one", "two", "two"] {
        bob.wait_for(|said| said == format!("<alice> {line}"));
    }
}

#[test]
fn keys_pressed_all_at_once_are_all_taken() {
    let server = Server::start();
    let [mut bob] = people(&server, ["bob"]);
    let mut alice = alice(&server);
    alice.types("one\rtwo\nthree\rfo");
    ends_in(&mut alice, &["> one", "> two", "> three", "> fo"]);
    alice.types("ur\r");
    for line in ["one", "two", "three", "four"] {
        bob.wait_for(|said| said == format!("<alice> {line}"));
    }
}

#[test]
fn the_pings_of_the_client_itself_are_not_seen() {
    let server = Server::start();
    let [mut bob] = people(&server, ["bob"]);
    let mut alice = alice(&server);
    alice.types("hello\r");
    bob.wait_for(|line| line == "<alice> hello");
    alice.types("/ping\r");
    ends_in(&mut alice, &["> hello", "> /ping", "-- pong", ">"]);
    let written = String::from_utf8_lossy(alice.written());
    assert_eq!(written.matches("pong").count(), 1);
}

#[test]
fn three_ways_to_leave() {
    let server = Server::start();
    let [mut bob] = people(&server, ["bob"]);
    for (keys, shown, seen) in [
        (CTRL_D, "-- Bye.", "-- alice left: quit (1 here)"),
        ("/quit lunch\r", "-- Bye.", "-- alice left: quit: lunch (1 here)"),
        (CTRL_C, "-- you are now alice", "-- alice left: disconnected (1 here)"),
    ] {
        let mut alice = alice(&server);
        // As a guest if this machine took a second to get from the connection to the name.
        bob.wait_for(|line| line.ends_with(" joined (2 here)"));
        alice.types(keys);
        assert_eq!(alice.ends(), 0);
        ends_in(&mut alice, &[shown]);
        bob.wait_for(|line| line == seen);
    }
}

#[test]
fn last_words_are_delivered() {
    let server = Server::start();
    let [mut bob] = people(&server, ["bob"]);
    for keys in [CTRL_D, CTRL_C] {
        let mut alice = alice(&server);
        alice.types(&format!("bye all\r{keys}"));
        assert_eq!(alice.ends(), 0);
        bob.wait_for(|line| line == "<alice> bye all");
    }
}

#[test]
fn a_name_that_is_taken_is_said_and_the_chat_goes_on() {
    let server = Server::start();
    let [mut bob] = people(&server, ["bob"]);
    let mut other = Terminal::run(chat(server.addr(), ["--nick", "bob"]));
    ends_in(&mut other, &["!! bob is taken", ">"]);
    // What is typed before the rest of the answer came is not sent: it was meant for bob's name.
    bob.wait_for(|line| line.ends_with(" joined (2 here)"));
    bob.send("hello");
    ends_in(&mut other, &["<bob> hello", ">"]);
    other.types("never mind\r");
    bob.wait_for(|line| line.ends_with("> never mind"));
}

#[test]
fn it_goes_to_the_room_that_was_wanted() {
    const KEEPS_ORDER: &str = "-- you keep order here; /room shows the settings";
    let server = Server::start();
    let mut terminal = Terminal::run(chat(server.addr(), ["--room", "#Dev", "--nick", "dan"]));
    ends_in(&mut terminal, &["-- you are now dan", "-- You are alone in dev.", KEEPS_ORDER, ">"]);
}

#[test]
fn a_terminal_that_cannot_move_its_cursor_is_used_as_a_pipe() {
    let server = Server::start();
    let [mut bob] = people(&server, ["bob"]);
    let mut command = chat(server.addr(), ["--nick", "alice"]);
    command.env("TERM", "dumb");
    let mut alice = Terminal::run(command);
    alice.types("hello\n");
    bob.wait_for(|line| line == "<alice> hello");
    assert!(!alice.written().contains(&b'\x1b'));
}
