//! Several machines, of which more than one has its worst day. docs/RELIABILITY.md, "On several
//! machines", has what has to hold.

use std::thread;
use std::time::Duration;

use super::Drill;
use crate::cluster::drill_plug::Replicated;
use crate::cluster::drill_redis::cut_the_end_off;
use crate::cluster::talk::{Plan, Talk};
use crate::cluster::verdict::Verdict;
use crate::harness::{Cluster, DURABLE, RedisServer, raise_open_files};

mod chaos;

impl Drill {
    /// A short time, not always the same.
    fn moment(&mut self, at_most: u64) -> Duration {
        Duration::from_millis(self.random.next() % at_most)
    }

    /// Ends the talk, and counts what became of it.
    #[track_caller]
    fn hear_out(&mut self, talk: Talk, cluster: &Cluster) {
        self.add_up(&talk.end(cluster));
    }

    #[track_caller]
    fn add_up(&mut self, verdict: &Verdict) {
        eprintln!("drill {}: a round with {verdict}", self.name);
        verdict.faults.iter().for_each(|fault| eprintln!("{fault}"));
        self.tally.said += verdict.said;
        self.tally.delivered += verdict.shown;
        self.tally.stored += verdict.stored;
        self.tally.lost += verdict.lost;
        self.tally.doubled += verdict.doubled;
        verdict.expect_whole();
    }
}

fn plan(mark: &'static str) -> Plan {
    Plan { mark, people: 4, rooms: 3, pause: Duration::from_millis(40) }
}

/// Has people of this node connect again when it is back.
#[track_caller]
fn start_again(cluster: &mut Cluster, talk: &Talk, number: usize) {
    cluster.node_mut(number).start_and_join();
    talk.reconnect(cluster, number);
}

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn a_node_is_killed_while_redis_fails_over() {
    let mut drill = Drill::begin("cluster: failover and a killed node");
    for round in drill.rounds(1) {
        let mut all = Replicated::start(3);
        let talk = Talk::begin(&all.cluster, plan("failover"));
        talk.go_on(200);
        all.cluster.redis.kill();
        thread::sleep(drill.moment(1500));
        let number = 1 + round % 3;
        talk.stay_away(number);
        all.cluster.node_mut(number).kill();
        talk.go_on(200);
        start_again(&mut all.cluster, &talk, number);
        all.cluster.wait_whole();
        talk.go_on(200);
        drill.hear_out(talk, &all.cluster);
        drill.note("failovers", 1);
    }
    drill.end();
}

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn two_of_three_nodes_are_cut_off() {
    let mut drill = Drill::begin("cluster: two of three cut off");
    let cluster = Cluster::start(3);
    for round in drill.rounds(1) {
        let talk = Talk::begin(&cluster, plan("cut"));
        let [first, second] = [1 + round % 3, 1 + (round + 1) % 3];
        talk.go_on(100);
        cluster.node(first).link().cut();
        thread::sleep(drill.moment(1000));
        cluster.node(second).link().silence();
        cluster.node(first).wait_unlinked();
        cluster.node(second).wait_unlinked();
        talk.go_on(200);
        thread::sleep(drill.moment(8000));
        cluster.node(first).link().open();
        thread::sleep(drill.moment(1000));
        cluster.node(second).link().open();
        cluster.wait_whole();
        talk.go_on(200);
        drill.hear_out(talk, &cluster);
        drill.note("times cut off", 2);
    }
    drill.end();
}

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn all_nodes_are_upgraded_one_after_another() {
    let mut drill = Drill::begin("cluster: rolling upgrade");
    let mut cluster = Cluster::with(3, RedisServer::with(DURABLE), &[]);
    for _ in drill.rounds(1) {
        let talk = Talk::begin(&cluster, plan("upgrade"));
        for number in [1, 2, 3] {
            talk.go_on(100);
            talk.stay_away(number);
            cluster.node_mut(number).stop();
            talk.go_on(100);
            start_again(&mut cluster, &talk, number);
            drill.note("nodes upgraded", 1);
        }
        talk.go_on(100);
        drill.hear_out(talk, &cluster);
    }
    drill.end();
}

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn redis_is_full_again_and_again() {
    let mut drill = Drill::begin("cluster: full Redis");
    let cluster = Cluster::start(3);
    let limit = |bytes| -> String { cluster.redis.ask(["CONFIG", "SET", "maxmemory", bytes]) };
    for _ in drill.rounds(1) {
        let talk = Talk::begin(&cluster, plan("full"));
        for _ in 0..3 {
            talk.go_on(100);
            limit("1");
            thread::sleep(drill.moment(4000));
            talk.go_on(100);
            limit("0");
            cluster.wait_whole();
            drill.note("times full", 1);
        }
        drill.hear_out(talk, &cluster);
    }
    drill.end();
}

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn redis_is_far_away() {
    let mut drill = Drill::begin("cluster: slow Redis");
    let mut cluster = Cluster::start(3);
    cluster.nodes.iter().for_each(|node| node.link().delay(Duration::from_millis(50)));
    for round in drill.rounds(1) {
        let talk = Talk::begin(&cluster, plan("far"));
        talk.go_on(300);
        let number = 1 + round % 3;
        talk.stay_away(number);
        cluster.node_mut(number).kill();
        talk.go_on(200);
        start_again(&mut cluster, &talk, number);
        cluster.node(1 + (round + 1) % 3).switch();
        talk.go_on(200);
        drill.hear_out(talk, &cluster);
        drill.note("nodes killed", 1);
    }
    drill.end();
}

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn redis_is_killed_and_loses_its_last_seconds() {
    let mut drill = Drill::begin("cluster: Redis killed, log cut");
    let mut cluster = Cluster::with(3, RedisServer::with(DURABLE), &[]);
    for _ in drill.rounds(3) {
        let talk = Talk::begin(&cluster, plan("lost"));
        talk.go_on(300);
        cluster.redis.kill();
        let bytes = 1 + drill.random.next() % 30_000;
        cut_the_end_off(&cluster.redis, bytes);
        thread::sleep(drill.moment(4000));
        cluster.redis.restart();
        cluster.wait_whole();
        talk.go_on(100);
        drill.hear_out(talk, &cluster);
        drill.note("bytes lost", bytes);
    }
    drill.end();
}

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn a_crowd_stays_while_each_node_restarts_three_times() {
    let mut drill = Drill::begin("cluster: a crowd, restarts");
    raise_open_files();
    let people = drill.rounds(100).len().min(667);
    let mut cluster = Cluster::with(3, RedisServer::with(DURABLE), &[]);
    let pause = Duration::from_millis(people as u64 * 50);
    let talk = Talk::begin(&cluster, Plan { mark: "crowd", people, rooms: people / 5, pause });
    for number in [1, 2, 3] {
        talk.go_on(50);
        cluster.node(number).switch();
        talk.go_on(50);
        talk.stay_away(number);
        cluster.node_mut(number).stop();
        talk.go_on(50);
        start_again(&mut cluster, &talk, number);
        talk.go_on(50);
        talk.stay_away(number);
        cluster.node_mut(number).kill();
        talk.go_on(50);
        start_again(&mut cluster, &talk, number);
        drill.note("restarts", 3);
    }
    talk.go_on(100);
    drill.hear_out(talk, &cluster);
    drill.note("people", 3 * people as u64);
    drill.end();
}
