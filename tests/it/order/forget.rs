//! Forgotten lines are in no memory, no file and no answer.

use std::fs;

use serde_json::{Value, json};

use super::{manage, ruled, until};
use crate::harness::{Client, Server, TempDir, WebSocket, chatd, people, run};

const SECRET: &str = "hunter2xyzzy";

/// Whether a file of the state directory has the secret, or most of it.
fn is_on_disk(dir: &TempDir) -> bool {
    dir.names().iter().any(|name| {
        let contents = fs::read(dir.path(name)).unwrap();
        contents.windows(8).any(|window| window == b"r2xyzzy\0" || window == b"ter2xyzz")
    })
}

/// What somebody sees who comes now, looks back and searches.
fn seen(server: &Server) -> String {
    let mut client = Client::guest(server);
    let replay = client.sync();
    let told = client.ask("/history 100\n/search the");
    [replay, told].concat().join("\n")
}

/// Bob says three lines in the lobby and one elsewhere, and eve says one.
fn talk(server: &Server) -> [Client; 2] {
    let [mut bob, mut eve] = people(server, ["bob", "eve"]);
    bob.ask(&format!("the key is {SECRET}"));
    bob.ask("the build is done");
    bob.ask("/nick B0B\nthe end");
    eve.ask("the bob said it");
    bob.ask("/join dev\nthe work\n/leave");
    [bob, eve]
}

#[test]
fn an_operator_has_lines_forgotten_everywhere() {
    let dir = TempDir::new();
    let (server, mut carol) = ruled(&dir);
    let [mut bob, _eve] = talk(&server);
    assert!(seen(&server).contains(SECRET) && is_on_disk(&dir));
    assert_eq!(bob.ask("/forget eve"), ["!! only operators may do that"]);
    assert_eq!(
        until(&mut carol, "/forget bob hunter2", " is forgotten"),
        "-- 1 line of bob is forgotten"
    );
    assert!(!is_on_disk(&dir), "in {:?}", dir.names());
    let rest = seen(&server);
    assert!(!rest.contains(SECRET) && rest.contains("the build is done"), "{rest}");
    carol.sync();
    assert_eq!(carol.ask("/forget BOB"), ["-- 2 lines of BOB are forgotten"]);
    assert_eq!(carol.ask("/forget bob"), ["!! no line of bob was found"]);
    assert_eq!(
        carol.ask("/forget 7"),
        ["!! a nick has 1 to 16 of the characters A-Z a-z 0-9 _ - and starts with a letter"]
    );
    assert_eq!(carol.ask("/forget"), ["!! usage: /forget NAME [TEXT]"]);
    let rest = seen(&server);
    assert!(!rest.contains("the build") && !rest.contains("the end"), "{rest}");
    assert!(rest.contains("<eve> the bob said it") && rest.contains("the work"), "{rest}");
    assert_eq!(server.log().matches("removed lines of bob in lobby").count(), 2);
    let exported = manage(&dir, "export", "");
    assert_eq!(
        exported.matches(r#""nick":"","kind":"removed","text":""}"#).count(),
        3,
        "{exported}"
    );
    assert_eq!(exported.lines().count(), 5, "{exported}");
}

#[test]
fn a_run_of_forgotten_lines_leaves_a_marker_in_its_place() {
    let dir = TempDir::new();
    let (server, mut carol) = ruled(&dir);
    let mut web = WebSocket::connect_json(&server);
    talk(&server);
    until(&mut carol, "/forget bob", " are forgotten");
    let markers = |lines: Vec<String>| -> Vec<_> {
        let past =
            lines.into_iter().filter(|line| line.contains(" removed]") || line.contains("<eve>"));
        past.map(|line| line.rsplit_once("] ").map_or(line.clone(), |(_, text)| text.to_owned()))
            .collect()
    };
    let left = ["[3 lines removed]", "<eve> the bob said it"];
    assert_eq!(markers(Client::guest(&server).sync()), left, "from memory");
    assert_eq!(markers(carol.ask("/history")), left, "from the disk");
    let told = web.ask("/history");
    let mut objects = told.iter().map(|told| serde_json::from_str::<Value>(told).unwrap());
    let history = objects.find(|told| told["t"] == "history").unwrap();
    let marker = &history["messages"][0];
    assert_eq!((&marker["t"], &marker["text"]), (&json!("notice"), &json!(left[0])));
    assert!(marker["ts"].is_i64() && marker["id"].is_string(), "{marker}");
    server.stop();
    let server = Server::with(["--state-dir", &dir.path("")]);
    assert_eq!(markers(Client::guest(&server).sync()), left, "after a restart");
}

#[test]
fn what_is_forgotten_is_in_no_log() {
    let dir = TempDir::new();
    manage(&dir, "account add carol --operator", "open sesame\n");
    let server = Server::with(["--state-dir", &dir.path(""), "--rate", "0"]);
    talk(&server);
    let mut carol = Client::guest(&server);
    carol.ask("/login carol open sesame");
    until(&mut carol, &format!("/forget bob {SECRET}"), "is forgotten");
    carol.ask(&format!("\\forget bob {SECRET}"));
    let (_, log) = server.stop();
    assert!(log.contains("carol removed lines of bob") && !log.contains(SECRET), "{log}");
}

#[test]
fn a_running_server_forgets_what_another_process_wants_to_be_forgotten() {
    let dir = TempDir::new();
    let (server, _carol) = ruled(&dir);
    talk(&server);
    let forget = |options: &str| manage(&dir, &format!("forget {options}"), "");
    assert_eq!(forget("--text hunter2 --nick eve"), "no line was found\n");
    assert_eq!(forget("--text hunter2"), "1 line is forgotten\n");
    assert!(!seen(&server).contains(SECRET) && !is_on_disk(&dir));
    assert_eq!(forget("--name bob --room dev"), "1 line is forgotten\n");
    assert_eq!(forget("--nick b0b"), "2 lines are forgotten\n");
    let rest = seen(&server);
    assert!(rest.contains("<eve>") && !rest.to_lowercase().contains("<b"), "{rest}");
}

#[test]
fn lines_are_chosen_by_all_conditions_without_a_server_as_well() {
    let dir = TempDir::new();
    let (server, _carol) = ruled(&dir);
    talk(&server);
    server.stop();
    let forget = |options: &str| manage(&dir, &format!("forget {options}"), "");
    let exported = || -> Vec<Value> {
        let lines = manage(&dir, "export", "");
        let rows = lines.lines().map(|line| serde_json::from_str(line).unwrap());
        rows.filter(|row: &Value| row["kind"] != "removed").collect()
    };
    let id = exported()[0]["id"].to_string();
    assert_eq!(forget(&format!("--id {id} --nick eve")), "no line was found\n");
    assert_eq!(forget(&format!("--id {id}")), "1 line is forgotten\n");
    assert!(!is_on_disk(&dir), "in {:?}", dir.names());
    assert_eq!(exported().len(), 4);
    assert_eq!(forget("--since 2100-01-01"), "no line was found\n");
    assert_eq!(forget("--until 2000-01-01"), "no line was found\n");
    assert_eq!(forget("--since 1h --room lobby --text end"), "1 line is forgotten\n");
    assert_eq!(forget("--id nobody-7"), "no line was found\n");
    let all = run(chatd().args(["forget", "--state-dir", &dir.path("")]));
    assert_eq!((all.status, exported().len()), (2, 3), "{}", all.stderr);
    assert_eq!(forget("--until 2100-01-01"), "3 lines are forgotten\n");
    assert_eq!(exported().len(), 0);
}
