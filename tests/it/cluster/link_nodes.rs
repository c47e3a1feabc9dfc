//! Nodes that join and go, and logs that are written anew and trimmed.

use chatd::cluster::{EntryKind, LivingNode, LogSnapshot};

use super::*;

/// Everything that Redis has.
fn everything(server: &RedisServer) -> Vec<(String, Option<Vec<u8>>)> {
    let mut keys: Vec<String> = server.ask(["KEYS", "*"]);
    keys.sort();
    keys.into_iter().map(|key| (key.clone(), server.ask(["DUMP", &key]))).collect()
}

fn join_as(number: u8, name: &str, was: Option<u8>, level: u32) -> Request {
    let Request::Join { epoch, origin: own, has_archive, inputs, .. } = join(number, &[]) else {
        unreachable!()
    };
    let (name, was) = (name.to_owned(), was.map(origin));
    let at = Position::default();
    Request::Join { epoch, origin: own, at, name, was, has_archive, level, inputs }
}

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn a_node_joins_with_its_roster_at_once() {
    let server = RedisServer::start();
    let linked = Linked::founded(&server);
    assert_eq!(linked.ask(join(1, &["a", "b"])), Reply::Joined { n: 3, number: 1 });
    // The answer may have been lost.
    let before = everything(&server);
    assert_eq!(linked.ask(join(1, &["a", "b"])), Reply::Joined { n: 3, number: 1 });
    assert_eq!(everything(&server), before);
    assert_eq!(linked.ask(join(2, &[])), Reply::Joined { n: 4, number: 2 });
    let entries = linked.entries(Position::default());
    let found: Vec<_> = entries.iter().map(|it| (it.kind, it.oseq, it.data.as_slice())).collect();
    let data = br#"{"name":"box1","j":1,"was":null,"archive":true,"level":1}"#;
    assert_eq!(found[0], (EntryKind::Joined, 0, &data[..]));
    assert_eq!(found[1], (EntryKind::Input, 1, &b"a"[..]));
    assert_eq!(found[2], (EntryKind::Input, 2, &b"b"[..]));
    assert_eq!(linked.ask(put(1, &[(3, "c")])), Reply::Put { n: 5, oseq: 3 });
    let head = linked.head();
    let living = |origin, name: &str, number, oseq, applied| LivingNode {
        origin,
        name: name.to_owned(),
        number,
        oseq,
        applied,
    };
    assert!(head.lives);
    let nodes = [living(origin(1), "box1", 1, 3, 0), living(origin(2), "box2", 2, 0, 4)];
    assert_eq!(head.living, nodes);
}

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn a_name_is_taken_while_its_node_lives() {
    let server = RedisServer::start();
    let linked = Linked::founded(&server);
    linked.ask(join_as(1, "box.one-1_A", None, 1));
    assert_eq!(linked.ask(join_as(2, "box.one-1_A", None, 1)), Reply::NameTaken);
    assert_eq!(linked.ask(join_as(2, "box.one-1_a", None, 1)), Reply::Joined { n: 2, number: 2 });
    // The node is started anew: what it was ends without a word.
    let joined = linked.ask(join_as(3, "box.one-1_A", Some(1), 1));
    assert_eq!(joined, Reply::Joined { n: 3, number: 3 });
    assert_eq!(linked.ask(put(1, &[])), Reply::Fenced);
    let last = linked.entries(Position::default()).pop().unwrap();
    let was = format!("\"was\":\"{}\"", origin(1));
    assert!(String::from_utf8(last.data).unwrap().contains(&was));
    // What does not live any more is not named.
    linked.ask(join_as(4, "box4", Some(1), 1));
    let last = linked.entries(Position::default()).pop().unwrap();
    assert!(String::from_utf8(last.data).unwrap().contains("\"was\":null"));
    assert!(!linked.head().living.iter().any(|node| node.origin == origin(1)));
}

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn a_node_that_is_too_old_is_kept_out() {
    let server = RedisServer::start();
    let linked = Linked::to(&server);
    linked.ask(Request::Found(Box::new(Founding { level: 3, ..founding() })));
    assert_eq!(linked.ask(join_as(1, "box1", None, 2)), Reply::TooNew(3));
    assert_eq!(linked.head().at.n, 0);
    assert_eq!(linked.ask(join_as(1, "box1", None, 3)), Reply::Joined { n: 1, number: 1 });
}

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn a_node_whose_lease_has_expired_is_gone() {
    let server = RedisServer::start();
    let linked = Linked::founded(&server);
    linked.ask(join(1, &[]));
    linked.ask(join(2, &["a"]));
    let expire = |number| -> u64 {
        server.ask(["ZADD", "{chatd}:lease", "-1", &origin(number).to_string()])
    };
    // Nobody has noticed yet.
    expire(2);
    assert_eq!(linked.ask(put(2, &[])), Reply::Put { n: 3, oseq: 1 });
    expire(2);
    assert_eq!(linked.ask(put(1, &[(1, "b")])), Reply::Put { n: 5, oseq: 1 });
    assert_eq!(linked.ask(put(2, &[(2, "c")])), Reply::Fenced);
    let gone = linked.entries(Position::default()).pop().unwrap();
    assert_eq!((gone.kind, gone.origin, gone.oseq), (EntryKind::Gone, Some(origin(2)), 0));
    assert_eq!(gone.data, b"lost");
    for key in ["node", "hwm", "pos"] {
        let key = format!("{{chatd}}:{key}");
        let fields: Vec<String> = server.ask(["HKEYS", &key]);
        assert_eq!(fields, [origin(1).to_string()], "{key}");
    }
    // A node that has the name of one that crashed, and that nobody else can give up, comes in.
    expire(1);
    assert_eq!(linked.ask(join_as(3, "box1", None, 1)), Reply::Joined { n: 7, number: 3 });
    let entries = linked.entries(Position::default());
    assert_eq!(entries[5].data, b"lost");
}

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn a_name_becomes_free_even_if_nobody_else_is_there() {
    let server = RedisServer::start();
    let linked = Linked::founded(&server);
    linked.ask(join_as(1, "box1", None, 1));
    let mut tries = 0;
    let joined = loop {
        // Two seconds later, as far as Redis knows.
        let _: i64 = server.ask(["HINCRBY", "{chatd}:head", "last", "-2000"]);
        match linked.ask(join_as(2, "box1", None, 1)) {
            Reply::NameTaken => tries += 1,
            joined => break joined,
        }
    };
    assert_eq!((tries, joined), (3, Reply::Joined { n: 3, number: 2 }));
}

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn a_node_that_leaves_is_gone_once() {
    let server = RedisServer::start();
    let linked = Linked::founded(&server);
    linked.ask(join(1, &[]));
    assert_eq!(linked.ask(leave(1)), Reply::Left);
    assert_eq!(linked.ask(leave(1)), Reply::Left);
    let entries = linked.entries(Position::default());
    assert_eq!(entries.len(), 2);
    assert_eq!((entries[1].kind, entries[1].data.as_slice()), (EntryKind::Gone, &b"down"[..]));
    assert!(!linked.head().lives && linked.head().living.is_empty());
}

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn a_log_that_was_lost_is_written_anew_as_the_founder_has_it() {
    let server = RedisServer::start();
    let linked = Linked::founded(&server);
    linked.ask(join(1, &["a", "b"]));
    linked.ask(join(2, &[]));
    linked.ask(put(1, &[(3, "c")]));
    let entries = linked.entries(Position::default());
    let (at, living) = (linked.head().at, linked.head().living);
    // Redis comes back with less.
    let _: String = server.ask(["FLUSHALL"]);
    linked.ask(Request::Found(Box::new(founding())));
    linked.ask(join(3, &["x"]));
    let founding = Founding {
        seen: Some((EPOCH.to_owned(), 2)),
        epoch: "line:two".to_owned(),
        at,
        uptime: 77_000,
        level: 2,
        joins: 2,
        living: living.clone(),
        snapshot: b"state".to_vec(),
        entries: entries[2..].to_vec(),
    };
    let mut gap = founding.clone();
    gap.entries.remove(1);
    linked.lost(Request::Found(Box::new(gap)));
    assert_eq!(linked.head().epoch, EPOCH, "it did nothing");
    assert_eq!(linked.ask(Request::Found(Box::new(founding))), Reply::Founded);
    let head = linked.head();
    assert_eq!((head.epoch.as_str(), head.at, head.level, head.first), ("line:two", at, 2, 3));
    let mut founded = head.living;
    founded.sort_by_key(|node| node.number);
    let mut living: Vec<_> =
        living.into_iter().map(|node| LivingNode { applied: at.n, ..node }).collect();
    living.sort_by_key(|node| node.number);
    assert_eq!(founded, living);
    assert_eq!(linked.entries(entries[1].position()), entries[2..]);
    let snapshot = LogSnapshot { at, data: b"state".to_vec() };
    assert_eq!(linked.ask(Request::ReadSnapshot), Reply::Snapshot(Some(snapshot)));
    // All go on from there, in the time of the cluster.
    let Request::Put { origin, inputs, .. } = put(1, &[(4, "d")]) else { unreachable!() };
    let (epoch, due) = ("line:two".to_owned(), None);
    let said = linked.ask(Request::Put { epoch, origin, at, due, inputs });
    assert_eq!(said, Reply::Put { n: 6, oseq: 4 });
    let last = linked.entries(at).pop().unwrap();
    assert!(last.uptime >= 77_000 && last.uptime < 100_000, "{last:?}");
}

fn store(at: Position, data: &[u8]) -> Request {
    let snapshot = LogSnapshot { at, data: data.to_vec() };
    Request::StoreSnapshot { epoch: EPOCH.to_owned(), level: 1, snapshot }
}

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn the_newest_snapshot_is_kept() {
    let server = RedisServer::start();
    let linked = Linked::founded(&server);
    linked.ask(join(1, &["a", "b"]));
    let entries = linked.entries(Position::default());
    let [first, second] = [0, 1].map(|at: usize| entries[at].position());
    assert_eq!(linked.ask(store(second, b"second")), Reply::Stored);
    assert_eq!(linked.ask(store(first, b"first")), Reply::Stored);
    let kept = LogSnapshot { at: second, data: b"second".to_vec() };
    assert_eq!(linked.ask(Request::ReadSnapshot), Reply::Snapshot(Some(kept.clone())));
    let other = Position { n: 3, chain: first.chain };
    assert_eq!(linked.ask(store(other, b"other")), Reply::Forked);
    assert_eq!(linked.ask(store(Position { n: 4, ..other }, b"ahead")), Reply::Behind);
    assert_eq!(linked.ask(Request::ReadSnapshot), Reply::Snapshot(Some(kept)));
}

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn a_snapshot_of_a_higher_level_keeps_older_nodes_out() {
    let server = RedisServer::start();
    let linked = Linked::founded(&server);
    linked.ask(join(1, &["a"]));
    let at = linked.head().at;
    for (level, in_force) in [(2, 2), (1, 2)] {
        linked.ask(join(level as u8 + 5, &[]));
        let at = if level == 2 { at } else { linked.head().at };
        let snapshot = LogSnapshot { at, data: b"state".to_vec() };
        let store = Request::StoreSnapshot { epoch: EPOCH.to_owned(), level, snapshot };
        assert_eq!(linked.ask(store), Reply::Stored);
        assert_eq!(linked.head().level, in_force);
    }
    assert_eq!(linked.ask(join(3, &[])), Reply::TooNew(2));
}

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn the_log_keeps_what_the_snapshot_and_the_nodes_need() {
    let server = RedisServer::start();
    let linked = Linked::founded(&server);
    for number in [1, 2, 3] {
        linked.ask(join(number, &[]));
    }
    let mut n = 3;
    while n < 30_000 {
        let inputs: Vec<_> = (n - 2..n - 2 + 256).map(|oseq| (oseq, b"x".to_vec())).collect();
        let said = linked.ask(put_at(1, Position::default(), None, inputs));
        n += 256;
        assert_eq!(said, Reply::Put { n, oseq: n - 3 });
    }
    let at = |n| match linked.ask(Request::Look { origin: None, at: n }) {
        Reply::Head(Some(head)) => Position { n, chain: head.chain.unwrap() },
        other => panic!("{other:?}"),
    };
    let is_at = |number, n: u64| -> u64 {
        let (origin, n) = (origin(number).to_string(), n.to_string());
        server.ask(["HSET", "{chatd}:pos", &origin, &n])
    };
    is_at(1, n);
    is_at(2, 20_500);
    is_at(3, 0);
    linked.ask(store(at(25_000), b"one"));
    assert_eq!(linked.head().first, 1, "a node has not got that far");
    is_at(3, 21_000);
    linked.ask(store(at(25_001), b"two"));
    assert_eq!(linked.head().first, 500);
    is_at(2, 29_000);
    is_at(3, 29_000);
    linked.ask(store(at(25_002), b"three"));
    assert_eq!(linked.head().first, 5_002);
    // Nobody waits for a node that is 200,000 entries behind.
    let _: i64 = server.ask(["HINCRBY", "{chatd}:head", "n", "200000"]);
    is_at(1, n + 200_000);
    is_at(2, n + 200_000);
    is_at(3, 5_100);
    linked.ask(store(at(29_000), b"four"));
    assert_eq!(linked.head().first, 9_000);
}

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn who_looks_sees_whether_there_is_a_snapshot() {
    let server = RedisServer::start();
    let linked = Linked::founded(&server);
    assert!(linked.head().has_snapshot);
    let _: i64 = server.ask(["DEL", "{chatd}:snap"]);
    assert!(!linked.head().has_snapshot);
}
