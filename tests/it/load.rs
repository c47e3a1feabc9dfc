//! Many clients: one order, no lost lines, no leaks.

use std::thread;

use crate::harness::{Client, Server, eventually, people, raise_open_files};

const SENDERS: usize = 8;
const LINES: usize = 500;

/// Everybody says their lines at once; returns what each reader heard.
fn talk_at_once(server: &Server, readers: &mut [Client]) -> Vec<Vec<String>> {
    let names: Vec<String> = (0..SENDERS).map(|n| format!("sender{n}")).collect();
    let mut senders: Vec<Client> = names.iter().map(|name| Client::join(server, name)).collect();
    thread::scope(|scope| {
        for sender in &mut senders {
            scope.spawn(move || {
                for n in 0..LINES {
                    sender.send(&n.to_string());
                }
            });
        }
        let listen = |reader: &mut Client| -> Vec<String> {
            let all = SENDERS * LINES;
            (0..all).map(|_| reader.wait_for(|line| line.starts_with('<'))).collect()
        };
        let listening: Vec<_> =
            readers.iter_mut().map(|reader| scope.spawn(move || listen(reader))).collect();
        listening.into_iter().map(|reader| reader.join().unwrap()).collect()
    })
}

#[track_caller]
fn assert_one_order(heard: &[Vec<String>]) {
    assert!(heard.iter().all(|lines| *lines == heard[0]), "two readers heard different orders");
    for sender in 0..SENDERS {
        let prefix = format!("<sender{sender}> ");
        let lines = heard[0].iter().filter_map(|line| line.strip_prefix(&prefix));
        let expected = (0..LINES).map(|n| n.to_string());
        assert!(lines.eq(expected), "lines of sender{sender} were lost, doubled or reordered");
    }
}

#[test]
fn all_readers_hear_all_lines_in_one_order() {
    let server = Server::with(["--rate", "0"]);
    let mut readers = people(&server, ["r1", "r2", "r3", "r4", "r5", "r6"]);
    let heard = talk_at_once(&server, &mut readers);
    assert_one_order(&heard);
    for reader in &mut readers {
        assert!(!reader.sync().iter().any(|line| line.starts_with('<')), "a line too many");
    }
}

#[test]
fn a_reader_that_stops_changes_nothing_for_the_others() {
    let server = Server::with(["--rate", "0"]);
    let mut readers = people(&server, ["r1", "r2", "r3"]);
    let _stopped = Client::connect_narrow(&server).welcomed().named("stopped");
    assert_one_order(&talk_at_once(&server, &mut readers));
}

#[test]
fn senders_in_one_room_see_each_others_lines_in_one_order() {
    let server = Server::with(["--rate", "0"]);
    let mut people = people(&server, ["a", "b", "c"]);
    thread::scope(|scope| {
        for client in &mut people {
            scope.spawn(move || {
                client.send(&(0..200).map(|n| n.to_string()).collect::<Vec<_>>().join("\n"))
            });
        }
    });
    let heard = people
        .each_mut()
        .map(|client| -> Vec<String> { (0..400).map(|_| client.line()).collect() });
    // What both a and b heard is what c said, and so on around.
    for (one, other, common) in [(0, 1, "<c>"), (1, 2, "<a>"), (2, 0, "<b>")] {
        let of = |n: usize| heard[n].iter().filter(move |line| line.starts_with(common));
        assert!(of(one).eq(of(other)) && of(one).count() == 200);
    }
}

/// Clients come, each to one of many rooms, talk and go. Returns when the server has let them go.
fn a_crowd_comes_and_goes(server: &Server, size: usize, idle_threads: u64) {
    let come = |n| {
        let mut client = Client::connect(server);
        client.send(&format!("/join room{}\nhello", n / 40));
        client
    };
    let mut crowd: Vec<Client> = (0..size).map(come).collect();
    for client in &mut crowd {
        client.wait_for(|line| line.starts_with("-- You are "));
        client.sync();
    }
    assert!(server.threads() > size as u64, "a thread for each client");
    drop(crowd);
    eventually("the end of all sessions", || (server.threads() == idle_threads).then_some(()));
}

#[test]
fn two_thousand_clients_leave_nothing_behind() {
    let size = 2000.min(raise_open_files() - 200);
    let server = Server::with(["--rate", "0"]);
    let mut first = Client::join(&server, "first");
    let (threads, before) = (server.threads(), server.rss_kb());
    a_crowd_comes_and_goes(&server, size, threads);
    let once = server.rss_kb();
    a_crowd_comes_and_goes(&server, size, threads);
    let twice = server.rss_kb();
    assert!(once < before + 24 * 1024, "{before} kB before, {once} kB after");
    assert!(twice < once + 8 * 1024, "{once} kB after one crowd, {twice} kB after two");
    first.send("/who");
    first.wait_for(|line| line == "-- lobby (1 here): first");
}

#[test]
fn storms_of_connections_leave_no_ghosts() {
    let server = Server::with(["--rate", "0"]);
    let [mut alice] = people(&server, ["alice"]);
    let threads = server.threads();
    thread::scope(|scope| {
        for n in 0..4 {
            let server = &server;
            scope.spawn(move || (n..400).step_by(4).for_each(|n| come_and_go(server, n)));
        }
    });
    eventually("the end of all sessions", || (server.threads() == threads).then_some(()));
    let seen = alice.sync();
    let named = |what: &str| -> Vec<&str> {
        let lines = seen.iter().filter(|line| line.contains(what));
        let mut names: Vec<&str> = lines.map(|line| line.split(' ').nth(1).unwrap()).collect();
        names.sort_unstable();
        names
    };
    assert_eq!(named(" joined ("), named(" left: "));
    assert!(named(" joined (").len() >= 100, "every fourth one says something");
    assert_eq!(alice.ask("/who"), ["-- lobby (1 here): alice"]);
}

fn come_and_go(server: &Server, n: usize) {
    let mut client = Client::connect(server);
    match n / 4 % 4 {
        0 => drop(client),
        1 => client.reset(),
        2 => {
            client.send("hi");
            client.half_close();
            client.rest();
        }
        _ => {
            client.try_send_raw(b"/nick x\n/quit\n").ok();
        }
    }
}
