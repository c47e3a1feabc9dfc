//! SIGUSR2 while something is under way, and in and out of a cluster.

use std::fs;
use std::time::Duration;

use super::drill_links::expect_cut_off;
use super::drill_nodes::GIVING_UP;
use super::drill_together::{one_each, operator, says};
use crate::harness::{Client, Cluster, TempDir, chatd, eventually};

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn what_is_on_its_way_at_a_hot_restart_arrives_once() {
    let mut cluster = Cluster::start(2);
    cluster.add_operator(2);
    let mut carol = operator(&cluster, 2);
    carol.send("/quit");
    carol.rest();
    let [mut ann, mut ben] = one_each(&cluster, ["ann", "ben"]);
    let [mut carol, mut dan] = [(); 2].map(|()| Client::guest(cluster.server(2)));
    ben.types(b"a line and half ");
    cluster.node(2).link().delay(Duration::from_millis(150));
    carol.send("/login carol open sesame\nsaid under my name");
    dan.send("/join attic\nsaid in the attic");
    let pending = || cluster.node(2).figure("chatd_cluster_pending ");
    eventually("both on their way", || (pending() >= 2.0).then_some(()));
    ben.send_raw(b"of ");
    cluster.node(2).switch();
    ben.send("another");
    ann.wait_for(|line| line == "<carol> said under my name");
    ann.wait_for(|line| line == "<ben> a line and half of another");
    carol.wait_for(|line| line.starts_with("-- you are logged in as carol"));
    cluster.node(2).link().open();
    ann.send("/join attic");
    ann.wait_for(|line| line.ends_with("> said in the attic"));
    let told = [ann.sync(), ben.sync(), carol.sync(), dan.sync()].concat();
    let unwanted = ["cut off", "disconnected", "in time"];
    let is_unwanted = |line: &String| unwanted.iter().any(|part| line.contains(part));
    assert!(!told.iter().any(is_unwanted), "{told:?}");
}

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn what_was_said_before_a_hot_restart_without_redis_arrives_once() {
    let cluster = Cluster::start(2);
    let [mut ann, mut ben] = one_each(&cluster, ["ann", "ben"]);
    cluster.node(2).link().silence();
    ben.send("said into the silence\n/who\nsaid after that");
    cluster.node(2).switch();
    cluster.node(2).link().open();
    // It is a late line if the machine is slow.
    for line in ["<ben> said into the silence", "<ben> said after that"] {
        ann.wait_for(|other| other.ends_with(line));
    }
    ben.wait_for(|line| line.starts_with("-- lobby ("));
    cluster.wait_whole();
    says(&mut ben, &mut [], "and now");
    ann.wait_for(|line| line == "<ben> and now");
    let told = ann.sync();
    assert!(!told.iter().any(|line| line.contains("silence") || line.contains("that")), "{told:?}");
    assert_eq!(ann.ask("/who"), ["-- lobby (2 here): ann, ben"]);
    assert_eq!(ben.ask("/who").last().unwrap(), "-- lobby (2 here): ann, ben");
}

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn who_is_cut_off_at_a_hot_restart_stays_so_and_loses_nothing() {
    let cluster = Cluster::start(2);
    let [mut ann, mut ben] = one_each(&cluster, ["ann", "ben"]);
    cluster.node(2).link().cut();
    expect_cut_off(&mut ben, "1 person is");
    ben.send("said before");
    ben.sync();
    ben.types(b"said ");
    cluster.node(2).switch();
    ben.send("after");
    ben.expect_nothing();
    ann.patience = GIVING_UP;
    ann.wait_for(|line| line == "-- ben left: lost with box2 (1 here)");
    ann.send("said elsewhere");
    ann.sync();
    cluster.node(2).link().open();
    ben.wait_for(|line| line == "-- said elsewhere meanwhile:");
    ben.expect_contains("] <ann> said elsewhere");
    ben.expect("-- end of what was said meanwhile");
    ben.expect("-- connected to the other nodes again (2 here)");
    ann.expect("-- ben joined (2 here)");
    ann.expect("-- said on box2 while it was cut off:");
    ann.expect_contains("] <ben> said before");
    ann.expect_contains("] <ben> said after");
    ann.expect("-- end of what was said there");
    says(&mut ben, &mut [&mut ann], "with you again");
}

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn a_node_that_is_younger_than_its_cluster_is_replaced_with_all_it_knows() {
    let mut cluster = Cluster::start(1);
    cluster.add_operator(1);
    let mut carol = operator(&cluster, 1);
    carol.send("/slow 1h");
    carol.wait_for(|line| line.contains("slow"));
    let mut ann = Client::join(cluster.server(1), "ann");
    carol.wait_for(|line| line.starts_with("-- ann joined ("));
    ann.send("the only line for an hour");
    carol.expect("<ann> the only line for an hour");
    cluster.add("box2", &[]);
    let mut ben = Client::join(cluster.server(2), "ben");
    cluster.node(2).switch();
    cluster.wait_whole();
    assert_eq!(ben.ask("/who"), ["-- lobby (3 here): carol, ann, ben"]);
    ben.send("mine");
    carol.wait_for(|line| line == "<ben> mine");
    let log = cluster.server(2).log();
    assert!(!log.contains("cannot take over"), "{log}");
}

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn a_server_becomes_a_node_is_renamed_and_leaves_its_cluster_with_its_people() {
    let mut cluster = Cluster::start(1);
    let mut ann = Client::join(cluster.server(1), "ann");
    let url = cluster.redis.url();
    let node = cluster.add_with("box2", &url, &[]);
    let dir = TempDir::new();
    let settings = |more: &str| {
        let common = "bind = '127.0.0.1'\nport = 0\nmetrics = '127.0.0.1:0'\n";
        fs::rename(dir.file("new", format!("{common}{more}")), dir.path("chatd.toml")).unwrap();
    };
    settings("");
    let mut command = chatd();
    command.args(["--config", &dir.path("chatd.toml")]);
    node.run(command);
    let shared = node.settings();
    let mut ben = Client::join(cluster.server(2), "ben");
    ben.send("/join attic\n/topic boxes\nsaid alone");
    ben.sync();
    ben.types(b"half ");
    settings(&shared);
    cluster.node(2).switch();
    cluster.wait_whole();
    ann.send("/join attic");
    ann.wait_for(|line| line.starts_with("-- You are in attic with ben (2 here)"));
    ben.expect("-- ann joined (2 here)");
    ben.send("a line");
    ann.wait_for(|line| line == "<ben> half a line");
    // By another name.
    ben.types(b"said ");
    settings(&shared.replace("box2", "box3"));
    cluster.node(2).switch();
    eventually("box3", || {
        let nodes: Vec<String> = cluster.redis.ask(["HVALS", "{chatd}:node"]);
        (nodes.len() == 2 && nodes.iter().any(|node| node.starts_with("box3|"))).then_some(())
    });
    ben.send("on box3");
    ann.wait_for(|line| line == "<ben> said on box3");
    ann.expect_nothing();
    // The way back.
    ben.types(b"alone ");
    settings("");
    cluster.node(2).switch();
    ben.send("again");
    assert_eq!(ben.ask("/who"), ["-- attic (1 here): ben"]);
    let past = ben.ask("/history");
    assert!(past.iter().any(|line| line.ends_with("<ben> alone again")), "{past:?}");
    assert_eq!(ben.ask("/nick bob"), ["-- you are now bob"]);
    let mut dan = Client::join(cluster.server(2), "dan");
    dan.ask("/join attic");
    ben.expect("-- dan joined (2 here)");
    ann.patience = GIVING_UP;
    ann.wait_for(|line| line == "-- ben left: lost with box3 (1 here)");
}
