//! Several threads send: each client still gets every line, once and in order.

use crate::harness::{Client, Identity, Server, TempDir, people};
use crate::restart::switch;

/// More than the clients for which the server wakes all threads.
const LISTENERS: usize = 150;
/// Those of them under TLS.
const ENCRYPTED: usize = 40;

struct Room {
    server: Server,
    speakers: [Client; 3],
    listeners: Vec<Client>,
    /// How much was said.
    said: usize,
}

impl Room {
    fn new(dir: &TempDir, senders: &str) -> Self {
        let identity = Identity::new();
        let flags = ["--rate", "0", "--send-queue", "65536", "--senders", senders];
        let server = identity.serve(dir, flags);
        let speakers = people(&server, ["alice", "bob", "carol"]);
        let trusted = identity.trusted();
        let listener = |number| match number {
            0..ENCRYPTED => Client::connect_tls(&server, "tls", &trusted).welcomed(),
            _ => Client::guest(&server),
        };
        let listeners = (0..LISTENERS).map(listener).collect();
        Self { server, speakers, listeners, said: 0 }
    }

    /// The speakers say numbered lines, all at the same time.
    fn talk(&mut self, lines: usize) {
        let said = self.said;
        for speaker in &mut self.speakers {
            let lines: Vec<_> = (said..said + lines).map(|number| number.to_string()).collect();
            speaker.send(&lines.join("\n"));
        }
        self.said += lines;
    }

    /// Checks that all listeners hear the same next lines, among them each speaker's in order.
    #[track_caller]
    fn check(&mut self, lines: usize) {
        let next = |client: &mut Client| client.wait_for(|line| line.starts_with('<'));
        let (first, others) = self.listeners.split_first_mut().unwrap();
        let heard: Vec<_> = (0..3 * lines).map(|_| next(first)).collect();
        for speaker in ["alice", "bob", "carol"] {
            let of_one =
                heard.iter().filter_map(|line| line.strip_prefix(&format!("<{speaker}> ")));
            let expected = (self.said - lines..self.said).map(|number| number.to_string());
            assert!(of_one.eq(expected), "{heard:?}");
        }
        for other in others {
            assert!(heard.iter().all(|line| next(other) == *line));
        }
    }
}

#[test]
fn all_hear_everything_once_and_in_order_however_many_threads_send() {
    for senders in ["1", "2", "4"] {
        let dir = TempDir::new();
        let mut room = Room::new(&dir, senders);
        for _ in 0..3 {
            room.talk(20);
            room.check(20);
        }
        // Clients under TLS do not survive the change of processes.
        room.listeners.drain(..ENCRYPTED);
        room.listeners.extend((0..ENCRYPTED).map(|_| Client::guest(&room.server)));
        room.talk(20);
        switch(&room.server);
        room.talk(20);
        room.check(40);
    }
}

#[test]
fn whoever_does_not_read_is_dropped_by_each_thread_alike() {
    let dir = TempDir::new();
    let mut room = Room::new(&dir, "4");
    let stalled = [(); 8].map(|()| Client::connect_narrow(&room.server).welcomed());
    let long = vec!["x".repeat(1000); 100].join("\n");
    let mut said = 0;
    while room.server.log().matches("too slow").count() < stalled.len() {
        assert!(said < 40_000, "40 MB behind and still not too slow");
        said += 100;
        room.speakers[0].send(&long);
        for listener in &mut room.listeners {
            (0..100).for_each(|_| drop(listener.wait_for(|line| line.starts_with("<alice> x"))));
        }
    }
}
