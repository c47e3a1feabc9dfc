//! `--metrics`: what is counted, and how it is served.

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::harness::{Client, Identity, PATIENCE, Server, TempDir, WebSocket, eventually, people};
use crate::restart::switch;

pub(crate) fn get(server: &Server, path: &str) -> String {
    let mut stream = TcpStream::connect(server.addr_of("metrics")).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost:9134\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

pub(crate) fn figure(answer: &str, name: &str) -> Option<f64> {
    answer.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok())
}

/// Waits until a figure is this.
#[track_caller]
pub(crate) fn expect(server: &Server, name: &str, value: f64) {
    eventually(name, || (figure(&get(server, "/metrics"), name) == Some(value)).then_some(()));
}

#[test]
fn what_happens_is_counted() {
    let server =
        Server::with(["--metrics", "127.0.0.1:0", "--web-port", "0", "--max-clients", "3"]);
    let mut alice = Client::join(&server, "alice");
    let mut bob = Client::join(&server, "bob");
    let mut carol = Client::join(&server, "carol");
    carol.ask("/join dev");
    alice.send("hello");
    alice.send("/me waves");
    bob.wait_for(|line| line.ends_with("waves"));
    expect(&server, "chatd_lines_total ", 2.0);
    expect(&server, "chatd_deliveries_total ", 2.0);
    expect(&server, "chatd_clients{wire=\"text\"} ", 3.0);
    expect(&server, "chatd_rooms ", 2.0);
    expect(&server, "chatd_send_queue_bytes ", 0.0);
    Client::connect(&server).expect_contains("full");
    expect(&server, "chatd_refused_total{reason=\"full\"} ", 1.0);
    let answer = get(&server, "/metrics");
    assert!(figure(&answer, "chatd_sent_bytes_total ").unwrap() > 300.0, "{answer}");
    assert!(figure(&answer, "chatd_fanout_seconds_count ").unwrap() >= 1.0, "{answer}");
    assert!(figure(&answer, "chatd_batch_lines_sum ").unwrap() == 2.0, "{answer}");
}

#[test]
fn clients_are_counted_by_what_they_speak() {
    let (dir, identity) = (TempDir::new(), Identity::new());
    let server = identity.serve(&dir, ["--metrics", "127.0.0.1:0"]);
    let config = identity.trusted();
    let _text = Client::guest(&server);
    let _tls = [(); 2].map(|()| Client::connect_tls(&server, "tls", &config).welcomed());
    let mut pages = [(); 3].map(|()| WebSocket::connect_tls(&server, &config));
    pages.iter_mut().for_each(|page| drop(page.sync()));
    let of = |wire: &str| format!("chatd_clients{{wire=\"{wire}\"}} ");
    for (wire, count) in [("text", 1.0), ("tls", 2.0), ("websocket", 3.0)] {
        expect(&server, &of(wire), count);
    }
    drop(pages);
    expect(&server, &of("websocket"), 0.0);
}

#[test]
fn what_did_not_happen_yet_is_counted_as_never() {
    let server = Server::with(["--metrics", "127.0.0.1:0"]);
    let answer = get(&server, "/metrics");
    let counters: Vec<_> = answer.lines().filter(|line| line.contains("_total")).collect();
    assert!(counters.len() > 10 && counters.iter().all(|line| line.ends_with(" 0")), "{answer}");
    for series in [
        "chatd_refused_total{reason=\"banned\"} ",
        "chatd_dropped_clients_total{reason=\"too slow\"} ",
        "chatd_clients{wire=\"websocket\"} ",
        "chatd_store_failing ",
        "chatd_store_lost_lines_total ",
    ] {
        assert_eq!(figure(&answer, series), Some(0.0), "{series}");
    }
}

#[test]
fn a_disk_that_takes_nothing_is_seen_and_that_it_does_again() {
    let dir = TempDir::new();
    let server = Server::with(["--metrics", "127.0.0.1:0", "--state-dir", &dir.path("")]);
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    // Another process that writes to the file, and does not come to an end.
    let blocker = rusqlite::Connection::open(dir.path("chatd.db")).unwrap();
    blocker.execute_batch("BEGIN IMMEDIATE").unwrap();
    alice.send("hello");
    bob.expect("<alice> hello");
    expect(&server, "chatd_store_failing ", 1.0);
    expect(&server, "chatd_store_pending_lines ", 1.0);
    blocker.execute_batch("ROLLBACK").unwrap();
    expect(&server, "chatd_store_failing ", 0.0);
    expect(&server, "chatd_store_pending_lines ", 0.0);
}

#[test]
fn a_server_that_is_alone_measures_nothing_of_a_cluster() {
    let server = Server::with(["--metrics", "127.0.0.1:0"]);
    assert!(!get(&server, "/metrics").contains("cluster"));
}

#[test]
fn the_time_of_the_start_is_that_of_the_program() {
    let now = || std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs_f64();
    let before = now();
    let server = Server::with(["--metrics", "127.0.0.1:0"]);
    let started = || figure(&get(&server, "/metrics"), "process_start_time_seconds ").unwrap();
    let first = started();
    assert!(before <= first && first <= now(), "{first}");
    switch(&server);
    eventually("another start", || (started() > first).then_some(()));
}

#[test]
fn it_is_openmetrics_text_and_nothing_else_is_there() {
    let server = Server::with(["--metrics", "127.0.0.1:0"]);
    let answer = get(&server, "/metrics");
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    let content_type = "Content-Type: application/openmetrics-text; version=1.0.0; charset=utf-8";
    assert!(answer.lines().any(|line| line == content_type), "{answer}");
    assert!(answer.ends_with("# EOF\n"), "{answer}");
    for path in ["/", "/ws", "/app.js"] {
        assert!(get(&server, path).starts_with("HTTP/1.1 404 "), "{path}");
    }
}
