//! `chatd.v1` clients that are in several rooms.

use serde_json::{Value, json};
use tungstenite::Message;

use crate::harness::{Client, Server, WebSocket, people};
use crate::restart::switch;

/// A client named `nick` that may be in several rooms.
fn roamer(server: &Server, nick: &str) -> WebSocket {
    let mut client = WebSocket::connect_json(server);
    send(&mut client, &json!({"t": "hello", "rooms": "many"}));
    client.ask_json(&format!("/nick {nick}"));
    client
}

fn send(client: &mut WebSocket, object: &Value) {
    client.send_message(Message::text(object.to_string()));
}

fn say_in(client: &mut WebSocket, room: &str, text: &str) {
    send(client, &json!({"t": "say", "room": room, "text": text}));
}

/// The objects of type `t` among those that the client got by now.
fn told(client: &mut WebSocket, t: &str) -> Vec<Value> {
    let objects = client.sync().into_iter().map(|object| serde_json::from_str(&object).unwrap());
    objects.filter(|object: &Value| object["t"] == t).collect()
}

/// Takes `room`, as a person who connects with netcat.
fn person_in(server: &Server, nick: &str, room: &str) -> Client {
    let [mut person] = people(server, [nick]);
    person.ask(&format!("/join {room}"));
    person
}

#[test]
fn lines_go_to_the_room_that_they_name_or_the_one_joined_last() {
    let server = Server::with_web([]);
    let mut roamer = roamer(&server, "roamer");
    roamer.ask_json("/join dev");
    roamer.ask_json("/join ops");
    let [mut lobby, mut dev, mut ops] =
        [("ann", "lobby"), ("ben", "dev"), ("cat", "ops")].map(|(nick, room)| {
            if room == "lobby" {
                people(&server, [nick]).into_iter().next().unwrap()
            } else {
                person_in(&server, nick, room)
            }
        });
    for person in [&mut lobby, &mut dev, &mut ops] {
        person.sync();
    }
    say_in(&mut roamer, "lobby", "to all");
    say_in(&mut roamer, "dev", "/me codes");
    roamer.send("to the last");
    lobby.expect("<roamer> to all");
    dev.expect("* roamer codes");
    ops.expect("<roamer> to the last");
    roamer.sync();
    dev.ask("hello");
    let said = told(&mut roamer, "said");
    assert_eq!((&said[0]["room"], &said[0]["text"]), (&json!("dev"), &json!("hello")));
    say_in(&mut roamer, "nowhere", "lost");
    let refused = told(&mut roamer, "refused");
    assert_eq!(refused[0]["text"], "you are not in nowhere");
}

#[test]
fn notices_and_refusals_say_in_which_room_they_answer() {
    let server = Server::with_web([]);
    let mut roamer = roamer(&server, "roamer");
    for room in ["dev", "ops"] {
        roamer.ask_json(&format!("/join {room}"));
    }
    roamer.sync();
    say_in(&mut roamer, "dev", "/room bans");
    say_in(&mut roamer, "lobby", "/room bans");
    say_in(&mut roamer, "dev", "/foo");
    say_in(&mut roamer, "nowhere", "hi");
    let notice = json!({"t": "notice", "text": "nobody is banned from dev", "room": "dev"});
    let refused = |text: &str, room: &str| json!({"t": "refused", "text": text, "room": room});
    let answers: Vec<Value> =
        roamer.sync().iter().map(|object| serde_json::from_str(object).unwrap()).collect();
    assert_eq!(
        answers,
        [
            notice,
            refused("the lobby belongs to the server's operators", "lobby"),
            refused("unknown command /foo; try /help", "dev"),
            refused("you are not in nowhere", "nowhere"),
        ]
    );
    let mut page = WebSocket::join_json(&server, "page");
    let motd = json!({"t": "notice", "text": "there is no message of the day"});
    assert_eq!(page.ask_json("/motd"), [motd]);
    let plain = json!({"t": "refused", "text": "unknown command /foo; try /help"});
    assert_eq!(page.ask_json("/foo"), [plain]);
}

#[test]
fn a_room_is_left_without_the_others() {
    let server = Server::with_web([]);
    let mut roamer = roamer(&server, "roamer");
    roamer.ask_json("/join dev");
    roamer.ask_json("/join ops");
    let mut ben = person_in(&server, "ben", "dev");
    ben.sync();
    roamer.sync();
    say_in(&mut roamer, "dev", "/leave");
    ben.expect("-- roamer left: parted (1 here)");
    let left = told(&mut roamer, "left");
    let gone = json!({"t": "left", "room": "dev", "nick": "roamer", "here": 1, "reason": "parted"});
    assert_eq!(left, [gone]);
    roamer.send("still here");
    assert_eq!(told(&mut roamer, "said")[0]["room"], "ops");
    say_in(&mut roamer, "lobby", "/leave");
    assert_eq!(told(&mut roamer, "refused")[0]["text"], "you are in the lobby");
    roamer.ask_json("/join ops");
    assert_eq!(
        ben.ask("/whois roamer")[0].split(", connected").next(),
        Some("-- roamer is in lobby, ops")
    );
}

#[test]
fn all_rooms_are_kept_over_a_restart() {
    let server = Server::with_web([]);
    let mut roamer = roamer(&server, "roamer");
    roamer.ask_json("/join dev");
    switch(&server);
    say_in(&mut roamer, "lobby", "still here");
    assert_eq!(told(&mut roamer, "said")[0]["room"], "lobby");
    roamer.send("and there");
    assert_eq!(told(&mut roamer, "said")[0]["room"], "dev");
}

#[test]
fn who_shares_two_rooms_is_told_of_a_new_name_once() {
    let server = Server::with_web([]);
    let [mut ann, mut ben] = ["ann", "ben"].map(|nick| roamer(&server, nick));
    for client in [&mut ann, &mut ben] {
        client.ask_json("/join dev");
    }
    ann.sync();
    ben.ask_json("/nick bob");
    assert_eq!(told(&mut ann, "renamed").len(), 1);
    drop(ben);
    let mut left: Vec<Value> = Vec::new();
    while left.len() < 2 {
        left.extend(Some(ann.object()).filter(|object| object["t"] == "left"));
    }
    let mut rooms: Vec<_> = left.iter().map(|left| left["room"].as_str().unwrap()).collect();
    rooms.sort_unstable();
    assert_eq!(rooms, ["dev", "lobby"], "each room that he left is named");
}

#[test]
fn only_the_first_message_can_ask_for_several_rooms_and_32_are_the_most() {
    let server = Server::with_web(["--rate", "0"]);
    let mut late = WebSocket::join_json(&server, "late");
    send(&mut late, &json!({"t": "hello", "rooms": "many"}));
    assert_eq!(told(&mut late, "refused").len(), 1);
    let mut odd = WebSocket::connect_json(&server);
    send(&mut odd, &json!({"t": "hello", "rooms": "all"}));
    assert_eq!(told(&mut odd, "refused").len(), 1);
    let mut roamer = roamer(&server, "roamer");
    for number in 1..32 {
        roamer.send(&format!("/join r{number}"));
    }
    roamer.sync();
    roamer.send("/join r32");
    assert_eq!(told(&mut roamer, "refused")[0]["text"], "you are in 32 rooms already");
    say_in(&mut roamer, "r1", "/leave");
    roamer.send("/join r32");
    roamer.send("hi");
    assert_eq!(told(&mut roamer, "said")[0]["room"], "r32");
}
