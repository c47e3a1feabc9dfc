//! Several nodes of a cluster on one machine, by `examples/cluster/node.conf`.

use std::net::TcpStream;

use super::machine::Machine;
use crate::harness::{Client, RedisServer, eventually};

const KEY: &str = "/etc/chatd/cluster.key";
const UNITS: &str = "/etc/systemd/system";

/// A machine with the units of the nodes 1 and 2, which run.
fn two_nodes(redis: &RedisServer) -> Machine {
    let settings = format!("cluster = '{}'\ncluster-key = '{KEY}'", redis.url());
    let machine = Machine::boot(&settings, "");
    machine.write(KEY, "x".repeat(40), 0o600);
    machine.run(&["chown", "chatd", KEY]);
    machine.run(&["mkdir", &format!("{UNITS}/chatd@.service.d")]);
    let unit = include_str!("../../../packaging/chatd.service");
    machine.write(&format!("{UNITS}/chatd@.service"), unit, 0o644);
    let node = include_str!("../../../examples/cluster/node.conf");
    machine.write(&format!("{UNITS}/chatd@.service.d/node.conf"), node, 0o644);
    machine.systemctl(&["daemon-reload"]);
    machine.systemctl(&["start", "chatd@1", "chatd@2"]);
    machine
}

fn main_pid(machine: &Machine) -> String {
    machine.run(&["systemctl", "show", "--value", "--property", "MainPID", "chatd@1"])
}

#[test]
#[ignore = "needs root, systemd (systemd) and redis-server (redis-server)"]
fn the_example_runs_nodes_that_keep_their_clients_over_restarts_and_crashes() {
    let redis = RedisServer::start();
    let machine = two_nodes(&redis);
    let join = |(port, nick)| {
        let stream = TcpStream::connect((machine.addr().ip(), port)).unwrap();
        Client::over(stream).welcomed().named(nick)
    };
    let [mut alice, mut bob] = [(1231, "alice"), (1232, "bob")].map(join);
    alice.wait_for(|line| line.starts_with("-- bob joined"));
    for act in ["restart", "kill --signal=KILL"] {
        alice.sync();
        bob.sync();
        let before = main_pid(&machine);
        let words: Vec<_> = act.split(' ').chain(["chatd@1"]).collect();
        machine.systemctl(&words);
        eventually("another process", || (main_pid(&machine) != before).then_some(()));
        alice.ask("still here");
        let line = bob.line();
        assert_eq!(line, "<alice> still here", "after {act}");
        bob.send("me too");
        alice.wait_for(|line| line == "<bob> me too");
    }
}
