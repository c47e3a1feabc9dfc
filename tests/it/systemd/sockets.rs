//! Listening sockets across restarts.

use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::machine::{Machine, SETTINGS};
use super::{alice_and_bob, still_chat};
use crate::harness::{Client, PATIENCE};
use crate::restart::OverAtTheEnd;

#[test]
#[ignore = "needs root and systemd (systemd)"]
fn the_first_connection_starts_the_service() {
    let machine = Machine::boot("", "");
    machine.systemctl(&["start", "chatd.socket"]);
    assert_eq!(machine.show("ActiveState"), "inactive");
    // The socket decides where it listens.
    machine.set_port(1, "");
    let [mut alice, mut bob] = alice_and_bob(&machine);
    machine.systemctl(&["restart", "chatd"]);
    still_chat([&mut alice, &mut bob], "after a restart");
    machine.switch();
    still_chat([&mut alice, &mut bob], "after a self-exec");
    machine.join("carol");
    machine.systemctl(&["stop", "chatd.service"]);
    alice.rest();
    // And does so again.
    alice_and_bob(&machine);
}

#[test]
#[ignore = "needs root and systemd (systemd)"]
fn nobody_who_connects_during_restarts_is_refused() {
    let machine = Machine::boot("", "");
    machine.systemctl(&["start", "chatd"]);
    let (over, addr) = (AtomicBool::new(false), machine.addr());
    thread::scope(|scope| {
        let over = &over;
        let come_and_go = move || {
            let mut times = 0;
            while !over.load(Ordering::Relaxed) {
                let mut client = Client::over(TcpStream::connect(addr).unwrap()).welcomed();
                client.send("/quit");
                client.expect_contains("-- Bye.");
                times += 1;
            }
            times
        };
        let visitors: Vec<_> = (0..4).map(|_| scope.spawn(come_and_go)).collect();
        let at_the_end = OverAtTheEnd(over);
        let restarts: Vec<_> =
            (0..3).map(|_| machine.try_systemctl(&["restart", "chatd"])).collect();
        drop(at_the_end);
        let visits: i32 = visitors.into_iter().map(|visitor| visitor.join().unwrap()).sum();
        assert!(visits > 3, "{visits} visits");
        assert_eq!(restarts, [true; 3]);
    });
}

#[test]
#[ignore = "needs root and systemd (systemd)"]
fn a_port_that_is_no_longer_asked_for_is_closed() {
    let machine = Machine::boot("", "");
    machine.systemctl(&["start", "chatd"]);
    let [mut alice, mut bob] = alice_and_bob(&machine);
    let port = machine.another_addr().port();
    machine.set_port(port, "");
    machine.systemctl(&["restart", "chatd"]);
    assert!(TcpStream::connect_timeout(&machine.addr(), PATIENCE).is_err());
    Client::over(TcpStream::connect((machine.addr().ip(), port)).unwrap()).welcomed();
    alice.sync();
    bob.sync();
    // The same port on every address: the manager's duplicate must not stand in the way.
    machine.write(SETTINGS, format!("bind = '0.0.0.0'\nport = {port}\n"), 0o644);
    machine.systemctl(&["restart", "chatd"]);
    Client::over(TcpStream::connect(("127.0.0.1", port)).unwrap()).welcomed();
    alice.sync();
    bob.sync();
    still_chat([&mut alice, &mut bob], "here");
}
