//! Many clients, many restarts.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::{switch, switch_often};
use crate::harness::{Client, Server, Signal, eventually, people};

const CROWD: usize = 50;

/// Says numbered lines, each when it has heard the one before, until it is over; then goes on
/// listening until everybody is done. Returns what it heard.
fn chat(client: &mut Client, over: &AtomicBool) -> Vec<String> {
    let (mut heard, mut number, name) = (Vec::new(), 0, client.name.clone());
    let hear = |client: &mut Client, heard: &mut Vec<String>| -> String {
        let line = client.wait_for(|line| line.starts_with('<'));
        heard.push(line.clone());
        line
    };
    while !over.load(Ordering::Relaxed) {
        client.send(&number.to_string());
        let own = format!("<{name}> {number}");
        while hear(client, &mut heard) != own {}
        number += 1;
    }
    client.send("done");
    while heard.iter().filter(|line| line.ends_with("> done")).count() < CROWD {
        hear(client, &mut heard);
    }
    heard
}

#[track_caller]
fn assert_every_line_once(heard: &[String]) {
    for sender in 0..CROWD {
        let prefix = format!("<c{sender}> ");
        let lines: Vec<_> = heard.iter().filter_map(|line| line.strip_prefix(&prefix)).collect();
        let numbers = (0..lines.len() - 1).map(|n| n.to_string());
        assert!(numbers.chain(["done".to_owned()]).eq(lines.iter().copied()), "{lines:?}");
    }
}

#[test]
fn a_crowd_that_chats_through_switches_hears_every_line_once_in_one_order() {
    let server = Server::with(["--rate", "0"]);
    let mut crowd: Vec<_> = (0..CROWD).map(|n| Client::join(&server, &format!("c{n}"))).collect();
    for client in &mut crowd {
        client.ask("/echo on");
    }
    let over = AtomicBool::new(false);
    let heard: Vec<Vec<String>> = thread::scope(|scope| {
        let over = &over;
        let chatting: Vec<_> =
            crowd.iter_mut().map(|client| scope.spawn(move || chat(client, over))).collect();
        switch_often(&server, 6, over);
        chatting.into_iter().map(|client| client.join().unwrap()).collect()
    });
    assert!(heard[0].len() > 2 * CROWD, "{} lines", heard[0].len());
    assert!(heard.iter().all(|lines| *lines == heard[0]), "not one order for all");
    assert_every_line_once(&heard[0]);
}

#[test]
fn twenty_switches_leave_nothing_behind() {
    let server = Server::start();
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    let pid = server.pid();
    let now = || (server.threads(), server.open_files());
    let before = now();
    for _ in 0..20 {
        switch(&server);
        bob.ask("still here");
        assert_eq!(alice.sync(), ["<bob> still here"]);
    }
    eventually("the same as before", || (now() == before).then_some(()));
    let is_running = std::path::Path::new(&format!("/proc/{pid}/exe")).exists();
    assert!(is_running, "the process is the same");
}

#[test]
fn signals_that_come_in_the_middle_are_for_the_next_program() {
    let server = Server::start();
    let [mut alice] = people(&server, ["alice"]);
    for _ in 0..20 {
        server.signal(Signal::USR2);
        server.signal(Signal::HUP);
        thread::yield_now();
    }
    alice.ask("still here");
    server.signal(Signal::USR2);
    server.signal(Signal::TERM);
    assert_eq!(alice.rest_lines(), ["-- the server is going down"]);
    assert!(server.wait().0.success());
}

#[test]
fn a_signal_to_end_in_the_middle_of_the_first_switch_is_not_lost() {
    let server = Server::start();
    let [mut alice] = people(&server, ["alice"]);
    server.signal(Signal::USR2);
    server.wait_log(["restarting as"]);
    server.signal(Signal::TERM);
    assert_eq!(alice.rest_lines(), ["-- the server is going down"]);
    assert!(server.wait().0.success());
}
