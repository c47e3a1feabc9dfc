//! A client whose line is edited.

use super::switch;
use crate::harness::{Server, people};

#[test]
fn a_line_that_is_edited_goes_on_with_its_cursor_and_half_a_key() {
    let server = Server::start();
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    bob.send("/edit on");
    bob.raw_until(b"\xff\xfd\x1f");
    bob.send_raw(b"\xff\xfd\x01\xff\xfd\x03\xff\xfb\x1f\xff\xfa\x1f\0\x1e\0\x18\xff\xf0");
    bob.raw_until(b"> ");
    bob.send_raw("one\rhllo\x1b[D\x1b[D\x1b[D\x1b".as_bytes());
    bob.raw_until(b"> hllo\r\x1b[3C");
    alice.expect("<bob> one");
    switch(&server);
    bob.raw_until(b"\r\x1b[J> hllo\r\x1b[3C");
    alice.send("a line that is longer than thirty");
    bob.raw_until(b"\r\n  than thirty\r\n> hllo\r\x1b[3C");
    // The rest of the key: to the left. Then half of a character.
    bob.send_raw(b"[C\x1b[D\xc3");
    switch(&server);
    bob.send_raw(b"\xa4\r");
    alice.wait_for(|line| line == "<bob> h\u{e4}llo");
    bob.send_raw(b"\x1b[A\x1b[A");
    bob.raw_until(b"> one");
    // A line that rings is drawn as any other.
    bob.send_raw(b"\x15/bell on\r");
    bob.raw_until(b"-- bell is on");
    alice.send("bob?");
    bob.raw_until(b"\r\x1b[J<alice> bob?\x07\r\n> ");
    bob.send_raw(b"\x15/edit off\r");
    bob.raw_until(b"-- editing is off\n");
}
