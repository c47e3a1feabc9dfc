//! Requests that a browser can be made to send to a text port are refused, and nobody sees them.

use crate::harness::{Client, HINT, Server, people};
use crate::metrics;

/// What the server says to this, after the welcome and up to the end of the stream.
#[track_caller]
fn answer(server: &Server, chunks: &[&[u8]]) -> String {
    let mut browser = Client::connect(server);
    for chunk in chunks {
        // The server may hang up before the browser is done.
        browser.try_send_raw(chunk).ok();
    }
    let shown = String::from_utf8(browser.rest()).unwrap();
    shown.split_once(HINT).unwrap().1.trim_start().to_owned()
}

#[track_caller]
fn assert_refused(answer: &str) {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{answer:?}"));
    assert!(head.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{answer:?}");
    assert!(!body.trim().is_empty() && !answer.contains("--"), "{answer:?}");
}

#[test]
fn a_request_is_refused_and_nobody_hears_of_it() {
    let server = Server::start();
    let [mut alice] = people(&server, ["alice"]);
    let requests: [&[u8]; 10] = [
        b"GET / HTTP/1.1\r\nHost: box7:1234\r\n\r\n",
        b"POST /x HTTP/1.1\r\nHost: box7\r\nContent-Length: 17\r\n\r\n/nick evil\nhello\n",
        b"OPTIONS * HTTP/1.0\r\n\r\n",
        b"CONNECT box7:443 HTTP/1.1\r\n\r\n",
        b"M-SEARCH /a?b=c%20d HTTP/1.1\n\n",
        b"GET http://box7:1234/ HTTP/1.1\r\n/me was here\r\n",
        b"GET  /  HTTP/1.1\r\nHost: box7\r\n\r\n",
        b"GET / HTTP/1.1 \t \r\nHost: box7\r\n\r\n",
        b"\0GE\0T /\0 HTTP/1.1\0\r\nHost: box7\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ];
    for request in requests {
        assert_refused(&answer(&server, &[request]));
    }
    alice.expect_nothing();
    assert_eq!(alice.ask("/history"), ["-- nothing has been said here"]);
}

#[test]
fn a_request_is_put_together_over_many_reads() {
    let server = Server::start();
    let request = b"GET /some/where HTTP/1.1\r\n";
    let bytes: Vec<&[u8]> = request.chunks(1).collect();
    assert_refused(&answer(&server, &bytes));
}

#[test]
fn a_request_is_judged_before_its_length() {
    let server = Server::start();
    let request = format!("GET /{} HTTP/1.1\r\nHost: box7\r\n\r\n", "x".repeat(5000));
    assert_refused(&answer(&server, &[request.as_bytes()]));
    let (start, end) = request.as_bytes().split_at(3000);
    assert_refused(&answer(&server, &[start, end]));
}

#[test]
fn a_slow_request_is_never_announced() {
    let server = Server::start();
    let [mut alice] = people(&server, ["alice"]);
    let mut browser = Client::guest(&server);
    browser.send_raw(b"GET / HT");
    let quiet = Client::guest(&server);
    alice.expect(&format!("-- {} joined (2 here)", quiet.name));
    browser.send_raw(b"TP/1.1\r\n");
    browser.expect(&format!("-- {} joined (3 here)", quiet.name));
    assert_refused(&String::from_utf8(browser.rest()).unwrap());
    alice.expect_nothing();
}

#[test]
fn a_tls_hello_is_refused_at_its_first_byte() {
    let server = Server::start();
    let [mut alice] = people(&server, ["alice"]);
    assert_refused(&answer(&server, &[b"\x16"]));
    assert_refused(&answer(&server, &[b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03hello\n"]));
    alice.expect_nothing();
}

#[test]
fn a_refusal_is_logged_with_the_address_and_nothing_that_hurts_a_terminal() {
    let server = Server::with(["--metrics", "127.0.0.1:0"]);
    let mut browser = Client::guest(&server);
    let address = browser.local_addr().to_string();
    browser.send_raw("GET /\x1b[2J\u{9b}\u{202e} HTTP/1.1\r\n".as_bytes());
    browser.rest();
    server.wait_log([&address, "HTTP"]);
    let log = server.log();
    assert!(!log.contains(['\x1b', '\u{9b}', '\u{202e}']), "{log:?}");
    let mut hello = Client::guest(&server);
    let address = hello.local_addr().to_string();
    hello.send_raw(b"\x16\x03\x01");
    hello.rest();
    server.wait_log([&address, "TLS"]);
    for reason in ["HTTP", "TLS"] {
        metrics::expect(&server, &format!("chatd_refused_total{{reason=\"{reason}\"}} "), 1.0);
    }
}

#[test]
fn only_the_first_line_is_judged() {
    let server = Server::start();
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    bob.send("GET / HTTP/1.1\n\x16\x03hello");
    alice.expect("<bob> GET / HTTP/1.1");
    alice.expect("<bob> hello");
}

#[test]
fn what_only_resembles_a_request_is_said() {
    let server = Server::start();
    let [mut alice] = people(&server, ["alice"]);
    for line in
        ["GET up, everybody", "get / HTTP", "I use HTTP/1.1 today", "GET /index.html", "HTTP/1.1"]
    {
        let mut bob = Client::guest(&server);
        bob.send(line);
        alice.expect_contains("joined (2 here)");
        alice.expect(&format!("<{}> {line}", bob.name));
        drop(bob);
        alice.expect_contains("left: disconnected (1 here)");
    }
}
