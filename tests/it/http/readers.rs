//! The server counts a reader, and applies the room's rules to it, from its request on.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use rusqlite::Connection;
use rustix::net::{AddressFamily, SocketType, connect as connect_to, socket};
use serde_json::Value;

use super::streams::{Reader, events, objects, text};
use super::tokens::with_alice_and_a_token;
use super::{post, request};
use crate::harness::{Client, Irc, PATIENCE, Server, TempDir, connect, eventually, people};
use crate::order::logs_in;
use crate::restart::switch;
use crate::web::Answer;

#[test]
fn who_is_still_given_the_past_is_counted_and_can_be_kept_out() {
    let dir = TempDir::new();
    let flags = ["--durability=relaxed", "--irc-port=0", "--max-clients=3", "--rate=0"];
    let state = format!("--state-dir={}", dir.path(""));
    let server = Server::with_web([flags[0], flags[1], flags[2], flags[3], &state]);
    let mut ann = Irc::named(&server, "ann");
    ann.ask("JOIN #dev");
    let disk = Connection::open(dir.path("chatd.db")).unwrap();
    for (change, words) in
        [("MODE #dev +b *!*@*", "you are banned from dev"), ("MODE #dev +i", "dev is invite-only")]
    {
        disk.execute_batch("BEGIN IMMEDIATE").unwrap();
        post("/rooms/dev", "it is not on the disk yet").to(&server).json();
        let mut stream = connect(server.addr_of("web"));
        stream.write_all(&text("/rooms/dev?since=1h").bytes()).unwrap();
        eventually("a reader", || {
            let told = ann.ask("PRIVMSG chatd :who #dev");
            told.iter().any(|line| line.contains("1 is reading over HTTP")).then_some(())
        });
        ann.ask(change);
        assert_eq!(Answer::read_any(stream).refused(403), words);
        disk.execute_batch("ROLLBACK").unwrap();
        server.wait_log([&format!("reads dev no more: {words}")]);
        ann.ask("MODE #dev -b *!*@*\r\nMODE #dev -i");
        let told = ann.ask("PRIVMSG chatd :who #dev");
        assert!(!told.iter().any(|line| line.contains("reading")), "{told:?}");
    }
    eventually("the place of one of them", || {
        let mut stream = connect(server.addr_of("web"));
        stream.write_all(&text("/rooms/dev").bytes()).unwrap();
        let mut start = [0; 12];
        stream.read_exact(&mut start).unwrap();
        (&start == b"HTTP/1.1 200").then_some(())
    });
}

/// Whether it is a line of the body, or the end of the first one.
fn is_object(line: &io::Result<String>) -> bool {
    line.as_ref().is_ok_and(|line| line.ends_with('}'))
}

/// Lines that are more than a connection holds, for a server with `--max-line 4096`.
const LINES: usize = 1000;

fn long(number: usize) -> String {
    format!("{number} {}", "x".repeat(3000))
}

/// Has a client say them all.
pub(super) fn says_much(client: &mut Client) {
    for numbers in (0..LINES).collect::<Vec<_>>().chunks(100) {
        client.send(&numbers.iter().map(|n| long(*n)).collect::<Vec<_>>().join("\n"));
        client.sync();
    }
}

/// Asks for all of that, and receives little of it.
pub(super) fn begins_to_read(server: &Server, path: &str) -> TcpStream {
    let socket = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    rustix::net::sockopt::set_socket_recv_buffer_size(&socket, 4096).unwrap();
    connect_to(&socket, &server.addr_of("web")).unwrap();
    let mut stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(&objects(path).bytes()).unwrap();
    stream.read_exact(&mut [0; 1000]).unwrap();
    stream
}

/// Receives the rest of that; returns the texts of the lines that follow.
#[track_caller]
pub(super) fn reads_the_rest(stream: TcpStream) -> impl Iterator<Item = String> {
    let lines = BufReader::new(stream).lines().skip_while(|line| !is_object(line)).skip(1);
    let mut texts = lines.map(|line| {
        let object: Value = serde_json::from_str(&line.unwrap()).unwrap();
        object["text"].as_str().unwrap_or_else(|| panic!("{object}")).to_owned()
    });
    for number in 1..LINES {
        assert_eq!(texts.next().unwrap(), long(number));
    }
    texts
}

#[test]
fn who_is_still_given_the_past_misses_nothing_over_a_restart() {
    let dir = TempDir::new();
    let flags = ["--durability=relaxed", "--rate=0", "--history=10", "--max-line=4096"];
    let state = format!("--state-dir={}", dir.path(""));
    let server = Server::with_web([flags[0], flags[1], flags[2], flags[3], &state]);
    let [mut alice] = people(&server, ["alice"]);
    says_much(&mut alice);
    let stream = begins_to_read(&server, "/rooms/lobby?since=1h");
    switch(&server);
    assert_eq!(alice.ask("/who").pop().as_deref(), Some("-- 1 is reading over HTTP"));
    alice.ask("behind it");
    let mut texts = reads_the_rest(stream);
    assert_eq!(texts.next().unwrap(), "behind it");
    alice.ask("live");
    assert_eq!(texts.next().unwrap(), "live");
}

#[test]
fn a_reader_is_told_why_it_may_read_no_more() {
    let server = Server::with_web(["--irc-port", "0", "--rate", "0"]);
    let mut ann = Irc::named(&server, "ann");
    ann.ask("JOIN #dev");
    for (on, off, words) in [
        ("+i", "-i", "dev is invite-only"),
        ("+k s3cret", "-k s3cret", "dev needs a key: /join dev KEY"),
        ("+s", "-s", "dev is open only to those who are in it"),
        ("+b *!*@*", "-b *!*@*", "you are banned from dev"),
    ] {
        let forms = [text, objects, events].map(|form| Reader::open(&server, &form("/rooms/dev")));
        ann.ask(&format!("PRIVMSG #dev :open\r\nMODE #dev {on}\r\nPRIVMSG #dev :secret"));
        let [text, objects, events] = forms.map(Reader::rest);
        assert_eq!(text, ["<ann> open".to_owned(), format!("!! {words}")], "{on}");
        let last = format!(r#"{{"t":"refused","text":"{words}"}}"#);
        assert_eq!(objects.last(), Some(&last));
        assert_eq!(events[events.len() - 2..], [format!("data: {last}"), String::new()]);
        for rest in [objects, events] {
            assert!(!rest.iter().any(|line| line.contains("secret")), "{on}: {rest:?}");
        }
        ann.ask(&format!("MODE #dev {off}"));
    }
}

#[test]
fn a_ban_of_the_room_keeps_readers_out_unless_there_is_an_exception() {
    let server = Server::with_web(["--irc-port", "0", "--rate", "0"]);
    let mut ann = Irc::named(&server, "ann");
    ann.ask("JOIN #dev\r\nPRIVMSG #dev :hi\r\nMODE #dev +b guest*!*@*");
    for path in ["/rooms/dev", "/rooms/dev/history"] {
        assert_eq!(request("GET", path).to(&server).refused(403), "you are banned from dev");
    }
    assert_eq!(request("HEAD", "/rooms/dev").to(&server).status, 403);
    ann.ask("MODE #dev +e *!*@*");
    assert_eq!(request("GET", "/rooms/dev/history").to(&server).status, 200);
    let reader = Reader::open(&server, &text("/rooms/dev"));
    ann.ask("MODE #dev -e *!*@*");
    assert_eq!(reader.rest(), ["!! you are banned from dev"]);
}

#[test]
fn the_owner_of_a_token_reads_by_the_rules_for_its_account() {
    let (_dir, server, token) = with_alice_and_a_token();
    let bearer = format!("Bearer {token}");
    let read = || text("/rooms/dev").with("Authorization", &bearer);
    let [mut bob] = people(&server, ["bob"]);
    bob.ask("/join dev");
    let reader = Reader::open(&server, &read());
    let anybody = Reader::open(&server, &text("/rooms/dev"));
    bob.ask("/room ban alice");
    assert_eq!(reader.rest(), ["!! you are banned from dev"]);
    assert_eq!(read().to(&server).refused(403), "you are banned from dev");
    bob.ask("/room unban alice\nhello");
    let mut reader = Reader::open(&server, &read());
    switch(&server);
    bob.ask("again");
    reader.expect("<bob> again");
    let mut alice = Client::guest(&server);
    logs_in(&mut alice, "alice", "open sesame");
    assert_eq!(alice.ask("/token revoke ci"), ["-- the token ci is revoked"]);
    assert_eq!(reader.rest(), ["!! wrong token, or it was revoked"]);
    read().from("127.0.0.2", &server).refused(401);
    let mut anybody = anybody;
    anybody.expect("<bob> hello");
}

#[test]
fn a_role_that_ends_ends_what_it_allowed_to_read() {
    let (_dir, server, token) = with_alice_and_a_token();
    let [mut bob] = people(&server, ["bob"]);
    bob.ask("/join dev");
    let mut alice = Client::guest(&server);
    logs_in(&mut alice, "alice", "open sesame");
    alice.ask("/join dev");
    bob.ask("/voice alice\n/room ban *!*@*");
    let read = text("/rooms/dev").with("Authorization", &format!("Bearer {token}"));
    for end in ["/devoice alice", "/room kick alice"] {
        let mut reader = Reader::open(&server, &read);
        bob.ask(&format!("hello\n{end}\nsecret\n/voice alice"));
        reader.expect("<bob> hello");
        assert_eq!(reader.rest(), ["!! you are banned from dev"], "{end}");
    }
}
