//! WebSocket, HTTP and TLS.

use std::io::{Read, Write};

use serde_json::json;
use tungstenite::protocol::frame::Frame;
use tungstenite::protocol::frame::coding::{Data, OpCode};

use super::switch;
use crate::harness::{
    Client, Identity, Server, Signal, TempDir, WebSocket, connect, masked, people, upgrade,
};

fn text_frame(text: &str) -> Vec<u8> {
    masked(Frame::message(text.to_owned(), OpCode::Data(Data::Text), true))
}

#[test]
fn a_websocket_goes_on_in_the_middle_of_a_frame() {
    let server = Server::with_web([]);
    let [mut alice] = people(&server, ["alice"]);
    let mut bob = WebSocket::join(&server, "bob");
    alice.sync();
    let frame = text_frame("hello");
    for cut in [1, 3, 7, frame.len() - 1] {
        bob.send_raw(&frame[..cut]);
        switch(&server);
        bob.send_raw(&frame[cut..]);
        alice.expect("<bob> hello");
        bob.expect("<bob> hello");
    }
    alice.ask("hi");
    bob.expect("<alice> hi");
}

#[test]
fn chatd_v1_goes_on_in_the_middle_of_a_message() {
    let server = Server::with_web([]);
    let [mut alice] = people(&server, ["alice"]);
    let mut bob = WebSocket::join_json(&server, "bob");
    alice.sync();
    let frame = text_frame(&json!({ "t": "say", "text": "hello" }).to_string());
    bob.send_raw(&frame[..20]);
    switch(&server);
    bob.send_raw(&frame[20..]);
    alice.expect("<bob> hello");
    let said = json!({ "t": "said", "room": "lobby", "nick": "bob", "text": "hello" });
    assert_eq!(bob.object(), said);
}

#[test]
fn who_is_in_the_middle_of_a_request_is_answered() {
    let server = Server::with_web([]);
    let mut browser = connect(server.addr_of("web"));
    let request = upgrade("Connection: close\r\n").replace("/ws", "/healthz");
    let (head, rest) = request.as_bytes().split_at(30);
    browser.write_all(head).unwrap();
    // Nobody is let in any more once this is logged.
    server.signal(Signal::USR2);
    server.wait_log(["restarting as"]);
    browser.write_all(rest).unwrap();
    let mut answer = String::new();
    browser.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.ends_with("ok\n"), "{answer}");
}

#[test]
fn who_upgrades_during_the_switch_is_a_client_after_it() {
    let server = Server::with_web([]);
    let mut early = connect(server.addr_of("web"));
    early.write_all(&upgrade("").as_bytes()[..40]).unwrap();
    server.signal(Signal::USR2);
    server.wait_log(["restarting as"]);
    early.write_all(&upgrade("").as_bytes()[40..]).unwrap();
    let mut answer = [0; 12];
    early.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 101");
    early.write_all(&text_frame("/nick early")).unwrap();
    early.write_all(&text_frame("hello")).unwrap();
    let mut received = Vec::new();
    while !String::from_utf8_lossy(&received).contains("<early> hello") {
        let mut chunk = [0; 1000];
        let count = early.read(&mut chunk).unwrap();
        assert!(count > 0, "{}", String::from_utf8_lossy(&received));
        received.extend_from_slice(&chunk[..count]);
    }
    let welcomes = String::from_utf8_lossy(&received).matches("Welcome").count();
    assert_eq!(welcomes, 1, "{}", String::from_utf8_lossy(&received));
}

#[test]
fn clients_under_tls_are_told_and_can_come_back() {
    let (dir, identity) = (TempDir::new(), Identity::new());
    let server = identity.serve(&dir, []);
    let [mut alice] = people(&server, ["alice"]);
    let mut bob = Client::connect_tls(&server, "tls", &identity.trusted()).welcomed().named("bob");
    let mut carol = WebSocket::connect_tls(&server, &identity.trusted());
    carol.named("carol");
    bob.sync();
    alice.sync();
    switch(&server);
    assert_eq!(bob.rest_lines(), ["-- the server is going down"]);
    assert_eq!(carol.object(), json!({ "t": "bye", "text": "the server is going down" }));
    carol.expect_closed(1001);
    let mut gone = [alice.line(), alice.line()];
    gone.sort_unstable();
    assert!(gone[0].starts_with("-- bob left: disconnected"), "{gone:?}");
    assert!(gone[1].starts_with("-- carol left: disconnected"), "{gone:?}");
    let mut bob = Client::connect_tls(&server, "tls", &identity.trusted()).welcomed().named("bob");
    bob.ask("back again");
    alice.wait_for(|line| line == "<bob> back again");
}
