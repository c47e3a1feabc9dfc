//! Odd framing, with and without a proxy that reads it in its own way: nobody hides a request behind
//! another one.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};

use super::post;
use super::streams::{Reader, objects};
use crate::harness::{PATIENCE, Program, Server, example};

const HEAD: &str = "POST /rooms/lobby?nick=ci HTTP/1.1\r\nHost: localhost\r\n";
/// A request that may be taken for a part of the body of the one before.
const HIDDEN: &str =
    "POST /rooms/lobby?nick=evil HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nbad";
const CHUNKS: &str = "2\r\nhi\r\n0\r\n\r\n";

/// Fields of a request, and its body, behind which another request hides.
fn odd_requests() -> Vec<(String, String)> {
    let length = 2 + HIDDEN.len();
    let whole = format!("{}", CHUNKS.len() + HIDDEN.len());
    let lengths = [
        "Content-Length: 2".to_owned(),
        "Content-Length: 2\r\nContent-Length: 2".to_owned(),
        format!("Content-Length: 2\r\nContent-Length: {length}"),
        format!("Content-Length: {length}\r\nContent-Length: 2"),
        format!("Content-Length: {length}\r\nConnection: Content-Length"),
    ];
    let numbers = ["+2", "-2", "2, 2", "2 2", "0x2", "2.0", "02", "2;3", "\u{a0}2", "2\u{b}", ""];
    let lengths = lengths.into_iter().chain(numbers.map(|n| format!("Content-Length: {n}")));
    let names = [
        "Content-Length : 2",
        " Content-Length: 2",
        "Content Length: 2",
        "Content-Length\0: 2",
        "Content-Length: 2\0",
        "X: a\0b\r\nContent-Length: 2",
        "X: a\rb\r\nContent-Length: 2",
        "X: a\r\n Content-Length: 99\r\nContent-Length: 2",
        "Content-Length:\r\n 2",
        "X: y\nContent-Length: 2",
        "Content-Length: 2\r\nExpect: 100-continue",
        "Content-Length: 2\r\nUpgrade: websocket\r\nConnection: upgrade",
    ];
    let by_length = lengths.chain(names.map(str::to_owned)).map(|fields| (fields, "hi".to_owned()));
    let codings = [
        "Transfer-Encoding: chunked",
        "Transfer-Encoding: CHUNKED",
        "Transfer-Encoding: gzip, chunked",
        "Transfer-Encoding: chunked, chunked",
        "Transfer-Encoding: chunked, identity",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding: identity",
        "Transfer-Encoding: chunked;q=1",
        "Transfer-Encoding: \u{b}chunked",
        "Transfer-Encoding: chunked\u{a0}",
        "Transfer-Encoding : chunked",
        " Transfer-Encoding: chunked",
        "Transfer-Encoding:\r\n chunked",
        "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 4",
        "Content-Length: 4\r\nTransfer-Encoding: chunked",
    ];
    let both = format!("Content-Length: {whole}\r\nTransfer-Encoding: chunked");
    let by_coding = codings.map(str::to_owned).into_iter().chain([both]);
    let by_coding = by_coding.map(|fields| (fields, CHUNKS.to_owned()));
    let chunks = [
        "2\nhi\n0\n\n",
        "2\r\nhi\n0\r\n\r\n",
        "2\nhi\r\n0\r\n\r\n",
        "2\r\nhi\r\n0\n\r\n",
        "2 \r\nhi\r\n0\r\n\r\n",
        " 2\r\nhi\r\n0\r\n\r\n",
        "+2\r\nhi\r\n0\r\n\r\n",
        "-2\r\nhi\r\n0\r\n\r\n",
        "0x2\r\nhi\r\n0\r\n\r\n",
        "10000000000000002\r\nhi\r\n0\r\n\r\n",
        "ffffffffffffffff\r\nhi\r\n0\r\n\r\n",
        "2;x=\"\r\nhi\r\n0\r\n\r\n",
        "2;x=\n2\r\nhi\r\n0\r\n\r\n",
        "2\r\nhiho\r\n0\r\n\r\n",
        "2\r\r\nhi\r\n0\r\n\r\n",
        "2\r\nhi\r\n0\r\nContent-Length: 5\r\n\r\n",
        "2\r\nhi\r\n0\r\n",
        "2\r\nhi\r\n",
    ];
    let by_chunks = chunks.map(|body| ("Transfer-Encoding: chunked".to_owned(), body.to_owned()));
    by_length.chain(by_coding).chain(by_chunks).collect()
}

/// All of these as bytes: in HTTP/1.1 and 1.0, and with line ends of LF.
fn odd_bytes() -> Vec<String> {
    let bytes = |(fields, body)| format!("{HEAD}{fields}\r\n\r\n{body}{HIDDEN}");
    let all: Vec<_> = odd_requests().into_iter().map(bytes).collect();
    let chunked = format!("{HEAD}Transfer-Encoding: chunked\r\n\r\n{CHUNKS}{HIDDEN}");
    let sized = format!("{HEAD}Content-Length: 2\r\n\r\nhi{HIDDEN}");
    let old = [&chunked, &sized].map(|bytes| bytes.replacen("HTTP/1.1", "HTTP/1.0", 1));
    let bare = [&chunked, &sized].map(|bytes| bytes.replace("\r\n", "\n"));
    let get = format!(
        "GET /rooms HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n{HIDDEN}",
        HIDDEN.len()
    );
    all.into_iter().chain(old).chain(bare).chain([get]).collect()
}

/// Sends bytes and the end, and returns the answers.
fn answers(to: SocketAddr, bytes: &str) -> String {
    let mut stream = TcpStream::connect(to).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    // Whoever has answered may have closed.
    let _ = stream.write_all(bytes.as_bytes());
    let _ = stream.shutdown(Shutdown::Write);
    let mut answers = Vec::new();
    let _ = stream.read_to_end(&mut answers);
    String::from_utf8_lossy(&answers).into_owned()
}

/// That each request that is said has an answer: a hidden one has none. Nothing at all hides
/// behind a request `at_once`, without a proxy.
#[track_caller]
fn check(server: &Server, to: SocketAddr, at_once: bool) {
    let mut reader = Reader::open(server, &objects("/rooms/lobby"));
    for (number, bytes) in odd_bytes().into_iter().enumerate() {
        let answers = answers(to, &bytes);
        post("/rooms/lobby?nick=end", &number.to_string()).to(server).json();
        let mut hidden = 0;
        loop {
            let line = reader.object();
            match line["nick"].as_str() {
                Some("evil") => hidden += 1,
                Some("end") => break,
                _ => assert!(answers.contains("\"nick\":\"ci\""), "{bytes:?}: {answers}"),
            }
        }
        assert_eq!(hidden, answers.matches("\"nick\":\"evil\"").count(), "{bytes:?}: {answers}");
        assert!(!at_once || hidden == 0, "{bytes:?}: {answers}");
        assert!(answers.matches("\"nick\":\"ci\"").count() <= 1, "{bytes:?}: {answers}");
    }
}

fn server() -> Server {
    Server::with_web(["--rate", "0"])
}

#[test]
fn nothing_hides_behind_a_request() {
    let server = server();
    check(&server, server.addr_of("web"), true);
}

#[track_caller]
fn check_behind_nginx(more: &str) {
    let server = server();
    let addr = server.addr_of("web");
    let nginx = Program::nginx_site(&format!(
        "client_header_timeout 200ms; client_body_timeout 200ms; keepalive_timeout 200ms;
        location / {{ proxy_pass http://{addr}; proxy_ignore_client_abort on; {more} }}\n"
    ));
    check(&server, nginx.addr(), false);
}

#[test]
#[ignore = "needs nginx (nginx, libnginx-mod-stream)"]
fn nothing_hides_from_nginx() {
    check_behind_nginx("");
    check_behind_nginx("proxy_http_version 1.1; proxy_request_buffering off;");
}

#[test]
#[ignore = "needs haproxy (haproxy)"]
fn nothing_hides_from_haproxy() {
    let server = server();
    let addr = server.addr_of("web");
    for more in ["", "option accept-invalid-http-request"] {
        let haproxy = Program::haproxy(&format!(
            "listen page\n    mode http\n    bind LISTEN\n    timeout connect 5s\n    \
             timeout client 200ms\n    timeout http-request 200ms\n    timeout server 5s\n    {more}\n    \
             server box7 {addr}\n"
        ));
        check(&server, haproxy.addr(), false);
    }
}

/// Reads from a proxy until that comes.
#[track_caller]
fn reads_until(stream: &mut TcpStream, end: &str) -> String {
    let (mut read, mut part) = (Vec::new(), [0; 4096]);
    while !String::from_utf8_lossy(&read).contains(end) {
        let count = stream.read(&mut part).unwrap();
        assert_ne!(count, 0, "{}", String::from_utf8_lossy(&read));
        read.extend_from_slice(&part[..count]);
    }
    String::from_utf8(read).unwrap()
}

/// That a proxy passes on each line at once, and the address of who speaks.
#[track_caller]
fn check_recommended(server: &Server, proxy: &Program, path: &str) {
    let ask = |request: &str| {
        let mut stream = TcpStream::connect(proxy.addr()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let host = proxy.addr();
        let head = request.replacen(" HTTP/1.1", &format!(" HTTP/1.1\r\nHost: {host}"), 1);
        stream.write_all(head.as_bytes()).unwrap();
        stream
    };
    let mut reader = ask(&format!("GET {path}rooms/dev HTTP/1.1\r\n\r\n"));
    reads_until(&mut reader, "\r\n\r\n");
    for text in ["one", "two"] {
        let post = format!(
            "POST {path}rooms/dev?nick=ci HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n\
             3\r\n{text}\r\n0\r\n\r\n"
        );
        reads_until(&mut ask(&post), "\"ok\":true");
        reads_until(&mut reader, &format!("<ci> {text}"));
    }
    let page = format!("GET {path}rooms/dev HTTP/1.1\r\nAccept: text/html\r\n\r\n");
    let page = reads_until(&mut ask(&page), "\r\n\r\n").to_lowercase();
    assert!(page.contains(" 303 ") && page.contains("\r\nlocation: ../#dev\r\n"), "{page}");
    assert!(!server.log().contains("expected"), "{}", server.log());
}

fn behind_a_proxy() -> Server {
    Server::with_web(["--trust-proxy", "127.0.0.1"])
}

#[test]
#[ignore = "needs nginx (nginx, libnginx-mod-stream)"]
fn nginx_as_recommended_passes_on_each_line_at_once() {
    let server = behind_a_proxy();
    let nginx = Program::nginx_site(&example("location /chat/ {\n", &server));
    check_recommended(&server, &nginx, "/chat/");
}

#[test]
#[ignore = "needs haproxy (haproxy)"]
fn haproxy_as_recommended_passes_on_each_line_at_once() {
    let server = behind_a_proxy();
    let haproxy = example("listen page\n", &server).replace("bind :80", "bind LISTEN");
    check_recommended(&server, &Program::haproxy(&haproxy), "/");
}
