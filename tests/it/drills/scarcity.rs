//! Too few descriptors or threads, or too little memory for a client: clients that are connected
//! continue, and others connect when there is room again.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use super::talk::exported;
use super::{Drill, SPEED, Talk, wait_stored, within};
use crate::harness::{
    Client, PATIENCE, Server, TempDir, chatd, eventually, eventually_within, raise_open_files,
};

/// What a server may have in memory beyond what it had before, in kB.
const SLACK: u64 = 16 * 1024;

/// The talk ends, and all of it is in the history.
#[track_caller]
fn end(drill: &mut Drill, server: &Server, talk: Talk, dir: &TempDir) {
    let people = talk.end();
    wait_stored(server);
    let mut export = chatd();
    export.args(["export", "--state-dir", &dir.path("state")]);
    drill.compare(&people, &exported(&mut export));
}

#[test]
fn without_descriptors_people_talk_on() {
    raise_open_files();
    let mut drill = Drill::begin("out of descriptors");
    let dir = TempDir::new();
    let state = dir.path("state");
    let before = ["sh", "-c", "ulimit -n 64; exec \"$@\"", "sh"];
    let server = Server::run(within(&before, &["--state-dir", &state]));
    for round in drill.rounds(2) {
        let talk = Talk::begin(&server, &format!("r{round}"), &mut drill.random);
        let before = server.log().matches("cannot accept").count();
        let mut crowd = [(); 120].map(|()| Client::connect(&server));
        let complaints = || server.log().matches("cannot accept").count() - before;
        eventually("descriptors to run out", || (complaints() > 0).then_some(()));
        crowd[0].send("/register top secret");
        let slowest = talk.go_on(100);
        assert!(slowest < SPEED, "{slowest:?}");
        assert!(complaints() < 30, "{}", server.log());
        let told = crowd[0].wait_for(|line| line.starts_with("!! ") || line.contains("secret"));
        assert!(told.starts_with("!! "), "a guest's name cannot be registered: {told}");
        drop(crowd);
        Client::guest(&server).sync();
        end(&mut drill, &server, talk, &dir);
        drill.note("times out of descriptors", 1);
    }
    drill.end();
}

#[test]
#[ignore = "needs root"]
fn without_threads_people_talk_on() {
    let mut drill = Drill::begin("out of threads");
    let dir = TempDir::new();
    fs::set_permissions(dir.path(""), PermissionsExt::from_mode(0o777)).unwrap();
    let (program, ports, state) = (dir.path("chatd"), dir.path("ports"), dir.path("state"));
    fs::copy(env!("CARGO_BIN_EXE_chatd"), &program).unwrap();
    let mut command = Command::new("prlimit");
    // A user of its own, so that nobody else's threads count.
    command.args(["--nproc=24", &program, "--bind", "127.0.0.1", "--port", "0", "--rate", "0"]);
    command.args(["--metrics", "127.0.0.1:0", "--port-file", &ports, "--state-dir", &state]);
    command.uid(54_322).stderr(Stdio::piped());
    let server = Server::run_at(command, &ports);
    for round in drill.rounds(2) {
        let talk = Talk::begin(&server, &format!("r{round}"), &mut drill.random);
        let mut crowd = [(); 40].map(|()| Client::connect(&server));
        let is_told = |client: &mut Client| {
            client.line() == "!! the server has no room for another client; try again later"
        };
        let turned_away = crowd.iter_mut().filter_map(|one| is_told(one).then_some(())).count();
        assert!(turned_away > 20, "{turned_away}");
        let slowest = talk.go_on(100);
        assert!(slowest < SPEED, "{slowest:?}");
        drop(crowd);
        eventually("a thread", || {
            Client::connect(&server).line().starts_with("-- Welcome").then_some(())
        });
        end(&mut drill, &server, talk, &dir);
        drill.note("clients turned away", turned_away as u64);
    }
    drill.end();
}

#[test]
fn who_does_not_read_costs_little_and_goes() {
    const STALLED: usize = 20;
    let mut drill = Drill::begin("readers that stall");
    let dir = TempDir::new();
    let flags = ["--state-dir", &dir.path("state"), "--send-queue", "65536"];
    let server = Server::run(within(&["env"], &flags));
    let gone = || server.log().matches("left: too slow").count();
    for round in drill.rounds(1) {
        let talk = Talk::begin(&server, &format!("r{round}"), &mut drill.random);
        talk.go_on(10);
        let before = server.rss_kb();
        let stalled = [(); STALLED].map(|()| {
            let mut client = Client::connect_narrow(&server).welcomed();
            client.ask("/join room0");
            client
        });
        let mut loud = Client::join(&server, &format!("loud{round}"));
        loud.ask("/join room0\n/quiet on");
        eventually_within(PATIENCE * 6, "those who do not read to go", || {
            loud.ask(&vec!["x".repeat(1000); 20].join("\n"));
            talk.go_on(1);
            (gone() >= (round + 1) * STALLED).then_some(())
        });
        let slowest = talk.go_on(50);
        assert!(slowest < SPEED, "{slowest:?}");
        let most = server.status("VmHWM");
        assert!(most < before + STALLED as u64 * 64 + SLACK, "{before} kB, then {most}");
        drop((stalled, loud));
        end(&mut drill, &server, talk, &dir);
        drill.note("readers dropped", STALLED as u64);
    }
    drill.end();
}
