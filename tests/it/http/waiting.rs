//! Requests that take too long, and those that there is no place for.

use std::io::Write;
use std::time::{Duration, Instant};

use super::streams::Reader;
use super::{post, request};
use crate::harness::{Server, connect, people};
use crate::metrics::expect;
use crate::web::Answer;

#[test]
fn a_body_has_ten_seconds_however_slowly_it_comes() {
    let server = Server::with_web([]);
    let [mut alice] = people(&server, ["alice"]);
    let start = Instant::now();
    let head = "POST /rooms/lobby HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n";
    let [silent, mut slow] = ["", "hi"].map(|body| {
        let mut stream = connect(server.addr_of("web"));
        stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
        stream
    });
    // A byte a second, until something comes back.
    slow.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
    while slow.peek(&mut [0]).is_err() {
        slow.write_all(b"x").unwrap();
    }
    for stream in [slow, silent] {
        let answer = Answer::read_any(stream);
        assert_eq!(answer.refused(408), "the body did not come in time; nothing was said");
    }
    let waited = start.elapsed();
    assert!(waited.as_secs() >= 9, "{waited:?}");
    alice.expect_nothing();
}

#[test]
fn readers_from_one_address_have_so_many_places_as_its_clients() {
    let server = Server::with_web(["--trust-proxy", "127.0.0.1", "--max-per-ip", "1"]);
    let read = |client: &str| request("GET", "/rooms/lobby").with("X-Forwarded-For", client);
    let mut reader = Reader::open(&server, &read("198.51.100.7"));
    let answer = read("198.51.100.7").to(&server);
    assert!(answer.refused(503).starts_with("too many connections from your address"));
    assert_eq!(answer.field("Retry-After"), Some("5"));
    let mut other = Reader::open(&server, &read("203.0.113.9"));
    // Who only speaks needs none.
    let say = post("/rooms/lobby?nick=ci", "hi").with("X-Forwarded-For", "198.51.100.7");
    say.to(&server).json();
    reader.expect("<ci> hi");
    other.expect("<ci> hi");
}

#[test]
fn a_speaker_is_in_the_log_once_a_minute() {
    let server = Server::with_web([]);
    for (nick, text) in [("ci", "1"), ("ci", "2"), ("cd", "3")] {
        post(&format!("/rooms/lobby?nick={nick}"), text).to(&server).json();
    }
    server.wait_log(["cd speaks over HTTP from 127.0.0.1:"]);
    assert_eq!(server.log().matches("ci speaks over HTTP from ").count(), 1);
}

#[test]
fn a_reader_that_stalls_is_let_go_and_delays_nobody() {
    let flags = ["--rate", "0", "--send-queue", "65536", "--metrics", "127.0.0.1:0"];
    let server = Server::with_web(flags);
    let stalled = Reader::open(&server, &request("GET", "/rooms/lobby"));
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    let lines = format!("{}\n", "x".repeat(1000)).repeat(99);
    let mut said = 0;
    while !server.log().contains("reads lobby no more: too slow") {
        assert!(said < 40_000, "40 MB behind and still not too slow");
        bob.send(&format!("{lines}{said}"));
        alice.wait_for(|line| line == format!("<bob> {said}"));
        said += 100;
    }
    expect(&server, "chatd_dropped_clients_total{reason=\"too slow\"} ", 1.0);
    assert_eq!(alice.ask("/who"), ["-- lobby (2 here): alice, bob"]);
    drop(stalled);
}
