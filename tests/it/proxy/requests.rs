//! Proxies before the web port: PROXY headers, and the fields of requests.

use std::io::{Read, Write};

use super::{OVER_TLS, binary_for_client, line, through};
use crate::harness::{Client, Identity, Server, TempDir, WebSocket, connect, upgrade};
use crate::order;

fn listed() -> Server {
    Server::with_web(["--trust-proxy", "127.0.0.1", "--trust-proxy", "10.0.0.0/8"])
}

/// The status of the answer to a request for a page.
#[track_caller]
fn status(server: &Server, before: &[u8], fields: &str) -> String {
    let mut stream = through(server, "web", before);
    let request = format!("GET / HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split(' ').nth(1).unwrap().to_owned()
}

/// Where a WebSocket client is according to the log.
#[track_caller]
fn from(server: &Server, before: &[u8], fields: &str) -> String {
    let mut stream = through(server, "web", before);
    stream.write_all(upgrade(fields).as_bytes()).unwrap();
    let before = server.log().matches(" connected from ").count();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 101");
    crate::harness::eventually("the log", || {
        let log = server.log();
        let line = log.lines().filter(|line| line.contains(" connected from ")).nth(before)?;
        Some(line.rsplit_once(' ').unwrap().1.to_owned())
    })
}

#[test]
fn the_client_is_the_rightmost_address_that_is_not_a_proxys() {
    let server = listed();
    for (fields, client) in [
        ("X-Forwarded-For: 198.51.100.7\r\n", "198.51.100.7"),
        ("X-Forwarded-For: 198.51.100.7, 203.0.113.9:99\r\n", "203.0.113.9:99"),
        ("X-Forwarded-For: 1.2.3.4\r\nX-Forwarded-For: 198.51.100.7, 10.1.1.1\r\n", "198.51.100.7"),
        ("X-Forwarded-For: [2001:db8::7]:99\r\n", "[2001:db8::7]:99"),
        ("X-Forwarded-For: ::ffff:198.51.100.7\r\n", "198.51.100.7"),
        ("Forwarded: for=1.2.3.4, for=\"[2001:db8::7]\";proto=https\r\n", "2001:db8::7"),
        ("Forwarded: for=198.51.100.7\r\nX-Forwarded-For: 198.51.100.7\r\n", "198.51.100.7"),
    ] {
        assert_eq!(from(&server, b"", fields), client, "{fields}");
    }
    for fields in ["", "X-Forwarded-For: 10.1.1.1\r\n"] {
        assert!(from(&server, b"", fields).starts_with("127.0.0.1:"), "{fields}");
    }
    let header = line("198.51.100.9", 5);
    assert_eq!(from(&server, &header, "X-Forwarded-For: 1.2.3.4\r\n"), "198.51.100.9:5");
    assert_eq!(from(&server, &binary_for_client(&OVER_TLS), ""), "198.51.100.7:4321");
}

#[test]
fn fields_that_are_wrong_or_differ_are_refused() {
    let server = listed();
    for fields in [
        "X-Forwarded-For: unknown\r\n",
        "X-Forwarded-For: _hidden\r\n",
        "X-Forwarded-For: 198.51.100.7, nonsense\r\n",
        "Forwarded: for=unknown\r\n",
        "Forwarded: for=_hidden\r\n",
        "Forwarded: proto=https\r\n",
        "Forwarded: for=198.51.100.7\r\nX-Forwarded-For: 198.51.100.8\r\n",
    ] {
        assert_eq!(status(&server, b"", fields), "400", "{fields}");
    }
    for fields in [
        "",
        "X-Forwarded-For: 198.51.100.7\r\n",
        "X-Forwarded-Proto: https\r\n",
        "X-Forwarded-For:\r\nForwarded: for=198.51.100.7\r\n",
    ] {
        assert_eq!(status(&server, b"", fields), "200", "{fields}");
    }
    assert_eq!(status(&server, b"PROXY TCP4 1.2.3.4 1.2.3.4 1 x\r\n", ""), "400");
    server.wait_log(["a PROXY header was expected: it is malformed"]);
    server.wait_log(["refused 127.0.0.1:", "X-Forwarded-For or Forwarded states no address"]);
}

#[test]
fn who_comes_over_https_to_the_proxy_is_not_warned_of_the_network() {
    let dir = TempDir::new();
    order::account(&dir, "add carol", "open sesame\n");
    let state = dir.path("");
    let server = Server::with_web(["--trust-proxy", "127.0.0.1", "--state-dir", &state]);
    for (proto, is_warned) in [("https", false), ("http", true), ("https, http", true)] {
        let fields = format!("X-Forwarded-For: 198.51.100.7\r\nX-Forwarded-Proto: {proto}\r\n");
        let mut page = WebSocket::with_early(&server, &fields, &[]);
        let told = page.ask("/login carol open sesame");
        let warned = told.iter().any(|line| line.contains("not encrypted"));
        assert_eq!(warned, is_warned, "{proto}: {told:?}");
    }
    // Behind a PROXY header, the fields are those of the client.
    let header = binary_for_client(&[]);
    let mut page = WebSocket::behind_with(&server, &header, None, "X-Forwarded-Proto: https\r\n");
    let told = page.ask("/login carol open sesame");
    assert!(told.iter().any(|line| line.contains("not encrypted")), "{told:?}");
}

#[test]
fn who_posts_through_a_proxy_speaks_from_the_address_that_it_states() {
    let dir = TempDir::new();
    order::account(&dir, "add carol --operator", "open sesame\n");
    let server = Server::with_web(["--trust-proxy", "127.0.0.1", "--state-dir", &dir.path("")]);
    let mut carol = Client::connect_from(&server, "127.0.0.2").welcomed();
    order::logs_in(&mut carol, "carol", "open sesame");
    carol.ask("/ban 203.0.113.0/24");
    let post = |client: &str| {
        let mut stream = connect(server.addr_of("web"));
        let request = format!(
            "POST /rooms/lobby?nick=ci HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\
             X-Forwarded-For: {client}\r\n\r\nhello"
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.split(' ').nth(1).unwrap().to_owned()
    };
    assert_eq!(post("203.0.113.9"), "403");
    server.wait_log(["refused 203.0.113.9: banned"]);
    assert_eq!(post("198.51.100.7"), "200");
    carol.wait_for(|line| line == "<ci> hello");
    server.wait_log(["ci speaks over HTTP from 198.51.100.7"]);
    // The name is kept for that address.
    assert_eq!(post("198.51.100.8"), "409");
}

#[test]
fn requests_that_take_long_count_for_the_client_that_the_proxy_states() {
    let server = Server::with_web(["--trust-proxy", "127.0.0.1", "--max-per-ip", "1"]);
    let begin = |client: &str| {
        let mut stream = connect(server.addr_of("web"));
        let head = format!(
            "POST /rooms/lobby?nick=ci HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\
             Expect: 100-continue\r\nX-Forwarded-For: {client}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).unwrap();
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).unwrap();
        (stream, String::from_utf8(answer.to_vec()).unwrap())
    };
    let mut waiting = Vec::new();
    let refused = loop {
        let (stream, answer) = begin("198.51.100.7");
        if answer != "HTTP/1.1 100" {
            break (stream, answer);
        }
        waiting.push(stream);
        assert!(waiting.len() < 100, "a proxy brings any number");
    };
    assert_eq!(refused.1, "HTTP/1.1 503");
    let mut rest = String::new();
    (&refused.0).read_to_string(&mut rest).unwrap();
    assert!(rest.contains("\r\nRetry-After: 5\r\n"), "{rest}");
    assert_eq!(begin("203.0.113.9").1, "HTTP/1.1 100");
    server.wait_log(["refused 198.51.100.7: too many connections are still connecting"]);
}

#[test]
fn others_state_nothing() {
    let server = Server::with_web([]);
    let fields = "X-Forwarded-For: 198.51.100.7\r\nX-Forwarded-Proto: https\r\n";
    assert!(from(&server, b"", fields).starts_with("127.0.0.1:"));
    assert_eq!(status(&server, b"", "X-Forwarded-For: ÿ unknown\r\n"), "200");
    for header in [line("198.51.100.7", 1), binary_for_client(&[])] {
        assert_eq!(status(&server, &header, ""), "400");
    }
    server.wait_log(["it sends a PROXY header, but --trust-proxy does not name it"]);
}

#[test]
fn under_tls_a_header_comes_before_the_hello() {
    let (dir, identity) = (TempDir::new(), Identity::new());
    let server = identity.serve(&dir, ["--trust-proxy", "127.0.0.1"]);
    let plain = connect(server.addr_of("web"));
    drop(plain);
    let mut page = WebSocket::connect_tls(&server, &identity.trusted());
    page.named("alice");
    server.wait_log(["connected from 127.0.0.1:"]);
    let mut page = WebSocket::behind(&server, &binary_for_client(&[]), Some(&identity.trusted()));
    page.named("bob");
    server.wait_log(["connected from 198.51.100.7:4321"]);
}
