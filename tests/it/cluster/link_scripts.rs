//! What is appended to the log, and what is not.

use chatd::cluster::{Chain, EntryKind, LogSnapshot};

use super::*;
use crate::harness::Random;

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn a_log_is_founded_once() {
    let server = RedisServer::start();
    let linked = Linked::to(&server);
    assert_eq!(linked.ask(look()), Reply::Head(None));
    assert_eq!(linked.ask(Request::ReadSnapshot), Reply::Snapshot(None));
    for request in [join(1, &[]), put(1, &[]), leave(1), salvage(&[]), store(Position::default())] {
        assert_eq!(linked.ask(request), Reply::NoLog);
    }
    let found = |epoch: &str, seen: Option<(&str, u64)>| {
        let seen = seen.map(|(epoch, n)| (epoch.to_owned(), n));
        let founding = Founding { seen, epoch: epoch.to_owned(), ..founding() };
        linked.ask(Request::Found(Box::new(founding)))
    };
    assert_eq!(found("line:zero", Some(("line:other", 3))), Reply::NotFounded);
    assert_eq!(found(EPOCH, None), Reply::Founded);
    // The answer may have been lost.
    assert_eq!(found(EPOCH, None), Reply::Founded);
    assert_eq!(found("line:two", None), Reply::NotFounded);
    assert_eq!(found("line:two", Some((EPOCH, 1))), Reply::NotFounded);
    let head = linked.head();
    assert_eq!((head.epoch.as_str(), head.at, head.level), (EPOCH, Position::default(), 1));
    assert_eq!((head.first, head.chain, head.lives), (1, Some(Chain::default()), false));
    assert!(head.living.is_empty());
    let snapshot = LogSnapshot { at: Position::default(), data: b"nothing".to_vec() };
    assert_eq!(linked.ask(Request::ReadSnapshot), Reply::Snapshot(Some(snapshot)));
    assert_eq!(found("line:two", Some((EPOCH, 0))), Reply::Founded);
    for request in [join(1, &[]), put(1, &[]), leave(1), salvage(&[]), store(Position::default())] {
        assert_eq!(linked.ask(request), Reply::OtherEpoch);
    }
}

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn an_input_is_appended_once_and_without_gaps() {
    let server = RedisServer::start();
    let linked = Linked::founded(&server);
    assert_eq!(linked.ask(put(1, &[(1, "a")])), Reply::Fenced);
    assert_eq!(linked.ask(join(1, &[])), Reply::Joined { n: 1, number: 1 });
    assert_eq!(linked.ask(put(1, &[(1, "a"), (2, "b")])), Reply::Put { n: 3, oseq: 2 });
    // The answer may have been lost.
    assert_eq!(linked.ask(put(1, &[(1, "a"), (2, "b"), (3, "c")])), Reply::Put { n: 4, oseq: 3 });
    assert_eq!(linked.ask(put(1, &[(5, "e")])), Reply::Put { n: 4, oseq: 3 });
    assert_eq!(linked.ask(put(1, &[(4, "d"), (6, "f")])), Reply::Put { n: 5, oseq: 4 });
    assert_eq!(linked.ask(put(1, &[])), Reply::Put { n: 5, oseq: 4 });
    let entries = linked.entries(Position::default());
    let found: Vec<_> = entries.iter().map(|it| (it.n, it.kind, it.origin, it.oseq)).collect();
    let (input, this) = (EntryKind::Input, Some(origin(1)));
    let joined = (1, EntryKind::Joined, this, 0);
    assert_eq!(found[0], joined);
    assert_eq!(found[1..], [2, 3, 4, 5].map(|n| (n, input, this, n - 1)));
    let data: Vec<_> = entries[1..].iter().map(|it| it.data.as_slice()).collect();
    assert_eq!(data, [b"a", b"b", b"c", b"d"]);
}

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn a_node_that_is_elsewhere_appends_nothing() {
    let server = RedisServer::start();
    let linked = Linked::founded(&server);
    linked.ask(join(1, &["a"]));
    let head = linked.head().at;
    let inputs = || vec![(2, b"b".to_vec())];
    let ahead = Position { n: head.n + 1, ..head };
    let other = Position { n: head.n, chain: Chain::default() };
    assert_eq!(linked.ask(put_at(1, ahead, None, inputs())), Reply::Behind);
    assert_eq!(linked.ask(put_at(1, other, None, inputs())), Reply::Forked);
    assert_eq!(linked.head().at, head);
    assert_eq!(linked.ask(put_at(1, head, None, inputs())), Reply::Put { n: 3, oseq: 2 });
}

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn the_chain_of_any_bytes_is_the_one_that_the_node_computes() {
    let server = RedisServer::start();
    let linked = Linked::founded(&server);
    let mut random = Random::new(7);
    let mut bytes = |length| (0..length).map(|_| random.byte()).collect::<Vec<_>>();
    let roster = vec![bytes(1000), Vec::new()];
    let Request::Join { epoch, origin, name, was, has_archive, level, .. } = join(1, &[]) else {
        unreachable!()
    };
    let (at, inputs) = (Position::default(), roster);
    linked.ask(Request::Join { epoch, origin, at, name, was, has_archive, level, inputs });
    let mut inputs: Vec<_> = (0..300).map(&mut bytes).collect();
    inputs.push((0..=255).collect());
    inputs.push(b"|0|1|\r\n$-1\r\n".to_vec());
    let numbered = |inputs: &[Vec<u8>], from| (from..).zip(inputs.iter().cloned()).collect();
    let (first, second) = inputs.split_at(256);
    linked.ask(put_at(1, Position::default(), None, numbered(first, 3)));
    linked.ask(put_at(1, Position::default(), None, numbered(second, 259)));
    // Each entry has to follow the one before it.
    let entries = linked.entries(Position::default());
    assert_eq!(entries.len(), 305);
    assert!(entries[3..].iter().map(|entry| &entry.data).eq(&inputs));
}

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn the_place_of_an_entry_is_known_while_it_is_there() {
    let server = RedisServer::start();
    let linked = Linked::founded(&server);
    linked.ask(join(1, &["a", "b"]));
    let entries = linked.entries(Position::default());
    let chain = |at| match linked.ask(Request::Look { origin: None, at }) {
        Reply::Head(Some(head)) => (head.first, head.chain),
        other => panic!("{other:?}"),
    };
    assert_eq!(chain(0), (1, Some(Chain::default())));
    for entry in &entries {
        assert_eq!(chain(entry.n), (1, Some(entry.chain)));
    }
    assert_eq!(chain(4), (1, None));
    let _: u64 = server.ask(["XTRIM", "{chatd}:log", "MINID", "3-0"]);
    assert_eq!(chain(2), (3, None));
    let _: u64 = server.ask(["XTRIM", "{chatd}:log", "MAXLEN", "0"]);
    assert_eq!(chain(2), (4, None));
    assert_eq!(chain(3), (4, Some(entries[2].chain)));
    // The log goes on, although the stream is empty.
    assert_eq!(linked.ask(put(1, &[(3, "c")])), Reply::Put { n: 4, oseq: 3 });
    assert_eq!(linked.entries(entries[2].position()).len(), 1);
}

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn the_time_is_appended_once_when_it_is_due() {
    let server = RedisServer::start();
    let linked = Linked::founded(&server);
    linked.ask(join(1, &[]));
    linked.ask(join(2, &[]));
    let renew = |number, due| linked.ask(put_at(number, Position::default(), due, Vec::new()));
    assert_eq!(renew(1, None), Reply::Put { n: 2, oseq: 0 });
    assert_eq!(renew(1, Some(1_000_000)), Reply::Put { n: 2, oseq: 0 });
    // 1.5 s later, as far as Redis knows.
    let _: i64 = server.ask(["HINCRBY", "{chatd}:head", "last", "-1500"]);
    assert_eq!(renew(1, Some(1_500)), Reply::Put { n: 3, oseq: 0 });
    assert_eq!(renew(2, Some(1_500)), Reply::Put { n: 3, oseq: 0 });
    let time = linked.entries(Position::default()).pop().unwrap();
    assert_eq!((time.kind, time.origin, time.oseq), (EntryKind::Time, None, 0));
    assert!(time.data.is_empty());
    // What a node says brings the time along.
    let _: i64 = server.ask(["HINCRBY", "{chatd}:head", "last", "-1500"]);
    let inputs = vec![(1, b"a".to_vec())];
    let said = linked.ask(put_at(1, Position::default(), Some(3_000), inputs));
    assert_eq!(said, Reply::Put { n: 4, oseq: 1 });
    assert_eq!(renew(2, Some(3_000)), Reply::Put { n: 4, oseq: 0 });
}

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn the_uptime_grows_by_two_seconds_a_call_at_most_and_never_goes_back() {
    let server = RedisServer::start();
    let linked = Linked::founded(&server);
    linked.ask(join(1, &[]));
    let uptime = || -> u64 { server.ask(["HGET", "{chatd}:head", "up"]) };
    for (set_back, most) in [("-3600000", 2000), ("-1000", 2000), ("3600000", 0)] {
        let before = uptime();
        let _: i64 = server.ask(["HINCRBY", "{chatd}:head", "last", set_back]);
        linked.ask(put(1, &[]));
        let grown = uptime() - before;
        assert!(grown <= most && (most == 0 || grown >= 1000), "{set_back}: {grown}");
    }
    // The wall clock of Redis is in the entries as it is.
    linked.ask(put(1, &[(1, "a")]));
    let said = linked.entries(Position::default()).pop().unwrap();
    assert_eq!(said.uptime, uptime());
    assert!(said.moment > 1_700_000_000_000, "{said:?}");
}

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn lost_inputs_of_living_nodes_are_salvaged() {
    let server = RedisServer::start();
    let linked = Linked::founded(&server);
    linked.ask(join(1, &["a"]));
    linked.ask(join(2, &[]));
    let lost =
        [(1, 1, "a"), (1, 2, "b"), (2, 2, "-"), (3, 1, "-"), (1, 4, "-"), (1, 3, "c"), (2, 1, "d")];
    assert_eq!(linked.ask(salvage(&lost)), Reply::Salvaged(3));
    // Now these follow.
    assert_eq!(linked.ask(salvage(&lost[1..5])), Reply::Salvaged(2));
    assert_eq!(linked.ask(salvage(&lost[..2])), Reply::Salvaged(0));
    let entries = linked.entries(Position::default());
    let found: Vec<_> =
        entries[3..].iter().map(|it| (it.origin.unwrap(), it.oseq, it.data.as_slice())).collect();
    let [one, two] = [1, 2].map(origin);
    assert_eq!(found[..3], [(one, 2, &b"b"[..]), (one, 3, b"c"), (two, 1, b"d")]);
    assert_eq!(linked.ask(put(1, &[(5, "e")])), Reply::Put { n: 9, oseq: 5 });
}

fn salvage(inputs: &[(u8, u64, &str)]) -> Request {
    let inputs = inputs.iter();
    let inputs = inputs.map(|(by, oseq, data)| (origin(*by), *oseq, data.as_bytes().to_vec()));
    Request::Salvage { epoch: EPOCH.to_owned(), inputs: inputs.collect() }
}

fn store(at: Position) -> Request {
    let snapshot = LogSnapshot { at, data: b"state".to_vec() };
    Request::StoreSnapshot { epoch: EPOCH.to_owned(), level: 1, snapshot }
}
