//! Snapshots of older versions can be read. `tests/data` has those of each version: these files
//! must never change; a newer version gets files of its own.

use std::fs::File;
use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::path::Path;

use super::given;
use crate::harness::{Client, Server};

/// What was left of this name.
fn left(name: &str) -> OwnedFd {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    File::open(folder.join(name)).unwrap().into()
}

/// A connection: the client's end, and the one that the server before had.
fn connection() -> (Client, OwnedFd) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (Client::over(client), listener.accept().unwrap().0.into())
}

#[test]
fn a_snapshot_of_version_1_is_taken_over() {
    is_taken_over("snapshot-v1");
}

#[test]
fn a_snapshot_of_version_2_is_taken_over() {
    is_taken_over("snapshot-v2");
}

fn is_taken_over(snapshot: &str) {
    let ((mut alice, c0), (mut bob, c1), (mut troll, c3)) =
        (connection(), connection(), connection());
    let names = [("c0", c0), ("c1", c1), ("c3", c3), ("snapshot", left(snapshot))];
    let mut command = given(names);
    command.args(["--port", "0"]);
    let server = Server::run(command);
    // What waited for him comes first, and the rest of what they were typing belongs to it.
    bob.expect("[12:00] <carol> on its way");
    bob.send_raw(b"\xf1 two\r\n");
    alice.expect("<bob> one two");
    alice.send("line");
    let heard = bob.wait_for(|line| line.contains("<alice>"));
    assert!(heard.ends_with("] <alice> half a line"), "{heard}");
    assert_eq!(alice.ask("/topic"), ["-- the topic is friday's release"]);
    let past = alice.ask("/history");
    assert!(
        past[0].ends_with("<alice> said in dev") && past[1].ends_with("* bob waves"),
        "{past:?}"
    );
    let whois = bob.ask("/whois alice").concat();
    assert!(whois.contains("lunch"), "{whois}");
    assert!(bob.ask("/reply yes").concat().contains("[to alice] yes"));
    troll.send("hello?");
    troll.wait_for(|line| line.starts_with("!! you are muted"));
    let log = server.log();
    assert!(!log.contains("cannot"), "{log}");
}

#[test]
fn a_roster_of_version_1_is_taken_over() {
    let ((mut alice, c0), (mut bob, c1), (mut troll, c3)) =
        (connection(), connection(), connection());
    let mut command = given([("c0", c0), ("c1", c1), ("c3", c3), ("roster", left("roster-v1"))]);
    command.args(["--port", "0"]);
    let server = Server::run(command);
    assert_eq!(alice.ask("/who"), ["-- dev (2 here): alice, bob"]);
    bob.send("hi");
    alice.expect("<bob> hi");
    // Bob has his own lines, too, with the time.
    assert!(bob.line().ends_with("] <bob> hi"));
    assert_eq!(troll.ask("/who").len(), 1);
    let log = server.log();
    assert!(!log.contains("cannot"), "{log}");
}
