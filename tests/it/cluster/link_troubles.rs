//! A Redis that cannot write, that does not answer, and that is no Redis.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::thread;

use chatd::cluster::LogSnapshot;
use chatd::link::check;

use super::*;
use crate::harness::{Signal, eventually};

/// Every request that writes.
fn writing() -> Vec<Request> {
    let epoch = || EPOCH.to_owned();
    let again = Founding { seen: Some((epoch(), 3)), epoch: "line:two".to_owned(), ..founding() };
    let snapshot = LogSnapshot { at: Position::default(), data: b"state".to_vec() };
    vec![
        put(1, &[(2, "b")]),
        put(1, &[]),
        put_at(1, Position::default(), Some(1), Vec::new()),
        join(3, &["c"]),
        Request::Found(Box::new(again)),
        Request::Salvage { epoch: epoch(), inputs: vec![(origin(1), 2, b"b".to_vec())] },
        Request::StoreSnapshot { epoch: epoch(), level: 1, snapshot },
        leave(1),
    ]
}

/// What Redis has for the log.
fn kept(server: &RedisServer) -> Vec<Option<Vec<u8>>> {
    let names = ["head", "log", "snap", "lease", "node", "hwm", "pos"];
    names.map(|name| server.ask(["DUMP", &format!("{{chatd}}:{name}")])).to_vec()
}

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn a_server_without_memory_changes_nothing_and_heals() {
    let server = RedisServer::start();
    let linked = Linked::founded(&server);
    linked.ask(join(1, &["a"]));
    linked.ask(join(2, &[]));
    let _: i64 = server.ask(["HINCRBY", "{chatd}:head", "last", "-1500"]);
    let _: i64 = server.ask(["HDEL", "{chatd}:snap", "n"]);
    let before = kept(&server);
    let limit = |bytes| -> String { server.ask(["CONFIG", "SET", "maxmemory", bytes]) };
    limit("1");
    for request in writing() {
        let told = linked.lost(request.clone());
        assert!(told.contains("OOM"), "{request:?}: {told}");
        assert!(kept(&server) == before, "{request:?}");
    }
    // Looking is possible.
    assert_eq!(linked.head().at.n, 3);
    limit("0");
    assert_eq!(linked.ask(put(1, &[(2, "b")])), Reply::Put { n: 4, oseq: 2 });
}

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn a_primary_that_becomes_a_replica_is_lost() {
    let (server, other) = (RedisServer::start(), RedisServer::start());
    let linked = Linked::founded(&server);
    linked.ask(join(1, &[]));
    let port = other.port().to_string();
    let _: String = server.ask(["REPLICAOF", "127.0.0.1", &port]);
    let told = linked.lost(put(1, &[(1, "a")]));
    assert!(told.contains("READONLY"), "{told}");
    let told = linked.lost(put(1, &[(1, "a")]));
    assert!(told.ends_with("it is no primary, but a replica"), "{told}");
}

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn a_server_that_stops_answering_is_lost() {
    let server = RedisServer::start();
    let linked = Linked::founded(&server);
    linked.ask(join(1, &["a"]));
    let wish = linked.follow(1);
    assert_eq!(linked.next_entries(wish).len(), 1);
    server.signal(Signal::STOP);
    // First on the connection that is there, then on a new one.
    for _ in 0..2 {
        let told = linked.lost(put(1, &[(2, "b")]));
        assert!(told.ends_with("no answer in time"), "{told}");
    }
    server.signal(Signal::CONT);
    let said = eventually("Redis", || linked.try_ask(put(1, &[(2, "b"), (3, "c")])).ok());
    assert_eq!(said, Reply::Put { n: 4, oseq: 3 });
    // The server may have got the first of them in time, so to speak.
    let mut read = 0;
    while read < 2 {
        read += linked.next_entries(wish).len();
    }
    server.signal(Signal::STOP);
    linked.link.ask(Ticket(0), put(1, &[(4, "d")]));
    assert!(linked.link.close(PATIENCE), "the threads end by their deadlines");
    server.signal(Signal::CONT);
}

#[test]
fn nobody_there_is_told_at_once() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let place = listener.local_addr().unwrap();
    drop(listener);
    let settings = settings(&[&format!("redis://{place}")]);
    let told = Linked::with(&settings).lost(look());
    assert!(told.starts_with(&format!("{place}: ")) && told.contains("refused"), "{told}");
    assert_eq!(check(&settings), Err(LinkError::Lost(told)));
}

#[test]
fn a_server_that_never_answers_is_lost() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let place = listener.local_addr().unwrap();
    let linked = Linked::with(&settings(&[&format!("redis://{place}")]));
    let told = linked.lost(look());
    assert!(told.ends_with("no answer in time"), "{told}");
    linked.follow(0);
    assert!(linked.link.ask(Ticket(0), look()));
    assert!(linked.link.close(PATIENCE), "the threads end by their deadlines");
}

#[test]
fn the_password_is_not_told_when_the_server_repeats_it() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let place = listener.local_addr().unwrap();
    let answering = thread::Builder::new().name("server".to_owned()).spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        let mut asked = [0; 1000];
        let length = socket.read(&mut asked).unwrap();
        let asked = String::from_utf8_lossy(&asked[..length]).replace("\r\n", " ");
        socket.write_all(format!("-ERR unknown command {asked}\r\n").as_bytes()).unwrap();
        asked
    });
    let answering = answering.unwrap();
    let settings = with_password(settings(&[&format!("redis://{place}")]), "secret");
    let told = Linked::with(&settings).denied(look());
    assert!(answering.join().unwrap().contains("secret"));
    assert_eq!(told, format!("{place}: it is no Redis of version 6.2 or newer"));
    assert!(!format!("{settings:?}").contains("secret"));
}

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn a_stream_that_takes_no_entry_is_told_and_heals_when_the_log_is_founded_anew() {
    let server = RedisServer::start();
    let linked = Linked::founded(&server);
    linked.ask(join(1, &["a"]));
    let end = |id: &str| -> String { server.ask(["XSETID", "{chatd}:log", id]) };
    for id in ["3-0", "18446744073709551615-18446744073709551615"] {
        end(id);
        assert_eq!(linked.ask(put(1, &[(2, "b")])), Reply::Stuck, "{id}");
        assert_eq!(linked.ask(join(2, &[])), Reply::Stuck, "{id}");
        // The lease can be renewed.
        assert_eq!(linked.ask(put(1, &[])), Reply::Put { n: 2, oseq: 1 }, "{id}");
    }
    let at = linked.head().at;
    let seen = Some((EPOCH.to_owned(), 2));
    let again = Founding { seen, epoch: "line:two".to_owned(), at, ..founding() };
    assert_eq!(linked.ask(Request::Found(Box::new(again))), Reply::Founded);
    let join = Request::Leave { epoch: "line:two".to_owned(), origin: origin(1) };
    assert_eq!(linked.ask(join), Reply::Left);
    assert_eq!(linked.head().at, at);
}
