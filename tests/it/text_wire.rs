//! Lines as bytes: line ends, lengths, the end of a stream.

use crate::harness::{Client, HINT, Server, people};

#[test]
fn all_four_line_ends_are_taken() {
    let server = Server::start();
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    bob.send_raw(b"nl\ncrnl\r\ncrnul\r\0cr\rnlcr\n\rcrcr\r\rend\n");
    for line in ["nl", "crnl", "crnul", "cr", "nlcr", "crcr", "end"] {
        alice.expect(&format!("<bob> {line}"));
    }
    alice.expect_nothing();
}

#[test]
fn a_bare_cr_ends_a_line_at_once() {
    let server = Server::start();
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    bob.send_raw(b"now\r");
    alice.expect("<bob> now");
    bob.send_raw(b"\nlater\r");
    alice.expect("<bob> later");
    alice.expect_nothing();
}

#[test]
fn the_welcome_has_crlf() {
    let server = Server::with(["--name", "box7"]);
    let mut alice = Client::connect(&server);
    let welcome = String::from_utf8(alice.raw_until(HINT.as_bytes())).unwrap();
    assert!(welcome.ends_with(&format!(", alone in lobby.\r\n{HINT}")), "{welcome:?}");
    assert_eq!(alice.raw_until(b"\n"), b"\r\n");
}

#[test]
fn a_client_is_answered_with_the_end_of_its_first_line() {
    let ways: [(&[u8], &[u8]); 4] =
        [(b"\n", b"\n"), (b"\r\n", b"\r\n"), (b"\r\0", b"\r\n"), (b"\r", b"\r\n")];
    let server = Server::start();
    for (end, answered) in ways {
        let mut client = Client::guest(&server);
        client.send_raw(&[b"/ping", end, b"/ping", end].concat());
        let expected = [b"-- pong", answered, b"-- pong", answered].concat();
        let got = [client.raw_until(b"-- pong"), client.raw_until(b"\n"), client.raw_until(b"\n")]
            .concat();
        assert_eq!(got.escape_ascii().to_string(), expected.escape_ascii().to_string());
    }
}

#[test]
fn only_the_first_line_chooses_the_line_end() {
    let server = Server::start();
    let mut client = Client::guest(&server);
    client.send_raw(b"/ping\n/ping\r\n");
    assert_eq!(client.raw_until(b"\n"), b"-- pong\n");
    assert_eq!(client.raw_until(b"\n"), b"-- pong\n");
    let mut client = Client::guest(&server);
    client.send_raw(b"\r\n/ping\n");
    assert_eq!(client.raw_until(b"\n"), b"-- pong\r\n");
}

#[test]
fn what_others_say_comes_with_the_readers_own_line_end() {
    let server = Server::start();
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    let mut quiet = Client::guest(&server);
    alice.wait_for(|line| line.ends_with("joined (3 here)"));
    bob.send("hi");
    assert_eq!(alice.raw_until(b"\n"), b"<bob> hi\n");
    assert_eq!(quiet.raw_until(b"\n"), b"<bob> hi\r\n");
}

#[test]
fn a_line_may_come_one_byte_at_a_time() {
    let server = Server::start();
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    for byte in "h\u{e9}llo \u{1f600}\r\nagain\r\0".as_bytes() {
        bob.send_raw(&[*byte]);
    }
    alice.expect("<bob> h\u{e9}llo \u{1f600}");
    alice.expect("<bob> again");
}

#[test]
fn lines_that_come_together_are_told_apart_and_in_order() {
    let server = Server::start();
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    bob.send_raw(b"one\n/nick rob\ntwo\n/me three\nfo");
    bob.send_raw(b"ur\n");
    for line in ["<bob> one", "-- bob is now rob", "<rob> two", "* rob three", "<rob> four"] {
        alice.expect(line);
    }
}

#[test]
fn a_script_that_half_closes_has_its_lines_delivered_and_its_stream_ended() {
    let server = Server::start();
    let [mut alice] = people(&server, ["alice"]);
    let mut script = Client::guest(&server);
    script.send_raw(b"build done\n/who\nlast words, no newline");
    script.half_close();
    alice.expect(&format!("-- {} joined (2 here)", script.name));
    alice.expect(&format!("<{}> build done", script.name));
    alice.expect(&format!("<{}> last words, no newline", script.name));
    alice.expect(&format!("-- {} left: disconnected (1 here)", script.name));
    assert_eq!(script.rest_lines(), [format!("-- lobby (2 here): alice, {}", script.name)]);
}

#[test]
fn a_script_that_closes_at_once_has_its_lines_delivered() {
    let server = Server::with(["--burst", "5", "--rate", "20"]);
    let [mut alice] = people(&server, ["alice"]);
    let mut script = Client::guest(&server);
    let name = script.name.clone();
    script.send(&(1..=40).map(|n| n.to_string()).collect::<Vec<_>>().join("\n"));
    drop(script);
    alice.expect(&format!("-- {name} joined (2 here)"));
    for n in 1..=40 {
        alice.expect(&format!("<{name}> {n}"));
        // A write to the one who is gone, which fails and must not stop the reading.
        if n % 10 == 0 {
            alice.send("go on");
        }
    }
    alice.expect(&format!("-- {name} left: disconnected (1 here)"));
}

#[test]
fn a_half_typed_line_is_delivered_even_if_the_end_is_a_reset() {
    let server = Server::start();
    let mut bob = Client::join(&server, "bob");
    let mut script = Client::guest(&server);
    script.send_raw(b"one\ntwo");
    bob.wait_for(|line| line.ends_with("> one"));
    script.reset();
    bob.expect_contains("> two");
    bob.expect_contains(" left: disconnected");
}

#[test]
fn the_longest_line_passes_and_one_byte_more_is_refused_whole() {
    let server = Server::start();
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    bob.send(&"x".repeat(1024));
    alice.expect(&format!("<bob> {}", "x".repeat(1024)));
    let refused = bob.ask(&"x".repeat(1025));
    assert_eq!(refused, ["!! too long: 1025 bytes, the limit is 1024; not sent"]);
    bob.send_raw(format!("{}\r\n", "\u{e9}".repeat(656)).as_bytes());
    assert_eq!(bob.sync(), ["!! too long: 1312 bytes, the limit is 1024; not sent"]);
    assert_eq!(bob.ask(&format!("/me {}", "x".repeat(1021))).len(), 1, "a command is a line too");
    bob.send("hi");
    alice.expect("<bob> hi");
}

#[test]
fn max_line_moves_the_limit() {
    let server = Server::with(["--max-line", "2048"]);
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    bob.send(&"x".repeat(2048));
    alice.expect(&format!("<bob> {}", "x".repeat(2048)));
    let refused = bob.ask(&"x".repeat(2049));
    assert_eq!(refused, ["!! too long: 2049 bytes, the limit is 2048; not sent"]);
}

#[test]
fn a_line_below_64_kib_is_counted_and_refused() {
    let server = Server::start();
    let mut alice = Client::guest(&server);
    alice.send_raw(&[b'x'; 60_000]);
    assert_eq!(alice.ask(""), ["!! too long: 60000 bytes, the limit is 1024; not sent"]);
}

#[test]
fn sixty_four_kib_without_a_line_end_end_the_connection() {
    let server = Server::start();
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    // The server may hang up before it has read all of this.
    bob.try_send_raw(&[b'x'; 65_537]).ok();
    assert_eq!(bob.rest_lines(), ["!! 65536 bytes without a line end; goodbye"]);
    let left = alice.expect_contains("-- bob left: ");
    assert!(left.ends_with("(1 here)"), "{left}");
    alice.expect_nothing();
}

#[test]
fn nothing_that_the_server_says_moves_a_cursor() {
    let server = Server::start();
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    for line in ["/help", "/who", "/rooms", "/whois bob", "/foo", "/away", "/topic tea"] {
        alice.send(line);
    }
    bob.send("hi");
    alice.send("/quit");
    let shown = alice.rest();
    assert!(shown.len() > 500 && shown.is_ascii());
    assert!(shown.iter().all(|byte| *byte == b'\n' || (b' '..=b'~').contains(byte)));
}
