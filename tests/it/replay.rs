//! The history that a client is shown: how much, with which times, and what follows it.

use std::time::{Duration, SystemTime};

use rusqlite::Connection;

use crate::harness::{Client, Server, TempDir, WebSocket, people};

fn start(dir: &TempDir) -> Server {
    Server::with_web(["--state-dir", &dir.path("state"), "--rate", "0"])
}

fn database(dir: &TempDir) -> Connection {
    Connection::open(dir.path("state/chatd.db")).unwrap()
}

/// `[2026-11-21 14:02] ` and the like, with zeros.
fn shape(line: &str) -> String {
    line.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect()
}

#[test]
fn what_was_said_on_another_day_is_replayed_with_its_date() {
    let dir = TempDir::new();
    let server = start(&dir);
    let [mut alice] = people(&server, ["alice"]);
    alice.ask("long ago\nyesterday\ntoday");
    server.stop();
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap();
    for (days, text) in [(730, "long ago"), (1, "yesterday")] {
        let then = now - Duration::from_secs(days * 24 * 3600);
        let ago = i64::try_from(then.as_millis()).unwrap();
        let set = "UPDATE msg SET ts = ?1 WHERE body = ?2";
        assert_eq!(database(&dir).execute(set, (ago, text)), Ok(1));
    }
    let server = start(&dir);
    let lines = |mut lines: Vec<String>| {
        lines.retain(|line| line.contains('>'));
        lines.iter().map(|line| shape(line)).collect::<Vec<_>>()
    };
    let expected = [
        "[0000-00-00 00:00] <alice> long ago",
        "[0000-00-00 00:00] <alice> yesterday",
        "[00:00] <alice> today",
    ];
    assert_eq!(lines(Client::guest(&server).sync()), expected);
    let mut socket = WebSocket::connect(&server);
    assert_eq!(lines(socket.sync()), expected);
    socket.ask("/join dev");
    assert_eq!(lines(socket.ask("/leave")), expected);
}

/// The last of what a client was told, but for others who came and went.
fn last(told: Vec<String>) -> String {
    let presence = [" left: ", " joined (", r#""t":"left""#, r#""t":"joined""#];
    let is_presence = |line: &String| presence.iter().any(|words| line.contains(words));
    told.into_iter().rfind(|line| !is_presence(line)).unwrap()
}

#[test]
fn a_reminder_who_one_is_follows_more_than_ten_lines_wherever_they_are_replayed() {
    let server = Server::with_web(["--rate", "0"]);
    let [mut alice] = people(&server, ["alice"]);
    let mut said = 0;
    for (count, reminded) in [(10, false), (11, true), (30, true)] {
        while said < count {
            said += 1;
            alice.ask(&format!("line {said}"));
        }
        let mut guest = Client::guest(&server);
        let reminder = format!("-- You are {}; /nick NAME changes that.", guest.name);
        let shown = last(guest.sync());
        assert_eq!(shown == reminder, reminded, "{count}: {shown}");
        guest.ask(&format!("/nick bob{count}\n/join dev"));
        let shown = last(guest.ask("/leave"));
        assert_eq!(shown == format!("-- You are bob{count}."), reminded, "{count}: {shown}");
        // Not for those who asked for it, nor for those who keep a list of people.
        assert_eq!(last(guest.ask("/history 30")), "-- end of history");
        let page = last(WebSocket::connect_json(&server).sync());
        assert!(page.contains(r#""t":"history""#), "{page}");
    }
}

/// The bytes of what a client is told, which is still there.
#[track_caller]
fn assert_bounded(what: &str, told: &[String]) {
    let bytes: usize = told.iter().map(String::len).sum();
    assert!(bytes <= 64 * 1024, "{what}: {bytes} bytes");
    assert!(bytes > 16 * 1024, "{what}: only {bytes} bytes");
}

#[test]
fn answers_are_bounded_by_all_that_is_sent_and_not_by_the_text_alone() {
    let dir = TempDir::new();
    let flags = ["--state-dir", &dir.path("state"), "--rate", "0", "--send-queue", "65536"];
    let server = Server::with_web(flags);
    let [mut alice] = people(&server, ["alice"]);
    let lines = ["x\n".repeat(5000), "\"\\\n".repeat(5000)];
    let mut socket = WebSocket::join(&server, "bob");
    let mut page = WebSocket::join_json(&server, "carol");
    for lines in lines {
        alice.ask(&lines);
        socket.sync();
        page.sync();
        assert_bounded("text", &alice.ask("/history 100000"));
        assert_bounded("lines", &socket.ask("/history 100000"));
        assert_bounded("objects", &page.ask("/history 100000"));
    }
}

#[test]
fn long_topics_do_not_make_a_list_of_rooms_too_long_to_be_read() {
    let server = Server::with_web(["--rate", "0", "--send-queue", "65536", "--max-line", "8192"]);
    let mut people: Vec<_> = (0..20).map(|n| Client::join(&server, &format!("n{n}"))).collect();
    for (number, person) in people.iter_mut().enumerate() {
        person.ask(&format!("/join r{number}\n/topic {}", "\"x".repeat(4000)));
    }
    let told = people[0].ask("/rooms");
    assert_bounded("rooms", &told);
    assert!(told.last().unwrap().ends_with(" more"), "{:?}", told.last());
    assert_bounded("objects", &WebSocket::join_json(&server, "page").ask("/rooms"));
}
