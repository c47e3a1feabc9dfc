//! Handing everything over to the next process: what is saved, and in which form.

use std::fs::File;
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::FileExt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::chat::{Chat, ClientId, Presence};
use crate::limits::Bucket;
use crate::wire::{Decoder, Dialect};

/// Raised whenever older programs could misunderstand what is saved.
const VERSION: u32 = 1;
/// Bytes of send queues that are saved, in all; clients whose bytes do not fit stay behind.
const MAX_QUEUED: usize = 256 * 1024 * 1024;

/// No process ran for longer: a hundred years.
const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// What a process finds that another left, or leaves to another.
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
    pub fn new(uptime: Duration, next_id: ClientId, chat: Chat) -> Self {
        Self { version: VERSION, uptime, next_id, chat, clients: Vec::new(), queues: Vec::new() }
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
    /// When they are of another version or damaged; says which.
    pub fn from_bytes(mut bytes: Vec<u8>) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Versioned {
            version: u32,
        }
        let end = bytes.iter().position(|&byte| byte == b'\n').ok_or("it has no end")?;
        let queues = bytes.split_off(end + 1);
        let json = bytes.as_slice();
        let Versioned { version } =
            serde_json::from_slice(json).map_err(|error| error.to_string())?;
        if version != VERSION {
            return Err(format!("it has version {version}, this program reads {VERSION}"));
        }
        let mut snapshot: Self = serde_json::from_slice(json).map_err(|error| error.to_string())?;
        let mut queued = snapshot.clients.iter().map(|client| client.queued);
        if queued.try_fold(0, usize::checked_add) != Some(queues.len()) {
            return Err("its queues are cut off".to_owned());
        }
        if snapshot.uptime > LONGEST || !snapshot.chat.is_sound(snapshot.uptime) {
            return Err("what is in it does not belong together".to_owned());
        }
        snapshot.queues = queues;
        Ok(snapshot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::Settings;
    use crate::wire::Incoming;

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
