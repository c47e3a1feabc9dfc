//! Logs of each level end in the same state with every later program.

use super::*;
use crate::address::Origin;
use crate::chat::{
    Account, Ban, BanChange, Event, Guest, Kind, LateLine, LineId, Mask, PasswordHash, PasswordId,
    Reason, Role, RollChange, Settings, Traits,
};
use crate::cluster::entry::Chain;
use crate::text::Line;

/// A log, and the digest of the state that it ends in.
#[derive(Serialize, Deserialize)]
struct Recorded {
    entries: Vec<LogEntry>,
    digest: String,
}

fn key() -> ClusterKey {
    ClusterKey::new(&[1; 32]).unwrap()
}

fn empty() -> Replica {
    let mut chat = Chat::new(Settings::default());
    chat.set_shared(true);
    Replica::new(chat)
}

fn replay(entries: &[LogEntry]) -> Replica {
    let (mut replica, mut key, mut effects) = (empty(), key(), Effects::default());
    for entry in entries {
        assert!(entry.follows(replica.at));
        replica.apply(entry, &mut key, &|_| true, &mut effects).unwrap();
        effects.clear();
    }
    replica
}

#[test]
fn a_log_of_each_level_ends_in_the_state_that_it_had() {
    for (level, recorded) in [
        (1, include_str!("../../../tests/data/log-level-1.json")),
        (2, include_str!("../../../tests/data/log-level-2.json")),
        (3, include_str!("../../../tests/data/log-level-3.json")),
        (4, include_str!("../../../tests/data/log-level-4.json")),
    ] {
        let recorded: Recorded = serde_json::from_str(recorded).unwrap();
        let replica = replay(&recorded.entries);
        assert_eq!(replica.chat.level(), level);
        assert_eq!(replica.digest(), recorded.digest);
    }
}

/// Writes a log.
struct Writer {
    entries: Vec<LogEntry>,
    key: ClusterKey,
    oseq: [u64; 3],
}

impl Writer {
    fn push(&mut self, kind: EntryKind, node: Option<usize>, oseq: u64, data: Vec<u8>) {
        let before = self.entries.last().map_or(Position::default(), LogEntry::position);
        let n = before.n + 1;
        let (uptime, moment) = (n * 700, 1_795_348_952_000 + n as i64 * 700);
        let (origin, chain) = (node.map(origin), Chain::default());
        let mut entry = LogEntry { n, kind, origin, oseq, uptime, moment, chain, data };
        entry.chain = entry.chain_after(before.chain);
        self.entries.push(entry);
    }

    fn join(&mut self, node: usize, number: u32, was: Option<usize>) {
        let was = was.map(|was| origin(was).to_string());
        let data = serde_json::json!({
            "name": format!("box{node}"), "j": number, "was": was, "archive": true, "level": LEVEL
        });
        self.push(EntryKind::Joined, Some(node), 0, data.to_string().into_bytes());
    }

    fn change(&mut self, node: usize, change: &Change) {
        self.oseq[node] += 1;
        let json = serde_json::to_vec(change).unwrap();
        let data = self.key.seal(origin(node), self.oseq[node], &json);
        self.push(EntryKind::Input, Some(node), self.oseq[node], data);
    }

    fn event(&mut self, node: usize, client: u64, event: Event) {
        self.change(node, &Change::Client(client, event));
    }

    fn line(&mut self, node: usize, client: u64, line: &str) {
        self.event(node, client, Event::Line(Line::new(line)));
    }
}

fn origin(node: usize) -> NodeOrigin {
    NodeOrigin([node as u8 + 1; 16])
}

fn account() -> (Account, PasswordHash) {
    let hash = PasswordHash::from("$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA".to_owned());
    let (nick, password) = (Nick::new("ann").unwrap(), PasswordId::of(hash.as_str()));
    let created = Moment { unix_ms: 1_795_348_900_000 };
    (Account { nick, role: Role::Operator, created, last_seen: None, password }, hash)
}

/// What the one who makes a room does there, and others, until some of it ends.
fn own_a_room(log: &mut Writer) {
    let ops = RoomName::new("ops").unwrap();
    log.line(0, 1, "/join ops");
    log.event(0, 1, Event::RoomRead(ops, None));
    log.line(2, 1, "/join ops");
    for line in [
        "/op ben",
        "/voice ben",
        "/deop ben",
        "/room key s3cret",
        "/room limit 9",
        "/room slow 3",
        "/room outside on",
        "/room ban eve 1h spam",
        "/room ban *!*@*.example",
        "/room unban eve",
        "/room keep on",
        "/topic plans",
        "a private word",
        "/room kick ben enough",
        "/invite ben",
        "/leave",
    ] {
        log.line(0, 1, line);
    }
    log.line(2, 1, "/join ops");
    log.line(2, 1, "/join hall");
    log.event(2, 1, Event::RoomRead(RoomName::new("hall").unwrap(), None));
    for line in ["/room hidden on", "/topic gone", "hush", "/leave"] {
        log.line(2, 1, line);
    }
    log.event(2, 1, Event::RoomRead(RoomName::lobby(), None));
    for _ in 0..90 {
        log.push(EntryKind::Time, None, 0, Vec::new());
    }
    log.line(2, 1, "/join hall");
}

/// So many that they are a crowd before most of them are announced.
fn come_in_a_crowd(log: &mut Writer) {
    for client in 100..160 {
        let from = Origin::of([192, 0, 2, client as u8].into());
        log.event(2, client, Event::Connected(from, Traits::default()));
    }
    // The first of them are announced by now.
    log.event(2, 100, Event::Gone(Reason::Disconnected));
}

/// Every kind of entry and change, and the commands that change the chat.
fn everything() -> Vec<LogEntry> {
    let mut log = Writer { entries: Vec::new(), key: key(), oseq: [0; 3] };
    let (account, hash) = account();
    log.join(0, 1, None);
    log.change(0, &Change::Roster(Vec::new()));
    log.change(0, &Change::Roll(RollChange::Register(account, hash)));
    log.join(1, 2, None);
    for (node, client) in [(0, 1), (0, 2), (1, 1)] {
        let from = Origin::of([192, 0, 2, client as u8].into());
        let traits = Traits { encrypted: true, ..Traits::default() };
        log.event(node, client, Event::Connected(from, traits));
        log.event(node, client, Event::Settled);
    }
    log.event(0, 1, Event::LoggedIn(account));
    for line in ["hi", "/me waves", "/slow 5", "/mute guest2 5m", "/ban 192.0.2.77 1h spam"] {
        log.line(0, 1, line);
    }
    for line in ["/nick ben", "/away lunch", "/ignore ann", "/join dev", "/topic bugs", "hello"] {
        log.line(1, 1, line);
    }
    log.event(1, 1, Event::RoomRead(RoomName::new("dev").unwrap(), None));
    log.line(1, 1, "/msg guest2 psst");
    log.line(0, 2, "/echo on");
    log.push(EntryKind::Time, None, 0, Vec::new());
    let lines = vec![LateLine {
        by: 1,
        room: RoomName::lobby(),
        entry: Entry {
            id: LineId::new("0".repeat(32), 7),
            at: Moment { unix_ms: 1_795_348_950_000 },
            from: Nick::new("ben").unwrap(),
            kind: Kind::Said,
            text: Text::new("late"),
            private: false,
        },
    }];
    let replica = replay(&log.entries);
    let roster: Vec<Guest> = replica.chat.roster(NodeNumber(2));
    log.join(2, 3, Some(1));
    log.change(2, &Change::Roster(roster));
    log.change(2, &Change::Late(lines));
    let ban = Ban { mask: Mask::new("eve").unwrap(), by: account.nick, reason: None, until: None };
    log.change(2, &Change::Missing(vec![RollChange::Ban(BanChange::Ban(ban))]));
    log.change(2, &Change::Level(LEVEL));
    let dev = RoomName::new("dev").unwrap();
    log.event(0, 2, Event::ManyRooms);
    log.line(0, 2, "/join dev");
    log.event(0, 2, Event::LineIn(RoomName::lobby(), Line::new("here")));
    log.event(0, 2, Event::LineIn(dev, Line::new("there")));
    log.event(0, 2, Event::LineIn(RoomName::lobby(), Line::new("/nick roamer")));
    own_a_room(&mut log);
    come_in_a_crowd(&mut log);
    log.change(2, &Change::Mark);
    log.event(0, 2, Event::Gone(Reason::Disconnected));
    log.push(EntryKind::Gone, Some(0), 0, b"lost".to_vec());
    log.entries
}

#[test]
fn everything_that_a_log_can_hold_is_applied_alike_from_a_snapshot() {
    let entries = everything();
    let whole = replay(&entries);
    let state = serde_json::to_string(&whole.chat).unwrap();
    for part in ["s3cret", "*!*@*.example", "\"kept\":{\"owner\":\"ann\"", "\"cloak_secret\""] {
        assert!(state.contains(part), "{part}");
    }
    assert!(!state.contains("hush"), "that room ended");
    for cut in 0..entries.len() {
        let (mut key, mut effects) = (key(), Effects::default());
        let snapshot = replay(&entries[..cut]).to_snapshot(&mut key, [cut as u8; 16]);
        let mut replica = Replica::from_snapshot(&snapshot, &mut key).unwrap();
        for entry in &entries[cut..] {
            replica.apply(entry, &mut key, &|_| true, &mut effects).unwrap();
        }
        assert_eq!(replica.digest(), whole.digest(), "after {cut} entries");
    }
    // For a new level. What is recorded for an older one must not change any more.
    if let Some(path) = std::env::var_os("CHATD_RECORD_LOG") {
        let recorded = Recorded { entries, digest: whole.digest() };
        std::fs::write(path, serde_json::to_string(&recorded).unwrap() + "\n").unwrap();
    }
}
