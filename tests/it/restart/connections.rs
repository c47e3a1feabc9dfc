//! Bytes in transit in both directions.

use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::{switch, switch_often};
use crate::harness::{Client, Server, people};
use crate::slow::stall;

#[test]
fn a_half_typed_line_goes_on_where_it_was() {
    let server = Server::start();
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    for (first, second) in [("hel", "lo"), ("/m", "e waves"), ("gr\u{fc}", "\u{df}e")] {
        let (first, second) = (first.as_bytes(), second.as_bytes());
        // In the middle of a character, too.
        bob.types(&first[..first.len() - 1]);
        switch(&server);
        bob.send_raw(&[&first[first.len() - 1..], second, b"\n"].concat());
    }
    alice.expect("<bob> hello");
    alice.expect("* bob waves");
    alice.expect("<bob> gr\u{fc}\u{df}e");
}

#[test]
fn a_line_that_is_too_long_is_so_across_the_switch() {
    let server = Server::with(["--max-line", "50"]);
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    bob.types(&[b'x'; 60]);
    switch(&server);
    bob.send_raw(&[b'x'; 60]);
    assert_eq!(bob.ask(""), ["!! too long: 120 bytes, the limit is 50; not sent"]);
    alice.expect_nothing();
}

#[test]
fn telnet_goes_on_in_the_middle_of_a_command_and_of_a_line_end() {
    let server = Server::with(["--max-line", "30"]);
    let [mut alice] = people(&server, ["alice"]);
    let mut telnet = Client::guest(&server);
    telnet.send_raw(b"one\r");
    alice.wait_for(|line| line.ends_with("> one"));
    switch(&server);
    // The NUL belongs to the CR: were it one of the next line, that would be too long.
    telnet.send_raw(b"\0two \xff");
    switch(&server);
    telnet.send_raw(b"\xfd");
    switch(&server);
    // DO 99 is answered by WONT 99.
    telnet.send_raw(b"\x63three four five six sevenx\r\n");
    assert!(telnet.raw_until(b"\xff\xfc\x63").ends_with(b"\xff\xfc\x63"));
    alice.expect(&format!("<{}> two three four five six sevenx", telnet.name));
}

#[test]
fn what_waits_for_those_who_are_behind_is_sent_once_and_in_order() {
    let server = Server::with(["--rate", "0", "--send-queue", "100000000"]);
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    let mut late = Client::connect_narrow(&server).welcomed().named("late");
    stall(&mut bob, &mut alice);
    switch(&server);
    bob.ask("after one switch");
    switch(&server);
    bob.ask("after two");
    // Nothing happens now but that it reads.
    let mut batches = Vec::new();
    let mut lines = 0;
    loop {
        let line = late.wait_for(|line| line.starts_with('<'));
        lines += 1;
        match line.strip_prefix("<bob> ").unwrap() {
            "after two" => break,
            batch if !batch.starts_with('x') => batches.push(batch.to_owned()),
            _ => {}
        }
    }
    let expected = (0..60).map(|n| format!("batch {n}"));
    assert!(batches.iter().take(60).cloned().eq(expected), "{batches:?}");
    assert_eq!((lines, &*batches[60]), (60 * 100 + 2, "after one switch"));
}

#[test]
fn who_is_behind_gets_the_rest_although_nothing_happens() {
    let server = Server::with(["--rate", "0", "--send-queue", "100000000"]);
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    let mut late = Client::connect_narrow(&server).welcomed().named("late");
    stall(&mut bob, &mut alice);
    // Once somebody who came later is announced nobody else has anything to report.
    let _guest = Client::guest(&server);
    alice.expect_contains(" joined (4 here)");
    switch(&server);
    late.wait_for(|line| line == "<bob> batch 59");
}

#[test]
fn a_burst_is_no_more_slowness_after_the_switch_than_before() {
    let server = Server::with(["--rate", "0", "--max-line", "16384", "--send-queue", "131072"]);
    let mut eager = Client::connect_narrow(&server).welcomed().named("eager");
    let [mut bob] = people(&server, ["bob"]);
    // More than sockets and queue take together, and not so much that it takes a busy machine long.
    let lines = vec!["x".repeat(16_000); 50];
    bob.send(&lines.join("\n"));
    bob.sync();
    switch(&server);
    for line in &lines {
        assert_eq!(eager.wait_for(|line| line.starts_with('<'))[6..], **line);
    }
    assert!(!bob.sync().iter().any(|line| line.contains("too slow")));
}

/// More than is read at once, so that some of it waits in the kernel.
fn paste() -> Vec<String> {
    (0..120).map(|n| format!("{n} {}", "x".repeat(90))).collect()
}

#[test]
fn a_paste_goes_on_whole_and_in_order() {
    let server = Server::with(["--burst", "10", "--rate", "100"]);
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    bob.send(&paste().join("\n"));
    alice.expect_contains("<bob> 0 ");
    switch(&server);
    for line in &paste()[1..60] {
        alice.expect(&format!("<bob> {line}"));
    }
    switch(&server);
    for line in &paste()[60..] {
        alice.expect(&format!("<bob> {line}"));
    }
    alice.expect_nothing();
}

#[test]
fn a_switch_does_not_wait_for_flood_control() {
    let server = Server::with(["--burst", "5", "--rate", "1"]);
    let mut alice = Client::guest(&server);
    let mut bob = Client::guest(&server);
    bob.send(&(0..60).map(|n| n.to_string()).collect::<Vec<_>>().join("\n"));
    alice.wait_for(|line| line.ends_with("> 0"));
    switch(&server);
    for n in 1..60 {
        alice.expect(&format!("<{}> {n}", bob.name));
    }
}

#[test]
fn a_switch_is_no_way_around_flood_control() {
    let server = Server::with(["--burst", "20", "--rate", "5"]);
    let [mut alice] = people(&server, ["alice"]);
    let mut bob = Client::guest(&server);
    let start = Instant::now();
    bob.send(&["x"; 20].join("\n"));
    bob.sync();
    switch(&server);
    bob.send(&["x"; 8].join("\n"));
    bob.send("last");
    alice.wait_for(|line| line.ends_with("> last"));
    // One more for the ping.
    assert!(start.elapsed() >= Duration::from_secs(2), "{:?}", start.elapsed());
}

#[test]
fn what_a_script_left_behind_is_still_said() {
    let server = Server::with(["--burst", "10", "--rate", "100"]);
    let [mut alice] = people(&server, ["alice"]);
    // As `printf ... | nc -N` does.
    let mut script = Client::guest(&server);
    script.send(&paste().join("\n"));
    script.half_close();
    alice.wait_for(|line| line.contains("> 0 "));
    switch(&server);
    for line in &paste()[1..] {
        alice.expect(&format!("<{}> {line}", script.name));
    }
    script.rest();
    alice.expect_contains(" left: disconnected (1 here)");
}

#[test]
fn what_somebody_who_hung_up_left_behind_is_still_said() {
    let server = Server::with(["--burst", "10", "--rate", "100"]);
    let [mut alice] = people(&server, ["alice"]);
    let mut script = Client::guest(&server);
    let name = script.name.clone();
    script.send(&paste().join("\n"));
    alice.wait_for(|line| line.contains("> 0 "));
    drop(script);
    switch(&server);
    for line in &paste()[1..40] {
        alice.expect(&format!("<{name}> {line}"));
    }
    alice.wait_for(|line| line.ends_with(" left: disconnected (1 here)"));
}

#[test]
fn who_quit_and_stayed_connected_is_not_brought_back() {
    let server = Server::start();
    let [mut alice] = people(&server, ["alice"]);
    let files = server.open_files();
    let mut stayer = Client::guest(&server);
    stayer.send("/quit");
    stayer.expect_contains("-- Bye.");
    switch(&server);
    stayer.expect_end();
    alice.expect_nothing();
    crate::harness::eventually("the end of the connection", || {
        (server.open_files() == files).then_some(())
    });
}

#[test]
fn nobody_who_connects_is_ever_refused() {
    let server = Server::start();
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let (server, over) = (&server, &over);
        let come_and_go = move || {
            let mut times = 0;
            while !over.load(Ordering::Relaxed) {
                let stream = TcpStream::connect(server.addr()).unwrap();
                let mut client = Client::over(stream).welcomed();
                client.send("/quit");
                client.expect_contains("-- Bye.");
                times += 1;
            }
            times
        };
        let visitors: Vec<_> = (0..4).map(|_| scope.spawn(come_and_go)).collect();
        switch_often(server, 5, over);
        let visits: i32 = visitors.into_iter().map(|visitor| visitor.join().unwrap()).sum();
        assert!(visits > 5, "{visits} visits");
    });
}
