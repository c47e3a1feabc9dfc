//! Many lines cost one send for each client and batch.

use std::fs;
use std::process::{Child, Command, Stdio};

use crate::harness::{Client, Server, Signal, TempDir, eventually, people};

/// Counts what a server sends, as the kernel sees it.
struct Trace {
    strace: Child,
    calls: String,
    _dir: TempDir,
}

impl Trace {
    fn of(server: &Server) -> Self {
        let dir = TempDir::new();
        let calls = dir.path("calls");
        let pid = server.pid().to_string();
        let strace = Command::new("strace")
            .args(["-f", "-s", "8", "-e", "trace=sendto,sendmsg", "-o", &calls, "-p", &pid])
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let traced = || {
            let tasks = fs::read_dir(format!("/proc/{pid}/task")).unwrap();
            let mut status =
                tasks.map(|task| fs::read_to_string(task.unwrap().path().join("status")).unwrap());
            status.all(|status| !status.contains("TracerPid:\t0")).then_some(())
        };
        eventually("strace", traced);
        Self { strace, calls, _dir: dir }
    }

    fn sends(mut self) -> usize {
        let pid = rustix::process::Pid::from_child(&self.strace);
        rustix::process::kill_process(pid, Signal::INT).unwrap();
        self.strace.wait().unwrap();
        let calls = fs::read_to_string(&self.calls).unwrap();
        calls.lines().filter(|line| line.contains(" send")).count()
    }
}

#[test]
#[ignore = "needs root and strace (strace)"]
fn a_read_of_many_lines_costs_each_receiver_one_send() {
    let server = Server::with(["--rate", "0"]);
    let mut speaker = Client::join(&server, "speaker");
    let mut readers = people(&server, ["r1", "r2", "r3", "r4", "r5", "r6"]);
    speaker.sync();

    let trace = Trace::of(&server);
    let lines: Vec<String> = (0..100).map(|n| n.to_string()).collect();
    speaker.send(&lines.join("\n"));
    for reader in &mut readers {
        lines.iter().for_each(|line| reader.expect(&format!("<speaker> {line}")));
    }
    assert_eq!(trace.sends(), readers.len());
}
