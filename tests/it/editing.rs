//! `/edit on`: the line is edited by the server, for telnet clients, byte by byte.

use std::time::{Duration, Instant};

use crate::harness::{Client, Server, TempDir, people};

/// WILL ECHO, WILL SGA, DO NAWS.
const OFFER: &[u8] = b"\xff\xfb\x01\xff\xfb\x03\xff\xfd\x1f";
/// What inetutils' telnet answers, with a terminal of 80 columns and 24 rows.
const AGREED: &[u8] = b"\xff\xfd\x01\xff\xfd\x03\xff\xfb\x1f\xff\xfa\x1f\0\x50\0\x18\xff\xf0";
/// The end of bracketed paste, and WONT ECHO, WONT SGA, DONT NAWS.
const END: &[u8] = b"\x1b[?2004l\xff\xfc\x01\xff\xfc\x03\xff\xfe\x1f";
const BEGIN: &[u8] = b"\x1b[?2004h";
const DECLINED: &str = "!! your client does not answer as telnet does; nothing is changed";

/// The next bytes are exactly these.
#[track_caller]
fn gets(client: &mut Client, bytes: &[u8]) {
    let got = client.raw_until(bytes);
    assert_eq!(got.escape_ascii().to_string(), bytes.escape_ascii().to_string());
}

/// The client edits its line, which is empty.
#[track_caller]
fn edits(client: &mut Client) {
    client.send("/edit on");
    gets(client, OFFER);
    client.send_raw(AGREED);
    client.raw_until(b"> ");
}

/// Presses these keys, and sees this.
#[track_caller]
fn types(client: &mut Client, keys: &[u8], seen: &[u8]) {
    client.send_raw(keys);
    gets(client, seen);
}

#[test]
fn keys_begin_with_the_agreement_to_echo_and_end_with_its_end() {
    let server = Server::start();
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    bob.send("/edit on");
    gets(&mut bob, OFFER);
    bob.send_raw(b"a line\n");
    alice.expect("<bob> a line");
    bob.send_raw(b"\xff\xfd\x01");
    gets(&mut bob, &[BEGIN, b"> "].concat());
    types(&mut bob, b"hi", b"\r\x1b[J> hi");
    bob.send_raw(b"\r\0");
    gets(&mut bob, b"\r\x1b[J> hi\r\n> ");
    alice.expect("<bob> hi");
    bob.send_raw(b"/edit off\r\0");
    gets(&mut bob, &[b"\r\x1b[J> /edit off\r\n", END, b"-- editing is off\n"].concat());
    bob.send_raw(b"hel\x7fl\x1b[Dlo");
    bob.send_raw(b"\xff\xfe\x01 you\r\n");
    alice.expect("<bob> helol you");
}

#[test]
fn a_client_that_does_not_answer_is_asked_once() {
    let server = Server::start();
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    bob.send("/edit on\nhello");
    gets(&mut bob, OFFER);
    alice.expect("<bob> hello");
    bob.expect(DECLINED);
    bob.send("/edit on");
    bob.expect(DECLINED);
    assert_eq!(bob.ask("/edit off"), ["-- editing is off"]);
    assert_eq!(bob.ask("/edit"), ["!! usage: /edit on|off"]);
}

#[test]
fn a_client_that_declines_keeps_its_lines_until_it_says_otherwise() {
    let server = Server::start();
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    bob.send("/edit on");
    gets(&mut bob, OFFER);
    bob.send_raw(b"\xff\xfe\x01");
    bob.expect(DECLINED);
    bob.send("hello");
    alice.expect("<bob> hello");
    // Busybox: `^]` `c`.
    bob.send_raw(b"\xff\xfd\x01");
    gets(&mut bob, b"\xff\xfb\x01");
    bob.raw_until(&[BEGIN, b"> "].concat());
    types(&mut bob, b"x", b"\r\x1b[J> x");
}

#[test]
fn without_edit_on_nothing_is_agreed_to() {
    let server = Server::start();
    let [mut bob] = people(&server, ["bob"]);
    bob.send_raw(b"\xff\xfd\x01");
    gets(&mut bob, b"\xff\xfc\x01");
    bob.send_raw(b"\xff\xfb\x1f");
    gets(&mut bob, b"\xff\xfe\x1f");
}

#[test]
fn a_client_that_ends_it_by_itself_gets_lines_again() {
    let server = Server::start();
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    edits(&mut bob);
    bob.send_raw(b"hal");
    bob.raw_until(b"> hal");
    bob.send_raw(b"\xff\xfe\x01");
    gets(&mut bob, &[b"\r\x1b[J", END, b"-- editing is off\n"].concat());
    bob.send_raw(b"lo\r\n");
    alice.expect("<bob> hallo");
}

#[test]
fn others_lines_come_above_the_typed_one_in_one_go() {
    let server = Server::start();
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    edits(&mut bob);
    types(&mut bob, b"half\x1b[D\x1b[", b"\r\x1b[J> half\r\x1b[5C");
    alice.send("hello");
    gets(&mut bob, b"\r\x1b[J<alice> hello\r\n> half\r\x1b[5C");
    types(&mut bob, b"D", b"\r\x1b[J> half\r\x1b[4C");
    bob.send_raw(b"\x03");
    gets(&mut bob, b"\r\x1b[J> ");
    alice.expect_nothing();
}

#[test]
fn the_right_margin_and_the_size_are_the_terminals() {
    let server = Server::start();
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    edits(&mut bob);
    // 20 columns; 255 columns would have a doubled FF.
    bob.send_raw(b"\xff\xfa\x1f\0\x14\0\x18\xff\xf0");
    gets(&mut bob, b"\r\x1b[J> ");
    types(&mut bob, b"123456789012345678", b"\r\x1b[J> 123456789012345678 \r");
    types(&mut bob, b"9", b"\x1b[1A\r\x1b[J> 123456789012345678 \r9");
    alice.send("a line that is longer");
    gets(
        &mut bob,
        b"\x1b[1A\r\x1b[J<alice> a line that \r\n  is longer\r\n> 123456789012345678 \r9",
    );
    bob.send_raw(b"\xff\xfa\x1f\0\xff\xff\0\xff\xff\xff\xf0");
    gets(&mut bob, b"\x1b[1A\r\x1b[J> 1234567890123456789");
}

#[test]
fn a_line_that_is_too_long_stays_to_be_shortened() {
    let server = Server::with(["--max-line", "30"]);
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    edits(&mut bob);
    let line = "x".repeat(31);
    bob.send_raw(format!("{line}\r").as_bytes());
    let refusal = "!! too long: 31 bytes, the limit is 30; not sent";
    bob.raw_until(format!("{refusal}\r\n> {line}").as_bytes());
    bob.send_raw(b"\x7f\r");
    alice.expect(&format!("<bob> {}", &line[1..]));
}

#[test]
fn passwords_are_masked_and_not_in_the_history() {
    let server = Server::start();
    let [mut bob] = people(&server, ["bob"]);
    edits(&mut bob);
    types(&mut bob, b"one\r", b"\r\x1b[J> one\r\n> ");
    types(&mut bob, b"/login bob s3", b"\r\x1b[J> /login bob **");
    bob.send_raw(b"\r");
    bob.raw_until(b"> /login bob **\r\n");
    bob.raw_until(b"!! ");
    bob.raw_until(b"\r\n> ");
    types(&mut bob, b"\x1b[A", b"\r\x1b[J> one");
}

#[test]
fn the_last_change_is_taken_back() {
    let server = Server::start();
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    edits(&mut bob);
    types(&mut bob, b"one two", b"\r\x1b[J> one two");
    // Ctrl-_, and Ctrl-X Ctrl-U.
    types(&mut bob, b"\x1f", b"\r\x1b[J> one ");
    types(&mut bob, b"\x15", b"\r\x1b[J> ");
    types(&mut bob, b"\x18\x15", b"\r\x1b[J> one ");
    bob.send_raw(b"more\r\0");
    alice.expect("<bob> one more");
}

#[test]
fn a_tab_completes_commands_and_names_that_were_seen() {
    let server = Server::start();
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    edits(&mut bob);
    alice.send("hello");
    bob.raw_until(b"<alice> hello\r\n> ");
    types(&mut bob, b"/ms\tal\t", b"\r\x1b[J> /msg alice ");
}

#[test]
fn the_complete_lines_of_a_paste_are_said_and_the_rest_stays() {
    let server = Server::with(["--rate", "50", "--burst", "2"]);
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    edits(&mut bob);
    let lines: Vec<_> = (0..20).map(|n| format!("line {n}")).collect();
    bob.send_raw(format!("\x1b[200~{}\rrest\x1b[201~", lines.join("\r\n")).as_bytes());
    for line in &lines {
        alice.expect(&format!("<bob> {line}"));
    }
    bob.raw_until(b"> rest");
    alice.expect_nothing();
}

#[test]
fn ctrl_d_quits_only_in_an_empty_line_and_the_terminal_is_left_as_it_was() {
    let server = Server::start();
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    edits(&mut bob);
    types(&mut bob, b"x\x04", b"\r\x1b[J> x");
    bob.send_raw(b"\x15\x04");
    alice.expect("-- bob left: quit (1 here)");
    let rest = bob.rest();
    assert!(rest.ends_with(END), "{}", rest.escape_ascii());
}

#[test]
fn interrupts_of_telnet_are_still_answered() {
    let server = Server::start();
    let [_alice, mut bob] = people(&server, ["alice", "bob"]);
    edits(&mut bob);
    types(&mut bob, b"x", b"\r\x1b[J> x");
    bob.send_raw(b"\xff\xf4\xff\xfd\x06");
    let answer = bob.raw_until(b"\xff\xfc\x06");
    let rest =
        if answer.ends_with(b"> \xff\xfc\x06") { answer } else { bob.raw_until(b"\r\x1b[J> ") };
    assert!(!rest.is_empty());
}

#[test]
fn only_clients_that_speak_telnet_hear_of_it_in_help() {
    let server = Server::start();
    let [mut bob] = people(&server, ["bob"]);
    let has_edit = |help: Vec<String>| help.iter().any(|line| line.contains("/edit"));
    assert!(!has_edit(bob.ask("/help")));
    bob.send_raw(b"\xff\xf1");
    assert!(has_edit(bob.ask("/help")));
}

#[test]
fn a_command_that_waits_for_an_answer_does_not_hold_up_what_is_typed() {
    let dir = TempDir::new();
    let server = Server::with(["--state-dir", &dir.path("state")]);
    let [mut bob] = people(&server, ["bob"]);
    edits(&mut bob);
    bob.send_raw(b"/search nothing\rtyped");
    bob.raw_until(b"> typed");
}

/// Pastes a text, as a terminal does.
#[track_caller]
fn paste(client: &mut Client, text: &str) {
    client.send_raw(format!("\x1b[200~{text}\x1b[201~").as_bytes());
}

#[test]
fn what_is_pasted_is_no_command() {
    let server = Server::with(["--rate", "0"]);
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    edits(&mut bob);
    let lines = ["/quit now", "// TODO", "/edit off", "/nick eve", "end"];
    paste(&mut bob, &lines.join("\r"));
    bob.send_raw(b"\r");
    for line in lines {
        alice.expect(&format!("<bob> {line}"));
    }
    // Without a line end, it is only text that could have been typed.
    paste(&mut bob, "/me waves");
    bob.send_raw(b"\r");
    alice.expect("* bob waves");
}

#[test]
fn a_paste_goes_where_its_first_line_goes() {
    let server = Server::with(["--rate", "0"]);
    let [mut alice, mut bob, mut carol] = people(&server, ["alice", "bob", "carol"]);
    edits(&mut bob);
    bob.send_raw(b"/msg alice ");
    paste(&mut bob, "one\n\n/two\r\nth");
    bob.send_raw(b"ree\r/me ");
    paste(&mut bob, "waves\rleaves\r");
    for line in ["[from bob] one", "[from bob] /two", "[from bob] three"] {
        alice.expect(line);
    }
    for line in ["* bob waves", "* bob leaves"] {
        alice.expect(line);
        carol.expect(line);
    }
    bob.raw_until(b"> /me leaves\r\n> ");
}

#[test]
fn a_paste_behind_a_command_of_one_line_is_refused_as_a_whole() {
    let server = Server::start();
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    edits(&mut bob);
    bob.send_raw(b"/topic (2026)\x1b[D\x1b[D\x1b[D\x1b[D\x1b[D\x1b[D");
    paste(&mut bob, "one\rtwo\r\r");
    bob.raw_until(b"!! not sent: /topic takes one line only\r\n");
    bob.raw_until(b"> /topic (2026)\r\x1b[9C");
    bob.send_raw(b"\x03still here\r");
    alice.expect("<bob> still here");
    assert_eq!(alice.ask("/topic"), ["-- no topic is set"]);
}

/// Keys that move the cursor in a line of so many characters and leave it where it was, for about
/// 2000 bytes.
fn idle_keys(length: usize) -> Vec<u8> {
    [vec![2; length], vec![6; length]].concat().repeat(1000 / length)
}

#[test]
fn keys_wait_until_those_before_them_are_paid_for() {
    let server = Server::with(["--rate", "50", "--burst", "2"]);
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    edits(&mut bob);
    let begun = Instant::now();
    bob.send_raw(&[b"hello ", &*idle_keys(5), b"you\r"].concat());
    alice.expect("<bob> hello you");
    // 2000 bytes cost 31 lines.
    assert!(begun.elapsed() > Duration::from_millis(400), "{:?}", begun.elapsed());
}

#[test]
fn keys_are_paid_for_also_after_a_client_has_hung_up() {
    let server = Server::with(["--rate", "50", "--burst", "2"]);
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    edits(&mut bob);
    let begun = Instant::now();
    bob.send_raw(&[b"hello ", &*idle_keys(5), b"you\r"].concat());
    bob.half_close();
    alice.expect("<bob> hello you");
    // 2000 bytes cost 31 lines.
    assert!(begun.elapsed() > Duration::from_millis(400), "{:?}", begun.elapsed());
    alice.expect_contains("-- bob left: ");
}

#[test]
fn what_is_redrawn_for_a_line_of_others_is_bounded() {
    let server = Server::with(["--rate", "0"]);
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    edits(&mut bob);
    bob.send_raw(format!("a{}", "\u{301}".repeat(20)).repeat(199).as_bytes());
    bob.send_raw(b"!");
    bob.raw_until(b"!");
    alice.send("one");
    bob.raw_until(b"<alice> one\r\n");
    alice.send("two");
    let drawn = bob.raw_until(b"<alice> two\r\n").len();
    assert!(drawn < 4500, "{drawn} bytes");
}
