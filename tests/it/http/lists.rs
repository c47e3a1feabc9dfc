//! `GET /rooms` and `GET /rooms/ROOM/history`.

use serde_json::{Value, json};

use super::{Request, post, request};
use crate::harness::{Client, Server, TempDir, people};

fn get(path: &str, accept: &str) -> Request {
    request("GET", path).with("Accept", accept)
}

#[test]
fn the_rooms_are_listed_as_text_or_json() {
    let server = Server::with_web([]);
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    for client in [&mut alice, &mut bob] {
        client.send("/join dev");
        client.sync();
    }
    alice.send("/topic all about it");
    alice.sync();
    post("/rooms/empty", "hi").to(&server).json();
    let text = request("GET", "/rooms").to(&server);
    assert_eq!((text.status, text.text()), (200, "dev 2 all about it\nlobby 0\n"));
    assert_eq!(text.field("Content-Type"), Some("text/plain; charset=utf-8"));
    let dev = json!({"room": "dev", "here": 2, "topic": "all about it"});
    let lobby = json!({"room": "lobby", "here": 0, "topic": null});
    let answer = get("/rooms", "application/json").to(&server);
    assert_eq!(answer.json(), json!({"rooms": [dev, lobby]}));
    let answer = get("/rooms", "application/x-ndjson").to(&server);
    let lines: Vec<Value> =
        answer.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines, [dev, lobby]);
    get("/rooms", "image/png").to(&server).refused(406);
    for path in ["/rooms", "/rooms/dev/history"] {
        let answer = post(path, "hi").to(&server);
        answer.refused(405);
        assert_eq!(answer.field("Allow"), Some("GET, HEAD"), "{path}");
    }
    request("GET", "/rooms?x=1").to(&server).refused(400);
}

/// The texts in an answer of JSON, and whether there are more.
#[track_caller]
fn texts(answer: &Value) -> (Vec<String>, bool) {
    let text = |line: &Value| line["text"].as_str().or(line["t"].as_str()).unwrap().to_owned();
    let lines = answer["messages"].as_array().unwrap().iter().map(text).collect();
    (lines, answer["more"].as_bool().unwrap())
}

/// What holds of the history with a state directory and without.
#[track_caller]
fn check_history(server: &Server) {
    let says = |text: &str| post("/rooms/dev?nick=ci", text).to(server).json();
    let said = says("1\n2\n3\n4\n5");
    let id = |n: usize| said["said"][n]["id"].as_str().unwrap().to_owned();
    let past = |query: &str| {
        let path = format!("/rooms/dev/history{query}");
        texts(&get(&path, "application/json").to(server).json())
    };
    let lines = |texts: &str| texts.split(' ').map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(past(""), (lines("1 2 3 4 5"), false));
    assert_eq!(past("?limit=2"), (lines("4 5"), true));
    assert_eq!(past(&format!("?since={}", id(1))), (lines("3 4 5"), false));
    assert_eq!(past(&format!("?since={}&limit=2", id(1))), (lines("3 4"), true));
    assert_eq!(past("?since=10m&limit=2"), (lines("1 2"), true));
    assert_eq!(past("?since=box9-7-7"), (lines("gap 1 2 3 4 5"), false));
    assert_eq!(past(&format!("?since={}", id(4))), (Vec::new(), false));
    let answer = get("/rooms/dev/history?limit=1", "application/json").to(server).json();
    let line = &answer["messages"][0];
    assert_eq!(
        (&answer["room"], &line["t"], &line["nick"]),
        (&"dev".into(), &"said".into(), &"ci".into())
    );
    assert_eq!((&line["id"], &line["ts"]), (&said["said"][4]["id"], &said["said"][4]["ts"]));
    let text = request("GET", "/rooms/dev/history?limit=2").to(server);
    let shown: Vec<_> = text.text().lines().collect();
    assert_eq!(shown.len(), 2);
    assert!(shown[1].starts_with("[20") && shown[1].ends_with("] <ci> 5"), "{shown:?}");
    let objects = get("/rooms/dev/history?limit=2", "application/x-ndjson").to(server);
    assert_eq!(objects.text().lines().count(), 2);
    request("GET", "/rooms/nowhere/history").to(server).refused(404);
    for odd in [
        "limit=0",
        "limit=501",
        "limit=x",
        "limit=1&limit=1",
        "since=",
        "since=a%20b",
        "since=600",
        "since=zzz",
        "since=zzz-",
        "since=-7",
        "since=-5m",
        "x=1",
    ] {
        request("GET", &format!("/rooms/dev/history?{odd}")).to(server).refused(400);
    }
}

#[test]
fn the_history_is_read_from_an_id_a_time_or_the_end() {
    check_history(&Server::with_web([]));
    let dir = TempDir::new();
    check_history(&Server::with_web(["--state-dir", &dir.path("")]));
}

#[test]
fn a_head_request_gets_the_fields_and_no_body() {
    let server = Server::with_web([]);
    post("/rooms/dev?nick=ci", "hi").to(&server).json();
    for path in ["/rooms", "/rooms/dev/history"] {
        let [get, head] = ["GET", "HEAD"].map(|method| request(method, path).to(&server));
        assert_eq!(get.field("Content-Length"), Some(&*get.body.len().to_string()));
        assert_eq!((head.status, head.head), (200, get.head));
        assert!(head.body.is_empty());
    }
}

#[test]
fn a_browser_goes_to_the_page() {
    let server = Server::with_web([]);
    let accept = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    for path in ["/rooms/dev", "/rooms/%23dev"] {
        let answer = get(path, accept).to(&server);
        assert_eq!((answer.status, answer.field("Location")), (303, Some("../#dev")));
    }
    get("/rooms/dev", "image/png").to(&server).refused(406);
}

#[test]
fn lines_from_other_wires_are_in_the_history_too() {
    let server = Server::with_web([]);
    let mut alice = Client::join(&server, "alice");
    alice.ask("hello");
    alice.ask("/me waves");
    let answer = get("/rooms/lobby/history", "application/json").to(&server).json();
    assert_eq!(answer["messages"][0]["t"], "said");
    assert_eq!(answer["messages"][1]["t"], "emote");
}
