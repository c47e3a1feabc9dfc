//! What the manager's descriptor store keeps, and what happens when it cannot keep it.

use super::machine::Machine;
use super::{alice_and_bob, still_chat};
use crate::harness::{Client, eventually};

/// What is in the store beside clients: a listener, the snapshot and the roster.
const OTHERS: usize = 3;

#[track_caller]
fn wait_stored(machine: &Machine, count: usize) {
    let count = count.to_string();
    eventually("what is stored", || (machine.show("NFileDescriptorStore") == count).then_some(()));
}

#[test]
#[ignore = "needs root and systemd (systemd)"]
fn only_those_are_kept_who_are_there() {
    let machine = Machine::boot("", "");
    machine.systemctl(&["start", "chatd"]);
    wait_stored(&machine, OTHERS);
    let [mut alice, mut bob] = alice_and_bob(&machine);
    wait_stored(&machine, OTHERS + 2);
    let acts: [fn(&Machine); 2] =
        [|machine| machine.systemctl(&["restart", "chatd"]), |machine| machine.signal("USR2")];
    for act in acts {
        act(&machine);
        still_chat([&mut alice, &mut bob], "here");
        wait_stored(&machine, OTHERS + 2);
    }
    bob.send("/quit");
    bob.expect_contains("-- Bye.");
    bob.expect_end();
    drop(bob);
    wait_stored(&machine, OTHERS + 1);
    drop(alice);
    wait_stored(&machine, OTHERS);
}

#[test]
#[ignore = "needs root and systemd (systemd)"]
fn when_the_store_is_full_the_state_is_kept_before_any_client() {
    let machine = Machine::boot("", "FileDescriptorStoreMax=5");
    machine.systemctl(&["start", "chatd"]);
    let [mut alice, mut bob] = alice_and_bob(&machine);
    wait_stored(&machine, 5);
    let mut carol = machine.join("carol");
    bob.sync();
    alice.sync();
    bob.types(b"half a ");
    machine.systemctl(&["restart", "chatd"]);
    bob.send("line");
    // Whom there was no room for is gone, and the others hear of it.
    carol.expect_end();
    let heard = [alice.line(), alice.line()];
    assert!(heard.contains(&"-- carol left: disconnected (2 here)".to_owned()), "{heard:?}");
    assert!(heard.contains(&"<bob> half a line".to_owned()), "{heard:?}");
}

#[test]
#[ignore = "needs root and systemd (systemd)"]
fn without_threads_for_all_the_others_go_on() {
    let machine = Machine::boot("", "");
    machine.systemctl(&["start", "chatd"]);
    let mut crowd: Vec<Client> = (0..30).map(|_| machine.connect().welcomed()).collect();
    machine.write(
        "/usr/lib/systemd/system/chatd.service.d/tasks.conf",
        "[Service]\nTasksMax=20\n",
        0o644,
    );
    machine.systemctl(&["daemon-reload"]);
    machine.systemctl(&["restart", "chatd"]);
    let is_there = |client: &mut Client| {
        let asked = client.try_send_raw(b"/quit\n").is_ok();
        let told = client.rest_lines();
        asked && told.iter().any(|line| line.starts_with("-- Bye."))
    };
    let (there, lost): (Vec<_>, Vec<_>) = crowd.iter_mut().map(is_there).partition(|there| *there);
    assert!(!there.is_empty() && !lost.is_empty(), "{} are there", there.len());
    eventually("the log of it", || {
        (machine.count("cannot start a thread") == lost.len()).then_some(())
    });
    machine.systemctl(&["reload", "chatd"]);
}
