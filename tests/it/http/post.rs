//! `POST /rooms/ROOM`: the lines, the answer and the refusals.

use std::io::Write;

use super::{post, post_json, request};
use crate::harness::{Client, Server, TempDir, people};
use crate::restart::switch;

#[test]
fn a_line_from_curl_is_said_and_answered_with_its_id() {
    let dir = TempDir::new();
    let server = Server::with_web(["--state-dir", &dir.path("")]);
    let mut alice = Client::join(&server, "alice");
    alice.send("/join dev");
    alice.sync();
    let answer = post("/rooms/dev?nick=ci", "build 1842 passed").to(&server).json();
    alice.expect("<ci> build 1842 passed");
    assert_eq!(answer["ok"], true);
    assert_eq!((&answer["room"], &answer["nick"]), (&"dev".into(), &"ci".into()));
    assert_eq!(answer["durable"], true);
    let said = answer["said"].as_array().unwrap();
    assert_eq!((said.len(), &said[0]["text"]), (1, &"build 1842 passed".into()));
    let id = said[0]["id"].as_str().unwrap();
    assert!(id.len() <= 40 && id.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-'), "{id}");
    assert!(said[0]["ts"].as_i64().unwrap() > 1_700_000_000_000);
    server.wait_log(["INFO", "ci speaks over HTTP from 127.0.0.1:"]);
}

#[test]
fn without_a_state_directory_nothing_is_durable() {
    let server = Server::with_web([]);
    let answer = post("/rooms/lobby", "hi").to(&server).json();
    assert_eq!((&answer["ok"], &answer["durable"]), (&true.into(), &false.into()));
    assert!(answer["nick"].as_str().unwrap().starts_with("guest"));
}

#[test]
fn many_lines_are_said_in_their_order_without_blank_ones() {
    let server = Server::with_web([]);
    let [mut alice] = people(&server, ["alice"]);
    let answer = post("/rooms/%23LOBBY?nick=ci", "one\r\n\r\ntwo\r//x\n/usr/bin\n").to(&server);
    let answer = answer.json();
    for text in ["one", "two", "/x", "/usr/bin"] {
        alice.expect(&format!("<ci> {text}"));
    }
    let ids: Vec<_> = answer["said"].as_array().unwrap().iter().map(|line| &line["id"]).collect();
    assert_eq!(ids.len(), 4);
    assert!((1..4).all(|n| !ids[..n].contains(&ids[n])), "{ids:?}");
}

#[test]
fn what_curl_sends_is_taken_to_the_letter() {
    let server = Server::with_web([]);
    let [mut alice] = people(&server, ["alice"]);
    post("/rooms/lobby?nick=ci", "a=1&b=%20+ \u{1b}[31mred\u{7}").to(&server).json();
    alice.expect("<ci> a=1&b=%20+ [31mred");
}

#[test]
fn json_says_lines_actions_and_what_slack_attaches() {
    let server = Server::with_web([]);
    let [mut alice] = people(&server, ["alice"]);
    let to = "/rooms/lobby";
    post_json(to, r#"{"text": "a\nb", "nick": "ci", "channel": "\u0000"}"#).to(&server).json();
    post_json(to, r#"{"text": "waves", "nick": "ci", "emote": true}"#).to(&server).json();
    let slack = r#"{"channel": "x", "username": "y", "attachments": [
        {"title": "t", "fallback": "[FIRING:1] disk", "text": "no"}, {"text": "second"}]}"#;
    post_json("/rooms/lobby?nick=ci", slack).to(&server).json();
    let typed = post("/rooms/lobby?nick=ci", r#"{"text":"typed"}"#);
    super::Request { fields: "Content-Type: application/json; charset=utf-8\r\n".into(), ..typed }
        .to(&server)
        .json();
    for line in ["<ci> a", "<ci> b", "* ci waves", "<ci> [FIRING:1] disk", "<ci> second"] {
        alice.expect(line);
    }
    alice.expect("<ci> typed");
}

#[test]
fn a_refusal_says_what_to_do_and_nothing_is_said() {
    let server = Server::with_web(["--burst", "5"]);
    let [mut alice] = people(&server, ["alice"]);
    let long = format!("ok\n\n{}", "x".repeat(1312));
    let six = "x\n".repeat(6);
    let many = "x\n".repeat(101);
    let to = "/rooms/lobby?nick=ci";
    for (request, status, words) in [
        (post(to, &long), 413, "line 3 has 1312 bytes, the limit is 1024; nothing was said"),
        (post(to, &six), 413, "6 lines, the limit at once is 5; nothing was said"),
        (post(to, &many), 413, "101 lines, the limit is 100; nothing was said"),
        (post(to, &"x".repeat(65_537)), 413, "the limit is 65536 bytes"),
        (post(to, ""), 422, "nothing to say"),
        (post(to, "hi\n/LOGIN ann s3cret"), 422, "line 2 is a command"),
        (post(to, "  /who"), 422, "line 1 is a command"),
        (post("/rooms/lobby?nick=9x", "hi"), 422, "a nick has 1 to 16"),
        (post("/rooms/lobby?nick=root", "hi"), 422, "root is reserved"),
        (post("/rooms/lobby?nick=guest7", "hi"), 422, "guest7 is reserved"),
        (post("/rooms/lobby?nick=AL1CE", "hi"), 409, "AL1CE is taken"),
        (post("/rooms/lobby?nick=a&nick=a", "hi"), 400, "nick twice"),
        (post("/rooms/lobby?token=x", "hi"), 400, "not known"),
        (post(to, "hi").with("Nick", "cd"), 400, "nicks that differ"),
        (post_json(to, r#"{"text": "hi", "nick": "cd"}"#), 400, "nicks that differ"),
        (post_json(to, "hi"), 400, "not JSON"),
        (post_json(to, "{}"), 422, "no text"),
        (post("/rooms/9x", "hi"), 404, "a room name has"),
        (post("/rooms/dev/x", "hi"), 404, "there is no such page: try /rooms"),
        (post(to, "hi").with("Content-Encoding", "gzip"), 415, "Content-Encoding"),
        (post(to, "hi").with("Expect", "the unexpected"), 417, "100-continue"),
    ] {
        let answer = request.to(&server);
        let line = answer.refused(status);
        assert!(line.contains(words) && !line.contains("s3cret"), "{line}");
    }
    let xml = super::Request { fields: "Content-Type: text/xml\r\n".into(), ..post(to, "hi") };
    xml.to(&server).refused(415);
    alice.expect_nothing();
}

#[test]
fn other_methods_are_not_allowed() {
    let server = Server::with_web([]);
    for method in ["PUT", "DELETE", "OPTIONS", "PATCH"] {
        let answer = request(method, "/rooms/dev").to(&server);
        assert_eq!(answer.refused(405), "this takes GET, HEAD, POST only");
        assert!(answer.field("Allow").unwrap().contains("POST"), "{method}");
        assert_eq!(answer.field("Access-Control-Allow-Origin"), None);
    }
    for (method, path) in [("OPTIONS", "*"), ("POST", "/"), ("POST", "/ws")] {
        let answer = request(method, path).to(&server);
        assert_eq!(answer.refused(405), "this takes GET and HEAD", "{method} {path}");
        assert_eq!(answer.field("Allow"), Some("GET, HEAD"));
    }
}

#[test]
fn pages_of_others_and_other_names_are_refused() {
    let server = Server::with_web(["--web-origin", "https://chat.example.org"]);
    let to = "/rooms/lobby";
    for origin in ["null", "https://evil.example"] {
        post(to, "hi").with("Origin", origin).to(&server).refused(403);
    }
    for site in ["cross-site", "same-site", "Cross-Site", "SAME-SITE"] {
        post(to, "hi").with("Sec-Fetch-Site", site).to(&server).refused(403);
        let listed = post(to, "hi").with("Sec-Fetch-Site", site);
        listed.with("Origin", "https://chat.example.org").to(&server).json();
    }
    post(to, "hi").with("Sec-Fetch-Site", "none").to(&server).json();
    let answer = super::exchange(
        crate::harness::connect(server.addr_of("web")),
        b"POST /rooms/lobby HTTP/1.1\r\nHost: box9:8080\r\nAccept: */*\r\nContent-Length: 2\r\n\r\nhi",
    );
    let words = "this server is not called box9; --web-origin http://box9 allows it";
    assert_eq!(answer.refused(403), words);
    for answer in [answer, post(to, "hi").to(&server), request("GET", "/").to(&server)] {
        assert_eq!(answer.field("Cross-Origin-Resource-Policy"), Some("same-origin"));
        assert_eq!(answer.field("X-Content-Type-Options"), Some("nosniff"));
    }
}

#[test]
fn lines_come_out_of_the_bucket_of_the_address_all_or_none() {
    let server = Server::with_web(["--rate", "1", "--burst", "5"]);
    let [mut alice] = people(&server, ["alice"]);
    post("/rooms/lobby?nick=ci", "1\n2\n3").to(&server).json();
    let answer = post("/rooms/lobby?nick=cd", "4\n5\n6\n7\n8").to(&server);
    let line = answer.refused(429);
    assert!(line.contains("1 line a second") && line.ends_with("nothing was said"), "{line}");
    let wait: u64 = answer.field("Retry-After").unwrap().parse().unwrap();
    assert!((1..=3).contains(&wait), "{wait}");
    post("/rooms/lobby?nick=ci", "9").from("127.0.0.2", &server).refused(409);
    post("/rooms/lobby?nick=ce", "9").from("127.0.0.2", &server).json();
    for text in ["<ci> 1", "<ci> 2", "<ci> 3", "<ce> 9"] {
        alice.expect(text);
    }
    alice.expect_nothing();
}

#[test]
fn a_restart_fills_no_bucket() {
    let server = Server::with_web(["--rate", "1", "--burst", "60"]);
    let lines = (0..60).map(|n| n.to_string()).collect::<Vec<_>>().join("\n");
    post("/rooms/lobby", &lines).to(&server).json();
    switch(&server);
    post("/rooms/lobby", &lines).to(&server).refused(429);
    post("/rooms/lobby", &lines).from("127.0.0.2", &server).json();
}

#[test]
fn a_post_makes_the_room_and_is_in_its_history() {
    let server = Server::with_web([]);
    post("/rooms/dev?nick=ci", "hello").to(&server).json();
    let mut alice = Client::join(&server, "alice");
    alice.send("/join dev");
    alice.wait_for(|line| line.ends_with("<ci> hello"));
}

#[test]
fn a_client_that_waits_for_100_continue_gets_it_or_the_refusal() {
    let server = Server::with_web([]);
    let head = |path: &str, length: usize| {
        format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n\
             Content-Length: {length}\r\n\r\n"
        )
    };
    let mut stream = crate::harness::connect(server.addr_of("web"));
    stream.write_all(head("/rooms/lobby?nick=ci", 2).as_bytes()).unwrap();
    let interim = super::read_until(&mut stream, b"\r\n\r\n");
    assert_eq!(interim, b"HTTP/1.1 100 Continue\r\n\r\n");
    let answer = super::exchange(stream, b"hi");
    assert_eq!(answer.json()["ok"], true);
    for (path, length, status) in
        [("/rooms/lobby?nick=root", 2, 422), ("/rooms/lobby", 70_000, 413), ("/rooms/9", 2, 404)]
    {
        let stream = crate::harness::connect(server.addr_of("web"));
        super::exchange(stream, head(path, length).as_bytes()).refused(status);
    }
    // No body is asked for that would be refused because of a field.
    let odd = head("/rooms/lobby", 2).replace("\r\n\r\n", "\r\nIdempotency-Key: a\"b\r\n\r\n");
    let stream = crate::harness::connect(server.addr_of("web"));
    super::exchange(stream, odd.as_bytes()).refused(400);
    // A refusal is read although the client sends its body all the same.
    let large = format!("{}{}", head("/rooms/lobby", 100_000), "x".repeat(100_000));
    super::exchange(crate::harness::connect(server.addr_of("web")), large.as_bytes()).refused(413);
}
