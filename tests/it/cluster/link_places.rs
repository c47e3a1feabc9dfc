//! Which server is asked, and who may ask it.

use std::process::Command;
use std::time::Duration;
use std::{env, thread};

use chatd::link::check;

use super::*;
use crate::harness::{Identity, TempDir, eventually, eventually_within, run};

/// A user with a password, and the rights that a node needs.
const CHAT: &str = "chat on >secret ~{chatd}:* \
                    +@stream +@hash +@sortedset +@scripting +time +hello +info +auth";

fn user(rights: &str) -> RedisServer {
    let mut options = vec!["--user"];
    options.extend(rights.split(' '));
    RedisServer::with_options(&options)
}

fn as_chat(server: &RedisServer, password: &str) -> LinkSettings {
    let url = server.url().replace("://", "://chat@");
    with_password(settings(&[&url]), password)
}

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn a_user_with_the_rights_of_a_node_may_do_everything() {
    let server = user(CHAT);
    let settings = as_chat(&server, "secret");
    let linked = Linked::with(&settings);
    assert_eq!(linked.ask(look()), Reply::Head(None));
    assert_eq!(linked.ask(Request::Found(Box::new(founding()))), Reply::Founded);
    assert_eq!(linked.ask(join(1, &["a"])), Reply::Joined { n: 2, number: 1 });
    assert_eq!(linked.ask(put(1, &[(2, "b")])), Reply::Put { n: 3, oseq: 2 });
    let entries = linked.entries(Position::default());
    assert_eq!(entries.len(), 3);
    let snapshot = chatd::cluster::LogSnapshot { at: linked.head().at, data: b"state".to_vec() };
    let store = Request::StoreSnapshot { epoch: EPOCH.to_owned(), level: 1, snapshot };
    assert_eq!(linked.ask(store), Reply::Stored);
    assert!(matches!(linked.ask(Request::ReadSnapshot), Reply::Snapshot(Some(_))));
    let salvage =
        Request::Salvage { epoch: EPOCH.to_owned(), inputs: vec![(origin(1), 3, b"c".to_vec())] };
    assert_eq!(linked.ask(salvage), Reply::Salvaged(1));
    let seen = check(&settings).unwrap();
    let place = format!("127.0.0.1:{}: Redis ", server.port());
    assert!(seen.starts_with(&place), "{seen}");
    assert!(seen.ends_with(", 4 entries in the log; nodes: box1"), "{seen}");
    assert_eq!(linked.ask(leave(1)), Reply::Left);
}

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn a_node_that_is_not_let_in_tells_why_and_not_the_password() {
    let server = user(CHAT);
    let wrong = as_chat(&server, "a-wrong-one");
    let told = Linked::with(&wrong).denied(look());
    assert!(told.ends_with("it does not accept the user or the password"), "{told}");
    assert_eq!(check(&wrong), Err(LinkError::Denied(told)));
    let closed = user("default off");
    let told = Linked::to(&closed).denied(look());
    assert!(told.ends_with("it requires a password"), "{told}");
}

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn a_password_without_a_user_is_for_the_default_user() {
    let server = RedisServer::with(["--requirepass", "secret"]);
    let settings = settings(&[&server.url()]);
    let told = Linked::with(&settings).denied(look());
    assert!(told.ends_with("it requires a password"), "{told}");
    let seen = check(&with_password(settings, "secret")).unwrap();
    assert!(seen.ends_with(", no cluster yet"), "{seen}");
}

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn a_right_that_is_missing_is_told() {
    for (right, instead) in [("+@stream", "+@read"), ("+@scripting", "+ping"), ("~{chatd}:*", "~x")]
    {
        let server = user(&CHAT.replace(right, instead));
        let settings = as_chat(&server, "secret");
        let told = check(&settings);
        let Err(LinkError::Denied(told)) = told else { panic!("{right}: {told:?}") };
        assert!(told.contains("NOPERM"), "{told}");
    }
    // Without this one, the eviction policy cannot be seen.
    let server = user(&CHAT.replace("+info", "+ping"));
    check(&as_chat(&server, "secret")).unwrap();
}

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn a_server_that_evicts_keys_is_not_used() {
    let server = RedisServer::with(["--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru"]);
    let linked = Linked::to(&server);
    let told = linked.denied(look());
    assert!(told.ends_with("maxmemory-policy has to be noeviction"), "{told}");
    let _: String = server.ask(["CONFIG", "SET", "maxmemory-policy", "noeviction"]);
    assert_eq!(linked.ask(look()), Reply::Head(None));
}

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn the_first_server_that_is_a_primary_is_used() {
    let mut gone = RedisServer::start();
    gone.kill();
    let primary = RedisServer::start();
    let replica = RedisServer::replica_of(&primary);
    let told = Linked::to(&replica).lost(look());
    assert!(told.ends_with("it is no primary, but a replica"), "{told}");
    let urls = [&gone, &replica, &primary].map(RedisServer::url);
    let linked = Linked::with(&settings(&urls.each_ref().map(String::as_str)));
    assert_eq!(linked.ask(Request::Found(Box::new(founding()))), Reply::Founded);
    linked.ask(join(1, &["a"]));
    // It reads where it writes.
    let wish = linked.follow(1);
    assert_eq!(linked.next_entries(wish).len(), 1);
}

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn reading_follows_to_the_server_that_is_written_to() {
    let (first, second) = (RedisServer::start(), RedisServer::start());
    let linked = Linked::with(&settings(&[&first.url(), &second.url()]));
    linked.ask(Request::Found(Box::new(founding())));
    let wish = linked.follow(0);
    linked.ask(join(1, &[]));
    assert_eq!(linked.next_entries(wish).len(), 1);
    // The first is not to be used any more, but goes on answering to the thread that reads.
    let _: String = first.ask(["CONFIG", "SET", "maxmemory", "1gb"]);
    let _: String = first.ask(["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"]);
    let clients: String = first.ask(["CLIENT", "LIST"]);
    let asking = clients.lines().find(|line| line.contains(" cmd=evalsha ")).unwrap();
    let id = asking.split(' ').next().unwrap().trim_start_matches("id=");
    let _: u64 = first.ask(["CLIENT", "KILL", "ID", id]);
    linked.lost(look());
    eventually("the second", || linked.try_ask(Request::Found(Box::new(founding()))).ok());
    linked.ask(join(1, &["a"]));
    assert_eq!(linked.next_entries(wish).len(), 1);
}

#[test]
#[ignore = "needs redis-sentinel (redis-sentinel, redis-server)"]
fn sentinel_names_the_primary_and_the_one_that_replaces_it() {
    let mut primary = RedisServer::start();
    let replica = RedisServer::replica_of(&primary);
    let sentinel = RedisServer::sentinel(&primary);
    let mut gone = RedisServer::start();
    gone.kill();
    let hosts = format!("127.0.0.1:{},127.0.0.1:{}", gone.port(), sentinel.port());
    let linked = Linked::with(&settings(&[&format!("redis+sentinel://{hosts}/main")]));
    assert_eq!(linked.ask(Request::Found(Box::new(founding()))), Reply::Founded);
    let unknown = Linked::with(&settings(&[&format!("redis+sentinel://{hosts}/other")]));
    let told = unknown.lost(look());
    assert!(told.ends_with("Sentinel knows no primary \"other\""), "{told}");
    eventually("Sentinel knows the replica", || {
        let info: String = sentinel.ask(["INFO", "sentinel"]);
        info.contains("slaves=1").then_some(())
    });
    eventually("the replica has the log", || {
        let epoch: Option<String> = replica.ask(["HGET", "{chatd}:head", "epoch"]);
        epoch.map(drop)
    });
    primary.kill();
    linked.lost(look());
    eventually_within(Duration::from_secs(60), "the new primary", || linked.try_ask(look()).ok());
    assert_eq!(linked.head().epoch, EPOCH);
    assert_eq!(linked.ask(join(1, &[])), Reply::Joined { n: 1, number: 1 });
}

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn a_server_of_redis_cluster_names_the_one_that_has_the_keys() {
    let (asked, _) = RedisServer::in_redis_cluster();
    let (other, for_servers) = RedisServer::in_redis_cluster();
    let _: String = other.ask(["CLUSTER", "ADDSLOTSRANGE", "0", "16383"]);
    let [port, for_servers] = [other.port(), for_servers].map(|port| port.to_string());
    let _: String = asked.ask(["CLUSTER", "MEET", "127.0.0.1", &port, &for_servers]);
    let linked = Linked::to(&asked);
    eventually("the two know each other", || {
        linked.try_ask(Request::Found(Box::new(founding()))).ok()
    });
    linked.ask(join(1, &[]));
    assert_eq!(linked.entries(Position::default()).len(), 1);
    let kept: u64 = other.ask(["XLEN", "{chatd}:log"]);
    assert_eq!(kept, 1);
}

/// A variable for the process that trusts the certificate of a test: where it connects.
const TLS_URL: &str = "CHATD_TEST_TLS_URL";

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn tls_is_used_and_the_certificate_verified() {
    if let Ok(url) = env::var(TLS_URL) {
        check(&settings(&[&url])).unwrap();
        return;
    }
    let dir = TempDir::new();
    let [certificate, key] = Identity::new().save(&dir);
    let (_server, port) = RedisServer::with_tls(&certificate, &key);
    let url = format!("rediss://localhost:{port}");
    let told = Linked::with(&settings(&[&url])).lost(look());
    assert!(told.contains("invalid peer certificate"), "{told}");
    let mut trusting = Command::new(env::current_exe().unwrap());
    trusting.args(["--exact", "--ignored", thread::current().name().unwrap()]);
    let ended = run(trusting.env(TLS_URL, &url).env("SSL_CERT_FILE", &certificate));
    assert!(ended.status == 0 && ended.stdout.contains("1 passed"), "{}", ended.stdout);
}
