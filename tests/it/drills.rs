//! Drills: a server's worst days while people talk. In the end they count what people received and
//! what is stored.
//!
//! In `cargo test` they take seconds each. `tests/drills` runs them for hours, with DRILL_SCALE
//! times the rounds and another DRILL_SEED each time. docs/RELIABILITY.md has the results.

use std::collections::BTreeMap;
use std::env;
use std::ops::Range;
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use crate::harness::{Random, Server, chatd, eventually};
use crate::metrics::{figure, get};

mod attacker;
mod clock;
mod cluster;
mod commands;
mod disk;
mod files;
mod floods;
mod kill;
mod network;
mod scarcity;
mod talk;

use talk::Talk;

/// How long a line may take at most, on a machine that others use, too.
const SPEED: Duration = Duration::from_secs(2);

/// A drill, and what it has counted so far.
struct Drill {
    name: &'static str,
    random: Random,
    seed: u64,
    tally: Tally,
    /// What else there is to count, by a few words.
    notes: BTreeMap<&'static str, u64>,
}

/// What became of what was said.
#[derive(Default)]
struct Tally {
    /// Lines that were sent to a server.
    said: u64,
    /// Lines that came to people, once for each of them.
    delivered: u64,
    /// Lines in the history.
    stored: u64,
    /// Lines that somebody missed, or that somebody saw and the history has not.
    lost: u64,
    /// Lines that somebody, or the history, has twice.
    doubled: u64,
}

impl Drill {
    fn begin(name: &'static str) -> Self {
        let given = env::var("DRILL_SEED").ok().map(|seed| seed.parse().unwrap());
        let clock = || SystemTime::UNIX_EPOCH.elapsed().unwrap().as_micros() as u64;
        let seed = given.unwrap_or_else(clock);
        eprintln!("drill {name}: DRILL_SEED={seed}");
        let random = Random::new(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        Drill { name, random, seed, tally: Tally::default(), notes: BTreeMap::new() }
    }

    /// So many rounds, or more in the long form.
    fn rounds(&self, few: usize) -> Range<usize> {
        let scale = env::var("DRILL_SCALE").map_or(1, |scale| scale.parse().unwrap());
        0..few * scale
    }

    fn note(&mut self, what: &'static str, count: u64) {
        *self.notes.entry(what).or_default() += count;
    }

    fn noted(&self, what: &str) -> u64 {
        self.notes.get(what).copied().unwrap_or(0)
    }

    /// Says what was counted; fails if anything was lost or doubled.
    #[track_caller]
    fn end(self) {
        let Tally { said, delivered, stored, lost, doubled } = self.tally;
        let notes: Vec<_> = self.notes.iter().map(|(what, n)| format!(", {n} {what}")).collect();
        eprintln!(
            "drill {}: {said} said, {delivered} delivered, {stored} stored, {lost} lost, \
             {doubled} doubled{}",
            self.name,
            notes.concat()
        );
        assert_eq!((lost, doubled), (0, 0), "DRILL_SEED={}", self.seed);
    }
}

/// A server's command with these words before it, such as `unshare --net`.
fn within(before: &[&str], flags: &[&str]) -> Command {
    let plain = chatd();
    let mut command = Command::new(before[0]);
    command.args(&before[1..]).arg(plain.get_program()).args(["--bind", "127.0.0.1"]);
    command.args(["--port", "0", "--rate", "0", "--metrics", "127.0.0.1:0"]).args(flags);
    for (key, _) in plain.get_envs() {
        command.env_remove(key);
    }
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

/// How many lines are not on the disk yet.
fn pending(server: &Server) -> f64 {
    figure(&get(server, "/metrics"), "chatd_store_pending_lines ").unwrap()
}

/// Waits until all that was said is on the disk.
#[track_caller]
fn wait_stored(server: &Server) {
    eventually("the disk", || (pending(server) == 0.0).then_some(()));
}
