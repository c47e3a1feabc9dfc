//! The web port over HTTP: what it serves, to whom, and what it refuses.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

use crate::harness::{Server, connect, eventually, upgrade};

/// What a request was answered.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// Reads up to the end, which has to be a clean one: a reset would be an error.
    #[track_caller]
    fn read(stream: impl Read) -> Self {
        let answer = Self::read_any(stream);
        assert_eq!(answer.field("Content-Length"), Some(&*answer.body.len().to_string()));
        answer
    }

    /// The same for an answer that may lack its body.
    #[track_caller]
    pub(crate) fn read_any(mut stream: impl Read) -> Self {
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
        let body = bytes.split_off(end.expect("the end of a head") + 4);
        let head = String::from_utf8(bytes).unwrap();
        let status = head.strip_prefix("HTTP/1.1 ").unwrap()[..3].parse().unwrap();
        let answer = Answer { status, head, body };
        assert_eq!(answer.field("Connection"), Some("close"));
        answer
    }

    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}

/// The answer to these bytes, and nothing after it.
#[track_caller]
pub(crate) fn ask(server: &Server, request: impl AsRef<[u8]>) -> Answer {
    let mut stream = connect(server.addr_of("web"));
    stream.write_all(request.as_ref()).unwrap();
    Answer::read(stream)
}

/// The answer to a request for this path with these lines besides.
#[track_caller]
fn get(server: &Server, path: &str, lines: &str) -> Answer {
    ask(server, format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{lines}\r\n"))
}

/// The status for a host and, if it is not empty, an origin.
#[track_caller]
pub(crate) fn status_for(server: &Server, host: &str, origin: &str) -> u16 {
    let origin = if origin.is_empty() { String::new() } else { format!("Origin: {origin}\r\n") };
    ask(server, format!("GET /healthz HTTP/1.1\r\nHost: {host}\r\n{origin}\r\n")).status
}

/// With all that keeps a browser from being misled.
#[track_caller]
fn assert_protected(answer: &Answer) {
    let policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
        img-src 'self' data:; manifest-src 'self'; base-uri 'none'; form-action 'none'; \
        frame-ancestors 'none'";
    assert_eq!(answer.field("Content-Security-Policy"), Some(policy));
    assert_eq!(answer.field("X-Content-Type-Options"), Some("nosniff"));
    assert_eq!(answer.field("Referrer-Policy"), Some("no-referrer"));
}

#[test]
fn the_page_and_its_parts_are_served_with_the_fields_that_protect_it() {
    let server = Server::with_web([]);
    let script = "text/javascript; charset=utf-8";
    let parts: [(&str, &str, &[u8]); 22] = [
        ("/", "text/html; charset=utf-8", include_bytes!("../../src/web/page/index.html")),
        (
            "/?from=bookmark",
            "text/html; charset=utf-8",
            include_bytes!("../../src/web/page/index.html"),
        ),
        ("/app.js", script, include_bytes!("../../src/web/page/app.js")),
        ("/account.js", script, include_bytes!("../../src/web/page/account.js")),
        ("/link.js", script, include_bytes!("../../src/web/page/link.js")),
        ("/obstacle.js", script, include_bytes!("../../src/web/page/obstacle.js")),
        ("/lists.js", script, include_bytes!("../../src/web/page/lists.js")),
        ("/log.js", script, include_bytes!("../../src/web/page/log.js")),
        ("/page.js", script, include_bytes!("../../src/web/page/page.js")),
        ("/compose.js", script, include_bytes!("../../src/web/page/compose.js")),
        ("/links.js", script, include_bytes!("../../src/web/page/links.js")),
        ("/mention.js", script, include_bytes!("../../src/web/page/mention.js")),
        ("/outbox.js", script, include_bytes!("../../src/web/page/outbox.js")),
        ("/places.js", script, include_bytes!("../../src/web/page/places.js")),
        ("/view.js", script, include_bytes!("../../src/web/page/view.js")),
        ("/room.js", script, include_bytes!("../../src/web/page/room.js")),
        ("/menu.js", script, include_bytes!("../../src/web/page/menu.js")),
        ("/talk.js", script, include_bytes!("../../src/web/page/talk.js")),
        ("/style.css", "text/css; charset=utf-8", include_bytes!("../../src/web/page/style.css")),
        ("/large.png", "image/png", include_bytes!("../../src/web/page/large.png")),
        (
            "/manifest.webmanifest",
            "application/manifest+json",
            include_bytes!("../../src/web/page/manifest.webmanifest"),
        ),
        ("/healthz", "text/plain; charset=utf-8", b"ok\n"),
    ];
    for (path, content_type, body) in parts {
        let answer = get(&server, path, "");
        assert_eq!((answer.status, &*answer.body), (200, body), "{path}");
        assert_eq!(answer.field("Content-Type"), Some(content_type), "{path}");
        assert_protected(&answer);
    }
    let refused = [("/nothing", "", 404), ("/", "Origin: https://evil.example\r\n", 403)];
    for (path, lines, status) in refused {
        let answer = get(&server, path, lines);
        assert_eq!(answer.status, status, "{path}");
        assert_protected(&answer);
    }
}

#[test]
fn what_is_not_there_or_not_for_that_method_is_refused() {
    let server = Server::with_web([]);
    for path in ["/nothing", "/../Cargo.toml", "//", "/ws/", "/WS", "/index.html", "/%2e"] {
        assert_eq!(get(&server, path, "").status, 404, "{path}");
    }
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "get"] {
        let answer = ask(&server, format!("{method} / HTTP/1.1\r\nHost: localhost\r\n\r\n"));
        assert_eq!((answer.status, answer.field("Allow")), (405, Some("GET, HEAD")), "{method}");
    }
}

#[test]
fn what_is_no_request_is_refused_and_nothing_behind_it_is_taken_for_one() {
    let server = Server::with_web([]);
    let bad: [&[u8]; 15] = [
        b"hello\r\n\r\n",
        b"GET /\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.0\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost : localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\n Host: localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nA: b\r\n c\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: local\0host\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\rA: b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: \xff\r\n\r\n",
        b"GET * HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"CONNECT localhost:80 HTTP/1.1\r\nHost: localhost:80\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ];
    for request in bad {
        let with_more = [request, b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"].concat();
        let answer = ask(&server, with_more);
        assert_eq!(answer.status, 400, "{}", request.escape_ascii());
        let words = [&b"this is no valid request of HTTP/1.1\n"[..], b"the request has no Host\n"];
        assert!(words.contains(&&*answer.body), "{}", request.escape_ascii());
    }
}

#[test]
fn a_connection_has_one_answer_whatever_follows_the_request() {
    let server = Server::with_web([]);
    let lines =
        ["", "Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"];
    for lines in lines {
        let request = format!("GET /healthz HTTP/1.1\r\nHost: localhost\r\n{lines}\r\n");
        for noise in [request.repeat(3).into_bytes(), vec![0xff; 100_000], b"0\r\n\r\n".to_vec()] {
            let answer = ask(&server, [request.as_bytes(), &noise].concat());
            assert_eq!((answer.status, &*answer.body), (200, &b"ok\n"[..]), "{lines}");
        }
    }
}

#[test]
fn a_head_has_8_kib_and_64_fields_at_most() {
    let server = Server::with_web([]);
    let padded = |bytes: usize| format!("X: {}\r\n", "x".repeat(bytes));
    assert_eq!(get(&server, "/", &padded(8000)).status, 200);
    assert_eq!(get(&server, "/", &padded(8192)).status, 431);
    assert_eq!(get(&server, "/", &padded(200_000)).status, 431);
    assert_eq!(get(&server, "/", &"X: y\r\n".repeat(63)).status, 200);
    assert_eq!(get(&server, "/", &"X: y\r\n".repeat(64)).status, 431);
    assert_eq!(ask(&server, vec![b'A'; 10_000]).status, 431);
}

#[test]
fn a_request_is_put_together_over_many_reads_and_may_be_followed_by_the_end() {
    let server = Server::with_web([]);
    let mut stream = connect(server.addr_of("web"));
    for byte in b"\r\nGET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n" {
        stream.write_all(&[*byte]).unwrap();
    }
    stream.shutdown(Shutdown::Write).unwrap();
    assert_eq!(Answer::read(stream).status, 200);
}

#[test]
fn a_request_has_five_seconds_however_slowly_it_comes() {
    let server = Server::with_web([]);
    let start = Instant::now();
    let silent = connect(server.addr_of("web"));
    let mut slow = connect(server.addr_of("web"));
    // A byte a second, until something comes back.
    slow.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
    while slow.peek(&mut [0]).is_err() {
        slow.write_all(b"G").unwrap();
    }
    for stream in [slow, silent] {
        assert_eq!(Answer::read(stream).status, 408);
    }
    let waited = start.elapsed();
    assert!((4..10).contains(&waited.as_secs()), "{waited:?}");
}

#[test]
fn it_answers_to_its_own_names_only() {
    let server = Server::with_web(["--name", "Box7", "--web-origin", "https://chat.example.org"]);
    for host in ["localhost", "LOCALHOST:80", "127.0.0.1:1", "[::1]", "192.0.2.7", "box7:8080"] {
        assert_eq!(status_for(&server, host, ""), 200, "{host}");
    }
    assert_eq!(status_for(&server, "chat.example.org", ""), 200);
    for host in ["evil.example", "localhost.evil.example", "box7.evil.example", "127.0.0.1.evil"] {
        assert_eq!(status_for(&server, host, ""), 403, "{host}");
        let rebound = format!("http://{host}");
        assert_eq!(status_for(&server, host, &rebound), 403, "{host}");
    }
    for host in ["", "localhost:port", "localhost:99999", "::1", ":80"] {
        assert_eq!(status_for(&server, host, ""), 400, "{host}");
    }
}

#[test]
fn pages_of_others_are_refused_unless_they_are_listed() {
    let listed = ["--web-origin", "https://chat.example.org", "--web-origin", "http://[::1]:8080"];
    let server = Server::with_web(listed);
    let welcome = ["http://localhost:8080", "https://chat.example.org", "http://[::1]:8080"];
    let others = ["http://localhost", "http://localhost:80801", "https://evil.example", "null"];
    for (origins, page, socket) in [(&welcome[..], 200, 101), (&others[..], 403, 403)] {
        for origin in origins {
            let host = "localhost:8080";
            assert_eq!(status_for(&server, host, origin), page, "{origin}");
            let request = upgrade(&format!("Origin: {origin}\r\n"));
            let mut stream = connect(server.addr_of("web"));
            let request = request.replace("Host: localhost", "Host: localhost:8080");
            stream.write_all(request.as_bytes()).unwrap();
            let mut status = [0; 12];
            stream.read_exact(&mut status).unwrap();
            assert_eq!(status, format!("HTTP/1.1 {socket}").as_bytes(), "{origin}");
        }
    }
    let twice = "Origin: http://localhost\r\nOrigin: http://localhost\r\n";
    assert_eq!(get(&server, "/", twice).status, 400);
}

#[test]
fn an_upgrade_that_is_not_right_is_refused_with_what_would_be() {
    let server = Server::with_web([]);
    let refused = |old: &str, new: &str| {
        let request = upgrade("");
        assert!(request.contains(old), "{old}");
        ask(&server, request.replace(old, new))
    };
    for (old, new) in [
        ("Version: 13", "Version: 8"),
        ("Sec-WebSocket-Version: 13\r\n", ""),
        ("Upgrade: websocket\r\n", ""),
        ("Upgrade: websocket", "Upgrade: h2c"),
        ("Connection: Upgrade\r\n", ""),
    ] {
        let answer = refused(old, new);
        assert_eq!(answer.status, 426, "{new}");
        assert_eq!(answer.field("Upgrade"), Some("websocket"));
        assert_eq!(answer.field("Sec-WebSocket-Version"), Some("13"));
    }
    let key = "dGhlIHNhbXBsZSBub25jZQ==";
    for wrong in ["", "short", "dGhlIHNhbXBsZSBub25jZQ===", "!!!!!!!!!!!!!!!!!!!!!!!!"] {
        assert_eq!(refused(key, wrong).status, 400, "{wrong}");
    }
    assert_eq!(refused(key, &format!("{key}\r\nSec-WebSocket-Key: {key}")).status, 400);
    // A proxy would take what follows for the body, and we for frames.
    assert_eq!(refused("Host:", "Content-Length: 9\r\nHost:").status, 400);
    assert_eq!(refused("Host:", "Transfer-Encoding: chunked\r\nHost:").status, 400);
    assert_eq!(refused("HTTP/1.1", "HTTP/1.0").status, 426);
}

#[test]
fn requests_that_never_end_cost_nothing_once_their_time_is_up() {
    let server = Server::with_web([]);
    let base = (server.threads(), server.open_files());
    let streams: Vec<TcpStream> = (0..300)
        .map(|number| {
            let mut stream = connect(server.addr_of("web"));
            stream.write_all(&b"GET / HTTP/1.1\r\nHost: loc"[..number % 26]).unwrap();
            stream
        })
        .collect();
    assert_eq!(get(&server, "/healthz", "").status, 200);
    for stream in streams {
        assert_eq!(Answer::read(stream).status, 408);
    }
    let now = || (server.threads(), server.open_files());
    eventually("the end of all of it", || (now() == base).then_some(()));
}

#[test]
fn who_goes_in_the_middle_of_a_request_leaves_nothing_behind() {
    let server = Server::with_web([]);
    let base = (server.threads(), server.open_files());
    for number in 0..50 {
        let mut stream = connect(server.addr_of("web"));
        stream.write_all(&b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"[..number % 35]).unwrap();
    }
    let now = || (server.threads(), server.open_files());
    eventually("the end of all of it", || (now() == base).then_some(()));
    assert_eq!(get(&server, "/healthz", "").status, 200);
}

#[test]
fn there_is_no_web_port_unless_asked_for() {
    let server = Server::start();
    server.wait_log(["listening on", "(text)"]);
    assert!(!server.log().contains("(web)"), "{}", server.log());
}
