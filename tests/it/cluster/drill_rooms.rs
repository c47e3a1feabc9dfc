//! Rooms that people own are the same on all nodes, whichever wire their members came by.

use super::drill_together::{logs_in_soon, one_each};
use crate::harness::{Client, Cluster, Irc, RedisServer};

const PASSWORD: &str = "correct horse";

/// Two nodes with ports for IRC, and ann on the first one, who keeps dev.
fn with_kept_dev() -> (Cluster, Client) {
    let cluster = Cluster::with(2, RedisServer::start(), &["--irc-port", "0"]);
    cluster.node(1).manage(&["account", "add", "ann"], &format!("{PASSWORD}\n"));
    let mut ann = Client::guest(cluster.server(1));
    logs_in_soon(&mut ann, "ann", PASSWORD);
    ann.ask("/join dev");
    assert_eq!(ann.ask("/room keep on"), ["-- ann set keep on"]);
    (cluster, ann)
}

fn command(line: &str) -> &str {
    line.split(' ').nth(1).unwrap_or_default()
}

fn is_said(line: &str, by: &str, text: &str) -> bool {
    line.starts_with(&format!(":{by}!")) && line.ends_with(&format!(" PRIVMSG #dev :{text}"))
}

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn irc_clients_of_two_nodes_and_a_netcat_are_in_one_room() {
    let (cluster, mut ann) = with_kept_dev();
    let [mut ian, mut ina] = [(1, "ian"), (2, "ina")].map(|(node, nick)| {
        let mut irc = Irc::named(cluster.server(node), nick);
        irc.send("JOIN #dev");
        irc.until(|line| command(line) == "366");
        ann.wait_for(|line| line.starts_with(&format!("-- {nick} joined ")));
        irc
    });
    ian.until(|line| line.starts_with(":ina!") && line.ends_with(" JOIN #dev"));
    // Both come from one address, which has one cloak on all nodes.
    let cloak = |line: &str| line.split_once(' ').unwrap().0.split_once('@').unwrap().1.to_owned();
    ina.send("PRIVMSG #dev :from the second node");
    let heard = ian.until(|line| is_said(line, "ina", "from the second node"));
    ann.expect("<ina> from the second node");
    ian.send("PRIVMSG #dev :from the first node");
    let answered = ina.until(|line| is_said(line, "ian", "from the first node"));
    ann.expect("<ian> from the first node");
    assert_eq!(cloak(heard.last().unwrap()), cloak(answered.last().unwrap()));
    ann.send("/voice ina");
    let told = ina.until(|line| command(line) == "MODE");
    assert!(told.last().unwrap().ends_with(" MODE #dev +v ina"), "{told:?}");
    ann.send("/kick ina too loud");
    let told = ina.until(|line| command(line) == "KICK");
    assert!(told.last().unwrap().ends_with(" KICK #dev ina :too loud"), "{told:?}");
    ian.until(|line| command(line) == "KICK");
    ina.send("PRIVMSG ian :what was that?");
    let told = ian.until(|line| command(line) == "PRIVMSG");
    assert!(told.last().unwrap().ends_with(" PRIVMSG ian :what was that?"), "{told:?}");
}

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn a_kept_room_is_closed_on_a_node_that_was_away_and_on_one_that_starts_alone() {
    let (mut cluster, mut ann) = with_kept_dev();
    cluster.node_mut(2).stop();
    assert_eq!(ann.ask("/room key s3cret"), ["-- ann set key on"]);
    ann.ask("/room ban eve spam");
    cluster.node_mut(2).start_and_join();
    let refused = ["!! dev needs a key: /join dev KEY"];
    let [cat, mut ben] = one_each(&cluster, ["cat", "ben"]);
    assert_eq!(ben.ask("/join dev"), refused);
    drop((ann, ben, cat));
    // From its own disk, as no other node and no log is left.
    cluster.nodes.iter_mut().for_each(|node| drop(node.stop()));
    cluster.redis.restart();
    cluster.node_mut(2).start_and_join();
    let mut ben = Client::join(cluster.server(2), "ben");
    assert_eq!(ben.ask("/join dev"), refused);
    let mut ann = Client::guest(cluster.server(2));
    logs_in_soon(&mut ann, "ann", PASSWORD);
    ann.ask("/join dev");
    assert_eq!(ann.ask("/room")[0], "-- room dev: kept for ann; operators ann");
    assert_eq!(ann.ask("/room bans"), ["-- eve, by ann: spam"]);
}

#[test]
#[ignore = "needs redis-server (redis-server)"]
fn roles_are_addressed_and_marks_and_history_are_the_same_on_all_nodes() {
    let (cluster, mut ann) = with_kept_dev();
    let caps = "draft/read-marker draft/chathistory batch server-time";
    let [mut ian, mut bea] = [(1, "ian"), (2, "bea")].map(|(node, nick)| {
        let mut irc = Irc::with_caps(cluster.server(node), nick, caps);
        irc.send("JOIN #dev");
        irc.until(|line| command(line) == "366");
        ann.wait_for(|line| line.starts_with(&format!("-- {nick} joined ")));
        irc
    });
    ann.send("/op bea");
    bea.until(|line| line.ends_with(" MODE #dev +o bea"));
    ian.until(|line| line.ends_with(" MODE #dev +o bea"));
    ann.wait_for(|line| line == "-- ann gave bea operator");
    ian.send("PRIVMSG @#dev :for you two");
    bea.until(|line| line.starts_with(":ian!") && line.ends_with(" PRIVMSG @#dev :for you two"));
    ann.expect("-- ian to operators of dev: for you two");
    bea.send("MODE #dev +mv ian");
    ian.until(|line| line.starts_with(":bea!") && line.ends_with(" MODE #dev +mv ian"));
    ian.send("PRIVMSG #dev :for all");
    bea.until(|line| is_said(line, "ian", "for all"));

    bea.send(&format!("REGISTER * * :{PASSWORD}"));
    bea.until(|line| command(line) == "900");
    let read = "MARKREAD #dev timestamp=2026-11-22T12:00:00.000Z";
    bea.send(read);
    bea.until(|line| line.ends_with(read));
    bea.send("CHATHISTORY LATEST #dev * 9");
    let past = bea.until(|line| line.contains(" BATCH -"));
    assert!(past.len() == 3 && past[1].ends_with(" PRIVMSG #dev :for all"), "{past:?}");
    bea.send("QUIT");
    ann.wait_for(|line| line.starts_with("-- bea left: "));
    let mut bea = Irc::connect(cluster.server(1));
    bea.send(&format!("PASS :{PASSWORD}"));
    bea.register("bea", caps);
    bea.send("JOIN #dev");
    let joined = bea.until(|line| command(line) == "366");
    assert!(joined.iter().any(|line| line.ends_with(read)), "{joined:?}");
    assert!(joined.iter().any(|line| line.contains("@bea")), "{joined:?}");
}
