//! Nodes that share a log are one chat for the people on them.

use std::thread;
use std::time::Duration;

use super::talk::{Plan, Talk};
use crate::harness::{Client, Cluster, eventually};
use crate::order::until;

/// Somebody on each node, who know of each other.
#[track_caller]
pub(super) fn one_each<const N: usize>(cluster: &Cluster, names: [&str; N]) -> [Client; N] {
    let mut people: Vec<Client> = Vec::new();
    for (number, name) in (1..).zip(names) {
        let mut client = Client::join(cluster.server(number), name);
        let here = people.len() + 1;
        for other in &mut people {
            other.wait_for(|line| line == format!("-- {name} joined ({here} here)"));
        }
        client.sync();
        people.push(client);
    }
    people.try_into().ok().unwrap()
}

/// Says that, and waits until the others were shown it and nothing before it.
#[track_caller]
pub(super) fn says(speaker: &mut Client, others: &mut [&mut Client], line: &str) {
    speaker.send(line);
    for other in others {
        other.expect(&format!("<{}> {line}", speaker.name));
    }
}

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn people_on_three_nodes_are_in_one_room() {
    let cluster = Cluster::start(3);
    let [mut ann, mut ben, mut cat] = one_each(&cluster, ["ann", "ben", "cat"]);
    says(&mut ann, &mut [&mut ben, &mut cat], "said on the first node");
    says(&mut ben, &mut [&mut ann, &mut cat], "said on the second node");
    says(&mut cat, &mut [&mut ann, &mut ben], "said on the third node");
    for person in [&mut ann, &mut ben, &mut cat] {
        assert_eq!(person.ask("/who"), ["-- lobby (3 here): ann, ben, cat"]);
    }
    ann.send("/me waves");
    ben.expect("* ann waves");
    cat.expect("* ann waves");
    assert_eq!(ben.ask("/nick ANN"), ["!! ANN is taken"]);
    assert_eq!(cat.ask("/nick kit"), ["-- you are now kit"]);
    ann.expect("-- cat is now kit");
    ben.expect("-- cat is now kit");
    ben.send("/quit see you");
    ann.expect("-- ben left: quit: see you (2 here)");
    cat.expect("-- ben left: quit: see you (2 here)");
}

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn a_private_message_goes_to_another_node_and_to_nobody_else() {
    let cluster = Cluster::start(3);
    let [mut ann, mut ben, mut cat] = one_each(&cluster, ["ann", "ben", "cat"]);
    assert_eq!(ann.ask("/msg ben the key is under the mat"), ["[to ben] the key is under the mat"]);
    ben.expect("[from ann] the key is under the mat");
    assert_eq!(ben.ask("/reply thanks"), ["[to ann] thanks"]);
    ann.expect("[from ben] thanks");
    says(&mut ben, &mut [&mut ann, &mut cat], "and now to all");
    assert_eq!(cat.ask("/msg dan hi"), ["!! no one here is called dan"]);
}

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn rooms_topics_and_ignoring_reach_across_nodes() {
    let cluster = Cluster::start(2);
    let [mut ann, mut ben] = one_each(&cluster, ["ann", "ben"]);
    ben.send("/topic tea at four");
    ann.expect("-- ben set the topic: tea at four");
    assert_eq!(ann.ask("/topic"), ["-- the topic is tea at four"]);
    ben.sync();
    ben.ask("/join dev");
    ann.expect("-- ben left: moved to dev (1 here)");
    assert_eq!(ann.ask("/rooms"), ["-- dev (1 here)", "-- lobby (1 here): tea at four"]);
    assert_eq!(ann.ask("/who dev"), ["-- dev (1 here): ben"]);
    let told = ann.ask("/join dev");
    assert!(told.iter().any(|line| line == "-- You are in dev with ben (2 here)."), "{told:?}");
    ben.expect("-- ann joined (2 here)");
    ann.ask("/ignore ben");
    ben.ask("not for ann");
    ben.ask("/me does nothing for ann");
    let mut cat = Client::join(cluster.server(2), "cat");
    let told = cat.ask("/join dev");
    assert!(told.iter().any(|line| line.ends_with("<ben> not for ann")), "{told:?}");
    ann.expect("-- cat joined (3 here)");
    ben.expect("-- cat joined (3 here)");
    says(&mut cat, &mut [&mut ann, &mut ben], "for both");
}

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn an_operator_rules_people_on_other_nodes() {
    let mut cluster = Cluster::start(2);
    cluster.add_operator(1);
    let [mut ann, mut ben] = one_each(&cluster, ["ann", "ben"]);
    let mut carol = operator(&cluster, 1);
    for person in [&mut ann, &mut ben] {
        person.wait_for(|line| line == "-- carol joined (3 here)");
    }
    carol.send("/mute ben 1h");
    ben.wait_for(|line| line == "!! you are muted for 1h");
    let told = ben.ask("am I heard?");
    assert!(told.len() == 1 && told[0].starts_with("!! you are muted for "), "{told:?}");
    carol.send("/unmute ben");
    ben.wait_for(|line| line == "-- you may speak again");
    says(&mut ben, &mut [&mut ann], "heard again");
    carol.send("/kick ben too loud");
    ben.wait_for(|line| line == "!! kicked by carol: too loud");
    ben.rest();
    ann.wait_for(|line| line == "-- ben left: kicked by carol: too loud (2 here)");
    let mut dan = Client::join(cluster.server(2), "dan");
    ann.wait_for(|line| line == "-- dan joined (3 here)");
    carol.sync();
    let nodes = carol.ask("/nodes");
    let shape = |line: &String| line.replace(|c: char| c.is_ascii_digit(), "0");
    assert_eq!(nodes.len(), 2, "{nodes:?}");
    assert!(nodes[0].starts_with("-- box1: 2 people, up ") && nodes[0].ends_with(" behind"));
    assert!(shape(&nodes[1]).starts_with("-- box0: 0 person, up "), "{nodes:?}");
    carol.send("/lockdown on");
    dan.wait_for(|line| line.starts_with("-- only registered people may speak now; "));
}

/// Logs in to an account that the node may not know yet.
#[track_caller]
pub(super) fn logs_in_soon(client: &mut Client, name: &str, password: &str) {
    eventually("the account", || {
        client.send(&format!("/login {name} {password}"));
        let answer = |line: &str| line.starts_with("!!") || line.starts_with("-- you are logged");
        if client.wait_for(answer).starts_with("--") {
            return Some(());
        }
        // Wrong passwords are limited.
        thread::sleep(Duration::from_millis(100));
        None
    });
}

/// The operator whom [`Cluster::add_operator`] added.
#[track_caller]
pub(super) fn operator(cluster: &Cluster, number: usize) -> Client {
    let mut carol = Client::guest(cluster.server(number));
    logs_in_soon(&mut carol, "carol", "open sesame");
    carol.send("/join hall-carol\n/leave");
    carol.sync();
    carol
}

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn everybody_sees_one_order_and_every_disk_has_it() {
    let cluster = Cluster::start(3);
    let pause = Duration::from_millis(20);
    let talk = Talk::begin(&cluster, Plan { mark: "order", people: 3, rooms: 2, pause });
    talk.go_on(600);
    talk.end(&cluster).expect_one_order();
}

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn a_slow_link_delays_lines_and_changes_nothing_else() {
    let cluster = Cluster::start(2);
    cluster.nodes.iter().for_each(|node| node.link().delay(Duration::from_millis(50)));
    let pause = Duration::from_millis(100);
    let talk = Talk::begin(&cluster, Plan { mark: "slow", people: 4, rooms: 1, pause });
    talk.go_on(200);
    let verdict = talk.end(&cluster);
    verdict.expect_one_order();
    verdict.expect_not_told("cut off");
    cluster.nodes.iter().for_each(|node| node.wait_figure("chatd_cluster_forks_total ", 0.0));
}

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn the_name_of_an_account_is_kept_on_every_node() {
    let mut cluster = Cluster::start(2);
    cluster.add_operator(2);
    drop(operator(&cluster, 1));
    let mut stranger = Client::connect_from(cluster.server(2), "127.0.0.2").welcomed();
    until(&mut stranger, "/nick carol", "!! carol is registered");
    let mut other = Client::connect_from(cluster.server(1), "127.0.0.2").welcomed();
    until(&mut other, "/nick CAROL", "!! carol is registered");
}
