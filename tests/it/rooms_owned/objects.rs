//! Rooms that people own in `chatd.v1`.

use serde_json::{Value, json};

use super::in_dev;
use crate::harness::{Server, WebSocket};

/// The objects of type `t`.
fn of(objects: &[Value], t: &str) -> Vec<Value> {
    objects.iter().filter(|object| object["t"] == t).cloned().collect()
}

fn settings() -> Value {
    json!({"invite-only": false, "key": false, "hidden": false, "moderated": false,
           "topic-lock": false, "limit": false, "outside": false, "ctcp": true, "slow": false})
}

#[test]
fn a_page_is_told_the_room_after_entering_it_and_on_each_change() {
    let server = Server::with_web(["--rate", "0"]);
    let mut page = WebSocket::join_json(&server, "page");
    let entered = page.ask_json("/join dev");
    let room = json!({"t": "room", "room": "dev", "settings": settings(), "owner": null,
                      "operators": ["page"], "voices": [], "you": "operator"});
    assert_eq!(of(&entered, "room"), [room]);
    assert_eq!(of(&entered, "notice"), [] as [Value; 0]);
    let [mut bob] = in_dev(&server, ["bob"]);
    page.sync();
    let told = page.ask_json("/room key s3cret");
    let notice = json!({"t": "notice", "text": "page set key on", "room": "dev"});
    assert_eq!(of(&told, "notice"), [notice]);
    assert_eq!(of(&told, "room")[0]["settings"]["key"], "s3cret");
    let told = page.ask_json("/voice bob");
    let role = json!({"t": "role", "room": "dev", "nick": "bob", "role": "voice", "on": true,
                      "by": "page"});
    assert_eq!(of(&told, "role"), [role]);
    assert_eq!(of(&told, "room")[0]["voices"], json!(["bob"]));
    page.ask_json("/op bob");
    bob.ask("/deop page");
    bob.ask("/room limit 12");
    let told: Vec<Value> =
        page.sync().iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let last = of(&told, "room").pop().unwrap();
    assert_eq!((&last["you"], &last["settings"]["key"]), (&Value::Null, &json!(true)));
    assert_eq!((&last["settings"]["limit"], &last["operators"]), (&json!(12), &json!(["bob"])));
    assert_eq!(of(&page.ask_json("/room"), "room"), [last]);
}

#[test]
fn a_page_is_told_that_it_is_invited_and_kicked() {
    let server = Server::with_web(["--rate", "0"]);
    let [mut alice] = in_dev(&server, ["alice"]);
    let mut page = WebSocket::join_json(&server, "page");
    alice.ask("/invite page");
    assert_eq!(page.object(), json!({"t": "invited", "room": "dev", "by": "alice"}));
    page.ask_json("/join dev");
    alice.ask("/kick page");
    assert_eq!(page.object(), json!({"t": "kicked", "room": "dev", "by": "alice", "why": null}));
    let joined = page.object();
    assert_eq!((&joined["t"], &joined["room"]), (&json!("joined"), &json!("lobby")));
    page.sync();
    page.ask_json("/join dev");
    alice.ask("/kick page no pages");
    let kicked = json!({"t": "kicked", "room": "dev", "by": "alice", "why": "no pages"});
    assert_eq!(page.object(), kicked);
}

#[test]
fn a_page_that_is_loaded_again_has_its_room() {
    let server = Server::with_web(["--rate", "0"]);
    let mut page = WebSocket::join_json(&server, "page");
    page.ask_json("/join dev");
    page.ask_json("/room invite-only on");
    drop(page);
    let mut page = WebSocket::connect_json(&server);
    page.object();
    page.sync();
    while page.ask_json("/nick page")[0]["t"] == "refused" {}
    let told = page.ask_json("/join dev");
    assert_eq!(of(&told, "room")[0]["you"], "operator", "{told:?}");
}

#[test]
fn others_are_told_that_somebody_has_a_role_again() {
    let server = Server::with_web(["--rate", "0"]);
    let [mut alice] = in_dev(&server, ["alice"]);
    let mut page = WebSocket::join_json(&server, "page");
    page.ask_json("/join dev");
    alice.ask("/leave");
    page.sync();
    alice.ask("/join dev");
    let told: Vec<Value> =
        page.sync().iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let role = json!({"t": "role", "room": "dev", "nick": "alice", "role": "operator", "on": true,
                      "by": null});
    assert_eq!(of(&told, "role"), [role]);
}
