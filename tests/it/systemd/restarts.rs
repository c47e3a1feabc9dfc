//! Clients across each kind of end of a process.

use super::machine::Machine;
use super::{RESTART, alice_and_bob, still_chat};
use crate::harness::{Client, eventually};

/// A started service with alice and bob in a room with a topic and a history.
#[track_caller]
fn in_a_room(lines: &str) -> (Machine, [Client; 2]) {
    let machine = Machine::boot("", lines);
    machine.systemctl(&["start", "chatd"]);
    let [mut alice, mut bob] = alice_and_bob(&machine);
    alice.ask("/join dev\n/topic friday's release\nfirst");
    bob.ask("/join dev");
    alice.sync();
    (machine, [alice, bob])
}

/// Has something end or replace the process; nobody is told anything, and everything is kept.
#[track_caller]
fn keeps_everything(machine: &Machine, [alice, bob]: &mut [Client; 2], act: impl FnOnce(&Machine)) {
    let ask = |client: &mut Client| ["/who", "/topic", "/history"].map(|line| client.ask(line));
    let known = ask(alice);
    bob.types(b"half a ");
    act(machine);
    bob.send("line");
    alice.expect("<bob> half a line");
    let history = alice.ask("/history").len();
    assert_eq!(history, known[2].len() + 1);
    assert_eq!(ask(alice)[..2], known[..2]);
    bob.expect_nothing();
}

/// Has something kill the process; names and rooms are kept.
#[track_caller]
fn keeps_names_and_rooms(
    machine: &Machine,
    [alice, bob]: &mut [Client; 2],
    act: impl FnOnce(&Machine),
) {
    let pid = machine.show("MainPID");
    act(machine);
    machine.wait_successor(&pid);
    still_chat([&mut *alice, &mut *bob], "here");
    // In the order in which they came.
    assert_eq!(alice.ask("/who"), ["-- dev (2 here): alice, bob"]);
}

#[test]
#[ignore = "needs root and systemd (systemd)"]
fn a_restart_and_a_self_exec_keep_everything() {
    let (machine, mut clients) = in_a_room("");
    let pid = machine.show("MainPID");
    keeps_everything(&machine, &mut clients, |machine| {
        machine.systemctl(&["restart", "chatd"]);
    });
    let other = machine.show("MainPID");
    assert_ne!(other, pid);
    for _ in 0..2 {
        keeps_everything(&machine, &mut clients, |machine| {
            machine.switch();
        });
        assert_eq!(machine.show("MainPID"), other);
    }
    keeps_everything(&machine, &mut clients, |machine| {
        machine.systemctl(&["restart", "chatd"]);
    });
}

#[test]
#[ignore = "needs root and systemd (systemd)"]
fn kill_9_and_abort_keep_names_and_rooms() {
    let (machine, mut clients) = in_a_room("");
    for signal in ["KILL", "ABRT", "KILL"] {
        keeps_names_and_rooms(&machine, &mut clients, |machine| machine.signal(signal));
    }
    // Nobody was told of anything.
    clients.iter_mut().for_each(Client::expect_nothing);
}

#[test]
#[ignore = "needs root and systemd (systemd)"]
fn a_process_that_hangs_is_replaced_and_names_and_rooms_are_kept() {
    let (machine, mut clients) = in_a_room("WatchdogSec=1s");
    clients.iter_mut().for_each(|client| client.patience = RESTART);
    keeps_names_and_rooms(&machine, &mut clients, |machine| {
        machine.signal("STOP");
        machine.wait_verdict("Watchdog timeout");
    });
}

#[test]
#[ignore = "needs root and systemd (systemd)"]
fn the_watchdog_is_fed_after_a_self_exec() {
    let (machine, [mut alice, mut bob]) = in_a_room("WatchdogSec=1s");
    machine.signal("USR2");
    let at_first = machine.show("WatchdogTimestampMonotonic");
    eventually("another pulse", || {
        (machine.show("WatchdogTimestampMonotonic") != at_first).then_some(())
    });
    still_chat([&mut alice, &mut bob], "here");
    assert_eq!(machine.show("NRestarts"), "0");
}

#[test]
#[ignore = "needs root and systemd (systemd)"]
fn a_crash_brings_back_who_they_were_last_and_not_what_was_saved_before() {
    let (machine, [mut alice, mut bob]) = in_a_room("");
    machine.systemctl(&["restart", "chatd"]);
    alice.ask("/nick alicia\n/join ops");
    bob.sync();
    machine.switch();
    alice.ask("/nick ally");
    let pid = machine.show("MainPID");
    machine.signal("KILL");
    machine.wait_successor(&pid);
    assert_eq!(alice.ask("/who"), ["-- ops (1 here): ally"]);
    assert_eq!(bob.ask("/who"), ["-- dev (1 here): bob"]);
}

#[test]
#[ignore = "needs root and systemd (systemd)"]
fn who_says_nothing_between_a_restart_and_a_crash_is_remembered() {
    let (machine, mut clients) = in_a_room("");
    machine.systemctl(&["restart", "chatd"]);
    keeps_names_and_rooms(&machine, &mut clients, |machine| machine.signal("KILL"));
}

#[test]
#[ignore = "needs root and systemd (systemd)"]
fn starts_that_fail_leave_everything_to_the_one_that_does_not() {
    let (machine, mut clients) = in_a_room("");
    // All is bound and taken over before there is nowhere to put this.
    machine.set("port-file = '/var/lib/chatd/later/ports'");
    keeps_everything(&machine, &mut clients, |machine| {
        assert!(!machine.try_systemctl(&["restart", "chatd"]));
        machine.wait_journal("cannot write /var/lib/chatd/later/ports");
        machine.run(&["install", "-d", "-o", "chatd", "/var/lib/chatd/later"]);
        eventually("a start", || (machine.show("ActiveState") == "active").then_some(()));
    });
    // And what was taken over is not found again.
    keeps_names_and_rooms(&machine, &mut clients, |machine| machine.signal("KILL"));
}

#[test]
#[ignore = "needs root and systemd (systemd)"]
fn a_new_program_that_fails_at_once_costs_nobody_anything() {
    let (machine, mut clients) = in_a_room("");
    let program = std::fs::read(env!("CARGO_BIN_EXE_chatd")).unwrap();
    machine.write("/usr/bin/chatd-good", program, 0o755);
    machine.install(
        "#!/bin/sh\ncase \"$*\" in *--check) exit 0;; esac\n\
         if mkdir /var/lib/chatd/failed; then exit 1; fi\nexec /usr/bin/chatd-good \"$@\"\n",
    );
    let pid = machine.show("MainPID");
    keeps_everything(&machine, &mut clients, |machine| {
        machine.signal("USR2");
        machine.wait_successor(&pid);
    });
}
