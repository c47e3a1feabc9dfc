//! The ids of lines in `chatd.v1`: unique, and the same wherever a line is shown.

use std::collections::HashSet;

use serde_json::Value;

use crate::harness::{Client, Server, Signal, TempDir, WebSocket, people};
use crate::restart::switch;

/// The text of each line in what a page is told, and its id.
fn ids(told: &[String]) -> Vec<(String, String)> {
    let mut lines = Vec::new();
    for object in told {
        let object: Value = serde_json::from_str(object).unwrap();
        let messages = object["messages"].as_array().cloned();
        let of = |line: &Value| {
            let id = line["id"].as_str().unwrap_or_else(|| panic!("{line} has no id"));
            (line["text"].as_str().unwrap().to_owned(), id.to_owned())
        };
        match object["t"].as_str().unwrap() {
            "said" | "emote" | "private" => lines.push(of(&object)),
            "history" | "found" => lines.extend(messages.unwrap().iter().map(of)),
            _ => {}
        }
    }
    lines
}

#[track_caller]
fn assert_all_different(lines: &[(String, String)], count: usize) {
    let different: HashSet<_> = lines.iter().map(|(_, id)| id).collect();
    assert_eq!((lines.len(), different.len()), (count, count), "{lines:?}");
}

#[test]
fn each_line_has_an_id_of_its_own_which_is_the_same_for_everybody_and_in_replay() {
    let server = Server::with_web(["--rate", "0"]);
    let [mut alice] = people(&server, ["alice"]);
    let mut page = WebSocket::join_json(&server, "page");
    alice.ask("}\n}\n}\n/me waves\n/msg page psst");
    let live = ids(&page.sync());
    assert_all_different(&live, 5);
    // Both ends of a private message have the same; it is no part of the history.
    let mut other = WebSocket::join_json(&server, "other");
    let sent = ids(&page.ask("/msg other hello"));
    assert_eq!(ids(&other.sync()), sent);
    assert_eq!(ids(&page.ask("/history")), live[..4]);
    assert_eq!(ids(&WebSocket::connect_json(&server).sync()), live[..4]);
}

#[test]
fn ids_survive_a_restart_and_none_is_given_twice() {
    let dir = TempDir::new();
    for flags in [vec![], vec!["--state-dir".to_owned(), dir.path("state")]] {
        let start = || {
            let mut command = crate::harness::chatd();
            command.args(["--bind", "127.0.0.1", "--port", "0", "--web-port", "0", "--rate", "0"]);
            command.args(&flags);
            Server::run(command)
        };
        let mut server = start();
        let mut known = Vec::new();
        for end in [None, Some(Signal::USR2), Some(Signal::TERM), Some(Signal::KILL)] {
            match end {
                None => {}
                Some(Signal::USR2) => switch(&server),
                // Nothing outlives these without a state directory.
                Some(_) if flags.is_empty() => break,
                Some(signal) => {
                    server.signal(signal);
                    server.wait();
                    server = start();
                }
            }
            let mut alice = Client::guest(&server);
            let mut page = WebSocket::connect_json(&server);
            assert_eq!(ids(&page.sync()), known, "{end:?}");
            assert_eq!(ids(&page.ask("/history 20")), known, "{end:?}");
            alice.ask("}\n}\n}");
            known.extend(ids(&page.sync()));
            assert_all_different(&known, known.len());
        }
    }
}
