//! A process that is killed again and again: everything reported as committed is there.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use chatd::store::{Event, Retention};

use super::{Kept, count, other};
use crate::harness::TempDir;

const DIR: &str = "TEST_WRITES_UNTIL_KILLED_TO";

#[test]
fn what_was_committed_survives_a_kill() {
    if let Some(dir) = std::env::var_os(DIR) {
        return write_until_killed(dir.to_str().unwrap());
    }
    let dir = TempDir::new();
    let mut written = 0;
    for round in 1..=8 {
        let mut command = Command::new(std::env::current_exe().unwrap());
        let name = "store::crash::what_was_committed_survives_a_kill";
        command.args(["--exact", name, "--nocapture"]).env(DIR, dir.path(""));
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut said = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut committed = 0;
        let mut read = || {
            let line = said.next()?.unwrap();
            let seq = line.strip_prefix("committed ").unwrap_or_else(|| panic!("{line}"));
            committed = seq.parse::<i64>().unwrap();
            Some(())
        };
        (0..7 * round).for_each(|_| read().unwrap());
        child.kill().unwrap();
        while read().is_some() {}
        child.wait().unwrap();
        // Probe it reads it all, and fails if anything is damaged.
        Kept::open(&dir).close();
        let (before, now) = (written, count(&dir, "msg"));
        written = now;
        assert!(
            now - before >= committed,
            "{committed} were committed, {} are there",
            now - before
        );
        let last =
            "SELECT max(oseq), count(DISTINCT oseq) FROM msg GROUP BY origin ORDER BY max(id) DESC";
        let last = other(&dir).query_row(last, [], |row| Ok((row.get(0)?, row.get(1)?)));
        assert_eq!(last, Ok((now - before, now - before)), "without a gap");
    }
}

fn write_until_killed(dir: &str) {
    let mut kept = Kept::open_at(dir, Retention::default());
    loop {
        let last = kept.say_all((0..50).map(|number| format!("line {number}")));
        kept.wait(|event| {
            let Event::Committed { upto } = event else { panic!("{event:?}") };
            eprintln!("committed {upto}");
            (upto == last).then_some(())
        });
    }
}
