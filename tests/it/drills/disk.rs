//! A disk that is full, fails or is slow: people continue to talk, the log and the metrics report
//! it, and in the end the history is complete, or says how much is missing and where.

use std::fs::{self, File};
use std::io::Write;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::talk::{exported, tail};
use super::{Drill, SPEED, Talk, pending, wait_stored, within};
use crate::harness::{
    Client, Server, Signal, TempDir, chatd, eventually, eventually_within, people, run,
    wait_for_exit,
};
use crate::order::log_in_soon;

/// How long it may take until a disk that is well again has everything.
const CATCHING_UP: Duration = Duration::from_secs(60);

const FAILS: &str = "cannot write the history: ";
const RECOVERS: &str = "the history can be written again";

/// A server whose state directory is on a disk of its own, of that size.
struct OnADisk {
    server: Server,
    /// Where the disk is for the server, and where it is for everybody else.
    there: String,
    here: String,
    dir: TempDir,
}

impl OnADisk {
    #[track_caller]
    fn start(size: &str) -> Self {
        let dir = TempDir::new();
        let there = dir.path("");
        let mount = "mount -t tmpfs -o size=$1 tmpfs \"$2\"; shift 2; exec \"$@\"";
        let before = ["unshare", "--mount", "sh", "-ec", mount, "sh", size, &there];
        let state = format!("{there}state");
        let server = Server::run(within(&before, &["--state-dir", &state, "--max-line", "40000"]));
        let here = format!("/proc/{}/root{there}", server.pid());
        OnADisk { server, there, here, dir }
    }

    /// Takes all the room there is.
    fn fill(&self) {
        let mut ballast = File::create(format!("{}ballast", self.here)).unwrap();
        while ballast.write_all(&[0; 4096]).is_ok() {}
    }

    fn make_room(&self) {
        fs::remove_file(format!("{}ballast", self.here)).unwrap();
    }

    /// Says that often in the log that something is so.
    #[track_caller]
    fn wait_log_times(&self, what: &str, times: usize) {
        let said = || self.server.log().matches(what).count();
        eventually_within(CATCHING_UP, what, || (said() >= times).then_some(()));
    }

    /// The state directory as the server sees it.
    fn state(&self) -> String {
        format!("{}state", self.there)
    }

    /// Another chatd that sees the same.
    fn chatd_inside(&self) -> Command {
        let mut command = Command::new("nsenter");
        command.args([&format!("--target={}", self.server.pid()), "--mount"]);
        command.arg(chatd().get_program());
        command
    }

    /// An operator, carol.
    #[track_caller]
    fn operator(&self) -> Client {
        let mut add = self.chatd_inside();
        add.args(["account", "add", "carol", "--operator", "--state-dir", &self.state()]);
        let password = self.dir.file("password", "open sesame\n");
        let added = run(add.stdin(File::open(password).unwrap()));
        assert_eq!((added.status, &*added.stderr), (0, ""));
        log_in_soon(&self.server, "carol", "open sesame")
    }

    fn export(&self) -> Command {
        let mut export = self.chatd_inside();
        export.args(["export", "--state-dir", &self.state()]);
        export
    }
}

#[test]
#[ignore = "needs root"]
fn a_full_disk_silences_nobody_and_in_the_end_all_is_there() {
    let mut drill = Drill::begin("full disk");
    let disk = OnADisk::start("256m");
    for round in drill.rounds(2) {
        let talk = Talk::begin(&disk.server, &format!("r{round}"), &mut drill.random);
        talk.go_on(10);
        disk.fill();
        disk.wait_log_times(FAILS, round + 1);
        let slowest = talk.go_on(100);
        assert!(slowest < SPEED, "{slowest:?}");
        assert!(pending(&disk.server) > 0.0);
        disk.make_room();
        disk.wait_log_times(RECOVERS, round + 1);
        talk.go_on(10);
        let people = talk.end();
        wait_stored(&disk.server);
        drill.compare(&people, &exported(&mut disk.export()));
        drill.note("times full", 1);
    }
    assert!(disk.server.log().contains("full"));
    drill.end();
}

#[test]
#[ignore = "needs root"]
fn what_a_full_disk_has_cost_is_marked_in_its_place() {
    let mut drill = Drill::begin("full disk for too long");
    for round in drill.rounds(1) {
        let disk = OnADisk::start("400m");
        let talk = Talk::begin(&disk.server, &format!("r{round}"), &mut drill.random);
        talk.go_on(10);
        disk.fill();
        disk.wait_log_times(FAILS, 1);
        let mut loud = Client::join(&disk.server, "loud");
        // 64 MiB is what may wait for the disk.
        for (bytes, lines) in [(32_000, 2_200), (1000, 40), (30, 40)] {
            loud.send(&vec!["x".repeat(bytes); lines].join("\n"));
            loud.sync();
        }
        let slowest = talk.go_on(50);
        assert!(slowest < SPEED, "{slowest:?}");
        disk.make_room();
        disk.wait_log_times(RECOVERS, 1);
        for room in 0..3 {
            disk.wait_log_times(&format!("lines said in room{room} are missing"), 1);
        }
        talk.go_on(10);
        let people = talk.end();
        wait_stored(&disk.server);
        let mut stored = exported(disk.export().args(["--room", "room0"]));
        for room in ["room1", "room2"] {
            stored.extend(exported(disk.export().args(["--room", room])));
        }
        drill.compare(&people, &stored);
        let missing: u64 = stored.values().flatten().filter_map(|row| row.missing()).sum();
        assert!(missing > 0, "nothing was lost, so little was tested");
        drill.note("lines marked as missing", missing);
    }
    drill.end();
}

#[test]
#[ignore = "needs root"]
fn operators_are_told_when_the_disk_is_full_and_when_it_is_well_again_and_others_are_not() {
    let disk = OnADisk::start("8m");
    let mut carol = disk.operator();
    let [mut alice, mut bob] = people(&disk.server, ["alice", "bob"]);
    disk.fill();
    alice.send("said on a full disk");
    bob.expect("<alice> said on a full disk");
    let told = carol.wait_for(|line| line.contains("the history cannot be written"));
    assert!(told.starts_with("-- ") && told.contains("full"), "{told}");
    disk.make_room();
    carol.wait_for(|line| line == "-- the history can be written again");
    let words = |line: &String| line.contains("history") || line.contains("disk is");
    for mut other in [alice, bob] {
        let told = other.sync();
        assert!(!told.iter().any(words), "{told:?}");
    }
    wait_stored(&disk.server);
    assert_eq!(tail(&exported(&mut disk.export()), "lobby", 1), ["said on a full disk"]);
}

/// strace(1), which interferes with the server's thread `store`.
struct Tracer(Child);

impl Tracer {
    #[track_caller]
    fn inject(server: &Server, fault: &str) -> Self {
        let tasks = format!("/proc/{}/task", server.pid());
        let mut tasks = fs::read_dir(tasks).unwrap().map(|task| task.unwrap().path());
        let is_store = |task: &std::path::PathBuf| {
            fs::read_to_string(task.join("comm")).is_ok_and(|name| name == "store\n")
        };
        let store = tasks.find(is_store).unwrap();
        let number = store.file_name().unwrap().to_str().unwrap();
        let mut command = Command::new("strace");
        command.args(["-q", "-o", "/dev/null", "-e", &format!("inject={fault}"), "-p", number]);
        let tracer = Tracer(command.stderr(Stdio::null()).spawn().unwrap());
        eventually("the tracer", || {
            let status = fs::read_to_string(store.join("status")).unwrap();
            (!status.contains("TracerPid:\t0\n")).then_some(())
        });
        tracer
    }

    /// Lets go.
    fn end(mut self) {
        let tracer = rustix::process::Pid::from_child(&self.0);
        rustix::process::kill_process(tracer, Signal::TERM).unwrap();
        wait_for_exit(&mut self.0);
    }
}

#[test]
#[ignore = "needs root and strace (strace)"]
fn a_disk_that_fails_or_is_read_only_silences_nobody_and_in_the_end_all_is_there() {
    let mut drill = Drill::begin("failing disk");
    let disk = OnADisk::start("256m");
    let mut failures = 0;
    for round in drill.rounds(1) {
        for error in ["EROFS", "EIO"] {
            let mark = format!("{}{round}", error.to_lowercase());
            let talk = Talk::begin(&disk.server, &mark, &mut drill.random);
            talk.go_on(10);
            let fault = format!("pwrite64,fdatasync,fsync,ftruncate:error={error}");
            let tracer = Tracer::inject(&disk.server, &fault);
            failures += 1;
            disk.wait_log_times(FAILS, failures);
            let slowest = talk.go_on(100);
            assert!(slowest < SPEED, "{slowest:?}");
            assert!(pending(&disk.server) > 0.0);
            tracer.end();
            disk.wait_log_times(RECOVERS, failures);
            let people = talk.end();
            wait_stored(&disk.server);
            drill.compare(&people, &exported(&mut disk.export()));
            drill.note("times failing", 1);
        }
    }
    drill.end();
}

#[test]
#[ignore = "needs root and strace (strace)"]
fn a_slow_disk_slows_nobody_and_in_the_end_all_is_there() {
    let mut drill = Drill::begin("slow disk");
    let disk = OnADisk::start("2g");
    let mut carol = disk.operator();
    for round in drill.rounds(1) {
        let talk = Talk::begin(&disk.server, &format!("r{round}"), &mut drill.random);
        talk.go_on(10);
        let delay = 300_000 + drill.random.below(400_000);
        let tracer = Tracer::inject(&disk.server, &format!("fdatasync,fsync:delay_exit={delay}"));
        disk.wait_log_times("the disk is too slow", round + 1);
        let slow = "-- the disk is too slow: lines are shown before they are on disk";
        carol.wait_for(|line| line == slow);
        let slowest = talk.go_on(200);
        assert!(slowest < SPEED, "{slowest:?}");
        tracer.end();
        disk.wait_log_times("the disk has caught up", round + 1);
        carol.wait_for(|line| line == "-- the disk has caught up");
        talk.go_on(10);
        let people = talk.end();
        wait_stored(&disk.server);
        drill.compare(&people, &exported(&mut disk.export()));
        drill.note("times slow", 1);
    }
    drill.end();
}
