//! Handing everything over to the next process: what is saved, and in which form.
//!
//! What is saved carries a version. Each program reads what itself and older ones save: a field
//! that is new has a `#[serde(default)]`. Programs skip fields that they do not know, so a new one
//! alone does not make another version; what an older program would take for something else does.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::FileExt;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::admission::Bucket;
use crate::chat::{Chat, ClientId, Presence};
use crate::wire::{Decoder, Dialect};

/// Raised whenever older programs could misunderstand a snapshot. In version 1 what clients were
/// typing was part of the JSON.
const VERSION: u32 = 2;
/// The same for the records of a roster, which are for programs that cannot read the snapshot.
const RECORD_VERSION: u32 = 1;
/// Bytes of a record in the roster.
pub(super) const RECORD: usize = 512;
/// The place of a record in a roster where there is none.
pub(super) const EMPTY_SLOT: [u8; RECORD] = [b' '; RECORD];
/// Bytes that wait for clients or were typed by them and are saved, in all; clients whose bytes do
/// not fit stay behind.
const MAX_BYTES: usize = 256 * 1024 * 1024;
/// Bytes that are written at once.
const WRITE: usize = 64 * 1024;

/// No process ran for longer: a hundred years.
const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// What a broadcaster leaves to the next.
#[derive(Debug)]
pub struct Handover {
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
    /// What waits to be sent to each of them and what it was typing, one after the other. As
    /// numbers in the JSON they would take four times as much.
    #[serde(skip)]
    bytes: Vec<u8>,
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
    /// Bytes that its decoder holds.
    #[serde(default)]
    typed: usize,
}

/// Where a session stands between two reads.
#[derive(Debug, Serialize, Deserialize)]
pub struct SavedSession {
    /// With the half-typed line.
    pub decoder: Decoder,
    /// Flood control.
    pub bucket: Bucket,
    /// When the client sent a whole line last.
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
        let (addresses, clients, bytes) = (Vec::new(), Vec::new(), Vec::new());
        let forgotten = 0;
        Self { version: VERSION, uptime, next_id, chat, addresses, forgotten, clients, bytes }
    }

    /// Adds a client, unless too much waits for it.
    pub fn add(
        &mut self,
        id: ClientId,
        addr: SocketAddr,
        dialect: Dialect,
        mut session: SavedSession,
        queue: &[u8],
    ) -> bool {
        let held = session.decoder.take_bytes();
        let (queued, typed) = (queue.len(), held.len());
        let fits = self.bytes.len() + queued + typed <= MAX_BYTES;
        if fits {
            self.bytes.extend_from_slice(queue);
            self.bytes.extend_from_slice(&held);
            self.clients.push(SavedClient { id, addr, dialect, session, queued, typed });
        }
        fits
    }

    /// Takes the clients out, each with what waits to be sent to it.
    pub fn take_clients(&mut self) -> Vec<(SavedClient, Vec<u8>)> {
        let bytes = std::mem::take(&mut self.bytes);
        let mut rest = bytes.as_slice();
        let mut next = |length: usize| {
            let (next, after) = rest.split_at_checked(length).unwrap_or_default();
            rest = after;
            next.to_vec()
        };
        let with_queue = |mut client: SavedClient| {
            let (queue, held) = (next(client.queued), next(client.typed));
            if !held.is_empty() {
                client.session.decoder.put_bytes(held);
            }
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

    /// Writes it into an empty file: a line of JSON, and then the bytes.
    ///
    /// # Errors
    /// When there is no room for it.
    pub fn write_to(&self, file: &File) -> io::Result<()> {
        let mut writer = BufWriter::with_capacity(WRITE, FileAt { file, offset: 0 });
        // Not made in memory first: a chat may be large.
        serde_json::to_writer(&mut writer, self)?;
        writer.write_all(b"\n")?;
        writer.write_all(&self.bytes)?;
        writer.flush()
    }

    /// Back from bytes.
    ///
    /// # Errors
    /// When they are of a newer version or damaged; says which.
    pub fn from_bytes(mut bytes: Vec<u8>) -> Result<Self, String> {
        let end = bytes.iter().position(|&byte| byte == b'\n').ok_or("its header does not end")?;
        let beside = bytes.split_off(end + 1);
        let mut snapshot: Self = read(&bytes, VERSION)?;
        drop(bytes);
        let mut lengths = snapshot.clients.iter().flat_map(|client| [client.queued, client.typed]);
        if lengths.try_fold(0, usize::checked_add) != Some(beside.len()) {
            return Err("its length is wrong".to_owned());
        }
        if snapshot.uptime > LONGEST || !snapshot.chat.is_consistent(snapshot.uptime) {
            return Err("its parts do not fit together".to_owned());
        }
        snapshot.bytes = beside;
        Ok(snapshot)
    }
}

impl Record {
    /// One of a client.
    pub fn new(id: ClientId, dialect: Dialect, presence: Presence) -> Self {
        Self { version: RECORD_VERSION, id, dialect, presence }
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
        roster.chunks(RECORD).filter(is_in_use).map(|slot| read(slot, RECORD_VERSION))
    }
}

/// A file that is written from its beginning on, whoever else has it open.
struct FileAt<'a> {
    file: &'a File,
    offset: u64,
}

impl Write for FileAt<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.file.write_at(bytes, self.offset)?;
        self.offset += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Reads JSON that this program or an older one wrote.
fn read<T: DeserializeOwned>(json: &[u8], newest: u32) -> Result<T, String> {
    #[derive(Deserialize)]
    struct Versioned {
        version: u32,
    }
    let broken = |error: serde_json::Error| error.to_string();
    let Versioned { version } = serde_json::from_slice(json).map_err(broken)?;
    if version > newest {
        return Err(format!("it has version {version}, this program reads up to {newest}"));
    }
    serde_json::from_slice(json).map_err(broken)
}

#[cfg(test)]
mod tests;
