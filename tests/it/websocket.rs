//! The WebSocket wire: its frames, plain lines in them, and its clients beside those of other
//! wires.

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use serde_json::json;
use tungstenite::Message;
use tungstenite::protocol::frame::coding::{Control, Data, OpCode};
use tungstenite::protocol::frame::{Frame, FrameHeader};

use crate::harness::{
    Client, HINT, Server, Signal, WebSocket, connect, eventually, masked, people,
};
use crate::slow::outpace;

fn text_frame(text: &str) -> Vec<u8> {
    masked(Frame::message(text.to_owned(), OpCode::Data(Data::Text), true))
}

#[test]
fn lines_are_those_of_the_text_wire_and_ones_own_come_back() {
    let server = Server::with_web([]);
    let [mut alice] = people(&server, ["alice"]);
    let mut bob = WebSocket::connect(&server);
    let welcome = bob.expect_contains(", in lobby with alice (2 here).");
    assert!(welcome.starts_with("-- Welcome to chatd on "), "{welcome}");
    bob.expect(HINT);
    bob.send("/nick bob");
    bob.expect("-- you are now bob");
    bob.send("hello");
    bob.expect("<bob> hello");
    alice.expect("-- bob joined (2 here)");
    alice.expect("<bob> hello");
    alice.send("hi bob");
    bob.expect("<alice> hi bob");
    assert_eq!(bob.ask("/me waves"), ["* bob waves"]);
    assert_eq!(bob.ask("/msg alice psst"), ["[to alice] psst"]);
    assert_eq!(bob.ask("/nonsense"), ["!! unknown command /nonsense; try /help"]);
    assert_eq!(bob.ask(""), [""; 0]);
    bob.send("/quit lunch");
    bob.expect("-- Bye. (Press Ctrl-C if your prompt does not come back.)");
    bob.expect_closed(1000);
    for line in ["* bob waves", "[from bob] psst", "-- bob left: quit: lunch (1 here)"] {
        alice.expect(line);
    }
}

#[test]
fn echo_and_time_are_the_clients_choice() {
    let server = Server::with_web([]);
    let mut bob = WebSocket::join(&server, "bob");
    bob.ask("/echo off");
    assert_eq!(bob.ask("hello"), [""; 0]);
    bob.ask("/echo on");
    bob.ask("/time on");
    let lines = bob.ask("hello");
    assert!(lines[0].starts_with('[') && lines[0].ends_with("] <bob> hello"), "{lines:?}");
    let mut page = WebSocket::join_json(&server, "page");
    page.ask("/echo off");
    assert_eq!(page.ask("hello"), [""; 0]);
}

#[test]
fn a_message_is_one_line_whatever_it_contains() {
    let server = Server::with_web([]);
    let [mut alice] = people(&server, ["alice"]);
    let mut bob = WebSocket::join(&server, "bob");
    alice.sync();
    bob.send("one\r\ntwo\n<alice> three\u{1b}[2J\u{202e}\0");
    bob.expect("<bob> onetwo<alice> three[2J");
    alice.expect("<bob> onetwo<alice> three[2J");
    let mut page = WebSocket::join_json(&server, "page");
    alice.sync();
    page.send("one\n-- two");
    alice.expect("<page> one-- two");
}

#[test]
fn what_is_too_long_is_refused_and_what_is_far_too_long_ends_it() {
    let server = Server::with_web([]);
    let mut bob = WebSocket::join(&server, "bob");
    let refusal = "!! too long: 1025 bytes, the limit is 1024; not sent";
    assert_eq!(bob.ask(&"x".repeat(1025)), [refusal]);
    assert_eq!(bob.ask(&"x".repeat(1024)).len(), 1);
    let refusal = "!! too long: 65536 bytes, the limit is 1024; not sent";
    assert_eq!(bob.ask(&"x".repeat(65536)), [refusal]);
    let [mut alice] = people(&server, ["alice"]);
    bob.send_raw(&text_frame(&"x".repeat(65537)));
    while !matches!(bob.message(), Message::Close(Some(frame)) if u16::from(frame.code) == 1009) {}
    bob.expect_end();
    alice.expect("-- bob left: disconnected (1 here)");
    let mut page = WebSocket::join_json(&server, "page");
    let refusal = "too long: 1025 bytes, the limit is 1024; not sent";
    assert_eq!(page.ask_json(&"x".repeat(1025)), [json!({"t": "refused", "text": refusal})]);
}

#[test]
fn a_message_of_many_frames_has_64_kib_too() {
    let server = Server::with_web([]);
    let mut bob = WebSocket::join(&server, "bob");
    let piece =
        |opcode, text: String, last| masked(Frame::message(text, OpCode::Data(opcode), last));
    bob.send_raw(&piece(Data::Text, "one".into(), false));
    bob.send_raw(&masked(Frame::ping(&b"between"[..])));
    assert_eq!(bob.message(), Message::Pong(b"between"[..].into()));
    bob.send_raw(&piece(Data::Continue, " and two".into(), true));
    bob.expect("<bob> one and two");
    bob.send_raw(&piece(Data::Text, "x".repeat(40_000), false));
    bob.send_raw(&piece(Data::Continue, "x".repeat(40_000), false));
    bob.expect_closed(1009);
}

#[test]
fn a_message_of_empty_frames_without_end_is_too_large() {
    let server = Server::with_web(["--rate", "0"]);
    let mut bob = WebSocket::join(&server, "bob");
    let before = server.rss_kb();
    let piece = |opcode| masked(Frame::message("", OpCode::Data(opcode), false));
    bob.send_raw(&piece(Data::Text));
    // The server may hang up before it has read all of it.
    let _ = bob.socket().write_all(&piece(Data::Continue).repeat(3 << 20));
    let grown = server.rss_kb().saturating_sub(before);
    assert!(grown < 8 * 1024, "{grown} kB");
    bob.expect_closed(1009);
}

#[test]
fn an_unfinished_message_is_in_memory_once() {
    const CLIENTS: u64 = 100;
    let server = Server::with_web([]);
    let mut clients: Vec<_> = (0..CLIENTS).map(|_| WebSocket::connect_json(&server)).collect();
    let ping = masked(Frame::ping(&b"read?"[..]));
    let read = |client: &mut WebSocket| {
        client.send_raw(&ping);
        while client.message() != Message::Pong(b"read?"[..].into()) {}
    };
    clients.iter_mut().for_each(read);
    let before = server.rss_kb();
    let unfinished = masked(Frame::message("x".repeat(60_000), OpCode::Data(Data::Text), false));
    for client in &mut clients {
        client.send_raw(&unfinished);
        read(client);
    }
    let each = server.rss_kb().saturating_sub(before) / CLIENTS;
    assert!(each < 100, "{each} kB");
}

#[test]
fn whoever_breaks_the_rules_is_told_which_and_nobody_is_hurt() {
    let server = Server::with_web([]);
    let [mut alice] = people(&server, ["alice"]);
    let long_ping = Frame::from_payload(
        FrameHeader { opcode: OpCode::Control(Control::Ping), ..FrameHeader::default() },
        vec![b'x'; 126].into(),
    );
    let binary = masked(Frame::message(&b"x"[..], OpCode::Data(Data::Binary), true));
    let bad_utf8 = masked(Frame::message(&b"\xff"[..], OpCode::Data(Data::Text), true));
    let continued = masked(Frame::message(&b"x"[..], OpCode::Data(Data::Continue), true));
    let unfinished = masked(Frame::message("x", OpCode::Data(Data::Text), false));
    let broken: [(Vec<u8>, u16); 9] = [
        (binary, 1003),
        (bad_utf8, 1007),
        (b"\x81\x02hi".to_vec(), 1002),
        (b"\x83\x80\0\0\0\0".to_vec(), 1002),
        (b"\xc1\x80\0\0\0\0".to_vec(), 1002),
        (masked(long_ping), 1002),
        (continued, 1002),
        ([unfinished, text_frame("x")].concat(), 1002),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".to_vec(), 1002),
    ];
    for (bytes, code) in broken {
        for join in [WebSocket::join, WebSocket::join_json] {
            let mut bob = join(&server, "bob");
            bob.send_raw(&[&bytes, &*text_frame("nobody hears this")].concat());
            bob.expect_closed(code);
            drop(bob);
            alice.wait_for(|line| line == "-- bob left: disconnected (1 here)");
        }
    }
    assert_eq!(alice.ask("/history"), ["-- nothing has been said here"]);
}

#[test]
fn a_length_that_nobody_could_send_is_refused_at_once() {
    let server = Server::with_web([]);
    let mut bob = WebSocket::join(&server, "bob");
    bob.send_raw(b"\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff\0\0\0\0");
    bob.expect_closed(1009);
}

#[test]
fn pings_are_answered_pongs_are_not_and_a_close_is_returned() {
    let server = Server::with_web([]);
    let [mut alice] = people(&server, ["alice"]);
    let mut bob = WebSocket::join(&server, "bob");
    bob.send_message(Message::Ping(b"are you there"[..].into()));
    assert_eq!(bob.message(), Message::Pong(b"are you there"[..].into()));
    bob.send_message(Message::Pong(b"unasked"[..].into()));
    assert_eq!(bob.sync(), [""; 0]);
    bob.send_raw(b"\x88\x82\0\0\0\0\x03\xe9");
    bob.expect_closed(1001);
    alice.wait_for(|line| line == "-- bob left: disconnected (1 here)");
}

#[test]
fn pings_count_as_lines_for_flood_control() {
    let server = Server::with_web(["--rate", "10", "--burst", "5"]);
    let [mut alice] = people(&server, ["alice"]);
    let mut bob = WebSocket::connect(&server);
    bob.expect_contains("-- Welcome");
    bob.expect(HINT);
    let (start, ping) = (Instant::now(), masked(Frame::ping(&b""[..])));
    bob.send_raw(&ping.repeat(10_000));
    (0..25).for_each(|_| assert_eq!(bob.message(), Message::Pong(b""[..].into())));
    assert!(start.elapsed() > Duration::from_secs(1), "{:?}", start.elapsed());
    alice.sync();
}

#[test]
fn what_comes_with_the_request_is_heard() {
    let server = Server::with_web([]);
    let mut early = text_frame("/nick bob");
    early.extend(text_frame("first"));
    early.extend(text_frame("second"));
    let (whole, half) = early.split_at(early.len() - 3);
    let mut bob = WebSocket::with_early(&server, "", whole);
    bob.expect_contains("Welcome");
    bob.expect(HINT);
    bob.expect("-- you are now bob");
    bob.expect("<bob> first");
    bob.send_raw(half);
    bob.expect("<bob> second");
}

#[test]
fn other_sub_protocols_are_not_agreed_to() {
    let server = Server::with_web([]);
    let mut bob = WebSocket::with_early(&server, "Sec-WebSocket-Protocol: mqtt, graphql\r\n", &[]);
    bob.expect_contains("-- Welcome");
    let fields = "Sec-WebSocket-Protocol: mqtt\r\nSec-WebSocket-Protocol: x, chatd.v1\r\n";
    let mut page = WebSocket::with_early(&server, fields, &[]);
    assert_eq!(page.object()["t"], "welcome");
    let extended = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n";
    WebSocket::with_early(&server, extended, &[]).expect_contains("-- Welcome");
}

#[test]
fn when_it_is_full_the_page_still_loads_and_says_so() {
    let server = Server::with_web(["--max-clients", "2"]);
    let _both = [Client::guest(&server), Client::guest(&server)];
    let mut page = WebSocket::connect_json(&server);
    let text = "the server is full (2 clients); try again later";
    let mut browser = connect(server.addr_of("web"));
    browser.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut answer = String::new();
    browser.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.ends_with(include_str!("../../src/web/page/index.html")), "{answer}");
    assert_eq!(page.object(), json!({"t": "refused", "text": text}));
    page.expect_closed(1013);
    let mut bob = WebSocket::connect(&server);
    bob.expect(&format!("!! {text}"));
    bob.expect_closed(1013);
}

#[test]
fn who_is_silent_for_too_long_is_sent_away_although_it_answers_pings() {
    let server = Server::with_web(["--idle-timeout", "1s"]);
    let mut page = WebSocket::join_json(&server, "page");
    page.send_message(Message::Pong(b""[..].into()));
    let text = "you sent nothing for 1s; goodbye";
    assert_eq!(page.object(), json!({"t": "refused", "text": text}));
    page.expect_closed(1008);
}

#[test]
fn all_wires_see_one_order() {
    const LINES: usize = 60;
    let server = Server::with_web(["--rate", "0"]);
    let [mut alice, mut carol] = people(&server, ["alice", "carol"]);
    let mut bob = WebSocket::join(&server, "bob");
    let mut page = WebSocket::join_json(&server, "page");
    bob.sync();
    for client in [&mut alice, &mut carol] {
        client.ask("/echo on");
        client.ask("/quiet on");
    }
    bob.ask("/quiet on");
    page.ask("/quiet on");
    for n in 0..LINES {
        alice.send(&format!("a{n}"));
        bob.send(&format!("b{n}"));
        carol.send(&format!("c{n}"));
        page.send(&format!("p{n}"));
    }
    let heard = |mut line: Box<dyn FnMut() -> String>| -> Vec<String> {
        (0..4 * LINES).map(|_| line()).collect()
    };
    let by_alice = heard(Box::new(|| alice.line()));
    assert_eq!(heard(Box::new(|| carol.line())), by_alice);
    assert_eq!(heard(Box::new(|| bob.line())), by_alice);
    let by_page = heard(Box::new(|| {
        let said = page.object();
        format!("<{}> {}", said["nick"].as_str().unwrap(), said["text"].as_str().unwrap())
    }));
    assert_eq!(by_page, by_alice);
    for (nick, start) in [("alice", "a"), ("bob", "b"), ("carol", "c"), ("page", "p")] {
        let of_one: Vec<_> =
            by_alice.iter().filter(|line| line.starts_with(&format!("<{nick}>"))).collect();
        let said: Vec<_> = (0..LINES).map(|n| format!("<{nick}> {start}{n}")).collect();
        assert_eq!(of_one, said.iter().collect::<Vec<_>>());
    }
}

#[test]
fn when_the_server_goes_down_everybody_is_told() {
    let server = Server::with_web([]);
    let mut bob = WebSocket::join(&server, "bob");
    let mut page = WebSocket::join_json(&server, "page");
    bob.sync();
    bob.send("last words");
    page.expect_contains("last words");
    server.signal(Signal::TERM);
    bob.expect("<bob> last words");
    bob.expect("-- the server is going down");
    bob.expect_closed(1001);
    assert_eq!(page.object(), json!({"t": "bye", "text": "the server is going down"}));
    page.expect_closed(1001);
    let (status, _) = server.wait();
    assert!(status.success());
}

#[test]
fn a_reader_that_stalls_is_dropped_and_delays_nobody() {
    let server = Server::with_web(["--rate", "0", "--send-queue", "65536"]);
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    let before = server.rss_kb();
    for join in [WebSocket::join, WebSocket::join_json] {
        let mut stalled = join(&server, "stalled");
        stalled.sync();
        outpace(&mut bob, &mut alice);
        alice.sync();
    }
    assert!(server.rss_kb() < before + 8 * 1024, "{before} kB, then {}", server.rss_kb());
}

#[test]
fn who_goes_leaves_nothing_behind_however_it_goes() {
    let server = Server::with_web([]);
    let [mut alice] = people(&server, ["alice"]);
    let base = (server.threads(), server.open_files());
    let ways: [fn(&mut WebSocket); 4] = [
        |_| {},
        |bob| bob.send_raw(b"\x88\x80\0\0\0\0"),
        |bob| {
            bob.send("/quit");
            bob.expect_contains("Bye");
            bob.expect_closed(1000);
        },
        |bob| {
            bob.send_raw(b"\x81\xfe\x10\0\0");
            rustix::net::sockopt::set_socket_linger(bob.socket(), Some(Duration::ZERO)).unwrap();
        },
    ];
    for go in ways.iter().cycle().take(40) {
        let mut bob = WebSocket::join(&server, "bob");
        go(&mut bob);
        drop(bob);
        alice.wait_for(|line| line.starts_with("-- bob left"));
    }
    let now = || (server.threads(), server.open_files());
    eventually("the end of all of it", || (now() == base).then_some(()));
}

#[test]
fn who_closes_and_stays_connected_is_let_go() {
    let server = Server::with_web([]);
    let files = server.open_files();
    let mut bob = WebSocket::join(&server, "bob");
    bob.send("/quit");
    bob.expect_contains("Bye");
    eventually("the end of the connection", || (server.open_files() == files).then_some(()));
    bob.expect_closed(1000);
}

#[test]
#[ignore = "needs half a minute"]
fn who_is_silent_is_pinged_to_keep_the_connection_open() {
    let server = Server::with_web([]);
    let mut bob = WebSocket::join(&server, "bob");
    bob.socket().set_read_timeout(Some(Duration::from_secs(40))).unwrap();
    assert_eq!(bob.message(), Message::Ping(b""[..].into()));
    assert_eq!(bob.sync(), [""; 0]);
    assert_eq!(bob.message(), Message::Ping(b""[..].into()));
}
