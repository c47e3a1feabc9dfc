//! One request a connection, and where its body ends.

use super::{cut_short, exchange};
use crate::harness::{Server, connect, people};

fn head(fields: &str) -> String {
    format!("POST /rooms/lobby?nick=ci HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n")
}

#[test]
fn a_body_in_chunks_is_put_together_and_nothing_behind_it_is_read() {
    let server = Server::with_web([]);
    let [mut alice] = people(&server, ["alice"]);
    let hidden =
        "POST /rooms/lobby?nick=ci HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nbad";
    let chunks = "3;x=y\r\nhel\r\n2\r\nlo\r\n0\r\nX-Sum: 1\r\n\r\n";
    for (fields, body) in
        [("Transfer-Encoding: chunked\r\n", chunks), ("Content-Length: 5\r\n", "hello")]
    {
        let bytes = format!("{}{body}{hidden}", head(fields));
        let answer = exchange(connect(server.addr_of("web")), bytes.as_bytes());
        assert_eq!(answer.json()["said"][0]["text"], "hello");
        alice.expect("<ci> hello");
    }
    alice.expect_nothing();
}

#[test]
fn odd_framing_is_refused() {
    let server = Server::with_web([]);
    let [mut alice] = people(&server, ["alice"]);
    let chunked = "Transfer-Encoding: chunked\r\n";
    for (fields, body) in [
        ("Content-Length: 2\r\nTransfer-Encoding: chunked\r\n", "2\r\nhi\r\n0\r\n\r\n"),
        ("Content-Length: 2\r\nContent-Length: 2\r\n", "hi"),
        ("Content-Length: 2, 2\r\n", "hi"),
        ("Content-Length: +2\r\n", "hi"),
        ("Content-Length: 0x2\r\n", "hi"),
        ("Content-Length:\r\n", "hi"),
        ("Transfer-Encoding: gzip, chunked\r\n", "2\r\nhi\r\n0\r\n\r\n"),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "2\r\nhi\r\n0\r\n\r\n"),
        (chunked, "2\nhi\r\n0\r\n\r\n"),
        (chunked, "2\r\nhi\n0\r\n\r\n"),
        (chunked, "+2\r\nhi\r\n0\r\n\r\n"),
        (chunked, "2\r\nhix\r\n0\r\n\r\n"),
    ] {
        let bytes = format!("{}{body}", head(fields));
        exchange(connect(server.addr_of("web")), bytes.as_bytes()).refused(400);
    }
    for (fields, body) in [("Content-Length: 5\r\n", "hi"), (chunked, "2\r\nhi\r\n")] {
        cut_short(&server, format!("{}{body}", head(fields)).as_bytes()).refused(400);
    }
    let old = "POST /rooms/lobby HTTP/1.0\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n";
    exchange(connect(server.addr_of("web")), old.as_bytes()).refused(400);
    alice.expect_nothing();
}
