//! `Snapshot`: the state that one process saves for the next, and its format.
//!
//! It carries a version, as a `Record` does. Each program reads its own format and all older ones:
//! a new field has a `#[serde(default)]`. Programs skip unknown fields, so a new field alone does not
//! need a new version; data that an older program would misunderstand does.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::reader::SavedReader;
use super::record::{Lasting, Record, read};
use crate::address::{Address, Remote};
use crate::admission::Bucket;
use crate::chat::{Chat, ClientId, LineId, NodeNumber, Principal};
use crate::cluster::SavedNode;
use crate::store::UnsavedBans;
use crate::wire::irc::Conversation;
use crate::wire::{Decoder, Dialect, Display, Speech};

/// Raised whenever older programs could misunderstand a snapshot. In version 1 the half-typed lines
/// of clients were part of the JSON.
const VERSION: u32 = 2;
/// Bytes of send queues and half-typed lines in a snapshot, in all; clients whose bytes do not fit
/// are disconnected.
const MAX_BYTES: usize = 256 * 1024 * 1024;
/// The size of the buffer that a snapshot is written through.
const WRITE: usize = 64 * 1024;

/// A longer uptime is taken for damage: a hundred years.
const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// Answers to requests over HTTP with a key, oldest first: their first line, and whether it was
/// durable.
pub type Answers = VecDeque<(LineId, bool)>;

/// What requests over HTTP leave to the next process: answers, and flood control of those who spoke
/// and whose buckets are not full.
pub type SavedRequests = (Answers, Vec<(Principal, Bucket)>);

/// What a broadcaster leaves to the next.
#[derive(Debug)]
pub struct Handover {
    /// Its state.
    pub snapshot: Snapshot,
    /// The connections of the clients in the snapshot.
    pub clients: Vec<(ClientId, OwnedFd)>,
}

/// The state of a whole process.
#[derive(Debug, Serialize, Deserialize)]
pub struct Snapshot {
    version: u32,
    /// When it was taken, on the clock that all times in it are measured by.
    pub uptime: Duration,
    /// The first id that no client had.
    pub next_id: ClientId,
    /// The chat, with its clients.
    pub chat: Chat,
    /// Flood control of addresses whose buckets are not full.
    #[serde(default)]
    pub addresses: Vec<(Address, Bucket)>,
    /// How often lines had been forgotten in the state directory while no server ran, when the
    /// process was started.
    #[serde(default)]
    pub forgotten: u64,
    /// Changes of bans that are in force but not on disk; `None` in what an older chatd left.
    #[serde(default)]
    unsaved_bans: Option<UnsavedBans>,
    /// What the process was in its cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<SavedNode>,
    #[serde(default, skip_serializing_if = "Answers::is_empty")]
    answers: Answers,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    speakers: Vec<(Principal, Bucket)>,
    /// The clients that can be moved.
    pub clients: Vec<SavedClient>,
    /// The send queue and the half-typed line of each client, one after the other. As numbers in
    /// the JSON they would take four times as much.
    #[serde(skip)]
    bytes: Vec<u8>,
}

/// One client's connection.
#[derive(Debug, Serialize, Deserialize)]
pub struct SavedClient {
    /// The client's id.
    pub id: ClientId,
    /// The client's far end.
    #[serde(rename = "addr")]
    pub remote: Remote,
    /// The protocol and form of what is sent to it.
    pub dialect: Dialect,
    /// Its screen, if its line is edited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display: Option<Box<Display>>,
    /// Its conversation, if it speaks IRC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub irc: Option<Box<Conversation>>,
    /// What it reads over HTTP, if it is still given the past.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reads: Option<Box<SavedReader>>,
    /// The state of its session.
    pub session: SavedSession,
    /// The length of its send queue, in bytes.
    queued: usize,
    /// The length of its half-typed line, in bytes.
    #[serde(default)]
    typed: usize,
}

/// The state of a session between two reads.
#[derive(Debug, Serialize, Deserialize)]
pub struct SavedSession {
    /// The decoder, with the half-typed line.
    pub decoder: Decoder,
    /// Flood control.
    pub bucket: Bucket,
    /// When the client last sent a whole line.
    pub heard: Duration,
    /// Whether the client was silent for a moment after connecting.
    pub is_settled: bool,
    /// Whether it is a proxy for itself that has sent nothing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_unheard: bool,
}

impl Snapshot {
    /// A snapshot without connections, to which clients are [added](Self::add).
    pub fn new(uptime: Duration, next_id: ClientId, chat: Chat) -> Self {
        Self {
            version: VERSION,
            uptime,
            next_id,
            chat,
            addresses: Vec::new(),
            forgotten: 0,
            unsaved_bans: Some(UnsavedBans::default()),
            node: None,
            answers: Answers::default(),
            speakers: Vec::new(),
            clients: Vec::new(),
            bytes: Vec::new(),
        }
    }

    /// Saves these changes of bans, too.
    pub fn set_unsaved_bans(&mut self, bans: UnsavedBans) {
        self.unsaved_bans = Some(bans);
    }

    /// Removes and returns the changes of bans that are not on disk.
    pub fn take_unsaved_bans(&mut self) -> UnsavedBans {
        self.unsaved_bans.take().unwrap_or_default()
    }

    /// Saves what requests over HTTP leave, too.
    pub fn set_requests(&mut self, requests: SavedRequests) {
        (self.answers, self.speakers) = requests;
    }

    /// Removes and returns that.
    pub fn take_requests(&mut self) -> SavedRequests {
        (std::mem::take(&mut self.answers), std::mem::take(&mut self.speakers))
    }

    /// Adds a client. Returns false, and adds nothing, if its bytes do not fit into the snapshot.
    pub fn add(
        &mut self,
        id: ClientId,
        remote: Remote,
        Speech { dialect, display, irc }: Speech,
        mut session: SavedSession,
        queue: &[u8],
    ) -> bool {
        let held = session.decoder.take_bytes();
        let (queued, typed) = (queue.len(), held.len());
        let fits = self.bytes.len() + queued + typed <= MAX_BYTES;
        if fits {
            self.bytes.extend_from_slice(queue);
            self.bytes.extend_from_slice(&held);
            let reads = None;
            let saved =
                SavedClient { id, remote, dialect, display, irc, reads, session, queued, typed };
            self.clients.push(saved);
        }
        fits
    }

    /// Notes what the client that was added last reads over HTTP.
    pub fn add_reads(&mut self, reads: SavedReader) {
        if let Some(client) = self.clients.last_mut() {
            client.reads = Some(Box::new(reads));
        }
    }

    /// Removes the clients, and returns each with its send queue.
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

    /// A record of each of its clients, and of what it was in its cluster.
    pub fn records(&self) -> impl Iterator<Item = Record> {
        let number = self.node.as_ref().map_or(NodeNumber::ALONE, |node| node.number);
        let record = move |client: &SavedClient| {
            let presence = self.chat.presence(ClientId::on(number, client.id.0))?;
            let dialect = match &client.irc {
                Some(irc) => Dialect::Irc(irc.caps()),
                None => client.dialect,
            };
            let editing = client.display.as_ref().map(|display| display.size());
            let lasting = Lasting { remote: client.remote, dialect, editing };
            Some(Record::new(client.id, lasting, presence))
        };
        let node = self.node.as_ref().and_then(SavedNode::origin).map(Record::of_node);
        self.clients.iter().filter_map(record).chain(node)
    }

    /// The time of its chat, which is that of its cluster if it had one.
    fn chat_uptime(&self) -> Duration {
        self.node.as_ref().map_or(self.uptime, |node| node.chat_uptime(self.uptime))
    }

    /// Moves everything to the clock of the chat if that is ahead, for a process without a cluster,
    /// which has one clock.
    pub fn adopt_chat_clock(&mut self) {
        let ahead = self.chat_uptime().saturating_sub(self.uptime);
        self.uptime += ahead;
        // All other times besides those of the chat say since when more is allowed.
        self.clients.iter_mut().for_each(|client| client.session.heard += ahead);
    }

    /// Writes the snapshot into an empty file: a line of JSON, and then the bytes.
    ///
    /// # Errors
    /// When there is no room for it.
    pub fn write_to(&self, file: &File) -> io::Result<()> {
        let mut writer = BufWriter::with_capacity(WRITE, FileAt { file, offset: 0 });
        // Streamed, because the JSON of a chat may be large.
        serde_json::to_writer(&mut writer, self)?;
        writer.write_all(b"\n")?;
        writer.write_all(&self.bytes)?;
        writer.flush()
    }

    /// Reads a snapshot, and checks that its parts fit together.
    ///
    /// # Errors
    /// A text that says what is wrong: it has a newer version, or it is damaged.
    pub fn from_bytes(mut bytes: Vec<u8>) -> Result<Self, String> {
        let end = bytes.iter().position(|&byte| byte == b'\n').ok_or("its header does not end")?;
        let beside = bytes.split_off(end + 1);
        let mut snapshot: Self = read(&bytes, VERSION)?;
        if snapshot.unsaved_bans.is_none() {
            snapshot.unsaved_bans = Some(unsaved_bans_in_chat(&bytes)?);
        }
        drop(bytes);
        let mut lengths = snapshot.clients.iter().flat_map(|client| [client.queued, client.typed]);
        if lengths.try_fold(0, usize::checked_add) != Some(beside.len()) {
            return Err("its length is wrong".to_owned());
        }
        let uptime = snapshot.uptime;
        let bans = snapshot.unsaved_bans.as_ref();
        if uptime > LONGEST
            || snapshot.chat_uptime() > LONGEST
            || !snapshot.chat.is_consistent(snapshot.chat_uptime())
            || snapshot.node.as_ref().is_some_and(|node| !node.is_consistent())
            || bans.is_some_and(|bans| !bans.are_consistent(uptime))
        {
            return Err("its parts do not fit together".to_owned());
        }
        snapshot.bytes = beside;
        Ok(snapshot)
    }
}

/// Writes a file from its beginning, whatever offset other holders of the descriptor have set.
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

/// The unsaved changes of bans, which were part of the chat at first.
fn unsaved_bans_in_chat(json: &[u8]) -> Result<UnsavedBans, String> {
    #[derive(Deserialize)]
    struct Older {
        chat: OlderChat,
    }
    #[derive(Deserialize)]
    struct OlderChat {
        #[serde(default)]
        orders: UnsavedBans,
    }
    let older: Older = serde_json::from_slice(json).map_err(|error| error.to_string())?;
    Ok(older.chat.orders)
}

#[cfg(test)]
mod tests;
