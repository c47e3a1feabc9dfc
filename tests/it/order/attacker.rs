//! An attacker's session: to speak in another's name, to guess and to see passwords.

use super::{account, registers, server};
use crate::harness::{Client, TempDir, chatd, people, run};

#[test]
fn failed_logins_are_slowed_for_the_address_and_the_session_goes_on() {
    let dir = TempDir::new();
    account(&dir, "add alice", "right\n");
    let running = server(&dir);
    let (mut eve, mut second) = (Client::guest(&running), Client::guest(&running));
    eve.send("/login alice wrong");
    assert_eq!(eve.wait_for(|line| line.starts_with("!!")), "!! wrong password");
    // From then on it takes ever longer, on whatever connection.
    let mut refused = 0;
    while refused < 2 {
        eve.send("/login alice wrong");
        let told = eve.wait_for(|line| line.starts_with("!!"));
        refused += usize::from(told.starts_with("!! too many failed logins; try again in "));
    }
    second.send("/login alice right");
    let told = second.wait_for(|line| line.starts_with("!!"));
    assert!(told.starts_with("!! too many failed logins; try again in "), "{told}");
    assert_eq!(eve.ask("still here"), [""; 0]);
    let mut alice = Client::connect_from(&running, "127.0.0.2").welcomed();
    super::logs_in(&mut alice, "alice", "right");
}

#[test]
fn a_password_is_nowhere_but_in_the_hash() {
    let dir = TempDir::new();
    let running = server(&dir);
    let [mut alice, mut bob] = people(&running, ["alice", "bob"]);
    alice.ask("/echo on");
    registers(&mut alice, "Xyzzy plugh");
    let mut seen = bob.sync();
    seen.extend(alice.ask(" /login alice Xyzzy wrong"));
    seen.extend(alice.ask("/LOGIN alice Xyzzy wrong"));
    seen.extend(alice.ask("/register Xyzzy"));
    seen.extend(alice.ask("/login Xyzzy"));
    seen.extend(alice.ask("/regsiter Xyzzy"));
    drop(alice);
    let mut again = Client::connect_from(&running, "127.0.0.2").welcomed();
    super::logs_in(&mut again, "alice", "Xyzzy plugh");
    seen.extend(again.ask("/history"));
    seen.extend(bob.ask("/history 100"));
    seen.extend(bob.ask("/search Xyzzy"));
    seen.extend(bob.sync());
    let export = run(chatd().args(["export", "--state-dir", &dir.path("")])).stdout;
    let (_, log) = running.stop();
    for text in [seen.concat(), export, log] {
        assert!(!text.contains("Xyzzy"), "{text}");
    }
}

#[test]
fn nobody_speaks_in_a_registered_name() {
    let dir = TempDir::new();
    account(&dir, "add alice", "right\n");
    let running = server(&dir);
    let [mut bob, mut eve] = people(&running, ["bob", "eve"]);
    for line in ["/nick alice", "/nick ALICE", "/nick A1ICE", "/nick a1ice", "/login alice right?"]
    {
        eve.ask(line);
        eve.ask("send me money");
    }
    eve.send("/login alice wrong\n/nick alice\nsend me money");
    eve.sync();
    let told = bob.sync();
    assert!(told.iter().all(|line| line == "<eve> send me money"), "{told:?}");
}
