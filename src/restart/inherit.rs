//! The descriptors that a process finds open when it starts, from the previous process or from the
//! service manager.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt;

use super::files::{LISTENER, ROSTER, SNAPSHOT};
use super::record::{Record, rooms_in};
use super::snapshot::Snapshot;
use crate::chat::{ClientId, RoomRecord};
use crate::cluster::NodeOrigin;
use crate::os::{self, ListeningSocket};

/// Takes the descriptors that the previous process or the service manager passed to this one. The
/// manager still has them, for another start if this one fails, until `ManagerThread::take_over`.
/// To be called once.
pub fn inherit() -> Inherited {
    let mut inherited = Inherited::default();
    let given = sd_listen_fds::get().unwrap_or_else(|error| {
        log::error!("cannot take over sockets: {error}");
        Vec::new()
    });
    for (name, fd) in given {
        let (name, fd) = (name.unwrap_or_default(), fd.into_std());
        if let Err(error) = take(&mut inherited, &name, fd) {
            log::error!("cannot take over {name:?}: {error}");
        }
    }
    inherited
}

fn take(inherited: &mut Inherited, name: &str, fd: OwnedFd) -> Result<(), String> {
    os::close_on_exec(&fd).map_err(|error| error.to_string())?;
    if name == SNAPSHOT {
        let bytes = contents(fd).map_err(|error| error.to_string())?;
        if !bytes.is_empty() {
            inherited.snapshot = Some(Snapshot::from_bytes(bytes)?);
        }
    } else if name == ROSTER {
        let bytes = contents(fd).map_err(|error| error.to_string())?;
        (inherited.roster, inherited.is_complete) = known(&bytes);
        inherited.rooms = rooms_in(&bytes).collect();
        let nodes = inherited.roster.extract_if(.., |record| record.node.is_some());
        inherited.node = nodes.last().and_then(|record| record.node);
    } else if let Some(id) = name.strip_prefix('c').and_then(|number| number.parse().ok()) {
        inherited.clients.push((ClientId(id), fd));
    } else {
        let own = name.strip_prefix(LISTENER);
        let socket = ListeningSocket::new(fd);
        socket.set_nonblocking().map_err(|error| error.to_string())?;
        let name = own.unwrap_or(name).to_owned();
        inherited.listeners.push(Listener { name, is_assigned: own.is_none(), socket });
    }
    Ok(())
}

/// The records of a roster that can be read, and whether these are all.
fn known(roster: &[u8]) -> (Vec<Record>, bool) {
    let (known, unknown): (Vec<_>, Vec<_>) = Record::all_in(roster).partition(Result::is_ok);
    if let Some(Err(error)) = unknown.first() {
        log::error!("cannot read {} records of the roster: {error}", unknown.len());
    }
    (known.into_iter().flatten().collect(), unknown.is_empty())
}

/// All of a file, from its beginning.
fn contents(fd: OwnedFd) -> io::Result<Vec<u8>> {
    let file = File::from(fd);
    let length = usize::try_from(file.metadata()?.len()).map_err(io::Error::other)?;
    let mut bytes = vec![0; length];
    file.read_exact_at(&mut bytes, 0)?;
    Ok(bytes)
}

/// What one process leaves to the next.
#[derive(Debug, Default)]
pub struct Inherited {
    /// Listening sockets, by the names of their services.
    pub listeners: Vec<Listener>,
    /// Connections, by the clients they belong to.
    pub clients: Vec<(ClientId, OwnedFd)>,
    /// The state of the previous process, if it ended on purpose.
    pub snapshot: Option<Snapshot>,
    /// A record of each client, in case there is no snapshot.
    pub roster: Vec<Record>,
    /// A record of each room with settings or roles, for the same case.
    pub rooms: Vec<RoomRecord>,
    /// What the previous process was in its cluster, by the roster.
    pub node: Option<NodeOrigin>,
    /// Whether the whole roster could be read, so that clients not in it have left.
    pub is_complete: bool,
}

impl Inherited {
    /// Whether a connection of which nothing is known is that of a client that had left the chat.
    pub fn has_only_members(&self) -> bool {
        self.snapshot.is_some() || self.is_complete
    }
}

/// An inherited listening socket.
#[derive(Debug)]
pub struct Listener {
    /// The name of its service.
    pub name: String,
    /// Whether the service manager made it by its own settings, which override ours.
    pub is_assigned: bool,
    /// The socket.
    pub socket: ListeningSocket,
}
