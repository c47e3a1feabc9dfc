//! Somebody without the cluster's key who can write to Redis.

use super::drill_together::{one_each, says};
use crate::harness::{Cluster, RedisServer};

/// Writes something into Redis that no script of chatd would.
type Tamper = fn(&RedisServer);

fn write_behind_the_end(redis: &RedisServer) {
    let id: String = redis.ask(["XADD", "{chatd}:log", "1000000-0", "k", "e"]);
    let _: i64 = redis.ask(["XDEL", "{chatd}:log", &id]);
}

fn end_the_stream(redis: &RedisServer) {
    let last = "18446744073709551615-18446744073709551615";
    let _: String = redis.ask(["XSETID", "{chatd}:log", last]);
}

fn change_the_chain(redis: &RedisServer) {
    let _: i64 = redis.ask(["HSET", "{chatd}:head", "c", &"0f".repeat(20)]);
}

fn remove_the_snapshot(redis: &RedisServer) {
    let _: i64 = redis.ask(["DEL", "{chatd}:snap"]);
}

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn nodes_mend_a_log_that_somebody_without_the_key_has_damaged() {
    let mut cluster = Cluster::start(2);
    let [mut ann, mut ben] = one_each(&cluster, ["ann", "ben"]);
    says(&mut ann, &mut [&mut ben], "before");
    let tampers: [Tamper; 4] =
        [write_behind_the_end, end_the_stream, change_the_chain, remove_the_snapshot];
    for (tamper, count) in tampers.into_iter().zip(3..) {
        tamper(&cluster.redis);
        ann.send(&format!("word {count}"));
        ben.wait_for(|line| line.ends_with(&format!("<ann> word {count}")));
        cluster.wait_whole();
        // A new node gets the state, too.
        cluster.add(&format!("box{count}"), &[]);
        cluster.wait_whole();
    }
    assert_eq!(ben.ask("/who"), ["-- lobby (2 here): ann, ben"]);
}

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn a_node_that_somebody_without_the_key_has_added_goes() {
    let cluster = Cluster::start(2);
    let add = "local c = redis.call('HGET', KEYS[1], 'c')
        local n = redis.call('HINCRBY', KEYS[1], 'n', 1)
        local j = redis.call('HGET', KEYS[1], 'joins') + 1
        local last = redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', 1)[1][2]
        local u, t
        for i = 1, #last, 2 do
          if last[i] == 'u' then u = last[i + 1] elseif last[i] == 't' then t = last[i + 1] end
        end
        local o = string.rep('0f', 16)
        local d = '{\"name\":\"ghost\",\"j\":' .. j .. ',\"was\":null,\"archive\":false,\"level\":1}'
        c = redis.sha1hex(table.concat({c, 'j', o, '0', u, t, d}, '|'))
        redis.call('HSET', KEYS[1], 'c', c)
        redis.call('XADD', KEYS[2], n .. '-0', 'k', 'j', 'o', o, 's', '0', 'u', u, 't', t, 'c', c,
          'd', d)
        return j";
    let _: i64 = cluster.redis.ask(["EVAL", add, "2", "{chatd}:head", "{chatd}:log"]);
    cluster.node(1).wait_figure("chatd_cluster_nodes ", 3.0);
    cluster.wait_whole();
}
