//! The service as a node of a cluster: what the people on the other nodes see of its restarts.

use super::machine::Machine;
use crate::harness::{Client, Cluster, PATIENCE, eventually};

const KEY: &str = "/etc/chatd/cluster.key";

/// A machine whose chatd is node `box2`.
#[track_caller]
fn node_of(cluster: &Cluster) -> Machine {
    let machine = Machine::boot("", "");
    machine.write(KEY, cluster.key(), 0o640);
    machine.run(&["chgrp", "chatd", KEY]);
    let url = cluster.redis.url();
    machine.set(&format!("cluster = ['{url}']\nnode = 'box2'\ncluster-key = '{KEY}'"));
    machine.systemctl(&["start", "chatd"]);
    machine
}

#[track_caller]
fn wait_joined(machine: &Machine, times: usize) {
    eventually("joining the others", || {
        (machine.count("cluster: connected to the other nodes") >= times).then_some(())
    });
}

/// Each hears the other, and nothing else.
#[track_caller]
fn still_chat(ann: &mut Client, ben: &mut Client, words: &str) {
    ben.send(words);
    ann.expect(&format!("<ben> {words}"));
    ann.send(words);
    ben.expect(&format!("<ann> {words}"));
}

#[test]
#[ignore = "needs root, systemd and redis-server (systemd, redis-server)"]
fn the_people_on_other_nodes_notice_nothing_but_a_stop() {
    let cluster = Cluster::start(1);
    let machine = node_of(&cluster);
    wait_joined(&machine, 1);
    let mut ann = Client::join(cluster.server(1), "ann");
    let mut ben = machine.join("ben");
    ann.expect("-- ben joined (2 here)");
    ben.sync();
    machine.systemctl(&["restart", "chatd"]);
    still_chat(&mut ann, &mut ben, "after a restart");
    let mut joined = 1;
    for signal in ["KILL", "ABRT"] {
        let pid = machine.show("MainPID");
        machine.signal(signal);
        machine.wait_successor(&pid);
        joined += 1;
        wait_joined(&machine, joined);
        still_chat(&mut ann, &mut ben, signal);
    }
    machine.switch();
    still_chat(&mut ann, &mut ben, "after another program");
    assert_eq!(ann.ask("/who"), ["-- lobby (2 here): ann, ben"]);
    machine.systemctl(&["stop", "chatd"]);
    ben.rest();
    ann.patience = 2 * PATIENCE;
    ann.expect("-- ben left: lost with box2 (1 here)");
    machine.systemctl(&["start", "chatd"]);
    let mut ben = machine.join("ben");
    ann.expect("-- ben joined (2 here)");
    still_chat(&mut ann, &mut ben, "after a stop and a start");
}
