//! What Redis, and whoever reads its memory and files, does not get to know.

use std::fs;

use super::drill_together::{logs_in_soon, one_each, says};
use crate::harness::{Client, Cluster, DURABLE, RedisServer};
use crate::order::{registers, until};

/// Everything in Redis, in its memory and in its files.
fn everything(redis: &RedisServer) -> Vec<u8> {
    let keys: Vec<String> = redis.ask(["KEYS", "*"]);
    assert!(keys.iter().all(|key| key.starts_with("{chatd}:")), "{keys:?}");
    let mut all = keys.join(" ").into_bytes();
    for key in &keys {
        let dump: Vec<u8> = redis.ask(["DUMP", key]);
        all.extend(dump);
    }
    for file in fs::read_dir(format!("{}/appendonlydir", redis.dir())).unwrap() {
        all.extend(fs::read(file.unwrap().path()).unwrap());
    }
    all
}

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn neither_lines_nor_names_nor_passwords_are_readable_in_redis() {
    let options = [&DURABLE[..], &["--rdbcompression", "no"]].concat();
    let redis = RedisServer::with_options(&options);
    let mut cluster = Cluster::with(2, redis, &[]);
    let [mut ann, mut ben] = one_each(&cluster, ["ann-catherine", "benedict"]);
    says(&mut ann, &mut [&mut ben], "a line that is for all: parsnip");
    assert_eq!(ann.ask("/msg benedict under the rhubarb"), ["[to benedict] under the rhubarb"]);
    ben.expect("[from ann-catherine] under the rhubarb");
    ben.send("/topic asparagus season");
    ann.expect("-- benedict set the topic: asparagus season");
    registers(&mut ann, "correct artichoke");
    until(&mut ann, "/password second celeriac", "is changed");
    until(&mut ben, "/login ann-catherine wrong kohlrabi", "!! wrong password");
    let mut again = Client::guest(cluster.server(2));
    logs_in_soon(&mut again, "ann-catherine", "second celeriac");
    again.sync();
    // The log as a new node gets it, with the snapshot of the state.
    let _: String = cluster.redis.ask(["FLUSHALL"]);
    cluster.wait_whole();
    cluster.add("box3", &[]);
    let seen = everything(&cluster.redis);
    let text = String::from_utf8_lossy(&seen).to_lowercase();
    assert!(text.contains("box2"), "it has the names of the nodes");
    let secret = [
        "parsnip",
        "rhubarb",
        "asparagus",
        "artichoke",
        "celeriac",
        "kohlrabi",
        "catherine",
        "benedict",
        "argon2",
        "127.0.0.1",
    ];
    for word in secret {
        assert!(!text.contains(word), "{word} is in Redis");
    }
    for node in &cluster.nodes {
        let log = node.server().log();
        for word in ["artichoke", "celeriac", "kohlrabi", "rhubarb"] {
            assert!(!log.contains(word), "{word} is in the log of {}", node.name);
        }
    }
}
