//! The watchdog watches the broadcaster, not just the process.

use std::io::{Read, Write};
use std::net::SocketAddr;

use nix::sys::ptrace;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use super::machine::Machine;
use super::{RESTART, alice_and_bob, still_chat};
use crate::harness::{connect, eventually};

/// A thread that does nothing any more, while the others of its process go on.
struct Stuck(Pid);

impl Stuck {
    #[track_caller]
    fn new(thread: i32) -> Self {
        let thread = Pid::from_raw(thread);
        ptrace::seize(thread, ptrace::Options::empty()).unwrap();
        ptrace::interrupt(thread).unwrap();
        let stopped = waitpid(thread, Some(WaitPidFlag::__WALL)).unwrap();
        assert!(matches!(stopped, WaitStatus::PtraceEvent(..)), "{stopped:?}");
        Self(thread)
    }

    /// Waits until it is killed. Without somebody who does, its process would not end.
    #[track_caller]
    fn wait_killed(self) {
        let flags = WaitPidFlag::__WALL | WaitPidFlag::WNOHANG;
        let ended = eventually("the end of the thread", || {
            let status = waitpid(self.0, Some(flags)).unwrap();
            (status != WaitStatus::StillAlive).then_some(status)
        });
        assert!(matches!(ended, WaitStatus::Signaled(..)), "{ended:?}");
    }
}

/// Whether those threads of the server still answer that have nothing to do with the chat.
fn is_healthy(web: SocketAddr) -> bool {
    let (mut stream, mut answer) = (connect(web), String::new());
    write!(stream, "GET /healthz HTTP/1.1\r\nHost: {web}\r\n\r\n").unwrap();
    stream.read_to_string(&mut answer).is_ok() && answer.starts_with("HTTP/1.1 200 ")
}

#[test]
#[ignore = "needs root and systemd (systemd)"]
fn a_broadcaster_that_is_stuck_trips_it_although_all_others_run() {
    let machine = Machine::boot("", "WatchdogSec=2s");
    let web = machine.another_addr();
    machine.set(&format!("web-port = {}", web.port()));
    machine.systemctl(&["start", "chatd"]);
    let [mut alice, mut bob] = alice_and_bob(&machine);
    let pid = machine.show("MainPID");
    let broadcaster = Stuck::new(machine.thread("broadcaster"));
    assert!(is_healthy(web));
    assert_eq!(machine.show("MainPID"), pid);
    machine.wait_verdict("Watchdog timeout");
    broadcaster.wait_killed();
    machine.wait_successor(&pid);
    for client in [&mut alice, &mut bob] {
        client.patience = RESTART;
    }
    still_chat([&mut alice, &mut bob], "here");
}
