//! From one process to the next: nothing is lost that is handed over, and of what is noted for a
//! crash all comes back.

use std::path::PathBuf;
use std::sync::LazyLock;
use std::time::Duration;
use std::{env, fs, process};

use chatd::address::Remote;
use chatd::admission::Bucket;
use chatd::chat::{Chat, ClientId, RoomId, RoomPast};
use chatd::restart::{SavedSession, Snapshot};
use chatd::wire::Speech;
use serde_json::Value;

use super::facts::Facts;
use super::{Cause, Known, Room, World};

/// A file of this process's own.
static FILE: LazyLock<PathBuf> =
    LazyLock::new(|| env::temp_dir().join(format!("chatd-fuzz-{}.snapshot", process::id())));
/// What waits for each client.
const QUEUE: &[u8] = b"-- half a li";

impl World {
    /// The next process goes on where this one stops; with `n` it has no store, with `y` it has.
    pub(super) fn hand_over(&mut self, archive: u8) {
        self.chat.give_up(self.now, &mut self.effects);
        self.store.give_up();
        self.happen(Cause::Other);
        let chat = std::mem::replace(&mut self.chat, Chat::new(self.settings.clone()));
        let mut snapshot = Snapshot::new(self.now.uptime, ClientId(self.clients + 1), chat);
        for (&id, known) in &self.here {
            let session = SavedSession {
                decoder: half_a_line(known),
                bucket: Bucket::new(20, self.now.uptime),
                heard: self.now.uptime,
                is_settled: known.facts.announced,
                is_unheard: false,
            };
            let remote = Remote::of(([192, 0, 2, 1], 1024).into());
            assert!(
                snapshot.add(
                    id,
                    remote,
                    Speech { dialect: known.dialect, display: None, irc: None },
                    session,
                    QUEUE
                ),
                "it fits"
            );
        }
        let mut next = through_a_file(&snapshot);
        assert_eq!(value(&next), value(&snapshot), "what is handed over changes on the way");
        let clients = next.take_clients();
        assert!(clients.iter().map(|(client, _)| &client.id).eq(self.here.keys()));
        assert!(clients.iter().all(|(_, queue)| queue == QUEUE));

        self.settings.has_archive = match archive {
            b'n' => false,
            b'y' => true,
            _ => self.settings.has_archive,
        };
        self.store.restart(self.settings.has_archive);
        self.chat = next.chat;
        self.chat.configure(self.settings.clone());
        self.begin_process();
        self.chat.await_announcements();
        self.happen(Cause::Roll(self.store.known.clone()));
    }

    /// Of a process that ends without a word, only the roster is left, and what is on the disk.
    pub(super) fn crash(&mut self) {
        let noted: Vec<_> =
            self.here.keys().map(|&id| (id, self.chat.presence(id).expect("it is here"))).collect();
        self.now.uptime = Duration::ZERO;
        self.store.crash(self.settings.has_archive);
        self.chat = Chat::new(self.settings.clone());
        self.begin_process();
        for (room, entries) in self.store.past() {
            self.chat.recall(room, RoomPast { topic: None, lines: entries });
        }
        self.chat.register(self.store.known.clone());
        for (id, presence) in noted {
            assert!(self.chat.bring_back(self.now, id, &presence), "its nick is free");
        }
        self.chat.await_announcements();
        self.forget();
        self.happen(Cause::Roll(self.store.known.clone()));
    }

    /// Names lines as no process before did.
    fn begin_process(&mut self) {
        self.starts += 1;
        self.chat.name_lines_after(&format!("box7-{}", self.starts));
    }

    /// What nobody noted is not known any more.
    fn forget(&mut self) {
        self.lockdown = false;
        self.kept.clear();
        self.mutes_left.clear();
        self.gone.clear();
        self.rooms.clear();
        self.rooms.insert(RoomId::LOBBY, Room { name: "lobby".to_owned(), ..Room::default() });
        for (&id, known) in &mut self.here {
            let before =
                std::mem::replace(known, Known::new(known.origin, known.dialect, Duration::ZERO))
                    .facts;
            known.facts = Facts::of(&self.chat, id);
            assert_eq!(known.facts, before, "what was noted comes back");
            for &room in self.chat.rooms_of(id) {
                let room = self.rooms.entry(room).or_default();
                room.name.clone_from(&before.room);
                room.members.insert(id);
                if before.announced {
                    room.names.insert(before.nick.clone());
                    room.told += 1;
                }
            }
        }
    }
}

fn half_a_line(known: &Known) -> chatd::wire::Decoder {
    let mut decoder = known.dialect.decoder();
    // A text client's line without an end, and half of a frame.
    let mut typed: &[u8] = if known.dialect.is_websocket() { b"\x81\x85abcdhe" } else { b"hel" };
    assert_eq!(decoder.next(&mut typed, 1024), None, "there is no end yet");
    decoder
}

fn through_a_file(snapshot: &Snapshot) -> Snapshot {
    let file = fs::File::create(&*FILE).expect("the file can be made");
    snapshot.write_to(&file).expect("the file can be written");
    let bytes = fs::read(&*FILE).expect("the file can be read");
    fs::remove_file(&*FILE).expect("the file is there");
    Snapshot::from_bytes(bytes).expect("it is whole")
}

fn value(snapshot: &Snapshot) -> Value {
    serde_json::to_value(snapshot).expect("it has a form in JSON")
}
