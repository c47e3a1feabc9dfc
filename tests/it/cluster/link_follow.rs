//! How a node reads the log.

use super::*;
use crate::harness::{DURABLE, eventually};

fn data(entries: &[LogEntry]) -> Vec<&str> {
    entries.iter().map(|entry| std::str::from_utf8(&entry.data).unwrap()).collect()
}

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn an_entry_is_read_as_soon_as_it_is_there() {
    let server = RedisServer::start();
    let linked = Linked::founded(&server);
    linked.ask(join(1, &[]));
    let other = Linked::to(&server);
    other.ask(look());
    let wish = other.follow(1);
    for (oseq, said) in [(1, "a"), (2, "b"), (3, "c")] {
        linked.ask(put(1, &[(oseq, said)]));
        assert_eq!(data(&other.next_entries(wish)), [said]);
    }
}

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn a_new_wish_replaces_the_old_one() {
    let server = RedisServer::start();
    let linked = Linked::founded(&server);
    linked.ask(join(1, &["a", "b", "c"]));
    // Nothing comes for the first.
    linked.follow(4);
    let wish = linked.follow(1);
    assert_eq!(data(&linked.next_entries(wish)), ["a", "b", "c"]);
    let wish = linked.follow(3);
    assert_eq!(data(&linked.next_entries(wish)), ["c"]);
    assert!(linked.link.close(PATIENCE));
}

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn reading_goes_on_after_a_crash_of_redis() {
    let mut server = RedisServer::with(DURABLE);
    let linked = Linked::founded(&server);
    linked.ask(join(1, &["a"]));
    let other = Linked::to(&server);
    other.ask(look());
    let wish = other.follow(1);
    assert_eq!(data(&other.next_entries(wish)), ["a"]);
    server.kill();
    linked.lost(put(1, &[(2, "b")]));
    server.restart();
    let said = eventually("Redis", || linked.try_ask(put(1, &[(2, "b"), (3, "c")])).ok());
    assert_eq!(said, Reply::Put { n: 4, oseq: 3 });
    assert_eq!(data(&other.next_entries(wish)), ["b", "c"]);
}

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn what_is_no_entry_ends_the_reading_until_the_next_wish() {
    let server = RedisServer::start();
    let linked = Linked::founded(&server);
    linked.ask(join(1, &["a"]));
    let wish = linked.follow(1);
    assert_eq!(data(&linked.next_entries(wish)), ["a"]);
    let _: String = server.ask(["XADD", "{chatd}:log", "2-7", "field", "value"]);
    let LinkEvent::Broken(generation, fault) = linked.event() else { panic!() };
    assert_eq!((generation, fault.contains("2-7")), (wish, true), "{fault}");
    let wish = linked.follow(3);
    assert_eq!(linked.ask(put(1, &[(2, "b"), (3, "c")])), Reply::Put { n: 4, oseq: 3 });
    assert_eq!(data(&linked.next_entries(wish)), ["c"]);
}

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn a_log_of_many_entries_is_read_in_parts() {
    let server = RedisServer::start();
    let linked = Linked::founded(&server);
    let said: Vec<_> = (0..1000).map(|number| number.to_string()).collect();
    let said: Vec<_> = said.iter().map(String::as_str).collect();
    linked.ask(join(1, &said));
    let wish = linked.follow(1);
    let mut read = Vec::new();
    while read.len() < 1000 {
        let entries = linked.next_entries(wish);
        assert!(entries.len() <= 256);
        read.extend(entries);
    }
    assert_eq!(data(&read), said);
}
