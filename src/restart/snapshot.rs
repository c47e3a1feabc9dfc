//! Handing everything over to the next process: what is saved, and in which form.
//!
//! What is saved carries a version. Each program reads what itself and older ones save: a field
//! that is new has a `#[serde(default)]`. Programs skip fields that they do not know, so a new one
//! alone does not make another version; what an older program would take for something else does.

use std::fs::File;
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::FileExt;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::admission::bucket::Bucket;
use crate::chat::{Chat, ClientId, Presence};
use crate::wire::{Decoder, Dialect};

/// Raised whenever older programs could misunderstand what is saved.
const VERSION: u32 = 1;
/// Bytes of a record in the roster.
pub const RECORD: usize = 512;
/// The place of a record in a roster where there is none.
pub const EMPTY_SLOT: [u8; RECORD] = [b' '; RECORD];
/// Bytes of send queues that are saved, in all; clients whose bytes do not fit stay behind.
const MAX_QUEUED: usize = 256 * 1024 * 1024;

/// No process ran for longer: a hundred years.
const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// What a broadcaster leaves to the next.
#[derive(Debug)]
pub struct Legacy {
    /// What it knows.
    pub snapshot: Snapshot,
    /// The connections of those who are in it.
    pub clients: Vec<(ClientId, TcpStream)>,
}

/// Everything that a process knows.
#[derive(Debug, Serialize, Deserialize)]
pub struct Snapshot {
    version: u32,
    /// The time on the clock that everything in here is measured by.
    pub uptime: Duration,
    /// The first number that no client had.
    pub next_id: ClientId,
    /// The chat among the clients.
    pub chat: Chat,
    /// Flood control of whole addresses, where there is something to remember.
    #[serde(default)]
    pub addresses: Vec<(Address, Bucket)>,
    /// How often lines had been forgotten in the state directory while no server ran, when this one
    /// was started.
    #[serde(default)]
    pub forgotten: u64,
    /// The clients that can be handed over.
    pub clients: Vec<SavedClient>,
    /// What waits to be sent to them, one after the other.
    #[serde(skip)]
    queues: Vec<u8>,
}

/// One client's connection.
#[derive(Debug, Serialize, Deserialize)]
pub struct SavedClient {
    /// Whose it is.
    pub id: ClientId,
    /// Where it is.
    pub addr: SocketAddr,
    /// How it wants to be spoken to.
    pub dialect: Dialect,
    /// How far its session has come.
    pub session: SavedSession,
    /// Bytes that wait to be sent.
    queued: usize,
}

/// Where a session stands between two reads.
#[derive(Debug, Serialize, Deserialize)]
pub struct SavedSession {
    /// With the half-typed line.
    pub decoder: Decoder,
    /// Flood control.
    pub bucket: Bucket,
    /// When the client sent something last.
    pub heard: Duration,
    /// Whether it has been silent for a moment.
    pub is_settled: bool,
}

/// What is noted of a client in case that there will be no snapshot to be read.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Record {
    version: u32,
    /// Whose it is.
    pub id: ClientId,
    /// How it wants to be spoken to.
    pub dialect: Dialect,
    /// Who it is to the others.
    pub presence: Presence,
}

impl Snapshot {
    /// One without clients.
    pub fn new(uptime: Duration, next_id: ClientId, chat: Chat) -> Self {
        let (addresses, clients, queues) = (Vec::new(), Vec::new(), Vec::new());
        let forgotten = 0;
        Self { version: VERSION, uptime, next_id, chat, addresses, forgotten, clients, queues }
    }

    /// Adds a client, unless too much waits for it.
    pub fn add(
        &mut self,
        id: ClientId,
        addr: SocketAddr,
        dialect: Dialect,
        session: SavedSession,
        queue: &[u8],
    ) -> bool {
        let fits = self.queues.len() + queue.len() <= MAX_QUEUED;
        if fits {
            self.queues.extend_from_slice(queue);
            self.clients.push(SavedClient { id, addr, dialect, session, queued: queue.len() });
        }
        fits
    }

    /// Takes the clients out, each with what waits to be sent to it.
    pub fn take_clients(&mut self) -> Vec<(SavedClient, Vec<u8>)> {
        let mut queues = std::mem::take(&mut self.queues).into_iter();
        let with_queue = |client: SavedClient| {
            let queue = queues.by_ref().take(client.queued).collect();
            (client, queue)
        };
        std::mem::take(&mut self.clients).into_iter().map(with_queue).collect()
    }

    /// What is noted of each of its clients.
    pub fn records(&self) -> impl Iterator<Item = Record> {
        let record = |client: &SavedClient| {
            Some(Record::new(client.id, client.dialect, self.chat.presence(client.id)?))
        };
        self.clients.iter().filter_map(record)
    }

    /// Writes it into an empty file: a line of JSON, and then the queues.
    ///
    /// # Errors
    /// When there is no room for it.
    pub fn write_to(&self, file: &File) -> io::Result<()> {
        let mut json = serde_json::to_vec(self)?;
        json.push(b'\n');
        file.write_all_at(&json, 0)?;
        file.write_all_at(&self.queues, json.len() as u64)
    }

    /// Back from bytes.
    ///
    /// # Errors
    /// When they are of a newer version or damaged; says which.
    pub fn from_bytes(mut bytes: Vec<u8>) -> Result<Self, String> {
        let end = bytes.iter().position(|&byte| byte == b'\n').ok_or("its header does not end")?;
        let queues = bytes.split_off(end + 1);
        let json = bytes.as_slice();
        let mut snapshot: Self = read(json)?;
        let mut queued = snapshot.clients.iter().map(|client| client.queued);
        if queued.try_fold(0, usize::checked_add) != Some(queues.len()) {
            return Err("its queues are truncated".to_owned());
        }
        if snapshot.uptime > LONGEST || !snapshot.chat.is_sound(snapshot.uptime) {
            return Err("its parts do not fit together".to_owned());
        }
        snapshot.queues = queues;
        Ok(snapshot)
    }
}

impl Record {
    /// One of a client.
    pub fn new(id: ClientId, dialect: Dialect, presence: Presence) -> Self {
        Self { version: VERSION, id, dialect, presence }
    }

    /// As many bytes as each has in a roster; `None` if it does not fit.
    pub fn to_slot(&self) -> Option<[u8; RECORD]> {
        let json = serde_json::to_vec(self).ok()?;
        let mut slot = EMPTY_SLOT;
        slot.get_mut(..json.len())?.copy_from_slice(&json);
        Some(slot)
    }

    /// All records of a roster, in which a slot may be empty.
    pub fn all_in(roster: &[u8]) -> impl Iterator<Item = Result<Self, String>> {
        let is_in_use = |slot: &&[u8]| !slot.trim_ascii().is_empty();
        roster.chunks(RECORD).filter(is_in_use).map(read)
    }
}

/// Reads JSON that this program or an older one wrote.
fn read<T: DeserializeOwned>(json: &[u8]) -> Result<T, String> {
    #[derive(Deserialize)]
    struct Versioned {
        version: u32,
    }
    let broken = |error: serde_json::Error| error.to_string();
    let Versioned { version } = serde_json::from_slice(json).map_err(broken)?;
    if version > VERSION {
        return Err(format!("it has version {version}, this program reads up to {VERSION}"));
    }
    serde_json::from_slice(json).map_err(broken)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::Settings;
    use crate::wire::Incoming;
    use serde_json::Value;

    /// What version 1 left. Never to be changed.
    const SNAPSHOT_1: &[u8] = include_bytes!("../../tests/data/snapshot-v1");
    const ROSTER_1: &[u8] = include_bytes!("../../tests/data/roster-v1");

    /// Whether all that was in `old` is in `new`, which may have more.
    fn assert_kept(old: &Value, new: &Value, place: &str) {
        match (old, new) {
            (Value::Object(old), Value::Object(new)) => {
                for (key, value) in old.iter().filter(|(key, _)| *key != "version") {
                    let place = format!("{place}.{key}");
                    assert_kept(value, new.get(key).unwrap_or(&Value::Null), &place);
                }
            }
            (Value::Array(old), Value::Array(new)) if old.len() == new.len() => {
                for (number, (old, new)) in old.iter().zip(new).enumerate() {
                    assert_kept(old, new, &format!("{place}.{number}"));
                }
            }
            _ => assert_eq!(old, new, "{place}"),
        }
    }

    fn json(bytes: &[u8]) -> Value {
        serde_json::from_slice(bytes).unwrap()
    }

    #[test]
    fn nothing_of_a_snapshot_of_version_1_is_lost() {
        let end = SNAPSHOT_1.iter().position(|&byte| byte == b'\n').unwrap();
        let mut snapshot = Snapshot::from_bytes(SNAPSHOT_1.to_vec()).unwrap();
        let new = serde_json::to_vec(&snapshot).unwrap();
        assert_kept(&json(&SNAPSHOT_1[..end]), &json(&new), "snapshot");
        let queues = snapshot.take_clients().into_iter().map(|(_, queue)| queue);
        assert_eq!(queues.collect::<Vec<_>>().concat(), SNAPSHOT_1[end + 1..]);
    }

    #[test]
    fn nothing_of_a_roster_of_version_1_is_lost() {
        let old: Vec<_> =
            ROSTER_1.chunks(RECORD).filter(|slot| slot != &EMPTY_SLOT).map(json).collect();
        let records: Vec<_> = Record::all_in(ROSTER_1).map(Result::unwrap).collect();
        assert_eq!((old.len(), records.len()), (7, 7));
        for (old, new) in old.iter().zip(records) {
            assert_kept(old, &json(&new.to_slot().unwrap()), "record");
        }
    }

    #[test]
    fn what_is_cut_off_anywhere_is_refused_without_a_panic() {
        for length in 0..SNAPSHOT_1.len() {
            assert!(Snapshot::from_bytes(SNAPSHOT_1[..length].to_vec()).is_err(), "{length}");
        }
    }

    /// A snapshot of two clients, each in the middle of a line, with `from` replaced by `to`.
    fn damaged(from: &str, to: &str) -> Result<Snapshot, String> {
        let chat = Chat::new(Settings::default());
        let mut snapshot = Snapshot::new(Duration::ZERO, ClientId(3), chat);
        for id in [1, 2] {
            let mut decoder = Dialect::default().decoder();
            assert_eq!(decoder.next(&mut &b"hel"[..], 64), None);
            let (bucket, heard) = (Bucket::new(1, Duration::ZERO), Duration::ZERO);
            let session = SavedSession { decoder, bucket, heard, is_settled: true };
            let addr = ([192, 0, 2, 1], 1024).into();
            assert!(snapshot.add(ClientId(id), addr, Dialect::default(), session, b"hi"));
        }
        let json = serde_json::to_string(&snapshot).unwrap();
        assert!(json.contains(from), "{json}");
        Snapshot::from_bytes(format!("{}\nhihi", json.replace(from, to)).into())
    }

    #[test]
    fn what_does_not_belong_together_is_refused() {
        assert!(damaged("lobby", "lobby").is_ok());
        let most = format!(r#""queued":{}"#, usize::MAX);
        let long = format!(r#""uptime":{{"secs":{}"#, u64::MAX);
        let spoils = [
            (r#""queued":2"#, most.as_str()),
            (r#""uptime":{"secs":0"#, &long),
            (r#""names":{"lobby":0}"#, r#""names":{}"#),
        ];
        for (from, to) in spoils {
            assert!(damaged(from, to).is_err(), "{to}");
        }
    }

    #[test]
    fn a_line_that_cannot_be_that_long_is_too_long() {
        let mut snapshot =
            damaged(r#""length":3"#, &format!(r#""length":{}"#, usize::MAX)).unwrap();
        let (mut client, _) = snapshot.take_clients().remove(0);
        let next = client.session.decoder.next(&mut &b"lo\n"[..], 64);
        let next = match next {
            Some(Incoming::BareLineFeeds) => client.session.decoder.next(&mut &b""[..], 64),
            other => other,
        };
        assert_eq!(next, Some(Incoming::TooLong { bytes: usize::MAX, limit: 64 }));
    }
}
