//! Proxies that connect for themselves, as their health checks do.

use std::net::TcpStream;

use super::{binary, client, line};
use crate::harness::{Client, Server, WebSocket, connect, eventually};
use crate::restart::switch;

fn listed() -> Server {
    Server::with_web(["--trust-proxy", "127.0.0.1"])
}

/// A health check with the first version of the header: it states its own end.
#[track_caller]
fn check_of_first_version(server: &Server) -> Client {
    let stream = connect(server.addr());
    let own = TcpStream::local_addr(&stream).unwrap();
    let mut check = Client::over(stream);
    check.send_raw(&line(&own.ip().to_string(), own.port()));
    check
}

#[track_caller]
fn all_kinds(server: &Server) -> [Client; 4] {
    [
        check_of_first_version(server),
        client(server, b"PROXY UNKNOWN\r\n"),
        client(server, &binary(0, 0, &[])),
        client(server, &binary(1, 0x31, &[b'/'; 216])),
    ]
}

#[test]
fn a_check_is_welcomed_but_not_logged_and_not_announced() {
    let server = listed();
    let mut alice = client(&server, &line("198.51.100.7", 1)).welcomed().named("alice");
    let threads = server.threads();
    let checks = all_kinds(&server).map(Client::welcomed);
    let names = checks.each_ref().map(|check| check.name.clone());
    for check in checks.into_iter().chain(all_kinds(&server)) {
        check.reset();
    }
    eventually("the end of the checks", || (server.threads() <= threads).then_some(()));
    // Somebody who comes after them is announced before them.
    let after = client(&server, &line("198.51.100.8", 1)).welcomed();
    alice.expect(&format!("-- {} joined (2 here)", after.name));
    server.wait_log([&format!("{} connected from 198.51.100.8:1", after.name)]);
    let log = server.log();
    assert!(names.iter().all(|name| !log.contains(&format!("{name} "))), "{log}");
}

#[test]
fn the_first_byte_has_it_logged_and_the_first_line_announced() {
    let server = listed();
    let mut alice = client(&server, &line("198.51.100.7", 1)).welcomed().named("alice");
    for check in all_kinds(&server) {
        let mut check = check.welcomed();
        let from = check.local_addr();
        let arrival = format!("{} connected from {from}", check.name);
        assert!(!server.log().contains(&arrival));
        check.send_raw(b"h");
        server.wait_log([&arrival]);
        check.send("ello");
        alice.expect(&format!("-- {} joined (2 here)", check.name));
        alice.expect(&format!("<{}> hello", check.name));
        let left = format!("{} left: disconnected", check.name);
        drop(check);
        alice.wait_for(|line| line.ends_with("(1 here)"));
        server.wait_log([&format!("{left} ({from})")]);
    }
}

#[test]
fn a_silent_one_ends_before_it_would_have_to_be_announced() {
    let server = listed();
    let mut alice = client(&server, &line("198.51.100.7", 1)).welcomed().named("alice");
    let mut checks = [check_of_first_version(&server), client(&server, &binary(0, 0, &[]))];
    for check in &mut checks {
        let last = check.rest_lines().pop();
        assert_eq!(last.unwrap(), "!! you sent nothing for 9s; goodbye");
    }
    let after = client(&server, &line("198.51.100.8", 1)).welcomed();
    alice.expect(&format!("-- {} joined (2 here)", after.name));
    server.wait_log([&format!("{} connected from 198.51.100.8:1", after.name)]);
    assert_eq!(server.log().matches(" connected from ").count(), 2, "{}", server.log());
}

#[test]
fn a_check_stays_unmentioned_over_a_restart() {
    let server = listed();
    let [quiet, mut heard, ..] = all_kinds(&server).map(Client::welcomed);
    switch(&server);
    heard.send("hello");
    heard.sync();
    server.wait_log([&format!("{} connected from {}", heard.name, heard.local_addr())]);
    let (name, threads) = (quiet.name.clone(), server.threads());
    drop(quiet);
    eventually("its end", || (server.threads() < threads).then_some(()));
    drop(heard);
    server.wait_log([" left: "]);
    assert!(!server.log().contains(&format!("{name} ")), "{}", server.log());
}

#[test]
fn a_request_is_its_first_bytes() {
    let server = listed();
    let _page = WebSocket::behind(&server, &binary(0, 0, &[]), None);
    server.wait_log([" connected from 127.0.0.1:"]);
}
