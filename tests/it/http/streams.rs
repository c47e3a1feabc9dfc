//! `GET /rooms/ROOM`: a room as it is said.

use std::io::{BufRead, BufReader, Write};
use std::net::{Shutdown, TcpStream};
use std::thread;

use serde_json::Value;

use super::{Request, post, request};
use crate::harness::{Client, Server, TempDir, connect, people};
use crate::restart::switch;

/// Somebody who reads a room.
pub(super) struct Reader {
    pub(super) head: Vec<String>,
    lines: BufReader<TcpStream>,
}

impl Reader {
    #[track_caller]
    pub(super) fn open(server: &Server, request: &Request) -> Self {
        Self::over(connect(server.addr_of("web")), request)
    }

    /// The same over a connection from elsewhere.
    #[track_caller]
    pub(super) fn over(mut stream: TcpStream, request: &Request) -> Self {
        stream.write_all(&request.bytes()).unwrap();
        let mut reader = Self { head: Vec::new(), lines: BufReader::new(stream) };
        loop {
            let line = reader.line();
            if line.is_empty() {
                return reader;
            }
            reader.head.push(line);
        }
    }

    /// The next line, without its end.
    #[track_caller]
    pub(super) fn line(&mut self) -> String {
        let mut line = String::new();
        assert_ne!(self.lines.read_line(&mut line).unwrap(), 0, "the end of the stream");
        line.trim_end_matches(['\r', '\n']).to_owned()
    }

    #[track_caller]
    pub(super) fn object(&mut self) -> Value {
        serde_json::from_str(&self.line()).unwrap()
    }

    fn field(&self, name: &str) -> Option<&str> {
        self.head.iter().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    #[track_caller]
    pub(super) fn expect(&mut self, line: &str) {
        assert_eq!(self.line(), line);
    }

    /// The lines up to the end of the stream.
    #[track_caller]
    pub(super) fn rest(self) -> Vec<String> {
        self.lines.lines().map(Result::unwrap).collect()
    }
}

pub(super) fn text(path: &str) -> Request {
    request("GET", path)
}

pub(super) fn objects(path: &str) -> Request {
    request("GET", path).with("Accept", "application/x-ndjson")
}

pub(super) fn events(path: &str) -> Request {
    request("GET", path).with("Accept", "text/event-stream")
}

#[test]
fn curl_reads_a_room_as_netcat_would_without_joins_and_leaves() {
    let server = Server::with_web([]);
    let [mut alice] = people(&server, ["alice"]);
    let mut reader = Reader::open(&server, &text("/rooms/lobby"));
    assert_eq!(reader.head[0], "HTTP/1.1 200 OK");
    for (name, value) in [
        ("Content-Type", Some("text/plain; charset=utf-8")),
        ("Content-Length", None),
        ("Transfer-Encoding", None),
        ("Cache-Control", Some("no-store")),
        ("X-Accel-Buffering", Some("no")),
        ("Vary", Some("Accept")),
        ("Connection", Some("close")),
    ] {
        assert_eq!(reader.field(name), value, "{name}");
    }
    let [bob] = people(&server, ["bob"]);
    alice.ask("hi");
    alice.ask("/me waves");
    alice.ask("/topic news");
    drop(bob);
    post("/rooms/lobby?nick=ci", "built").to(&server).json();
    for line in ["<alice> hi", "* alice waves", "-- alice set the topic: news", "<ci> built"] {
        reader.expect(line);
    }
}

#[test]
fn joins_leaves_and_new_names_come_when_asked_for() {
    let server = Server::with_web([]);
    let mut reader = Reader::open(&server, &text("/rooms/dev?quiet=off"));
    let mut alice = Client::join(&server, "alice");
    alice.send("/join dev");
    reader.expect("-- alice joined (1 here)");
    alice.send("/nick ann");
    reader.expect("-- alice is now ann");
    alice.send("/quit");
    reader.expect("-- ann left: quit (0 here)");
}

#[test]
fn objects_and_events_have_the_ids_of_the_lines() {
    let server = Server::with_web([]);
    let mut lines = Reader::open(&server, &objects("/rooms/dev"));
    let mut events = Reader::open(&server, &events("/rooms/dev"));
    assert_eq!(lines.field("Content-Type"), Some("application/x-ndjson"));
    assert_eq!(events.field("Content-Type"), Some("text/event-stream"));
    let retry = events.line();
    let retry: u32 = retry.strip_prefix("retry: ").unwrap().parse().unwrap();
    assert!((1000..=5000).contains(&retry), "{retry}");
    events.expect("");
    let said = post("/rooms/dev?nick=ci", "hi").to(&server).json();
    let id = said["said"][0]["id"].as_str().unwrap();
    let object = lines.object();
    assert_eq!((&object["t"], &object["id"]), (&"said".into(), &id.into()));
    events.expect(&format!("id: {id}"));
    let data = events.line();
    let data: Value = serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap();
    assert_eq!(data, object);
    events.expect("");
}

/// What holds with a state directory and without.
#[track_caller]
fn check_resuming(server: &Server) {
    let say = |text: &str| {
        let said = post("/rooms/dev?nick=ci", text).to(server).json();
        said["said"][0]["id"].as_str().unwrap().to_owned()
    };
    let ids = ["1", "2", "3"].map(say);
    let texts = |mut reader: Reader, expected: &[&str]| {
        for text in expected {
            let object = reader.object();
            let found = object["text"].as_str().or(object["t"].as_str()).unwrap().to_owned();
            assert_eq!(&found, text);
        }
        reader
    };
    let after = |query: &str| Reader::open(server, &objects(&format!("/rooms/dev{query}")));
    let one = texts(after(&format!("?since={}", ids[0])), &["2", "3"]);
    let all = texts(after("?since=10m"), &["1", "2", "3"]);
    let gap = texts(after("?since=box9-7-7"), &["gap", "1", "2", "3"]);
    let request = objects(&format!("/rooms/dev?since={}", ids[0])).with("Last-Event-ID", &ids[1]);
    let last = texts(Reader::open(server, &request), &["3"]);
    let now = after("");
    let none = after(&format!("?since={}", ids[2]));
    say("4");
    for reader in [one, all, gap, last, now, none] {
        texts(reader, &["4"]);
    }
    let mut fresh = Reader::open(server, &objects("/rooms/fresh?since=1h"));
    post("/rooms/fresh?nick=ci", "first").to(server).json();
    assert_eq!(fresh.object()["text"], "first", "nothing is missing");
    let mut reader = Reader::open(server, &text("/rooms/dev?since=nowhere-1"));
    reader.expect("-- lines may be missing");
    let line = reader.line();
    assert!(line.starts_with("[20") && line.ends_with("] <ci> 1"), "{line}");
}

#[test]
fn a_reader_goes_on_behind_a_line_without_a_gap() {
    check_resuming(&Server::with_web([]));
    let dir = TempDir::new();
    check_resuming(&Server::with_web(["--state-dir", &dir.path("")]));
    // The room is not in memory any more.
    let dir = TempDir::new();
    let server = Server::with_web(["--state-dir", &dir.path(""), "--history", "0"]);
    check_resuming(&server);
}

#[test]
fn much_that_was_said_comes_in_order_and_is_not_too_much() {
    let dir = TempDir::new();
    let flags = ["--rate", "0", "--state-dir", &dir.path("")];
    let server = Server::with_web(flags);
    let first = post("/rooms/dev?nick=ci", "first").to(&server).json();
    let id = first["said"][0]["id"].as_str().unwrap().to_owned();
    for batch in 0..13 {
        let lines: Vec<_> = (0..100).map(|n| format!("{}", batch * 100 + n)).collect();
        post("/rooms/dev?nick=ci", &lines.join("\n")).to(&server).json();
    }
    let mut reader = Reader::open(&server, &objects(&format!("/rooms/dev?since={id}")));
    for number in 0..1300 {
        assert_eq!(reader.object()["text"], number.to_string());
    }
    post("/rooms/dev?nick=ci", "live").to(&server).json();
    assert_eq!(reader.object()["text"], "live");
}

/// Somebody talks, and a reader leaves and comes back all the time behind the last line that it had.
#[track_caller]
fn check_coming_back(durability: &str, history: &str) {
    const LINES: u64 = 1500;
    let dir = TempDir::new();
    let server = Server::with_web([
        "--rate=0",
        &format!("--state-dir={}", dir.path("")),
        &format!("--durability={durability}"),
        &format!("--history={history}"),
    ]);
    let said = post("/rooms/lobby?nick=ci", "begin").to(&server).json();
    let mut last = said["said"][0]["id"].as_str().unwrap().to_owned();
    let mut alice = Client::join(&server, "alice");
    thread::scope(|scope| {
        scope.spawn(move || {
            for lines in (0..LINES).collect::<Vec<_>>().chunks(10) {
                alice.send(&lines.iter().map(u64::to_string).collect::<Vec<_>>().join("\n"));
                alice.sync();
            }
        });
        let mut next = 0;
        while next < LINES {
            let request = objects(&format!("/rooms/lobby?since={last}"));
            let mut reader = Reader::open(&server, &request);
            for _ in 0..20.min(LINES - next) {
                let line = reader.object();
                assert_eq!(line["text"], next.to_string(), "{durability}, {history}: {line}");
                last = line["id"].as_str().unwrap().to_owned();
                next += 1;
            }
        }
    });
}

#[test]
fn who_comes_back_while_others_talk_misses_nothing_and_gets_nothing_twice() {
    check_coming_back("strict", "0");
    check_coming_back("relaxed", "0");
    check_coming_back("strict", "3");
}

#[test]
fn who_tells_how_many_read() {
    let server = Server::with_web([]);
    let [mut alice] = people(&server, ["alice"]);
    let one = Reader::open(&server, &text("/rooms/lobby"));
    assert_eq!(alice.ask("/who"), ["-- lobby (1 here): alice", "-- 1 is reading over HTTP"]);
    let two = Reader::open(&server, &text("/rooms/lobby"));
    let _dev = Reader::open(&server, &text("/rooms/dev"));
    let count = alice.ask("/who lobby").pop();
    assert_eq!(count.as_deref(), Some("-- 2 are reading over HTTP"));
    assert_eq!(alice.ask("/who dev").len(), 2);
    alice.expect_nothing();
    drop(one);
    two.lines.get_ref().shutdown(Shutdown::Write).unwrap();
    assert!(two.rest().is_empty(), "a FIN ends it");
    crate::harness::eventually("nobody to read", || {
        (alice.ask("/who") == ["-- lobby (1 here): alice"]).then_some(())
    });
}

#[test]
fn a_reader_needs_a_place() {
    let server = Server::with_web(["--max-clients", "1"]);
    let mut reader = Reader::open(&server, &text("/rooms/lobby"));
    let answer = text("/rooms/lobby").to(&server);
    assert!(answer.refused(503).starts_with("the server is full"));
    assert!(answer.field("Retry-After").is_some());
    post("/rooms/lobby?nick=ci", "hi").to(&server).json();
    reader.expect("<ci> hi");
}

#[test]
fn a_connection_is_kept_alive_as_often_as_asked() {
    let server = Server::with_web(["--idle-timeout", "1s"]);
    let mut text = Reader::open(&server, &text("/rooms/lobby?ping=5"));
    let mut lines = Reader::open(&server, &objects("/rooms/lobby?ping=5"));
    let mut events = Reader::open(&server, &events("/rooms/lobby?ping=5"));
    events.line();
    events.expect("");
    text.expect("");
    assert_eq!(lines.object()["t"], "ping");
    events.expect(":");
    for odd in ["ping=4", "ping=301", "ping=x", "quiet=maybe", "since=", "since=600", "limit=5"] {
        request("GET", &format!("/rooms/lobby?{odd}")).to(&server).refused(400);
    }
}

#[test]
fn it_ends_with_the_server() {
    let server = Server::with_web([]);
    let text = Reader::open(&server, &text("/rooms/lobby"));
    let lines = Reader::open(&server, &objects("/rooms/lobby"));
    drop(server.stop());
    assert_eq!(text.rest(), ["-- the server is going down"]);
    assert_eq!(lines.rest(), [r#"{"t":"bye","text":"the server is going down"}"#]);
}

#[test]
fn it_survives_a_restart_of_the_server() {
    let server = Server::with_web([]);
    let mut reader = Reader::open(&server, &objects("/rooms/dev"));
    post("/rooms/dev?nick=ci", "1").to(&server).json();
    assert_eq!(reader.object()["text"], "1");
    switch(&server);
    post("/rooms/dev?nick=ci", "2").to(&server).json();
    assert_eq!(reader.object()["text"], "2");
    let [mut alice] = people(&server, ["alice"]);
    assert_eq!(alice.ask("/who dev").pop().as_deref(), Some("-- 1 is reading over HTTP"));
}

#[test]
fn the_head_of_a_stream_opens_none() {
    let server = Server::with_web([]);
    let answer = request("HEAD", "/rooms/lobby").to(&server);
    assert_eq!((answer.status, answer.body.len()), (200, 0));
    assert_eq!(answer.field("Cache-Control"), Some("no-store"));
    let [mut alice] = people(&server, ["alice"]);
    assert_eq!(alice.ask("/who"), ["-- lobby (1 here): alice"]);
}
