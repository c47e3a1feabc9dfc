//! How lists of people learn who is an operator of the server.

use serde_json::{Value, json};
use tungstenite::Message;

use crate::harness::{Client, Server, TempDir, WebSocket, people};
use crate::order::manage;

/// A server with the account alice, an operator's.
fn server(dir: &TempDir) -> Server {
    manage(dir, "account add alice --operator", "open sesame\n");
    Server::with_web(["--state-dir", &dir.path(""), "--rate", "0"])
}

fn operator(nick: &str, on: bool) -> Value {
    json!({"t": "operator", "nick": nick, "on": on})
}

/// What the page is told next, apart from what somebody says and notices.
fn next(page: &mut WebSocket) -> Value {
    loop {
        let object = page.object();
        if !["said", "notice"].iter().any(|t| object["t"] == *t) {
            return object;
        }
    }
}

#[test]
fn lists_of_people_are_told_who_is_an_operator_of_the_server() {
    let dir = TempDir::new();
    let server = server(&dir);
    let mut page = WebSocket::join_json(&server, "page");
    let [mut ann, mut bob] = people(&server, ["ann", "bob"]);
    page.sync();
    ann.ask("/login alice open sesame");
    assert_eq!(next(&mut page)["to"], "alice");
    assert_eq!(next(&mut page), operator("alice", true));
    let people = json!({
        "t": "people", "room": "lobby", "nicks": ["page", "alice", "bob"], "here": 3,
        "operators": ["alice"],
    });
    assert_eq!(page.ask_json("/who"), [people]);

    // Somebody who is an operator already enters a room.
    page.ask_json("/join dev");
    ann.ask("/join dev");
    assert_eq!(next(&mut page)["t"], "joined");
    assert_eq!(next(&mut page), operator("alice", true));
    bob.ask("/join dev");
    assert_eq!(next(&mut page)["t"], "joined");
    ann.ask("/nick ann");
    assert_eq!(next(&mut page)["to"], "ann");
    // Also for those who take the new name for the old one.
    assert_eq!(
        [next(&mut page), next(&mut page)],
        ["alice", "ann"].map(|nick| operator(nick, false))
    );
    assert_eq!(page.ask_json("/who")[0]["operators"], Value::Null);
}

#[test]
fn an_operator_who_leaves_the_last_room_in_common_is_told_to_be_none() {
    let dir = TempDir::new();
    let server = server(&dir);
    let mut roamer = WebSocket::connect_json(&server);
    roamer.send_message(Message::text(r#"{"t":"hello","rooms":"many"}"#));
    roamer.ask_json("/nick roamer");
    roamer.ask_json("/join dev");
    let [mut ann] = people(&server, ["ann"]);
    ann.ask("/login alice open sesame");
    while next(&mut roamer) != operator("alice", true) {}
    for (line, told) in
        [("/join dev", vec!["left", "joined", "operator"]), ("/join ops", vec!["left"])]
    {
        ann.ask(line);
        for t in told {
            assert_eq!(next(&mut roamer)["t"], t, "{line}");
        }
    }
    assert_eq!(next(&mut roamer), operator("alice", false));
}

#[test]
fn in_a_crowd_and_to_the_quiet_no_name_stays_an_operators() {
    let dir = TempDir::new();
    let server = server(&dir);
    let mut page = WebSocket::join_json(&server, "page");
    page.ask_json("/quiet on");
    let _crowd: Vec<_> = (0..50).map(|n| Client::join(&server, &format!("n{n}"))).collect();
    let [mut ann] = people(&server, ["ann"]);
    for _ in 0..2 {
        ann.ask("/login alice open sesame");
        assert_eq!(next(&mut page), operator("alice", true));
        ann.ask("/nick ann");
        assert_eq!(next(&mut page), operator("alice", false));
        assert_eq!(next(&mut page), operator("ann", false));
    }
    ann.ask("/login alice open sesame");
    assert_eq!(next(&mut page), operator("alice", true));
    drop(ann);
    assert_eq!(next(&mut page), operator("alice", false));
}

#[test]
fn who_gets_or_loses_the_role_by_command_is_told() {
    let dir = TempDir::new();
    let server = server(&dir);
    let mut page = WebSocket::join_json(&server, "page");
    let [mut ann] = people(&server, ["ann"]);
    ann.ask("/login alice open sesame");
    while next(&mut page) != operator("alice", true) {}
    let changes =
        [("role alice user", false), ("role alice operator", true), ("remove alice", false)];
    for (change, on) in changes {
        manage(&dir, &format!("account {change}"), "");
        assert_eq!(next(&mut page), operator("alice", on), "{change}");
    }
}
