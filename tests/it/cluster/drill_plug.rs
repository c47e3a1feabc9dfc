//! The promise of a cluster: one machine may go at any moment.

use std::time::Duration;

use super::talk::{Plan, Talk};
use crate::harness::{Cluster, RedisServer, eventually_within};

/// Three nodes, and a Redis with a replica that a Sentinel puts in its place.
pub(crate) struct Replicated {
    pub(crate) cluster: Cluster,
    pub(crate) replica: RedisServer,
    _sentinel: RedisServer,
}

impl Replicated {
    #[track_caller]
    pub(crate) fn start(nodes: usize) -> Self {
        let primary = RedisServer::start();
        let replica = RedisServer::replica_of(&primary);
        wait_replicated(&primary);
        let sentinel = RedisServer::sentinel(&primary);
        let find = || {
            let replicas: Vec<Vec<String>> = sentinel.ask(["SENTINEL", "replicas", "main"]);
            (!replicas.is_empty()).then_some(())
        };
        eventually_within(Duration::from_secs(30), "the replica to be known", find);
        let url = format!("redis+sentinel://127.0.0.1:{}/main", sentinel.port());
        let mut cluster = Cluster::without_nodes(primary);
        for number in 1..=nodes {
            cluster.add_with(&format!("box{number}"), &url, &[]).start_and_join();
        }
        cluster.wait_whole();
        Replicated { cluster, replica, _sentinel: sentinel }
    }
}

#[track_caller]
fn wait_replicated(primary: &RedisServer) {
    eventually_within(Duration::from_secs(30), "the replica to have everything", || {
        let told: String = primary.ask(["INFO", "replication"]);
        told.contains("state=online").then_some(())
    });
}

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn pulling_the_plug_of_any_one_machine_costs_nobody_on_the_others_a_line() {
    let mut all = Replicated::start(3);
    let pause = Duration::from_millis(50);
    let plan = Plan { mark: "plug", people: 3, rooms: 2, pause };
    let talk = Talk::begin(&all.cluster, plan);
    for number in [1, 2, 3] {
        talk.go_on(100);
        talk.stay_away(number);
        all.cluster.node_mut(number).kill();
        talk.go_on(100);
        all.cluster.node_mut(number).start_and_join();
        talk.reconnect(&all.cluster, number);
    }
    talk.go_on(100);
    all.cluster.redis.kill();
    talk.go_on(300);
    eventually_within(Duration::from_secs(30), "the replica to be the primary", || {
        let told: String = all.replica.ask(["INFO", "replication"]);
        told.contains("role:master").then_some(())
    });
    all.cluster.wait_whole();
    talk.go_on(100);
    talk.end(&all.cluster).expect_whole();
}
