//! Handing everything over to the next process: what is saved, and in which form.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::chat::{Chat, ClientId, Presence};
use crate::limits::Bucket;
use crate::transport::Transport;
use crate::wire::{Decoder, Dialect};

/// Raised whenever older programs could misunderstand what is saved.
const VERSION: u32 = 1;
/// Bytes of send queues that are saved, in all; clients whose bytes do not fit stay behind.
const MAX_QUEUED: usize = 256 * 1024 * 1024;

/// What a process finds that another left.
#[derive(Debug, Default)]
pub struct Inherited {
    /// Listening sockets, by the names of their services.
    pub listeners: Vec<Listener>,
    /// Connections, by the clients they belong to.
    pub clients: Vec<(ClientId, TcpStream)>,
    /// What was saved on purpose.
    pub snapshot: Option<Snapshot>,
    /// What was known of each client when the process before crashed.
    pub roster: Vec<Record>,
}

/// An inherited listening socket.
#[derive(Debug)]
pub struct Listener {
    /// What its service is called.
    pub name: String,
    /// Whether it came from the service manager's settings, which win over ours.
    pub is_assigned: bool,
    /// The socket.
    pub socket: TcpListener,
}

/// What a process leaves to the next.
#[derive(Debug)]
pub struct Legacy {
    /// What it knows.
    pub snapshot: Snapshot,
    /// The connections of those who are in it.
    pub clients: Vec<(ClientId, Arc<Transport>)>,
}

/// Everything that a process knows.
#[derive(Debug, Serialize, Deserialize)]
pub struct Snapshot {
    version: u32,
    /// The time on the clock that everything in here is measured by.
    pub uptime: Duration,
    /// The chat among the clients.
    pub chat: Chat,
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

/// What is noted of a client in case that the process ends without a word.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Record {
    /// Whose it is.
    pub id: ClientId,
    /// How it wants to be spoken to.
    pub dialect: Dialect,
    /// Who it is to the others.
    pub presence: Presence,
}

impl Snapshot {
    /// One without clients.
    pub fn new(uptime: Duration, chat: Chat) -> Self {
        Self { version: VERSION, uptime, chat, clients: Vec::new(), queues: Vec::new() }
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
        let (mut at, queues) = (0, std::mem::take(&mut self.queues));
        let with_queue = |client: SavedClient| {
            let end = (at + client.queued).min(queues.len());
            let queue = queues[at..end].to_vec();
            at = end;
            (client, queue)
        };
        std::mem::take(&mut self.clients).into_iter().map(with_queue).collect()
    }

    /// As bytes: a line of JSON, and then the queues.
    ///
    /// # Errors
    /// When it cannot be put into JSON, which would be a bug.
    pub fn to_bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut bytes = serde_json::to_vec(self)?;
        bytes.push(b'\n');
        bytes.extend_from_slice(&self.queues);
        Ok(bytes)
    }

    /// Back from bytes.
    ///
    /// # Errors
    /// When they are of another version or damaged; says which.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Versioned {
            version: u32,
        }
        let end = bytes.iter().position(|&byte| byte == b'\n').ok_or("it has no end")?;
        let (json, queues) = (&bytes[..end], &bytes[end + 1..]);
        let Versioned { version } =
            serde_json::from_slice(json).map_err(|error| error.to_string())?;
        if version != VERSION {
            return Err(format!("it has version {version}, this program reads {VERSION}"));
        }
        let mut snapshot: Self = serde_json::from_slice(json).map_err(|error| error.to_string())?;
        let queued: usize = snapshot.clients.iter().map(|client| client.queued).sum();
        if queued != queues.len() {
            return Err("its queues are cut off".to_owned());
        }
        snapshot.queues = queues.to_vec();
        Ok(snapshot)
    }
}
