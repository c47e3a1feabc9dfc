//! The server restarts in place: plain clients do not notice, and clients over TLS reconnect.

use std::fs::File;
use std::io::PipeWriter;
use std::process::Child;
use std::time::Duration;

use socket2::SockRef;

use super::*;
use crate::harness::{Identity, eventually};
use crate::pty::Terminal;
use crate::restart::switch;

/// A piped client whose input and output stay open.
fn open(command: &mut Command, dir: &TempDir) -> (Child, PipeWriter) {
    let (stdin, input) = pipe().unwrap();
    let stderr = File::create(dir.path("stderr")).unwrap();
    (command.stdin(stdin).stdout(Stdio::null()).stderr(stderr).spawn().unwrap(), input)
}

/// How it ends by itself: its status, and what it complained of.
#[track_caller]
fn end_of(mut child: Child, dir: &TempDir) -> (Option<i32>, String) {
    let status = eventually("the end", || child.try_wait().unwrap());
    (status.code(), std::fs::read_to_string(dir.path("stderr")).unwrap())
}

#[test]
fn a_pipe_under_tls_fails_and_says_why() {
    let (dir, identity) = (TempDir::new(), Identity::new());
    let server = identity.serve(&dir, []);
    let [mut bob] = people(&server, ["bob"]);
    let (target, ca) = (server.addr_of("tls"), dir.path("cert.pem"));
    let mut command = chat(target, ["--nick", "ci", "--tls", "--tls-ca", &ca]);
    let (child, mut input) = open(&mut command, &dir);
    input.write_all(b"one\n").unwrap();
    bob.wait_for(|line| line == "<ci> one");
    switch(&server);
    let why = "the connection ended before the server accepted every line: \
               the server is going down";
    assert_eq!(end_of(child, &dir), (Some(1), format!("chat: {target}: {why}\n")));
    bob.expect("-- ci left: disconnected (1 here)");
}

#[test]
fn a_busy_pipe_says_why_though_its_connection_is_reset() {
    let (dir, (listener, target)) = (TempDir::new(), listen());
    let (child, mut input) = open(&mut chat(target, []), &dir);
    input.write_all(b"one\n").unwrap();
    let (stream, _) = listener.accept().unwrap();
    // As the kernel does it where the server left something unread.
    SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
    let mut server = Client::over(stream);
    server.expect("");
    server.expect("/ping");
    server.send("-- pong");
    server.expect("one");
    server.send("-- the server is going down");
    drop(server);
    let why = "the connection ended before the server accepted every line: \
               the server is going down";
    assert_eq!(end_of(child, &dir), (Some(1), format!("chat: {target}: {why}\n")));
}

#[test]
fn a_plain_pipe_goes_on() {
    let (server, dir) = (Server::start(), TempDir::new());
    let [mut bob] = people(&server, ["bob"]);
    let (child, mut input) = open(&mut chat(server.addr(), ["--nick", "ci"]), &dir);
    input.write_all(b"one\n").unwrap();
    bob.wait_for(|line| line == "<ci> one");
    switch(&server);
    input.write_all(b"two\n").unwrap();
    drop(input);
    bob.expect("<ci> two");
    assert_eq!(end_of(child, &dir), (Some(0), String::new()));
}

#[test]
fn a_terminal_under_tls_comes_back_and_a_plain_one_stays() {
    let (dir, identity) = (TempDir::new(), Identity::new());
    let server = identity.serve(&dir, []);
    let [mut bob] = people(&server, ["bob"]);
    bob.ask("/join dev");
    let ca = dir.path("cert.pem");
    let flags = ["--nick", "alice", "--room", "dev", "--tls", "--tls-ca", &ca];
    let mut alice = Terminal::run(chat(server.addr_of("tls"), flags));
    bob.expect("-- alice joined (2 here)");
    let mut carol = Terminal::run(chat(server.addr(), ["--nick", "carol", "--room", "dev"]));
    bob.expect("-- carol joined (3 here)");
    switch(&server);
    bob.expect("-- alice left: disconnected (2 here)");
    bob.expect("-- alice joined (3 here)");
    alice.types("back again\r");
    bob.expect("<alice> back again");
    carol.displays(|rows| rows.ends_with(&["<alice> back again", ">"]));
    carol.types("was never away\r");
    bob.expect("<carol> was never away");
    alice.skips_to("-- the server is going down");
    alice.skips_to("-- connection lost; trying again in ");
    assert!(!String::from_utf8_lossy(carol.written()).contains("connection lost"));
}
