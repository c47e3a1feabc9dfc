//! Clients that stop reading, and what they get when they read again.

use super::*;
use crate::admission::{Door, Limits};
use crate::net::Transport;
use crate::os::Bell;
use crate::text::Text;
use crate::wire::Speech;
use proptest::prelude::*;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

const STALLED: ClientId = ClientId(1);
const LIMIT: usize = 1 << 20;

/// A client, and the bytes that the kernel had taken for it when its socket was full.
struct Far {
    socket: TcpStream,
    stuffing: usize,
}

impl Far {
    /// A client whose socket is full, or one that reads.
    fn connect(door: &Arc<Door>, is_stalled: bool) -> (Self, Peer) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let socket = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let (mut near, addr) = listener.accept().unwrap();
        let mut stuffing = 0;
        if is_stalled {
            near.set_nonblocking(true).unwrap();
            while let Ok(count) = near.write(&[b'x'; 1 << 20]) {
                stuffing += count;
            }
            near.set_nonblocking(false).unwrap();
        }
        let place = door.enter(addr.ip(), false, &Limits::USUAL, Duration::ZERO).unwrap();
        let transport = Arc::new(Transport::bare(near));
        (
            Self { socket, stuffing },
            Peer::new(
                transport,
                Remote::of(addr),
                Arc::new(place),
                Speech::new(Dialect::default(), "box7"),
            ),
        )
    }

    /// Reads the bytes that filled the socket.
    fn begin_to_read(&mut self) {
        let stuffing = std::mem::take(&mut self.stuffing);
        self.read(stuffing);
    }

    /// Reads the next `length` bytes.
    fn read(&mut self, length: usize) -> String {
        let mut found = vec![0; length];
        self.socket.read_exact(&mut found).unwrap();
        String::from_utf8(found).unwrap()
    }
}

fn no_peers(senders: usize) -> Peers {
    let writable = Arc::new(WritablePoll::new(&Bell::new().unwrap()).unwrap());
    let senders = Senders::start(senders, &writable).unwrap();
    Peers::new(writable, ManagerThread::default(), senders)
}

/// A lobby with one client, whose socket is full.
struct World {
    door: Arc<Door>,
    peers: Peers,
    far: Far,
}

impl World {
    fn new() -> Self {
        let door = Arc::new(Door::default());
        let (far, peer) = Far::connect(&door, true);
        let mut peers = no_peers(1);
        peers.add(STALLED, peer);
        peers.enter(STALLED, RoomId::LOBBY);
        Self { door, peers, far }
    }

    fn flood(&mut self) {
        self.tell(&"x".repeat(4 * LIMIT));
    }

    fn tell(&mut self, words: &str) {
        self.peers.tell_room(RoomId::LOBBY, &[], Message::Notice(Text::new(words)));
    }

    /// The first `length` bytes that the client gets when it reads again.
    fn read(&mut self, length: usize) -> String {
        self.far.begin_to_read();
        self.peers.with(STALLED, |peer, _| peer.set_writable());
        self.flush(100);
        self.far.read(length)
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
    world.tell(&"e".repeat(LIMIT / PARTS));
    world.flush(52);
    assert!(queued(&world) > LIMIT / PARTS);
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
    // It leaves the room before it has taken the room's last line.
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
    assert_eq!(world.far.read("-- again\r\n".len()), "-- again\r\n");
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

#[derive(Clone, Debug)]
enum Step {
    /// Send so many bytes to the room, but not to these clients.
    Tell { except: Vec<usize>, length: usize },
    /// Send something to one client.
    Whisper(usize),
    /// A client enters the room, or leaves it.
    Move(usize),
    /// Switch a client to bare line feeds.
    Respeak(usize),
    /// End the batch, so many milliseconds after the last one.
    Flush(u64),
    /// A client reads, and the kernel reports its socket as writable.
    Read(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let client = 0..CLIENTS;
    // Lengths that are copied, that are shared, and half of a feed that ends.
    let lengths = prop_oneof![4 => Just(0), 4 => Just(300), 1 => Just(LIMIT / PARTS / 2)];
    prop_oneof![
        4 => (prop::collection::vec(client.clone(), 0..2), lengths)
            .prop_map(|(except, length)| Step::Tell { except, length }),
        1 => client.clone().prop_map(Step::Whisper),
        1 => client.clone().prop_map(Step::Move),
        1 => client.clone().prop_map(Step::Respeak),
        4 => (0u64..20).prop_map(Step::Flush),
        1 => client.prop_map(Step::Read),
    ]
}

const CLIENTS: usize = 4;

/// A client, whether it is in the room, and all bytes that it must get.
struct Told {
    id: ClientId,
    far: Far,
    is_in: bool,
    end: &'static str,
    words: String,
}

impl Told {
    fn add(&mut self, words: &str) {
        self.words += words;
        self.words += self.end;
    }
}

proptest! {
    // Each failing case waits for bytes that do not come, so shrinking would take too long.
    #![proptest_config(ProptestConfig { max_shrink_iters: 16, ..ProptestConfig::with_cases(48) })]
    #[test]
    fn whoever_is_behind_when_everybody_is_told_everything_once_and_in_order(
        stalled in prop::collection::vec(any::<bool>(), CLIENTS),
        steps in prop::collection::vec(step(), 0..40),
        senders in 1usize..4,
    ) {
        let (door, mut peers, mut now) = (Arc::new(Door::default()), no_peers(senders), Duration::ZERO);
        let mut clients: Vec<_> = (0..).zip(stalled).map(|(number, is_stalled)| {
            let (id, (far, peer)) = (ClientId(number), Far::connect(&door, is_stalled));
            peers.add(id, peer);
            peers.enter(id, RoomId::LOBBY);
            Told { id, far, is_in: true, end: "\r\n", words: String::new() }
        }).collect();
        let everybody_reads = (0..CLIENTS).map(Step::Read).chain([Step::Flush(0), Step::Flush(50)]);
        for (number, step) in steps.into_iter().chain(everybody_reads).enumerate() {
            let notice = |length| {
                let words = format!("{number}{}", "x".repeat(length));
                (Message::Notice(Text::new(&words)), format!("-- {words}"))
            };
            match step {
                Step::Tell { except, length } => {
                    let ids: Vec<_> = except.iter().map(|&index| clients[index].id).collect();
                    let (line, words) = notice(length);
                    peers.tell_room(RoomId::LOBBY, &ids, line);
                    let told = clients.iter_mut().filter(|told| told.is_in && !ids.contains(&told.id));
                    told.for_each(|told| told.add(&words));
                }
                Step::Whisper(index) => {
                    let (line, words) = notice(0);
                    peers.with(clients[index].id, |peer, feeds| peer.tell(&line, feeds));
                    clients[index].add(&words);
                }
                Step::Move(index) => {
                    let told = &mut clients[index];
                    told.is_in = !told.is_in;
                    match told.is_in {
                        true => peers.enter(told.id, RoomId::LOBBY),
                        false => peers.leave(told.id, RoomId::LOBBY),
                    }
                }
                Step::Respeak(index) => {
                    let respeak = |peer: &mut Peer, feeds: &mut Feeds| {
                        peer.respeak(feeds, Dialect::with_bare_line_feeds);
                    };
                    peers.with(clients[index].id, respeak);
                    clients[index].end = "\n";
                }
                Step::Flush(ms) => {
                    now += Duration::from_millis(ms);
                    prop_assert_eq!(peers.flush(now, LIMIT), []);
                }
                Step::Read(index) => {
                    clients[index].far.begin_to_read();
                    peers.with(clients[index].id, |peer, _| peer.set_writable());
                }
            }
        }
        prop_assert!(!peers.are_queued());
        drop(peers);
        for told in &mut clients {
            let mut found = String::new();
            told.far.socket.read_to_string(&mut found).unwrap();
            prop_assert_eq!(&found, &told.words);
        }
    }
}
