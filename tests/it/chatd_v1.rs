//! `chatd.v1`: the messages that a page gets and sends.

use serde_json::{Value, json};
use tungstenite::Message;

use crate::harness::{Client, Server, TempDir, WebSocket, people};

/// The fields of the type that a message has.
fn kinds(objects: &[Value]) -> Vec<&str> {
    objects.iter().map(|object| object["t"].as_str().unwrap()).collect()
}

#[test]
fn what_a_page_is_told_when_it_comes() {
    let server = Server::with_web(["--name", "box7"]);
    let [mut alice] = people(&server, ["alice"]);
    let mut page = WebSocket::connect_json(&server);
    let welcome = page.object();
    let nick = welcome["nick"].as_str().unwrap();
    let expected =
        json!({"t": "welcome", "server": "box7", "nick": nick, "room": "lobby", "here": 2});
    assert_eq!(welcome, expected);
    let people = json!({"t": "people", "room": "lobby", "nicks": ["alice", nick], "here": 2});
    assert_eq!(page.object(), people);
    // Neither a topic nor a history: there is none.
    alice.expect(&format!("-- {nick} joined (2 here)"));
    assert_eq!(page.sync(), [""; 0]);
}

#[test]
fn the_motd_the_topic_and_what_was_said_follow_the_people() {
    let dir = TempDir::new();
    let motd = dir.file("motd", "be kind\nand brief\n");
    let server = Server::with_web(["--motd", &motd]);
    let mut alice = Client::guest(&server);
    alice.ask("/nick alice");
    alice.ask("/topic lunch");
    alice.ask("hello\n/me waves");
    let mut page = WebSocket::connect_json(&server);
    let told: Vec<_> = (0..6).map(|_| page.object()).collect();
    assert_eq!(kinds(&told), ["welcome", "people", "notice", "notice", "topic", "history"]);
    assert_eq!(told[2]["text"], "be kind");
    assert_eq!(told[4], json!({"t": "topic", "room": "lobby", "nick": null, "text": "lunch"}));
    let said = |t, text| json!({"t": t, "room": "lobby", "nick": "alice", "text": text});
    let messages = [said("said", "hello"), said("emote", "waves")];
    assert_eq!(told[5], json!({"t": "history", "room": "lobby", "messages": messages}));
    assert_eq!(page.sync(), [""; 0]);
}

#[test]
fn everything_that_happens_has_its_object() {
    let server = Server::with_web([]);
    let [mut alice] = people(&server, ["alice"]);
    let mut page = WebSocket::join_json(&server, "page");
    alice.sync();
    let said = |t, text| json!({"t": t, "room": "lobby", "nick": "page", "text": text});
    assert_eq!(page.ask_json("hello"), [said("said", "hello")]);
    assert_eq!(page.ask_json("/me waves"), [said("emote", "waves")]);
    assert_eq!(page.ask_json("//slash"), [said("said", "/slash")]);
    let private = |from, to, text| json!({"t": "private", "from": from, "to": to, "text": text});
    assert_eq!(page.ask_json("/msg alice psst"), [private("page", "alice", "psst")]);
    alice.send("/reply what");
    assert_eq!(page.object(), private("alice", "page", "what"));
    let topic = json!({"t": "topic", "room": "lobby", "nick": "page", "text": "lunch"});
    assert_eq!(page.ask_json("/topic lunch"), [topic]);
    let renamed = |from, to| json!({"t": "renamed", "room": "lobby", "from": from, "to": to});
    assert_eq!(page.ask_json("/nick pagina"), [renamed("page", "pagina")]);
    alice.ask("/nick alicia");
    assert_eq!(page.object(), renamed("alice", "alicia"));
    let bob = Client::join(&server, "bob");
    let mut seen = page.sync();
    assert_eq!(seen.remove(0), r#"{"t":"joined","room":"lobby","nick":"bob","here":3}"#);
    drop(bob);
    let left =
        json!({"t": "left", "room": "lobby", "nick": "bob", "here": 2, "reason": "disconnected"});
    while page.object() != left {}
    let refused = |text: &str| json!({"t": "refused", "text": text});
    assert_eq!(page.ask_json("/foo"), [refused("unknown command /foo; try /help")]);
    assert_eq!(page.ask_json("/nick alicia"), [refused("alicia is taken")]);
    let people = json!({"t": "people", "room": "lobby", "nicks": ["alicia", "pagina"], "here": 2});
    assert_eq!(page.ask_json("/who"), [people]);
    assert_eq!(kinds(&page.ask_json("/help nick")), ["notice"]);
}

#[test]
fn a_page_that_goes_to_another_room_is_told_where_it_is_and_who_is_there() {
    let server = Server::with_web([]);
    let mut bob = Client::join(&server, "bob");
    bob.ask("/join dev\n/topic releases\nhello");
    let mut page = WebSocket::join_json(&server, "page");
    let told = page.ask_json("/join dev");
    assert_eq!(kinds(&told), ["joined", "people", "room", "topic", "history"]);
    assert_eq!(told[0], json!({"t": "joined", "room": "dev", "nick": "page", "here": 2}));
    assert_eq!(told[1]["nicks"], json!(["bob", "page"]));
    assert_eq!(told[4]["messages"][0]["text"], "hello");
    bob.expect("-- page joined (2 here)");
    page.send("/quit bye");
    let bye = page.object();
    assert_eq!(bye["t"], "bye");
    page.expect_closed(1000);
    bob.expect("-- page left: quit: bye (1 here)");
}

#[test]
fn what_a_search_finds_says_in_which_room_it_was_said_and_is_no_history() {
    let dir = TempDir::new();
    let server = Server::with_web(["--state-dir", &dir.path("state")]);
    let mut bob = Client::join(&server, "bob");
    bob.ask("/join dev\n/me begins the deploy\n/join ops\nthe deploy is done\n/join lunch\npizza");
    let mut page = WebSocket::join_json(&server, "page");
    let said = |t, room, text| json!({"t": t, "room": room, "nick": "bob", "text": text});
    let hits =
        [said("emote", "dev", "begins the deploy"), said("said", "ops", "the deploy is done")];
    assert_eq!(page.ask_json("/search deploy"), [json!({"t": "found", "messages": hits})]);
    let nothing = json!({"t": "notice", "text": "nothing was found"});
    assert_eq!(page.ask_json("/search rollback"), [nothing]);
}

#[test]
fn a_rooms_people_are_told_to_500_and_counted_beyond() {
    let server = Server::with_web(["--rate", "0"]);
    let _crowd: Vec<_> = (0..510).map(|n| Client::join(&server, &format!("n{n}"))).collect();
    let mut page = WebSocket::connect_json(&server);
    assert_eq!(page.object()["t"], "welcome");
    let people = page.object();
    assert_eq!(people["nicks"].as_array().unwrap().len(), 500);
    assert_eq!(people["here"], 511);
}

#[test]
fn what_is_no_message_of_the_protocol_is_refused_and_the_client_stays() {
    let server = Server::with_web([]);
    let mut page = WebSocket::join_json(&server, "page");
    let bad = [
        "",
        "hello",
        "null",
        "[]",
        "{}",
        r#"{"t":"say"}"#,
        r#"{"t":"say","text":7}"#,
        r#"{"t":"shout","text":"x"}"#,
        r#"{"text":"x"}"#,
        r#"{"t":"say","text":"\ud800"}"#,
        r#"{"t":"say","text":"x"} {}"#,
        r#"{"t":"say","text":"x","text":"y"}"#,
    ];
    for bad in bad {
        page.send_message(Message::text(bad));
        let refused = page.object();
        assert_eq!(refused["t"], "refused", "{bad}");
        assert!(refused["text"].as_str().unwrap().contains(r#"{"t":"say""#), "{refused}");
    }
}

#[test]
fn unknown_fields_are_ignored_however_deep_they_are() {
    let server = Server::with_web([]);
    let mut page = WebSocket::join_json(&server, "page");
    let first = r#" { "more": {"a":[1]}, "text": "h\u00e9 \ud83d\ude00", "t": "say" } "#;
    page.send_message(Message::text(first));
    assert_eq!(page.object()["text"], "hé 😀");
    for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
        let deep = format!("{}1{}", open.repeat(10_000), close.repeat(10_000));
        page.send_message(Message::text(format!(r#"{{"more":{deep},"t":"say","text":"x"}}"#)));
        assert_eq!(page.object()["text"], "x");
    }
}
