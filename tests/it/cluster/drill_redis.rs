//! Redis that loses what it had, or takes nothing more.

use std::fs::{self, File};
use std::time::Duration;

use super::drill_links::expect_cut_off;
use super::drill_together::{one_each, operator, says};
use super::talk::{Plan, Talk};
use crate::harness::{Client, Cluster, DURABLE, RedisServer, run};
use crate::order::{logs_in, registers};

const PAUSE: Duration = Duration::from_millis(40);

/// Cuts the end of what Redis wrote off, of a Redis that is down.
#[track_caller]
pub(crate) fn cut_the_end_off(redis: &RedisServer, bytes: u64) {
    let files = fs::read_dir(format!("{}/appendonlydir", redis.dir())).unwrap();
    let log = files.map(|file| file.unwrap().path());
    let log = log.filter(|path| path.to_string_lossy().ends_with(".incr.aof")).max().unwrap();
    let length = fs::metadata(&log).unwrap().len();
    assert!(length > bytes, "{length} bytes in {log:?}");
    File::options().write(true).open(&log).unwrap().set_len(length - bytes).unwrap();
}

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn what_redis_lost_when_it_was_killed_is_put_back() {
    let mut cluster = Cluster::with(2, RedisServer::with(DURABLE), &[]);
    let talk = Talk::begin(&cluster, Plan { mark: "aof", people: 3, rooms: 2, pause: PAUSE });
    let mut founded = 0.0;
    for bytes in [1_000, 20_000] {
        talk.go_on(200);
        cluster.redis.kill();
        cut_the_end_off(&cluster.redis, bytes);
        cluster.redis.restart();
        cluster.wait_whole();
        talk.go_on(100);
        founded += 1.0;
    }
    talk.end(&cluster).expect_whole();
    let times = |number| cluster.node(number).figure("chatd_cluster_founded_total ");
    assert!(times(1) + times(2) > founded, "it was founded at the start, and each time");
}

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn a_redis_that_forgot_everything_is_told_again() {
    let mut cluster = Cluster::start(2);
    let [mut ann, mut ben] = one_each(&cluster, ["ann", "ben"]);
    ann.send("/topic what was before");
    ben.expect("-- ann set the topic: what was before");
    let talk = Talk::begin(&cluster, Plan { mark: "flush", people: 3, rooms: 1, pause: PAUSE });
    talk.go_on(100);
    let _: String = cluster.redis.ask(["FLUSHALL"]);
    talk.go_on(200);
    // The same, with the process.
    cluster.redis.restart();
    cluster.wait_whole();
    talk.go_on(100);
    talk.end(&cluster).expect_whole();
    cluster.wait_whole();
    ann.sync();
    ben.sync();
    assert_eq!(ben.ask("/topic"), ["-- the topic is what was before"]);
    says(&mut ann, &mut [&mut ben], "still here");
    assert_eq!(ben.ask("/who"), ["-- lobby (2 here): ann, ben"]);
}

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn nodes_come_into_a_log_that_another_one_began_with_all_that_they_have() {
    let mut cluster = Cluster::start(2);
    cluster.add_operator(1);
    let [mut ann, mut ben] = one_each(&cluster, ["ann", "ben"]);
    let mut carol = operator(&cluster, 2);
    registers(&mut ann, "correct horse");
    carol.send("/ban 127.0.0.9 scanner");
    carol.wait_for(|line| line == "-- 127.0.0.9 is banned");
    ben.wait_for(|line| line.starts_with("-- carol joined"));
    says(&mut ann, &mut [&mut ben], "said before");
    carol.wait_for(|line| line == "<ann> said before");
    cluster.nodes.iter().for_each(|node| node.pause());
    let _: String = cluster.redis.ask(["FLUSHALL"]);
    cluster.add("box3", &[]);
    let mut dan = Client::join(cluster.server(3), "dan");
    assert_eq!(dan.ask("said by one who knows nothing"), [""; 0]);
    cluster.nodes[..2].iter().for_each(|node| node.go_on());
    cluster.wait_whole();
    for person in [&mut ann, &mut ben, &mut carol] {
        person.wait_for(|line| line.contains("connected to the other nodes again"));
    }
    carol.sync();
    let who = carol.ask("/who").concat();
    assert!(who.starts_with("-- lobby (4 here): "), "{who}");
    assert!(["ann", "ben", "carol", "dan"].iter().all(|name| who.contains(name)), "{who}");
    let mut elsewhere = Client::connect_from(cluster.server(3), "127.0.0.3").welcomed();
    logs_in(&mut elsewhere, "carol", "open sesame");
    let banned = Client::connect_from(cluster.server(3), "127.0.0.9").rest_lines();
    assert_eq!(banned, ["!! banned: scanner"]);
    says(&mut ben, &mut [], "said afterwards");
    dan.wait_for(|line| line == "<ben> said afterwards");
    for number in 1..=3 {
        let exported = run(&mut cluster.node(number).tool(&["export"])).stdout;
        for text in ["said before", "said by one who knows nothing", "said afterwards"] {
            assert_eq!(exported.matches(text).count(), 1, "box{number}, {text}: {exported}");
        }
    }
}

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn a_redis_without_memory_cuts_nodes_off_until_it_has_some() {
    let cluster = Cluster::start(2);
    let [mut ann, mut ben] = one_each(&cluster, ["ann", "ben"]);
    let limit = |bytes| -> String { cluster.redis.ask(["CONFIG", "SET", "maxmemory", bytes]) };
    let talk = Talk::begin(&cluster, Plan { mark: "oom", people: 3, rooms: 1, pause: PAUSE });
    talk.go_on(50);
    limit("1");
    expect_cut_off(&mut ann, "4 people are");
    expect_cut_off(&mut ben, "4 people are");
    talk.go_on(100);
    limit("0");
    cluster.wait_whole();
    talk.go_on(50);
    talk.end(&cluster).expect_whole();
    ann.sync();
    ben.sync();
    says(&mut ann, &mut [&mut ben], "healed");
}

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn nodes_without_redis_and_its_data_start_from_their_disks() {
    let mut cluster = Cluster::start(2);
    cluster.add_operator(1);
    let [mut ann, mut ben] = one_each(&cluster, ["ann", "ben"]);
    ann.send("/topic what was before");
    ben.expect("-- ann set the topic: what was before");
    ann.expect("-- ann set the topic: what was before");
    says(&mut ben, &mut [&mut ann], "said before");
    operator(&cluster, 2);
    cluster.nodes.iter_mut().for_each(|node| drop(node.kill()));
    cluster.redis.restart();
    cluster.nodes.iter_mut().for_each(|node| node.start_and_join());
    cluster.wait_whole();
    for number in [1, 2] {
        let mut carol = Client::guest(cluster.server(number));
        let told = carol.sync();
        assert!(told.iter().any(|line| line.ends_with("<ben> said before")), "{told:?}");
        assert_eq!(carol.ask("/topic"), ["-- the topic is what was before"]);
        logs_in(&mut carol, "carol", "open sesame");
    }
}
