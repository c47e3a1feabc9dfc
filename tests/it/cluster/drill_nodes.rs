//! A node that ends, is stopped, replaced or paused; and one that is kept out.

use std::time::Duration;

use serde_json::Value;

use super::drill_together::{one_each, operator, says};
use super::talk::{Plan, Talk};
use crate::harness::{Client, Cluster, PATIENCE, run, run_within};
use crate::order::logs_in;

/// A node is given up after six seconds.
pub(super) const GIVING_UP: Duration = Duration::from_secs(20);

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn people_of_a_killed_node_leave_and_their_names_are_free() {
    let mut cluster = Cluster::start(3);
    cluster.add_operator(1);
    let [mut ann, mut ben, mut cat] = one_each(&cluster, ["ann", "ben", "cat"]);
    let mut carol = operator(&cluster, 2);
    carol.sync();
    says(&mut carol, &mut [], "I am here");
    for person in [&mut ann, &mut cat, &mut ben] {
        person.wait_for(|line| line == "<carol> I am here");
    }
    says(&mut ben, &mut [&mut ann, &mut cat], "the last words");
    cluster.node_mut(2).kill();
    for person in [&mut ann, &mut cat] {
        person.patience = GIVING_UP;
        person.expect("-- ben left: lost with box2 (3 here)");
        person.expect("-- carol left: lost with box2 (2 here)");
        assert_eq!(person.ask("/who"), ["-- lobby (2 here): ann, cat"]);
    }
    // The holder of the account has her name from anywhere; others only from their address.
    let mut carol = Client::connect_from(cluster.server(3), "127.0.0.3").welcomed();
    logs_in(&mut carol, "carol", "open sesame");
    let mut stranger = Client::connect_from(cluster.server(1), "127.0.0.2").welcomed();
    assert_eq!(stranger.ask("/nick ben").last().unwrap(), "!! ben is taken");
    let mut ben = Client::join(cluster.server(1), "ben");
    cat.wait_for(|line| line.starts_with("-- ben joined ("));
    cluster.node_mut(2).start_and_join();
    let told = Client::guest(cluster.server(2)).sync();
    assert!(told.iter().any(|line| line.ends_with("<ben> the last words")), "{told:?}");
    let mut dan = Client::join(cluster.server(2), "dan");
    ben.wait_for(|line| line.starts_with("-- dan joined ("));
    says(&mut dan, &mut [&mut ben], "and again");
}

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn a_node_that_is_stopped_takes_leave_and_misses_nothing() {
    let mut cluster = Cluster::start(2);
    let [mut ann, mut ben] = one_each(&cluster, ["ann", "ben"]);
    cluster.node_mut(2).stop();
    ann.expect("-- ben left: disconnected (1 here)");
    ben.rest();
    ann.send("said while box2 is away");
    ann.expect_nothing();
    cluster.node_mut(2).start_and_join();
    let told = Client::guest(cluster.server(2)).sync();
    assert!(told.iter().any(|line| line.ends_with("<ann> said while box2 is away")), "{told:?}");
    ann.expect_nothing();
}

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn nobody_notices_that_a_node_is_replaced() {
    let cluster = Cluster::start(2);
    let pause = Duration::from_millis(50);
    let talk = Talk::begin(&cluster, Plan { mark: "switch", people: 3, rooms: 1, pause });
    let [mut ann, mut ben] = one_each(&cluster, ["ann", "ben"]);
    for _ in 0..2 {
        talk.go_on(50);
        cluster.node(2).switch();
        talk.go_on(50);
        cluster.node(1).switch();
    }
    says(&mut ben, &mut [&mut ann], "still here");
    says(&mut ann, &mut [&mut ben], "so am I");
    ann.expect_nothing();
    ben.expect_nothing();
    let verdict = talk.end(&cluster);
    verdict.expect_one_order();
    verdict.expect_not_told("cut off");
    verdict.expect_not_told(" left");
}

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn a_node_that_was_paused_comes_back_with_its_people_and_what_they_typed() {
    let cluster = Cluster::start(3);
    let [mut ann, mut ben, mut cat] = one_each(&cluster, ["ann", "ben", "cat"]);
    cluster.node(2).pause();
    ben.send("typed while paused");
    for person in [&mut ann, &mut cat] {
        person.patience = GIVING_UP;
        person.expect("-- ben left: lost with box2 (2 here)");
    }
    says(&mut ann, &mut [&mut cat], "said while box2 is away");
    cluster.node(2).go_on();
    ben.wait_for(|line| line == "-- said elsewhere meanwhile:");
    ben.expect_contains("] <ann> said while box2 is away");
    ben.expect("-- end of what was said meanwhile");
    ben.expect("-- connected to the other nodes again (3 here)");
    for person in [&mut ann, &mut cat] {
        person.expect("-- ben joined (3 here)");
        person.wait_for(|line| line.ends_with("<ben> typed while paused"));
    }
    says(&mut ann, &mut [&mut ben], "welcome back");
    cat.wait_for(|line| line == "<ann> welcome back");
    let lines = [ann.sync(), cat.sync()].concat();
    assert!(lines.iter().all(|line| !line.contains("typed")), "{lines:?}");
}

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn a_name_that_was_taken_while_a_node_was_paused_is_lost() {
    let cluster = Cluster::start(2);
    let [mut ann, mut ben] = one_each(&cluster, ["ann", "ben"]);
    cluster.node(2).pause();
    ann.patience = GIVING_UP;
    ann.expect("-- ben left: lost with box2 (1 here)");
    let mut other = Client::join(cluster.server(1), "ben");
    ann.expect("-- ben joined (2 here)");
    cluster.node(2).go_on();
    let told = ben.wait_for(|line| line.contains("is somebody else by now"));
    let guest = told.strip_prefix("-- ben is somebody else by now; you are ").unwrap().to_owned();
    assert!(guest.starts_with("guest"), "{told}");
    ann.expect(&format!("-- {guest} joined (3 here)"));
    other.wait_for(|line| line == format!("-- {guest} joined (3 here)"));
    ben.send("under another name");
    ann.expect(&format!("<{guest}> under another name"));
    says(&mut other, &mut [&mut ann], "under the name");
}

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn a_second_node_of_a_name_is_kept_out_until_the_first_one_goes() {
    let mut cluster = Cluster::start(2);
    let url = cluster.redis.url();
    let second = cluster.add_with("box1", &url, &[]);
    second.start();
    second.server().wait_log(["another node is called box1"]);
    assert_eq!(second.figure("chatd_cluster_linked "), 0.0);
    let mut ben = Client::join(cluster.server(2), "ben");
    let mut eve = Client::join(cluster.server(3), "eve");
    assert_eq!(eve.ask("/who"), ["-- lobby (1 here): eve"]);
    assert_eq!(ben.ask("/who"), ["-- lobby (1 here): ben"]);
    drop(cluster.nodes.remove(0));
    ben.patience = GIVING_UP;
    ben.wait_for(|line| line == "-- eve joined (2 here)");
    cluster.wait_whole();
}

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn a_node_with_another_key_does_not_start() {
    let mut cluster = Cluster::start(1);
    let url = cluster.redis.url();
    let key = cluster.wrong_key();
    let other = cluster.add_with("box2", &url, &[]);
    other.use_key(key);
    let ended = run_within(PATIENCE * 2, &mut other.command());
    assert_eq!(ended.status, 1, "{}", ended.stderr);
    assert!(ended.stderr.contains("key"), "{}", ended.stderr);
    let mut ann = Client::join(cluster.server(1), "ann");
    assert_eq!(ann.ask("/who"), ["-- lobby (1 here): ann"]);
}

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn lines_that_no_other_node_has_for_a_node_are_marked_on_its_disk() {
    let mut cluster = Cluster::start(2);
    let [mut ann, mut ben] = one_each(&cluster, ["ann", "ben"]);
    says(&mut ann, &mut [&mut ben], "line 0");
    cluster.node_mut(2).stop();
    (1..=150).for_each(|n| ann.send(&format!("line {n}")));
    ann.sync();
    // The log that is founded anew has what the rooms remember: a hundred lines.
    let founded = cluster.node(1).figure("chatd_cluster_founded_total ");
    let _: String = cluster.redis.ask(["FLUSHALL"]);
    cluster.node(1).wait_figure("chatd_cluster_founded_total ", founded + 1.0);
    cluster.node(1).wait_linked();
    ann.send("line 151");
    ann.sync();
    // Once it has taken the hundred lines, it has nothing to mark.
    for _ in 0..2 {
        cluster.node_mut(2).start_and_join();
        cluster.node(2).wait_figure("chatd_store_pending_lines ", 0.0);
        cluster.node_mut(2).stop();
    }
    let exported = run(&mut cluster.node(2).tool(&["export"])).stdout;
    let rows = exported.lines().map(|row| serde_json::from_str::<Value>(row).unwrap());
    let rows: Vec<_> = rows.map(|row| row["text"].as_str().unwrap().to_owned()).collect();
    assert_eq!(rows[0], "line 0");
    assert!(rows[1].starts_with("[history gap: lines before "), "{rows:?}");
    let lines: Vec<_> = (51..=151).map(|n| format!("line {n}")).collect();
    assert_eq!(rows[2..], lines);
}
