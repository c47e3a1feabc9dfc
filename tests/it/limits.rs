//! Limits: how much of the server one client can use, and what happens at a limit.

use std::io::Write;
use std::time::{Duration, Instant};

use tungstenite::protocol::frame::Frame;

use crate::harness::{Client, Server, WebSocket, eventually, masked, people};
use crate::metrics;

fn numbered(count: usize) -> String {
    (1..=count).map(|n| n.to_string()).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_paste_is_slowed_down_and_arrives_whole_and_in_order() {
    let server = Server::with(["--burst", "10", "--rate", "50"]);
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    let start = Instant::now();
    bob.send(&numbered(100));
    for n in 1..=100 {
        alice.expect(&format!("<bob> {n}"));
    }
    assert!(start.elapsed() >= Duration::from_millis(1600), "{:?}", start.elapsed());
}

#[test]
fn by_default_twenty_lines_come_at_once_and_then_five_a_second() {
    let server = Server::start();
    let [mut alice] = people(&server, ["alice"]);
    let mut guest = Client::guest(&server);
    let start = Instant::now();
    guest.send(&numbered(25));
    alice.expect_contains(" joined (2 here)");
    for n in 1..=20 {
        alice.expect(&format!("<{}> {n}", guest.name));
    }
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
    alice.wait_for(|line| line.ends_with("> 25"));
    assert!(start.elapsed() >= Duration::from_millis(900), "{:?}", start.elapsed());
}

#[test]
fn rate_0_slows_nobody() {
    let server = Server::with(["--rate", "0"]);
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    bob.send(&numbered(2000));
    for n in 1..=2000 {
        alice.expect(&format!("<bob> {n}"));
    }
}

#[test]
fn lines_refused_for_their_length_and_questions_count_as_lines() {
    let server = Server::with(["--burst", "5", "--rate", "20", "--max-line", "30"]);
    let [mut alice] = people(&server, ["alice"]);
    let start = Instant::now();
    alice.send(&vec!["x".repeat(31); 10].join("\n"));
    alice.send_raw(&b"\xff\xf6".repeat(10));
    for _ in 0..10 {
        alice.expect_contains("!! too long: 31 bytes");
    }
    for _ in 0..10 {
        alice.expect("-- pong");
    }
    assert!(start.elapsed() >= Duration::from_millis(700), "{:?}", start.elapsed());
}

#[test]
fn options_that_are_refused_count_as_lines() {
    let server = Server::with(["--burst", "5", "--rate", "20"]);
    let [mut alice] = people(&server, ["alice"]);
    let start = Instant::now();
    // Will you echo? I shall: no, and no.
    alice.send_raw(&b"\xff\xfd\x01\xff\xfb\x01".repeat(10));
    alice.send("/ping");
    alice.raw_until(b"-- pong");
    assert!(start.elapsed() >= Duration::from_millis(700), "{:?}", start.elapsed());
}

#[test]
fn a_flooder_slows_nobody_else() {
    let server = Server::with(["--burst", "10", "--rate", "2"]);
    let [mut alice, mut bob, mut carol] = people(&server, ["alice", "bob", "carol"]);
    bob.send(&numbered(100));
    alice.expect("<bob> 1");
    carol.send("hi");
    alice.wait_for(|line| line == "<carol> hi");
    let bobs = alice.sync();
    assert!(!bobs.contains(&"<bob> 100".to_owned()), "{bobs:?}");
}

#[test]
fn a_flooder_is_pushed_back_and_costs_no_memory() {
    let server = Server::start();
    let mut flooder = Client::guest(&server);
    let before = server.rss_kb();
    flooder.give_up_writing_after(Duration::from_millis(300));
    assert!(flooder.try_send_raw(&vec![b'\n'; 64 << 20]).is_err(), "all of it was read");
    assert!(server.rss_kb() < before + 8 * 1024, "{before} kB, then {}", server.rss_kb());
}

#[test]
fn a_flooder_is_pushed_back_although_nothing_becomes_a_line() {
    let server = Server::with_web([]);
    let mut flooder = Client::guest(&server);
    flooder.give_up_writing_after(Duration::from_millis(300));
    assert!(flooder.try_send_raw(&b"\xff\xf1".repeat(32 << 20)).is_err(), "all of it was read");
    let flooder = WebSocket::connect(&server);
    flooder.socket().set_write_timeout(Some(Duration::from_millis(300))).unwrap();
    let pongs = masked(Frame::pong(&b""[..])).repeat(4 << 20);
    assert!(flooder.socket().write_all(&pongs).is_err(), "all of it was read");
}

#[test]
fn a_client_that_is_slowed_down_is_not_idle() {
    let server = Server::with(["--idle-timeout", "1s", "--rate", "10", "--burst", "1"]);
    let mut alice = Client::guest(&server);
    alice.send(&["/ping"; 20].join("\n"));
    for _ in 0..20 {
        alice.expect("-- pong");
    }
    alice.expect_nothing();
}

#[test]
fn an_idle_client_is_told_so_and_dropped() {
    let server = Server::with(["--idle-timeout", "2s", "--metrics", "127.0.0.1:0"]);
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    let told = eventually("the notice of bob's going", || alice.sync().pop());
    assert_eq!(told, "-- bob left: timed out (1 here)");
    metrics::expect(&server, "chatd_dropped_clients_total{reason=\"timed out\"} ", 1.0);
    assert_eq!(bob.rest_lines(), ["!! you sent nothing for 2s; goodbye"]);
}
