//! Bans hold on every wire and path.

use std::io::Read;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use super::{again, log_in, registers, ruled, server, until};
use crate::harness::{Client, Server, Signal, TempDir, WebSocket, connect, people, upgrade};
use crate::metrics;
use crate::restart::switch;

/// Connected from 127.0.0.1, where the operator is not.
fn elsewhere(dir: &TempDir) -> (Server, Client) {
    super::account(dir, "add carol --operator", "open sesame\n");
    let server = server(dir);
    let carol = operator(&server);
    (server, carol)
}

fn operator(server: &Server) -> Client {
    let mut carol = Client::connect_from(server, "127.0.0.2").welcomed();
    super::logs_in(&mut carol, "carol", "open sesame");
    carol
}

/// Nobody gets in from 127.0.0.1, on either wire.
#[track_caller]
fn nobody_gets_in(server: &Server, line: &str) {
    assert_eq!(Client::connect(server).rest_lines(), [line]);
    let mut page = WebSocket::connect(server);
    page.expect(line);
    page.expect_closed(1008);
}

#[test]
fn a_banned_address_is_turned_away_on_every_wire_and_after_every_kind_of_end() {
    let dir = TempDir::new();
    let (mut running, mut carol) = elsewhere(&dir);
    let [mut eve] = people(&running, ["eve"]);
    let mut page = WebSocket::join(&running, "mallory");
    until(&mut carol, "/ban 127.0.0.1 scanners, all", "-- 127.0.0.1 is banned");
    eve.wait_for(|line| line == "!! banned: scanners, all");
    eve.rest();
    while page.line() != "!! banned: scanners, all" {}
    page.expect_closed(1008);
    running.wait_log(["operator carol banned 127.0.0.1: scanners, all"]);
    for end in [None, Some(Signal::KILL), Some(Signal::TERM), Some(Signal::USR2)] {
        running = again(running, &dir, end);
        nobody_gets_in(&running, "!! banned: scanners, all");
    }
    let mut carol = operator(&running);
    assert_eq!(carol.ask("/bans"), ["-- 127.0.0.1, by carol: scanners, all"]);
    until(&mut carol, "/unban 127.0.0.1", "is no longer banned");
    running.wait_log(["operator carol unbanned 127.0.0.1"]);
    drop(Client::guest(&running));
    let told = until(&mut carol, "/unban 127.0.0.1", "!!");
    assert_eq!(told, "!! 127.0.0.1 is not banned");
}

#[test]
fn a_network_is_banned_for_as_long_as_was_said() {
    let dir = TempDir::new();
    let (running, mut carol) = elsewhere(&dir);
    assert_eq!(until(&mut carol, "/ban 127.0.0.0/8 1h", "!!"), "!! you cannot do that to yourself");
    until(&mut carol, "/ban 127.0.0.0/31 2s go", "-- 127.0.0.0/31 is banned");
    let told = Client::connect(&running).rest_lines();
    assert!(told.len() == 1 && told[0].starts_with("!! banned for "), "{told:?}");
    crate::harness::eventually("the end of the ban", || {
        (Client::connect(&running).line().starts_with("-- Welcome")).then_some(())
    });
    assert_eq!(carol.ask("/bans").last().unwrap(), "-- nobody is banned");
}

#[test]
fn a_banned_name_is_thrown_out_and_nobody_takes_it_again() {
    let dir = TempDir::new();
    let (mut running, mut carol) = ruled(&dir);
    let [mut eve] = people(&running, ["eve"]);
    registers(&mut eve, "top secret");
    until(&mut carol, "/ban eve spam", "-- eve is banned");
    eve.wait_for(|line| line == "!! banned: spam");
    for again in [false, true] {
        if again {
            running.signal(Signal::KILL);
            running.wait();
            running = server(&dir);
        }
        let mut other = Client::guest(&running);
        assert_eq!(other.ask("/nick EVE"), ["!! banned: spam"]);
        assert_eq!(other.ask("/login eve top secret").last().unwrap(), "!! banned: spam");
    }
    let mut carol = log_in(&running, "carol", "open sesame");
    until(&mut carol, "/unban EVE", "is no longer banned");
    drop(log_in(&running, "eve", "top secret"));
}

#[test]
fn a_ban_is_counted_and_says_nothing_to_who_speaks_first() {
    let dir = TempDir::new();
    let (running, mut carol) = elsewhere(&dir);
    until(&mut carol, "/ban 127.0.0.1", "-- 127.0.0.1 is banned");
    let mut client = Client::connect(&running);
    client.try_send_raw(b"hello\n/who\n/nick eve\n").ok();
    assert_eq!(client.rest_lines(), ["!! banned"]);
    let mut stream: TcpStream = connect(running.addr_of("web"));
    std::io::Write::write_all(&mut stream, upgrade("").as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok();
    assert!(!String::from_utf8_lossy(&answer).contains("Welcome"));
    running.wait_log(["refused 127.0.0.1:", ": banned"]);
    metrics::expect(&running, "chatd_refused_total{reason=\"banned\"} ", 2.0);
    assert!(!carol.sync().concat().contains("hello"));
}

#[test]
fn a_ban_is_in_force_without_the_disk_and_saved_when_that_is_back() {
    let dir = TempDir::new();
    let (mut running, mut carol) = ruled(&dir);
    let [mut eve] = people(&running, ["eve"]);
    until(&mut carol, "/ban mallory", "-- mallory is banned");
    let database = rusqlite::Connection::open(dir.path("chatd.db")).unwrap();
    database.busy_timeout(crate::harness::PATIENCE).unwrap();
    for what in ["INSERT", "DELETE"] {
        let sql = format!(
            "CREATE TRIGGER full_{what} BEFORE {what} ON ban BEGIN SELECT RAISE(FAIL, 'full'); END"
        );
        database.execute_batch(&sql).unwrap();
    }
    let not_saved = "but not saved yet: chatd keeps trying; if the server stops first, it is lost";
    let told = until(&mut carol, "/ban eve spam", " is banned");
    assert_eq!(told, format!("!! eve is banned, {not_saved}"));
    eve.wait_for(|line| line == "!! banned: spam");
    eve.rest();
    let told = until(&mut carol, "/unban mallory", " no longer banned");
    assert_eq!(told, format!("!! mallory is no longer banned, {not_saved}"));
    let stays_out = |running: &Server| {
        let mut eve = Client::guest(running);
        // Others may be leaving meanwhile.
        for (asked, answer) in
            [("/nick EVE", "!! banned: spam"), ("/nick mallory", "-- you are now mallory")]
        {
            let told = eve.ask(asked);
            assert!(told.iter().any(|line| line == answer), "{told:?}");
        }
    };
    stays_out(&running);
    // What others change does not undo it, nor does another program.
    super::account(&dir, "add dave", "top secret\n");
    drop(super::log_in_soon(&running, "dave", "top secret"));
    stays_out(&running);
    switch(&running);
    stays_out(&running);
    database.execute_batch("DROP TRIGGER full_INSERT; DROP TRIGGER full_DELETE").unwrap();
    let mut saved = [0; 2].map(|_| carol.wait_for(|line| line.ends_with(" saved now")));
    saved.sort();
    let done = ["-- eve is banned", "-- mallory is no longer banned"];
    assert_eq!(saved, done.map(|done| format!("{done}, and saved now")));
    running.signal(Signal::KILL);
    running.wait_killed();
    running = server(&dir);
    stays_out(&running);
}

/// Whether what follows an order may be dealt with before it is answered: after 250 ms, and the
/// server may begin to count a moment earlier.
fn may_be_early(since: Instant) -> bool {
    since.elapsed() >= Duration::from_millis(200)
}

#[test]
fn answers_to_orders_come_in_their_order_and_before_the_connection_ends() {
    let dir = TempDir::new();
    let (running, mut carol) = ruled(&dir);
    for _ in 0..3 {
        let sent = Instant::now();
        carol.send("/ban eve\n/unban eve\n/motd\n/ping");
        let told = [0; 4].map(|_| carol.line());
        let answers = [
            "-- eve is banned",
            "-- eve is no longer banned",
            "-- there is no message of the day",
            "-- pong",
        ];
        assert!(told == answers || may_be_early(sent), "{told:?}");
    }
    let sent = Instant::now();
    carol.send("/ban mallory");
    carol.half_close();
    let told = carol.rest_lines();
    assert!(told == ["-- mallory is banned"] || may_be_early(sent), "{told:?}");
    assert_eq!(Client::guest(&running).ask("/nick mallory"), ["!! banned"]);
}

#[test]
fn what_comes_after_an_order_does_not_wait_for_ever_for_the_disk() {
    let dir = TempDir::new();
    let (running, mut carol) = ruled(&dir);
    let [mut eve, mut mallory, mut bob] = people(&running, ["eve", "mallory", "bob"]);
    let database = rusqlite::Connection::open(dir.path("chatd.db")).unwrap();
    database.busy_timeout(crate::harness::PATIENCE).unwrap();
    database.execute_batch("BEGIN IMMEDIATE").unwrap();
    carol.send("/ban eve\n/ban mallory\nthat will do");
    for gone in [&mut eve, &mut mallory] {
        gone.wait_for(|line| line == "!! banned");
        gone.rest();
    }
    bob.wait_for(|line| line == "<carol> that will do");
    // Nor was it the disk that gave up.
    let told = carol.sync();
    assert!(!told.iter().any(|line| line.contains("is banned")), "{told:?}");
    database.execute_batch("ROLLBACK").unwrap();
    for name in ["eve", "mallory"] {
        carol.wait_for(|line| line.contains(&format!("{name} is banned")));
    }
}
