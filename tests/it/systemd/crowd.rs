//! Two thousand clients under load.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::machine::Machine;
use crate::harness::{Client, raise_open_files};
use crate::restart::OverAtTheEnd;

const CROWD: usize = 2000;
/// Clients in one room, of whom one talks.
const ROOM: usize = 20;
/// How long the whole crowd may take for anything.
const PATIENCE: Duration = Duration::from_secs(60);

/// The clients of one room; the first is the one that talks.
struct Room(Vec<Client>);

impl Room {
    fn of(machine: &Machine, number: usize) -> Self {
        let come = |_| {
            let mut client = machine.connect();
            client.patience = PATIENCE;
            client.send(&format!("/join room{number}\n/quiet on"));
            client
        };
        let mut clients: Vec<_> = (0..ROOM).map(come).collect();
        clients.iter_mut().for_each(|client| drop(client.sync()));
        Self(clients)
    }

    /// Says numbered lines until it is over; then everybody must have heard each once, in order.
    /// Returns how many there were.
    fn talk(&mut self, over: &AtomicBool) -> usize {
        let mut said = 0;
        while !over.load(Ordering::Relaxed) {
            self.0[0].send(&said.to_string());
            said += 1;
            for client in &mut self.0[1..] {
                let line = client.line();
                let (_, number) = line.split_once("> ").unwrap_or_else(|| panic!("{line}"));
                assert_eq!(number, (said - 1).to_string());
            }
        }
        // Half a line each says that nothing else came.
        self.0.iter_mut().for_each(|client| client.expect_nothing());
        said
    }
}

#[test]
#[ignore = "needs root and systemd (systemd)"]
fn two_thousand_clients_go_through_three_restarts_and_miss_nothing() {
    raise_open_files();
    let machine = Machine::boot("rate = 0", "");
    machine.systemctl(&["start", "chatd"]);
    let mut rooms: Vec<_> = (0..CROWD / ROOM).map(|number| Room::of(&machine, number)).collect();
    let (over, mut took) = (AtomicBool::new(false), Vec::new());
    let said: Vec<usize> = thread::scope(|scope| {
        let over = &over;
        let talking: Vec<_> =
            rooms.iter_mut().map(|room| scope.spawn(move || room.talk(over))).collect();
        let at_the_end = OverAtTheEnd(over);
        let restarted: Vec<_> = (0..3)
            .map(|_| {
                let start = Instant::now();
                let restarted = machine.try_systemctl(&["restart", "chatd"]);
                took.push(start.elapsed());
                restarted
            })
            .collect();
        drop(at_the_end);
        let said = talking.into_iter().map(|room| room.join().unwrap()).collect();
        assert_eq!(restarted, [true; 3]);
        said
    });
    eprintln!("{} lines were said; the restarts took {took:?}", said.iter().sum::<usize>());
    assert!(said.iter().all(|&lines| lines > 1), "{said:?}");
    machine.run(&["systemctl", "is-active", "chatd"]);
}
