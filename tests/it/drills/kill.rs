//! `kill -9` while many talk, again and again with the same state directory.

use std::time::Duration;

use super::talk::{exported, tail};
use super::{Drill, Talk, within};
use crate::harness::{Client, Server, Signal, TempDir, chatd, eventually_within};

/// How long the lines of one round may take on a machine that has much else to do.
const TALKING: Duration = Duration::from_secs(60);

/// What the server says when lines are no longer on the disk before they are seen.
const TOO_SLOW: &str = "the disk is too slow";

#[test]
fn what_anybody_saw_survives_a_kill() {
    let mut drill = Drill::begin("kill");
    let dir = TempDir::new();
    let start = || Server::run(within(&["env"], &["--state-dir", &dir.path("state")]));
    let mut export = chatd();
    export.args(["export", "--state-dir", &dir.path("state")]);
    for round in drill.rounds(50) {
        let server = start();
        let talk = Talk::begin(&server, &format!("r{round}"), &mut drill.random);
        let enough = drill.random.below(2500) as u64;
        eventually_within(TALKING, "people to talk", || (talk.heard() > enough).then_some(()));
        server.signal(Signal::KILL);
        let log = server.wait_killed();
        let people = talk.cut_off();
        if log.contains(TOO_SLOW) {
            drill.note("rounds in which the machine's disk was too slow, not counted", 1);
            continue;
        }
        let stored = exported(&mut export);
        drill.compare(&people, &stored);
        drill.note("kills", 1);
        let server = start();
        let mut late = Client::guest(&server);
        late.ask("/join room1");
        late.send("/history 30");
        for text in tail(&stored, "room1", 30) {
            late.expect_contains(&format!("> {text}"));
        }
        late.expect("-- end of history");
    }
    assert!(drill.noted("kills") > 0, "the disk was too slow in every round");
    drill.end();
}
