//! A client that does not read, through batches.

use super::*;
use crate::door::Door;
use crate::limits::Limits;
use crate::os::Bell;
use crate::text::Text;
use crate::transport::Transport;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

const STALLED: ClientId = ClientId(1);
const LIMIT: usize = 1 << 20;

/// One client in a lobby, which does not read and whose socket takes no more.
struct World {
    door: Arc<Door>,
    peers: Peers,
    far: TcpStream,
    /// What the kernel had taken when its socket took no more.
    stuffing: usize,
}

impl World {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let far = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        far.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let (mut near, addr) = listener.accept().unwrap();
        near.set_nonblocking(true).unwrap();
        let mut stuffing = 0;
        while let Ok(count) = near.write(&[b'x'; 1 << 20]) {
            stuffing += count;
        }
        near.set_nonblocking(false).unwrap();
        let transport = Arc::new(Transport::bare(near));
        let limits = Limits { max_clients: 1, ..Limits::USUAL };
        let door = Arc::new(Door::default());
        let place = Arc::new(door.enter(addr.ip(), &limits, Duration::ZERO).unwrap());
        let writable = WritablePoll::new(&Bell::new().unwrap()).unwrap();
        let mut peers = Peers::new(Arc::new(writable), Keeper::default());
        peers.add(STALLED, Peer::new(transport, addr, place, Dialect::default()));
        peers.enter(STALLED, RoomId::LOBBY);
        Self { door, peers, far, stuffing }
    }

    fn flood(&mut self) {
        self.tell(&"x".repeat(4 * LIMIT));
    }

    fn tell(&mut self, words: &str) {
        self.peers.tell_room(RoomId::LOBBY, &[], Message::Notice(Text::new(words)));
    }

    /// What the client finds when it reads on after all, so many bytes of it.
    fn read(&mut self, length: usize) -> String {
        let mut found = vec![0; self.stuffing];
        self.far.read_exact(&mut found).unwrap();
        self.peers.with(STALLED, |peer, _| peer.go_on());
        self.flush(100);
        found.resize(length, 0);
        self.far.read_exact(&mut found).unwrap();
        String::from_utf8(found).unwrap()
    }

    fn flush(&mut self, ms: u64) -> Vec<ClientId> {
        self.peers.flush(Duration::from_millis(ms), LIMIT)
    }
}

#[test]
fn who_is_behind_is_looked_at_again_although_nothing_is_said() {
    let mut world = World::new();
    world.flood();
    assert_eq!(world.flush(500), []);
    assert_eq!(world.peers.next_deadline(), Some(Duration::from_millis(1500)));
    assert_eq!(world.flush(1499), []);
    assert_eq!(world.flush(1500), [STALLED]);
    assert_eq!(world.peers.next_deadline(), None);
}

#[test]
fn who_is_behind_is_given_several_batches_at_once() {
    let mut world = World::new();
    world.tell("a");
    world.flush(0);
    let queued = |world: &World| world.peers.count().queued;
    assert_eq!((queued(&world), world.peers.next_deadline()), ("-- a\r\n".len(), None));
    for (ms, words) in [(1, "b"), (2, "c"), (50, "d")] {
        world.tell(words);
        world.flush(ms);
        assert_eq!(queued(&world), "-- a\r\n".len());
        assert_eq!(world.peers.next_deadline(), Some(Duration::from_millis(51)));
    }
    world.flush(51);
    assert_eq!(queued(&world), "-- a\r\n".len() * 4);
    world.tell(&"e".repeat(LIMIT / PART_KEPT));
    world.flush(52);
    assert!(queued(&world) > LIMIT / PART_KEPT);
}

#[test]
fn who_was_behind_has_everything_once_and_in_order() {
    let mut world = World::new();
    let steps = [(true, 0), (true, 1), (false, 1), (true, 2), (true, 60), (true, 61), (false, 61)];
    let mut said = String::new();
    for (number, (to_all, ms)) in steps.into_iter().enumerate() {
        let words = format!("-- {number}\r\n");
        if to_all {
            world.tell(&number.to_string());
        } else {
            world.peers.with(STALLED, |peer, feeds| peer.send(words.as_bytes(), feeds));
        }
        said += &words;
        world.flush(ms);
    }
    // It leaves the room with one line told and not taken yet.
    world.tell("last");
    world.flush(62);
    world.peers.leave(STALLED, RoomId::LOBBY);
    world.tell("missed");
    world.flush(63);
    said += "-- last\r\n";
    assert_eq!(world.read(said.len()), said);
    assert!(!world.peers.are_queued());
    world.peers.enter(STALLED, RoomId::LOBBY);
    world.flush(101);
    world.tell("again");
    world.flush(102);
    let mut again = [0; b"-- again\r\n".len()];
    world.far.read_exact(&mut again).unwrap();
    assert_eq!(&again, b"-- again\r\n");
}

#[test]
fn at_the_end_nothing_is_kept_from_who_is_behind() {
    let mut world = World::new();
    for (ms, words) in [(0, "a"), (1, "b"), (2, "c")] {
        world.tell(words);
        world.flush(ms);
    }
    let (_, peer) = world.peers.into_all().next().unwrap();
    assert_eq!(peer.queued(), "-- a\r\n".len() * 3);
}

#[test]
fn a_place_is_free_only_when_nothing_waits_for_its_client_any_more() {
    let mut world = World::new();
    world.flood();
    world.flush(0);
    world.peers.with(STALLED, Peer::finish_unread);
    world.flush(1);
    assert_eq!(world.door.clients(), 1);
    world.peers.with(STALLED, |peer, _| peer.close());
    world.flush(2);
    assert_eq!(world.door.clients(), 0);
    assert!(world.peers.peers.is_empty());
}
