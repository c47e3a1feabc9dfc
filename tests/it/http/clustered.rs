//! Several nodes: what is said over HTTP on one of them is read on the others.

use std::io::{BufReader, Read, Write};
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};

use super::readers::{begins_to_read, reads_the_rest, says_much};
use super::streams::{Reader, objects};
use super::{post, request};
use crate::harness::{Client, Cluster, RedisServer, connect, eventually};
use crate::web::Answer;

/// The next address of this machine.
static NEXT: AtomicU8 = AtomicU8::new(0);

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn a_line_has_the_same_id_on_every_node() {
    let cluster = Cluster::with(2, RedisServer::start(), &["--web-port", "0"]);
    let (one, other) = (cluster.server(1), cluster.server(2));
    let mut reader = Reader::open(other, &objects("/rooms/dev"));
    let said = post("/rooms/dev?nick=ci", "built").to(one).json();
    let id = &said["said"][0]["id"];
    let read = reader.object();
    assert_eq!((&read["id"], &read["text"], &read["nick"]), (id, &"built".into(), &"ci".into()));
    assert_eq!(said["durable"], true);
    let past = request("GET", "/rooms/dev/history").with("Accept", "application/json");
    let past = past.to(other).json();
    assert_eq!(past["messages"][0]["id"], *id);
    // A reader that was on the other node goes on here.
    post("/rooms/dev?nick=ci", "tested").to(other).json();
    let since = format!("/rooms/dev?since={}", id.as_str().unwrap());
    assert_eq!(Reader::open(one, &objects(&since)).object()["text"], "tested");
}

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn a_request_that_two_nodes_get_at_once_is_said_once() {
    let cluster = Cluster::with(2, RedisServer::start(), &["--web-port", "0"]);
    let mut reader = Reader::open(cluster.server(1), &objects("/rooms/dev"));
    for key in ["1", "2", "3"] {
        let say = || post("/rooms/dev?nick=ci", key).with("Idempotency-Key", key);
        let bytes = say().bytes();
        let (last, most) = bytes.split_last().unwrap();
        let mut both = [1, 2].map(|node| {
            let mut stream = connect(cluster.server(node).addr_of("web"));
            stream.write_all(most).unwrap();
            stream
        });
        both.iter_mut().for_each(|stream| stream.write_all(&[*last]).unwrap());
        for answer in both.map(Answer::read_any) {
            assert!([200, 409].contains(&answer.status), "{}", answer.text());
        }
        assert_eq!(reader.object()["text"], key);
        // Whoever was told to wait gets the answer later.
        let retry = say().to(cluster.server(2));
        assert_eq!(retry.field("Idempotency-Replayed"), Some("true"));
    }
}

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn who_is_still_given_the_past_goes_on_over_a_restart_and_rules_of_another_node_hold() {
    let flags = ["--web-port=0", "--durability=relaxed", "--max-line=4096"];
    let cluster = Cluster::with(2, RedisServer::start(), &flags);
    let mut alice = Client::join(cluster.server(1), "alice");
    alice.ask("/join dev");
    says_much(&mut alice);
    let streams = [(); 2].map(|()| begins_to_read(cluster.server(2), "/rooms/dev?since=1h"));
    let reading = |count: &str| format!("-- {count} reading over HTTP");
    assert_eq!(alice.ask("/who").pop(), Some(reading("2 are")));
    cluster.node(2).switch();
    assert_eq!(alice.ask("/who").pop(), Some(reading("2 are")));
    alice.ask("behind it");
    let [one, other] = streams;
    let mut texts = reads_the_rest(one);
    assert_eq!(texts.next().unwrap(), "behind it");
    alice.ask("live");
    assert_eq!(texts.next().unwrap(), "live");
    alice.ask("/room invite-only on");
    assert_eq!(texts.next().unwrap(), "dev is invite-only");
    assert_eq!(texts.next(), None);
    alice.ask("secret");
    let mut rest = String::new();
    BufReader::new(other).read_to_string(&mut rest).unwrap();
    assert!(
        rest.trim_end().ends_with(r#""text":"dev is invite-only"}"#) && !rest.contains("secret")
    );
    assert_eq!(alice.ask("/who").len(), 1);
}

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn a_token_is_good_on_every_node_until_it_is_revoked() {
    let mut cluster = Cluster::with(2, RedisServer::start(), &["--web-port", "0"]);
    cluster.add_operator(1);
    let token = cluster.node(1).manage(&["token", "add", "carol", "--label", "ci"], "");
    let bearer = format!("Bearer {}", token.trim());
    let say = |node| {
        let request = post("/rooms/dev", "built").with("Authorization", &bearer);
        // Wrong ones, while the token is on its way, make others wait.
        request.from(&format!("127.0.0.{}", 2 + NEXT.fetch_add(1, Relaxed)), cluster.server(node))
    };
    for node in [2, 1] {
        let answer = || Some(say(node)).filter(|answer| answer.status == 200);
        assert_eq!(eventually("the token", answer).json()["nick"], "carol");
    }
    cluster.node(1).manage(&["token", "remove", "carol", "ci"], "");
    eventually("the end of the token", || (say(2).status == 401).then_some(()));
}
