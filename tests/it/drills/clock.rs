//! Clocks that jump by years, forwards and backwards, while people talk.

use std::fs;
use std::process::Command;

use super::talk::exported;
use super::{Drill, SPEED, Talk, wait_stored, within};
use crate::harness::{Client, Server, TempDir, chatd, run};

/// Has the time of day of a program be what a file says, again and again.
fn with_clock(mut command: Command, file: &str) -> Command {
    // It would stay between us and the server, so only its library is taken.
    let library = run(Command::new("faketime").args(["-f", "+0", "printenv", "LD_PRELOAD"]));
    command.env("LD_PRELOAD", library.stdout.trim()).env("FAKETIME_TIMESTAMP_FILE", file);
    command.env("FAKETIME_NO_CACHE", "1").env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    command
}

#[test]
#[ignore = "needs faketime (faketime)"]
fn when_the_clock_jumps_people_talk_on_and_the_order_stays() {
    let mut drill = Drill::begin("clock jumps");
    let dir = TempDir::new();
    let state = dir.path("state");
    let command = within(&["env"], &["--state-dir", &state, "--idle-timeout", "30s"]);
    let server = Server::run(with_clock(command, &dir.file("now", "+0")));
    for round in drill.rounds(1) {
        let talk = Talk::begin(&server, &format!("r{round}"), &mut drill.random);
        let mut witness = Client::join(&server, &format!("witness{round}"));
        for jump in ["+3650d", "+1h", "-7300d", "-1h", "+70y", "+0"] {
            // A file that is half written would be another time.
            fs::rename(dir.file("new", jump), dir.path("now")).unwrap();
            let slowest = talk.go_on(50);
            assert!(slowest < SPEED, "{slowest:?}");
            witness.send(&format!("what time is it at {jump} of {round}"));
            witness.send("/history 1");
            let told = witness.wait_for(|line| line.starts_with("[2"));
            let year: i32 = told[1..5].parse().unwrap();
            let jumped = [("+3650d", 2030..2100), ("-7300d", 2000..2020), ("+70y", 2090..2200)];
            let expected = jumped.iter().find(|(by, _)| *by == jump).map(|(_, years)| years);
            assert!(expected.is_none_or(|years| years.contains(&year)), "{jump}: {told}");
            witness.wait_for(|line| line == "-- end of history");
            drill.note("jumps", 1);
        }
        let people = talk.end();
        wait_stored(&server);
        let mut export = chatd();
        export.args(["export", "--state-dir", &dir.path("state")]);
        drill.compare(&people, &exported(&mut export));
    }
    assert!(!server.log().contains("too slow"), "{}", server.log());
    drill.end();
}
