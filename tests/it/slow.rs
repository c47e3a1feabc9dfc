//! Readers that are slow, stalled or gone: their cost, and what they still receive.

use std::time::{Duration, Instant};

use crate::harness::{Client, Server, eventually, people};
use crate::metrics::{expect, figure, get};

#[test]
fn a_reader_that_stalls_is_dropped_and_delays_nobody() {
    let flags = ["--rate", "0", "--send-queue", "65536", "--metrics", "127.0.0.1:0"];
    let server = Server::with(flags);
    let mut stalled = Client::connect_narrow(&server).welcomed().named("stalled");
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    let before = server.rss_kb();
    let long = "x".repeat(1000);
    let mut said = 0;
    let mut heard = 0;
    let mut dropped = false;
    while !dropped {
        assert!(said < 40_000, "40 MB behind and still not too slow");
        let batch: Vec<String> = (said..said + 100).map(|n| format!("{n} {long}")).collect();
        said += 100;
        bob.send(&batch.join("\n"));
        while heard < said {
            match alice.line() {
                line if line == "-- stalled left: too slow (2 here)" => dropped = true,
                line => {
                    assert!(line.starts_with(&format!("<bob> {heard} ")), "{line}");
                    heard += 1;
                }
            }
        }
    }
    assert!(server.rss_kb() < before + 8 * 1024, "{before} kB, then {}", server.rss_kb());
    expect(&server, "chatd_dropped_clients_total{reason=\"too slow\"} ", 1.0);
    stalled.rest();
}

#[test]
fn a_stalled_reader_that_half_closes_is_let_go() {
    let server = Server::with(["--rate", "0", "--send-queue", "100000000"]);
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    let files = server.open_files();
    let mut stalled = Client::connect_narrow(&server).welcomed().named("stalled");
    stall(&mut bob, &mut alice);
    stalled.half_close();
    alice.wait_for(|line| line == "-- stalled left: disconnected (2 here)");
    eventually("the end of the connection", || (server.open_files() == files).then_some(()));
}

#[test]
fn who_quits_and_stays_connected_is_let_go() {
    let server = Server::start();
    let (threads, files) = (server.threads(), server.open_files());
    let mut stayer = Client::guest(&server);
    stayer.send("/quit");
    stayer.expect_contains("-- Bye.");
    stayer.expect_end();
    let now = || (server.threads(), server.open_files());
    eventually("the end of the connection", || (now() == (threads, files)).then_some(()));
    stayer.half_close();
}

#[test]
fn who_quits_and_does_not_read_is_let_go_after_a_moment() {
    let server = Server::with(["--rate", "0", "--send-queue", "100000000"]);
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    let files = server.open_files();
    let mut stalled = Client::connect_narrow(&server).welcomed().named("stalled");
    stall(&mut bob, &mut alice);
    stalled.send("/quit");
    alice.wait_for(|line| line == "-- stalled left: quit (2 here)");
    let start = Instant::now();
    eventually("the end of the connection", || (server.open_files() == files).then_some(()));
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
}

#[test]
fn who_quits_and_reads_late_gets_everything() {
    let flags = ["--rate", "0", "--send-queue", "100000000", "--metrics", "127.0.0.1:0"];
    let server = Server::with(flags);
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    let mut late = Client::connect_narrow(&server).welcomed().named("late");
    stall(&mut bob, &mut alice);
    let queued = figure(&get(&server, "/metrics"), "chatd_send_queue_bytes ").unwrap();
    assert!((1.0..7_000_000.0).contains(&queued), "{queued}");
    late.send("/quit");
    alice.wait_for(|line| line == "-- late left: quit (2 here)");
    let heard = late.rest_lines();
    assert_eq!(heard.iter().filter(|line| line.starts_with("<bob> ")).count(), 6000);
    assert!(heard.last().unwrap().starts_with("-- Bye."), "{:?}", heard.last());
}

#[test]
fn a_place_is_free_when_what_waits_for_its_client_is_gone_too() {
    let server = Server::with(["--rate", "0", "--send-queue", "100000000", "--max-clients", "3"]);
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    let mut stalled = Client::connect_narrow(&server).welcomed().named("stalled");
    stall(&mut bob, &mut alice);
    stalled.half_close();
    alice.wait_for(|line| line == "-- stalled left: disconnected (2 here)");
    Client::connect(&server).expect("!! the server is full (3 clients); try again later");
    eventually("a free place", || {
        Client::connect(&server).line().starts_with("-- Welcome").then_some(())
    });
}

#[test]
fn a_burst_reaches_who_reads_and_who_does_not_is_dropped_although_nothing_more_is_said() {
    let server = Server::with(["--rate", "0", "--max-line", "16384"]);
    let narrow = |nick| Client::connect_narrow(&server).welcomed().named(nick);
    let (mut eager, stalled) = (narrow("eager"), narrow("stalled"));
    let [mut bob] = people(&server, ["bob"]);
    // More than sockets and queue take together, and less than so much that nobody may wait for it.
    let lines = vec!["x".repeat(16_000); 400];
    bob.send(&lines.join("\n"));
    bob.sync();
    let said = Instant::now();
    for line in &lines {
        assert_eq!(eager.wait_for(|line| line.starts_with('<'))[6..], **line);
    }
    eager.expect("-- stalled left: too slow (2 here)");
    assert!(said.elapsed() < Duration::from_secs(3), "{:?}", said.elapsed());
    drop(stalled);
}

#[test]
fn answers_that_nobody_reads_cost_little_and_delay_nobody() {
    let server = Server::with(["--rate", "0", "--max-line", "10000", "--send-queue", "262144"]);
    let [mut alice] = people(&server, ["alice"]);
    alice.ask(&vec!["x".repeat(9_990); 100].join("\n"));
    let (threads, files) = (server.threads(), server.open_files());
    let mut crowd = [(); 50].map(|()| Client::connect_narrow(&server));
    // A gigabyte of answers, if all of them were made.
    for client in &mut crowd {
        client.send(&["/history 100"; 20].join("\n"));
        client.half_close();
    }
    let asked = Instant::now();
    alice.sync();
    assert!(asked.elapsed() < Duration::from_secs(2), "{:?}", asked.elapsed());
    let now = || (server.threads(), server.open_files());
    eventually("the end of all connections", || (now() == (threads, files)).then_some(()));
    let most = server.status("VmHWM");
    assert!(most < 64 * 1024, "{most} kB at times");
}

#[test]
fn blank_lines_keep_nobody_who_is_gone() {
    let server = Server::start();
    let [mut alice] = people(&server, ["alice"]);
    let threads = server.threads();
    for _ in 0..20 {
        let mut ghost = Client::guest(&server);
        ghost.send("hi");
        ghost.send_raw(&[b'\n'; 50_000]);
        ghost.reset();
    }
    eventually("the end of all sessions", || (server.threads() == threads).then_some(()));
    alice.sync();
    assert_eq!(alice.ask("/who"), ["-- lobby (1 here): alice"]);
}

/// Says more than fits into any socket buffer on the way.
pub(crate) fn stall(talker: &mut Client, listener: &mut Client) {
    let line = "x".repeat(1000);
    for n in 0..60 {
        talker.send(&vec![&*line; 99].join("\n"));
        talker.send(&format!("batch {n}"));
        listener.wait_for(|line| line.ends_with(&format!("batch {n}")));
    }
}

/// Says more and more until the listener hears that one in the room was too slow.
#[track_caller]
pub(crate) fn outpace(talker: &mut Client, listener: &mut Client) {
    let line = "x".repeat(1000);
    for n in 0..400 {
        talker.send(&vec![&*line; 100].join("\n"));
        talker.send(&format!("batch {n}"));
        let is_news =
            |line: &str| line.ends_with(&format!("batch {n}")) || line.contains(" left: ");
        if listener.wait_for(is_news).contains(" left: too slow ") {
            return;
        }
    }
    panic!("40 MB behind and still not too slow");
}
