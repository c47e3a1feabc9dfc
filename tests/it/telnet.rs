//! Telnet, byte by byte: the answers, what is left out of the line, and that the server sends
//! nothing unasked.

use crate::harness::{Client, Server, people};

const INTERRUPT: &[u8] = b"\xff\xf4\xff\xfd\x06";
const WONT_TIMING_MARK: &[u8] = b"\xff\xfc\x06";

/// What comes back for these bytes, before the answer to a ping in a line of its own.
#[track_caller]
fn answer(client: &mut Client, bytes: &[u8]) -> Vec<u8> {
    client.send_raw(bytes);
    client.send_raw(b"\n/ping\n");
    let mut answer = client.raw_until(b"-- pong\n");
    answer.truncate(answer.len() - b"-- pong\n".len());
    answer
}

/// Bob types these bytes and Enter, and alice sees this one line.
#[track_caller]
fn assert_typed(bytes: &[u8], seen: &str) {
    let server = Server::with(["--rate", "0"]);
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    bob.send_raw(bytes);
    bob.send_raw(b"\n");
    bob.sync();
    assert_eq!(alice.sync(), [format!("<bob> {seen}")], "{}", bytes.escape_ascii());
    // The same, as it may come over a slow line.
    for byte in bytes {
        bob.send_raw(&[*byte]);
    }
    bob.send_raw(b"\n");
    bob.sync();
    assert_eq!(alice.sync(), [format!("<bob> {seen}")], "{}", bytes.escape_ascii());
}

#[test]
fn ctrl_c_is_answered_each_time_so_that_output_goes_on() {
    let server = Server::start();
    let [mut bob] = people(&server, ["bob"]);
    assert_eq!(answer(&mut bob, INTERRUPT), WONT_TIMING_MARK);
    assert_eq!(answer(&mut bob, INTERRUPT), WONT_TIMING_MARK);
    for byte in INTERRUPT {
        bob.send_raw(&[*byte]);
    }
    assert_eq!(bob.raw_until(b"\x06"), WONT_TIMING_MARK);
}

#[test]
fn ctrl_c_clears_the_half_typed_line() {
    let server = Server::start();
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    bob.send_raw(&[b"rm -rf", INTERRUPT, b"hello\n"].concat());
    alice.expect("<bob> hello");
    alice.expect_nothing();
}

#[test]
fn ctrl_c_is_answered_before_any_line_was_sent() {
    let server = Server::start();
    let mut guest = Client::guest(&server);
    guest.send_raw(INTERRUPT);
    assert_eq!(guest.raw_until(b"\x06"), WONT_TIMING_MARK);
}

#[test]
fn what_is_offered_or_asked_for_is_declined() {
    let server = Server::start();
    let [mut bob] = people(&server, ["bob"]);
    assert_eq!(answer(&mut bob, b"\xff\xfd\xc8"), b"\xff\xfc\xc8", "DO is answered with WONT");
    assert_eq!(answer(&mut bob, b"\xff\xfb\xc8"), b"\xff\xfe\xc8", "WILL is answered with DONT");
    assert_eq!(answer(&mut bob, b"\xff\xfd\x27\xff\xfb\x27"), b"\xff\xfc\x27\xff\xfe\x27");
}

#[test]
fn a_refusal_is_not_answered() {
    let server = Server::start();
    let [mut bob] = people(&server, ["bob"]);
    for option in [0, 1, 3, 6, 24, 200, 255] {
        assert_eq!(answer(&mut bob, &[255, 252, option, 255, 254, option]), b"", "{option}");
    }
}

#[test]
fn nothing_is_sent_unasked() {
    let server = Server::start();
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    let mut plain = Client::connect(&server);
    alice.wait_for(|line| line.ends_with("joined (3 here)"));
    bob.send_raw(b"\xff\xfb\x1fhi\n");
    alice.expect("<bob> hi");
    alice.send("/quit");
    plain.send_raw(b"hi\r\n/quit\r\n");
    for shown in [alice.rest(), plain.rest()] {
        assert!(!shown.contains(&0xff), "{}", shown.escape_ascii());
        assert!(String::from_utf8(shown).unwrap().contains("-- Bye."));
    }
}

#[test]
fn are_you_there_is_answered_and_spares_the_line() {
    let server = Server::start();
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    bob.send_raw(b"hel\xff\xf6");
    bob.expect("-- pong");
    bob.send_raw(b"lo\n");
    alice.expect("<bob> hello");
}

#[test]
fn commands_without_a_meaning_here_leave_no_trace() {
    // NOP, DM, AO, GA, and bytes that are no command at all.
    assert_typed(b"a\xff\xf1b\xff\xf2c\xff\xf5d\xff\xf9e\xff\x01f\xff\x7fg", "abcdefg");
}

#[test]
fn ncats_answer_to_a_nop_leaves_no_trace() {
    assert_typed(b"\xff\x00\x00hello\xff\x00\x00", "hello");
}

#[test]
fn erase_character_takes_one_character_back() {
    assert_typed(b"helo\xff\xf7lo", "hello");
    assert_typed(b"caf\xc3\xa9\xf0\x9f\x98\x80\xff\xf7\xff\xf7e", "cafe");
    assert_typed(b"\xff\xf7\xff\xf7a\xff\xf7\xff\xf7b", "b");
}

#[test]
fn erase_line_takes_the_line_back() {
    assert_typed(b"my password\xff\xf8hello", "hello");
}

#[test]
fn two_iacs_are_one_byte_of_text() {
    assert_typed(b"a\xff\xffb", "a\u{fffd}b");
}

#[test]
fn a_subnegotiation_is_no_text_whatever_its_length() {
    assert_typed(b"he\xff\xfa\x18\x00xterm\xff\xf0llo", "hello");
    assert_typed(b"he\xff\xfa\x1f\x00\n/quit\n\xff\xff\xf0\x00\xff\xf0llo", "hello");
    let long = [&b"he\xff\xfa\x18"[..], &[b'x'; 5000], b"\xff\xff\xff\xf0llo"].concat();
    assert_typed(&long, "hello");
}

#[test]
fn a_subnegotiation_without_an_end_ends_at_64_kib() {
    let server = Server::with(["--rate", "0"]);
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    bob.send_raw(b"\xff\xfa\x18");
    bob.try_send_raw(&[b'\n'; 65_536]).ok();
    assert_eq!(bob.rest_lines(), ["!! 65536 bytes without a line end; goodbye"]);
    alice.expect_contains("-- bob left: ");
    alice.expect_nothing();
}

#[test]
fn ctrl_d_ends_on_an_empty_line_and_is_dropped_inside_one() {
    assert_typed(b"a\x04b", "ab");
    let server = Server::start();
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    bob.send_raw(b"hi\r\0\x04");
    bob.expect("-- Bye. (Press Ctrl-C if your prompt does not come back.)");
    bob.expect_end();
    alice.expect("<bob> hi");
    alice.expect("-- bob left: quit (1 here)");
}

#[test]
fn iac_eof_ends_and_delivers_the_half_typed_line() {
    let server = Server::start();
    let [mut alice] = people(&server, ["alice"]);
    for (bytes, said) in
        [(&b"\xff\xec"[..], None), (b"last words\xff\xec", Some("<bob> last words"))]
    {
        let [mut bob] = people(&server, ["bob"]);
        alice.expect("-- bob joined (2 here)");
        bob.send_raw(bytes);
        bob.rest();
        if let Some(said) = said {
            alice.expect(said);
        }
        alice.expect("-- bob left: quit (1 here)");
    }
}

#[test]
fn negotiation_on_connecting_is_no_first_line() {
    let server = Server::start();
    let [mut alice] = people(&server, ["alice"]);
    let mut putty = Client::guest(&server);
    putty.send_raw(
        b"\xff\xfb\x1f\xff\xfb\x20\xff\xfb\x18\xff\xfb\x27\xff\xfd\x01\xff\xfb\x03\xff\xfd\x03",
    );
    let declined =
        b"\xff\xfe\x1f\xff\xfe\x20\xff\xfe\x18\xff\xfe\x27\xff\xfc\x01\xff\xfe\x03\xff\xfc\x03";
    assert_eq!(
        putty.raw_until(b"\xff\xfc\x03").escape_ascii().to_string(),
        declined.escape_ascii().to_string()
    );
    putty.send_raw(b"hi\r\n/ping\r\n");
    assert_eq!(putty.raw_until(b"\n"), b"-- pong\r\n");
    alice.expect(&format!("-- {} joined (2 here)", putty.name));
    alice.expect(&format!("<{}> hi", putty.name));
}
