//! One node that cannot reach Redis, or all of them.

use std::thread;
use std::time::Duration;

use super::drill_nodes::GIVING_UP;
use super::drill_together::{one_each, says};
use super::talk::{Plan, Talk};
use crate::harness::{Client, Cluster, DURABLE, RedisServer, run};
use crate::order::until;

const APART: &str = "What you say here is passed on later.";

/// Lines that are said while nodes are apart: two megabytes.
const LONG: usize = 9_000;

/// Waits until the client is told that its node is cut off.
#[track_caller]
pub(super) fn expect_cut_off(client: &mut Client, people: &str) {
    client.wait_for(|line| {
        line == format!("-- cut off from the other nodes; {people} out of reach. {APART}")
    });
}

/// Skips notices up to these late lines, which come together.
#[track_caller]
fn expect_late(client: &mut Client, node: &str, lines: &[&str]) {
    client.wait_for(|line| line == format!("-- said on {node} while it was cut off:"));
    lines.iter().for_each(|line| drop(client.expect_contains(&format!("] {line}"))));
    client.expect("-- end of what was said there");
}

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn a_link_that_is_lost_for_a_second_is_not_noticed() {
    let cluster = Cluster::start(2);
    let pause = Duration::from_millis(50);
    let talk = Talk::begin(&cluster, Plan { mark: "blink", people: 3, rooms: 1, pause });
    talk.go_on(50);
    let link = cluster.node(2).link();
    for break_it in [super::Forwarder::cut, super::Forwarder::silence] {
        break_it(link);
        // The shortest time that chatd promises something about.
        thread::sleep(Duration::from_millis(800));
        link.open();
        talk.go_on(200);
    }
    let verdict = talk.end(&cluster);
    verdict.expect_one_order();
    verdict.expect_not_told("cut off");
    verdict.expect_not_told(" left");
}

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn lines_of_a_node_that_was_cut_off_are_shown_later_and_once() {
    let cluster = Cluster::start(3);
    let [mut ann, mut ben, mut cat] = one_each(&cluster, ["ann", "ben", "cat"]);
    let mut bob = Client::join(cluster.server(2), "bob");
    for person in [&mut ann, &mut ben, &mut cat] {
        person.wait_for(|line| line == "-- bob joined (4 here)");
    }
    cluster.node(2).link().cut();
    expect_cut_off(&mut ben, "2 people are");
    expect_cut_off(&mut bob, "2 people are");
    says(&mut ben, &mut [&mut bob], "on the second node, first");
    says(&mut bob, &mut [&mut ben], "on the second node, then");
    assert_eq!(ben.ask("/who"), ["-- lobby (2 here): ben, bob"]);
    assert_eq!(ben.ask("/msg ann hi"), ["!! no one here is called ann"]);
    for person in [&mut ann, &mut cat] {
        person.patience = GIVING_UP;
        person.expect("-- ben left: lost with box2 (3 here)");
        person.expect("-- bob left: lost with box2 (2 here)");
    }
    says(&mut ann, &mut [&mut cat], "on the first node");
    says(&mut cat, &mut [&mut ann], "on the third node");
    cluster.node(2).link().open();
    for person in [&mut ben, &mut bob] {
        person.expect("-- said elsewhere meanwhile:");
        person.expect_contains("] <ann> on the first node");
        person.expect_contains("] <cat> on the third node");
        person.expect("-- end of what was said meanwhile");
        person.expect("-- connected to the other nodes again (4 here)");
    }
    for person in [&mut ann, &mut cat] {
        person.expect("-- ben joined (3 here)");
        person.expect("-- bob joined (4 here)");
        let late = ["<ben> on the second node, first", "<bob> on the second node, then"];
        expect_late(person, "box2", &late);
        person.expect_nothing();
    }
    says(&mut ben, &mut [&mut bob, &mut ann, &mut cat], "together again");
    assert_eq!(ben.ask("/who"), ["-- lobby (4 here): ann, cat, ben, bob"]);
    cluster.node(2).wait_figure("chatd_cluster_forks_total ", 1.0);
    cluster.node(2).wait_figure("chatd_cluster_late_lines_total ", 2.0);
}

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn a_node_that_comes_back_in_time_is_not_given_up() {
    let cluster = Cluster::start(2);
    let [mut ann, mut ben] = one_each(&cluster, ["ann", "ben"]);
    cluster.node(2).link().silence();
    expect_cut_off(&mut ben, "1 person is");
    ben.ask("said apart");
    cluster.node(2).link().open();
    ben.expect("-- connected to the other nodes again (2 here)");
    expect_late(&mut ann, "box2", &["<ben> said apart"]);
    says(&mut ann, &mut [&mut ben], "and nobody left");
    ann.expect_nothing();
}

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn what_changes_the_chat_for_all_is_refused_while_cut_off() {
    let mut cluster = Cluster::start(2);
    cluster.add_operator(2);
    let [mut ann, mut ben] = one_each(&cluster, ["ann", "ben"]);
    let mut carol = super::drill_together::operator(&cluster, 2);
    ann.wait_for(|line| line.starts_with("-- carol joined"));
    cluster.node(2).link().cut();
    expect_cut_off(&mut ben, "1 person is");
    expect_cut_off(&mut carol, "1 person is");
    carol.expect("-- node box2 is cut off from the others");
    let refused = ["!! not while this node is cut off from the others"];
    assert_eq!(ben.ask("/topic ours"), refused);
    until(&mut ben, "/register open sesame", refused[0]);
    assert_eq!(carol.ask("/slow 5"), refused);
    assert_eq!(carol.ask("/lockdown on"), refused);
    assert_eq!(ben.ask("/join dev")[0], "-- You are alone in dev.");
    assert_eq!(ben.ask("/nick bea"), ["-- you are now bea"]);
    cluster.node(2).link().open();
    ben.wait_for(|line| line == "-- connected to the other nodes again (1 here)");
    let told = ann.wait_for(|line| line.contains("dev") || line.contains("bea"));
    assert!(told.starts_with("-- be"), "{told}");
    assert_eq!(ann.ask("/who dev").last().unwrap(), "-- dev (1 here): bea");
    assert_eq!(ben.ask("/topic ours"), ["-- bea set the topic: ours"]);
}

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn without_redis_each_node_goes_on_alone_and_nobody_is_given_up() {
    let mut cluster = Cluster::with(3, RedisServer::with(DURABLE), &[]);
    let [mut ann, mut ben, mut cat] = one_each(&cluster, ["ann", "ben", "cat"]);
    cluster.redis.kill();
    for person in [&mut ann, &mut ben, &mut cat] {
        expect_cut_off(person, "2 people are");
        let name = person.name.clone();
        assert_eq!(person.ask(&format!("{name} is alone")), [""; 0]);
    }
    // Longer than a node may be silent.
    thread::sleep(Duration::from_secs(6));
    cluster.redis.restart();
    cluster.wait_whole();
    says(&mut ann, &mut [], "together again");
    let shown = |client: &mut Client| {
        let mut lines = client.sync();
        while !lines.iter().any(|line| line.ends_with("<ann> together again")) {
            assert!(lines.len() < 100, "{lines:?}");
            lines.extend(client.sync());
        }
        lines
    };
    for (person, others) in [(&mut ben, ["ann", "cat"]), (&mut cat, ["ann", "ben"])] {
        let lines = shown(person);
        for other in others {
            let text = format!("<{other}> {other} is alone");
            let times = lines.iter().filter(|line| line.ends_with(&text)).count();
            assert_eq!(times, 1, "{lines:#?}");
        }
        assert!(lines.iter().all(|line| !line.contains("left")), "{lines:#?}");
        assert!(lines.contains(&"-- connected to the other nodes again (3 here)".to_owned()));
        assert_eq!(person.ask("/who"), ["-- lobby (3 here): ann, ben, cat"]);
    }
}

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn nothing_is_lost_while_links_come_and_go() {
    let cluster = Cluster::start(3);
    let pause = Duration::from_millis(50);
    let talk = Talk::begin(&cluster, Plan { mark: "links", people: 3, rooms: 2, pause });
    for number in [1, 2, 3] {
        talk.go_on(50);
        cluster.node(number).link().cut();
        cluster.node(number).wait_unlinked();
        talk.go_on(100);
        cluster.node(number).link().open();
        cluster.wait_whole();
    }
    talk.end(&cluster).expect_whole();
}

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn a_long_time_apart_makes_nobody_too_slow() {
    let cluster = Cluster::start(2);
    let [mut ann, mut ben] = one_each(&cluster, ["ann", "ben"]);
    let mut bob = Client::join(cluster.server(2), "bob");
    ann.wait_for(|line| line == "-- bob joined (3 here)");
    ben.wait_for(|line| line == "-- bob joined (3 here)");
    cluster.node(2).link().cut();
    expect_cut_off(&mut ben, "1 person is");
    let filler = "and so on ".repeat(20);
    let text = |who: &str, n: usize| format!("{who} says {n} {filler}.");
    for (speaker, who) in [(&mut ann, "ann"), (&mut ben, "ben")] {
        for hundred in 0..LONG / 100 {
            let lines = (hundred * 100..(hundred + 1) * 100).map(|n| text(who, n) + "\n");
            speaker.send_raw(lines.collect::<String>().as_bytes());
        }
        speaker.sync();
    }
    bob.sync();
    cluster.node(2).link().open();
    for (reader, who) in [(&mut bob, "ann"), (&mut ann, "ben"), (&mut ben, "ann")] {
        reader.wait_for(|line| line.starts_with("-- said "));
        let told = reader.line();
        let left_out = told.strip_suffix(" earlier lines are left out here").unwrap();
        let left_out: usize = left_out.strip_prefix("-- ").unwrap().parse().unwrap();
        for n in left_out..LONG {
            reader.expect_contains(&format!("] <{who}> {}", text(who, n)));
        }
        assert!(reader.line().starts_with("-- end of what was said "));
    }
    ann.send("together again");
    ben.wait_for(|line| line == "<ann> together again");
    for node in &cluster.nodes {
        node.wait_figure("chatd_store_pending_lines ", 0.0);
        let exported = run(&mut node.tool(&["export"])).stdout;
        assert_eq!(exported.matches(&filler).count(), 2 * LONG, "on {}", node.name);
    }
}
