//! `kill -9` while many talk, again and again with the same state directory.

use std::time::{Duration, Instant};

use super::talk::{exported, missing, slowest, tail};
use super::{Drill, Talk, within};
use crate::harness::{Client, Server, Signal, TempDir, chatd, eventually_within};

/// How long the lines of one round may take on a machine that has much else to do.
const TALKING: Duration = Duration::from_secs(60);

/// How long a disk that was too slow is waited for, so that the round counts.
const CALMING_DOWN: Duration = Duration::from_secs(30);

/// Lines that wait longer for the disk are shown before they are on it.
const PATIENCE_WITH_THE_DISK: Duration = Duration::from_millis(250);

/// Whether lines are on the disk before they are seen, by what the server last said of that.
fn keeps_up(log: &str) -> bool {
    let times = |words: &str| log.matches(words).count();
    times("the disk is too slow") == times("the disk has caught up")
}

#[test]
fn what_anybody_saw_survives_a_kill() {
    let mut drill = Drill::begin("kill");
    let dir = TempDir::new();
    let start = || Server::run(within(&["env"], &["--state-dir", &dir.path("state")]));
    let mut export = chatd();
    export.args(["export", "--state-dir", &dir.path("state")]);
    let rounds = drill.rounds(50);
    let half = rounds.len() as u64 / 2;
    for round in rounds {
        let server = start();
        let talk = Talk::begin(&server, &format!("r{round}"), &mut drill.random);
        let enough = drill.random.below(2500) as u64;
        eventually_within(TALKING, "people to talk", || (talk.heard() > enough).then_some(()));
        let since = Instant::now();
        let is_time = || keeps_up(&server.log()) || since.elapsed() > CALMING_DOWN;
        eventually_within(TALKING, "a disk that keeps up", || is_time().then_some(()));
        server.signal(Signal::KILL);
        let log = server.wait_killed();
        let people = talk.cut_off();
        let stored = exported(&mut export);
        // That the disk is too slow may have been on its way to the log.
        let is_silent = slowest(&people) >= PATIENCE_WITH_THE_DISK && missing(&people, &stored) > 0;
        if !keeps_up(&log) || is_silent {
            drill.note("rounds in which the machine's disk was too slow, not counted", 1);
            continue;
        }
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
    assert!(drill.noted("kills") >= half, "the disk was too slow in most rounds");
    drill.end();
}
