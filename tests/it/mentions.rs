//! Mentions: lines that name their reader ring a bell.

use serde_json::json;

use crate::harness::{Client, Irc, Server, TempDir, WebSocket, people};
use crate::restart::switch;

/// The bytes that a client gets up to the answer to a ping, which is left out.
#[track_caller]
fn bytes(client: &mut Client) -> String {
    client.send("/ping");
    let bytes = client.raw_until(b"-- pong\n");
    String::from_utf8(bytes).unwrap().replace("-- pong\n", "")
}

#[test]
fn the_bell_rings_for_whom_a_line_of_another_names_and_is_off_at_first() {
    let server = Server::with(["--rate", "0"]);
    let [mut alice, mut bob, mut carol] = people(&server, ["alice", "bob", "carol"]);
    bob.ask("alice?");
    assert_eq!(bytes(&mut alice), "<bob> alice?\n");
    assert_eq!(alice.ask("/bell on"), ["-- bell is on"]);
    carol.sync();
    bob.ask("alice?\n/me asks ALICE\nmalice and alice_\nal1ce\nbob\n/topic alice\n/msg alice psst");
    assert_eq!(
        bytes(&mut alice),
        "<bob> alice?\x07\n* bob asks ALICE\x07\n<bob> malice and alice_\n<bob> al1ce\n<bob> bob\n\
         -- bob set the topic: alice\n[from bob] psst\x07\n"
    );
    assert_eq!(
        bytes(&mut carol),
        "<bob> alice?\n* bob asks ALICE\n<bob> malice and alice_\n<bob> al1ce\n<bob> bob\n\
         -- bob set the topic: alice\n"
    );
    assert_eq!(alice.ask("/bell off"), ["-- bell is off"]);
    bob.ask("alice?\n/msg alice psst");
    assert_eq!(bytes(&mut alice), "<bob> alice?\n[from bob] psst\n");
}

#[test]
fn ones_own_lines_those_of_the_ignored_and_replayed_ones_do_not_ring() {
    let server = Server::with(["--rate", "0"]);
    let [mut alice, mut bob, mut eve] = people(&server, ["alice", "bob", "eve"]);
    alice.ask("/bell on\n/echo on\n/ignore eve");
    alice.send("alice it is");
    alice.send("/msg alice note");
    let own = bytes(&mut alice);
    assert!(own.contains("<alice> alice it is\n") && !own.contains('\x07'), "{own:?}");
    eve.ask("alice!\n/msg alice psst");
    assert_eq!(bytes(&mut alice), "");
    bob.ask("alice, look");
    alice.sync();
    alice.send("/history");
    alice.send("/join dev");
    alice.send("/leave");
    let replayed = bytes(&mut alice);
    assert!(replayed.contains("<bob> alice, look\n") && !replayed.contains('\x07'), "{replayed:?}");
}

#[test]
fn a_line_rings_by_the_name_at_its_time_also_when_it_waits_for_the_disk() {
    let dir = TempDir::new();
    let server = Server::with(["--rate", "0", "--state-dir", &dir.path("state")]);
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    alice.ask("/bell on\n/time on");
    bob.ask("one for alice\nnone for you\n/msg alice psst\nalice again");
    let got = bytes(&mut alice);
    let rung: Vec<_> = got.lines().filter_map(|line| line.strip_suffix('\x07')).collect();
    assert_eq!((got.lines().count(), rung.len()), (4, 3), "{got:?}");
    assert!(rung.iter().all(|line| line.starts_with('[') && !line.contains('\x07')), "{rung:?}");
    alice.ask("/nick ally");
    bob.sync();
    bob.ask("alice\nally");
    let got = bytes(&mut alice);
    assert!(got.contains("<bob> alice\n") && got.contains("<bob> ally\x07\n"), "{got:?}");
}

#[test]
fn the_bell_stays_on_over_a_restart() {
    let server = Server::start();
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    alice.ask("/bell on");
    switch(&server);
    bob.ask("alice?");
    bob.ask("bob?");
    assert_eq!(bytes(&mut alice), "<bob> alice?\x07\n<bob> bob?\n");
}

#[test]
fn a_line_to_those_with_a_role_rings_for_whom_it_names() {
    let server = Server::with(["--rate", "0", "--web-port", "0", "--irc-port", "0"]);
    let [mut alice, mut bob] = people(&server, ["alice", "bob"]);
    let mut page = WebSocket::join_json(&server, "page");
    let mut ann = Irc::named(&server, "ann");
    alice.ask("/join dev\n/bell on");
    bob.ask("/join dev\n/bell on");
    page.ask_json("/join dev");
    ann.ask("JOIN #dev");
    alice.ask("/op bob\n/op page");
    bob.sync();
    page.sync();
    ann.ask("PRIVMSG @#dev :alice, look\r\nPRIVMSG @#dev :\x01ACTION greets\x01");
    let look = "-- ann to operators of dev: alice, look";
    let greets = "-- ann to operators of dev: * ann greets\n";
    assert_eq!(bytes(&mut alice), format!("{look}\x07\n{greets}"));
    assert_eq!(bytes(&mut bob), format!("{look}\n{greets}"));
    let told = json!({"t": "notice", "text": &look[3..], "room": "dev", "nick": "ann"});
    assert_eq!(page.object(), told);
}
