//! A real systemd, booted in its own namespaces by `tests/systemd/boot`, with the shipped unit:
//! what happens to clients when the service is reloaded, restarted, killed and stopped.

mod cluster;
mod crowd;
mod debian;
mod machine;
mod nodes;
mod package;
mod restarts;
mod sockets;
mod ssh;
mod store;
mod watchdog;
mod wires;

use std::time::Duration;

use self::machine::Machine;
use crate::harness::{Client, eventually};

/// Two clients that are announced and have read everything.
#[track_caller]
fn alice_and_bob(machine: &Machine) -> [Client; 2] {
    let mut clients = ["alice", "bob"].map(|nick| machine.join(nick));
    clients.iter_mut().for_each(|client| drop(client.sync()));
    clients
}

/// Whether each hears the other, by the names and in the room that they had.
#[track_caller]
fn still_chat([alice, bob]: [&mut Client; 2], words: &str) {
    bob.ask(words);
    assert_eq!(alice.sync(), [format!("<bob> {words}")]);
    alice.ask(words);
    assert_eq!(bob.sync(), [format!("<alice> {words}")]);
}

#[test]
#[ignore = "needs root and systemd (systemd)"]
fn it_is_ready_when_it_listens_and_says_what_it_does() {
    let machine = Machine::boot("", "WatchdogSec=3s");
    machine.systemctl(&["start", "chatd"]);
    assert_eq!(machine.show("ActiveState"), "active");
    let [mut alice, _bob] = alice_and_bob(&machine);
    alice.ask("/join dev");
    eventually("the status", || {
        (machine.show("StatusText") == "2 clients in 2 rooms, 0 lines/s").then_some(())
    });
    // How many it is a second depends on how busy this machine is.
    eventually("a status with lines", || {
        alice.ask("hi");
        let status = machine.show("StatusText");
        let rate = status.strip_prefix("2 clients in 2 rooms, ")?.strip_suffix(" lines/s")?;
        rate.parse::<u32>().is_ok_and(|rate| rate > 0).then_some(())
    });
}

#[test]
#[ignore = "needs root and systemd (systemd)"]
fn reload_puts_settings_in_force_and_keeps_the_process() {
    let machine = Machine::boot("", "");
    machine.systemctl(&["start", "chatd"]);
    let pid = machine.show("MainPID");
    let [mut alice, mut bob] = alice_and_bob(&machine);
    machine.set("max-line = 50");
    machine.systemctl(&["reload", "chatd"]);
    assert_eq!(machine.show("ActiveState"), "active");
    assert_eq!(machine.show("MainPID"), pid);
    alice.send(&"x".repeat(60));
    alice.expect("!! too long: 60 bytes, the limit is 50; not sent");
    still_chat([&mut alice, &mut bob], "hi");
    machine.set("max-line = 'long'");
    assert!(!machine.try_systemctl(&["reload", "chatd"]));
    machine.wait_journal("not reloaded");
    assert_eq!(machine.show("ActiveState"), "active");
    assert_eq!(machine.show("MainPID"), pid);
    still_chat([&mut alice, &mut bob], "still");
}

#[test]
#[ignore = "needs root and systemd (systemd)"]
fn stop_ends_every_connection_and_leaves_nothing() {
    let machine = Machine::boot("", "");
    machine.systemctl(&["start", "chatd"]);
    let mut clients = alice_and_bob(&machine);
    machine.systemctl(&["stop", "chatd"]);
    clients.iter_mut().for_each(Client::expect_end);
    assert_eq!(machine.show("Result"), "success");
    assert_eq!(machine.show("NFileDescriptorStore"), "0");
    machine.systemctl(&["start", "chatd"]);
    alice_and_bob(&machine);
}

#[test]
#[ignore = "needs root and systemd (systemd)"]
fn the_journal_knows_what_is_a_warning() {
    let machine = Machine::boot("", "Environment=CHATD_COLOUR=green");
    machine.systemctl(&["start", "chatd"]);
    machine.set("max-line = 'long'");
    assert!(!machine.try_systemctl(&["reload", "chatd"]));
    machine.wait_journal("not reloaded");
    let of_priority = |priority: &str| machine.journal(&["--priority", priority]);
    let has =
        |priority: &str, part: &str| of_priority(priority).iter().any(|line| line.contains(part));
    assert!(has("info..info", "listening on") && !has("warning", "listening on"));
    assert!(has("warning..warning", "CHATD_COLOUR is set"));
    assert!(has("err..err", "not reloaded, nothing was changed"));
    // The journal has the time already.
    let line = of_priority("info..info").into_iter().find(|line| line.contains("listening on"));
    assert_eq!(line, Some(format!("listening on {} (text)", machine.addr())));
}

/// How long the manager takes at most to start the service again after it crashed.
const RESTART: Duration = Duration::from_secs(20);
