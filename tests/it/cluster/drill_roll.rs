//! Accounts and bans are those of all nodes, whichever node they come from.

use super::drill_together::{logs_in_soon, one_each, operator, says};
use crate::harness::{Client, Cluster, eventually};
use crate::order::{logs_in, registers, until};

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn who_registers_on_one_node_logs_in_on_another() {
    let mut cluster = Cluster::start(2);
    let [mut ann, mut ben] = one_each(&cluster, ["ann", "ben"]);
    registers(&mut ann, "correct horse");
    ben.sync();
    says(&mut ann, &mut [&mut ben], "registered");
    let mut other = Client::connect_from(cluster.server(2), "127.0.0.2").welcomed();
    until(&mut other, "/login ann wrong", "!! wrong password");
    logs_in_soon(&mut other, "ann", "correct horse");
    until(&mut other, "/password battery staple", "-- the password of ann is changed");
    drop(other);
    for number in [1, 2] {
        eventually("the account", || {
            let listed = cluster.node(number).manage(&["account", "list"], "");
            listed.contains("ann").then_some(())
        });
    }
    // It lasts on the disk of the other node, without Redis and the first one.
    cluster.nodes.iter_mut().for_each(|node| drop(node.stop()));
    cluster.redis.restart();
    cluster.node_mut(2).start_and_join();
    let mut ann = Client::guest(cluster.server(2));
    logs_in(&mut ann, "ann", "battery staple");
}

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn an_account_that_an_administrator_adds_on_one_machine_is_on_all() {
    let mut cluster = Cluster::start(3);
    cluster.add_operator(1);
    let mut carol = operator(&cluster, 3);
    assert!(carol.ask("/help").iter().any(|line| line.contains("/kick")), "an operator");
    cluster.node(2).manage(&["account", "role", "carol", "user"], "");
    eventually("the other role", || {
        carol.ask("/help").iter().all(|line| !line.contains("/kick")).then_some(())
    });
    cluster.node(1).manage(&["account", "remove", "carol"], "");
    eventually("the end of the account", || {
        let listed = cluster.node(2).manage(&["account", "list"], "");
        (!listed.contains("carol")).then_some(())
    });
    cluster.node_mut(3).stop();
    cluster.node(1).manage(&["account", "add", "dan"], "correct horse\n");
    cluster.node_mut(3).start_and_join();
    logs_in_soon(&mut Client::guest(cluster.server(3)), "dan", "correct horse");
}

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn a_ban_holds_on_all_nodes_and_disks() {
    let mut cluster = Cluster::start(2);
    cluster.add_operator(1);
    let mut carol = operator(&cluster, 1);
    let mut eve = Client::connect_from(cluster.server(2), "127.0.0.9").welcomed();
    until(&mut carol, "/ban 127.0.0.9 scanner", "-- 127.0.0.9 is banned");
    eve.wait_for(|line| line == "!! banned: scanner");
    eve.rest();
    let told = Client::connect_from(cluster.server(2), "127.0.0.9").rest_lines();
    assert_eq!(told, ["!! banned: scanner"]);
    cluster.node_mut(2).kill();
    cluster.node_mut(1).stop();
    cluster.redis.restart();
    cluster.node_mut(2).start_and_join();
    let told = Client::connect_from(cluster.server(2), "127.0.0.9").rest_lines();
    assert_eq!(told, ["!! banned: scanner"]);
    cluster.node_mut(1).start_and_join();
    let mut carol = operator(&cluster, 2);
    until(&mut carol, "/unban 127.0.0.9", "is no longer banned");
    eventually("the end of the ban", || {
        let mut client = Client::connect_from(cluster.server(1), "127.0.0.9");
        client.line().starts_with("-- Welcome").then_some(())
    });
}

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn wrong_passwords_are_counted_for_the_whole_cluster() {
    let mut cluster = Cluster::start(2);
    cluster.add_operator(1);
    operator(&cluster, 2);
    let mut eve = Client::connect_from(cluster.server(1), "127.0.0.9").welcomed();
    let mut mallory = Client::connect_from(cluster.server(2), "127.0.0.9").welcomed();
    let mut slowed_down = false;
    for attempt in 0..30 {
        let client = if attempt % 2 == 0 { &mut eve } else { &mut mallory };
        let told = until(client, &format!("/login carol guess {attempt}"), "!! ");
        slowed_down |=
            told.contains("wait") || told.contains("too many") || told.contains("try again");
        if slowed_down {
            break;
        }
    }
    assert!(slowed_down, "30 guesses from one address");
    let told = until(&mut mallory, "/login carol guess again", "!! ");
    assert!(!told.contains("wrong"), "{told}");
}
