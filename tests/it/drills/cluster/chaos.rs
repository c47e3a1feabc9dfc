//! Whatever can happen to the machines of a cluster, in any order.

use std::thread;

use super::{plan, start_again};
use crate::cluster::drill_redis::cut_the_end_off;
use crate::cluster::talk::Talk;
use crate::drills::Drill;
use crate::harness::{Cluster, DURABLE, RedisServer};

/// What happens to a node, or to Redis.
#[derive(Clone, Copy, Debug)]
enum Fault {
    Cut,
    Silence,
    Delay,
    Open,
    Pause,
    Kill,
    Stop,
    Switch,
    RedisKilled,
    RedisCut,
    RedisEmptied,
    RedisFull,
}

const FAULTS: [Fault; 14] = [
    Fault::Cut,
    Fault::Silence,
    Fault::Delay,
    Fault::Open,
    Fault::Open,
    Fault::Open,
    Fault::Pause,
    Fault::Kill,
    Fault::Stop,
    Fault::Switch,
    Fault::RedisKilled,
    Fault::RedisCut,
    Fault::RedisEmptied,
    Fault::RedisFull,
];

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn anything_happens_in_any_order() {
    let mut drill = Drill::begin("cluster: chaos");
    for _ in drill.rounds(1) {
        let mut cluster = Cluster::with(3, RedisServer::with(DURABLE), &[]);
        let talk = Talk::begin(&cluster, plan("chaos"));
        for _ in 0..8 {
            let fault = *drill.random.pick(&FAULTS);
            let number = 1 + drill.random.below(3);
            eprintln!("drill {}: {fault:?} {number}", drill.name);
            happens(fault, number, &mut cluster, &talk, &mut drill);
            thread::sleep(drill.moment(1500));
            drill.note("faults", 1);
        }
        cluster.nodes.iter().for_each(|node| node.link().open());
        cluster.wait_whole();
        talk.go_on(200);
        drill.add_up(&talk.end_with_gaps(&cluster));
    }
    drill.end();
}

fn happens(fault: Fault, number: usize, cluster: &mut Cluster, talk: &Talk, drill: &mut Drill) {
    let link = cluster.node(number).link();
    match fault {
        Fault::Cut => link.cut(),
        Fault::Silence => link.silence(),
        Fault::Delay => link.delay(drill.moment(80)),
        Fault::Open => link.open(),
        Fault::Pause => {
            cluster.node(number).pause();
            thread::sleep(drill.moment(9000));
            cluster.node(number).go_on();
        }
        Fault::Kill | Fault::Stop => {
            talk.stay_away(number);
            match fault {
                Fault::Kill => cluster.node_mut(number).kill(),
                _ => cluster.node_mut(number).stop(),
            };
            thread::sleep(drill.moment(3000));
            cluster.node(number).link().open();
            start_again(cluster, talk, number);
        }
        Fault::Switch => cluster.node(number).switch(),
        Fault::RedisKilled | Fault::RedisCut => {
            cluster.redis.kill();
            if matches!(fault, Fault::RedisCut) {
                cut_the_end_off(&cluster.redis, 1 + drill.random.next() % 5_000);
            }
            thread::sleep(drill.moment(3000));
            cluster.redis.restart();
        }
        Fault::RedisEmptied => cluster.redis.ask(["FLUSHALL"]),
        Fault::RedisFull => {
            let _: String = cluster.redis.ask(["CONFIG", "SET", "maxmemory", "1"]);
            thread::sleep(drill.moment(4000));
            let _: String = cluster.redis.ask(["CONFIG", "SET", "maxmemory", "0"]);
        }
    }
}
