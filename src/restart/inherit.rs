//! What a process finds open when it starts: from the process before, or from the service manager.

use std::fs::File;
use std::io;
use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt;

use super::files::{LISTENER, ROSTER, SNAPSHOT};
use super::snapshot::{Record, Snapshot};
use crate::chat::ClientId;
use crate::os;

/// Takes what the process before, or the service manager, left open for this one. The manager has
/// it still, for another start if this one fails, until `ManagerThread::take_over`.
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
    } else if let Some(id) = name.strip_prefix('c').and_then(|number| number.parse().ok()) {
        inherited.clients.push((ClientId(id), TcpStream::from(fd)));
    } else {
        let own = name.strip_prefix(LISTENER);
        let socket = TcpListener::from(fd);
        socket.set_nonblocking(true).map_err(|error| error.to_string())?;
        let name = own.unwrap_or(name).to_owned();
        inherited.listeners.push(Listener { name, is_assigned: own.is_none(), socket });
    }
    Ok(())
}

/// Those in a roster whose records can be read, and whether that is all of them.
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

/// What a process finds that another left, or leaves to another.
#[derive(Debug, Default)]
pub struct Inherited {
    /// Listening sockets, by the names of their services.
    pub listeners: Vec<Listener>,
    /// Connections, by the clients they belong to.
    pub clients: Vec<(ClientId, TcpStream)>,
    /// What was saved on purpose.
    pub snapshot: Option<Snapshot>,
    /// What was known of each client, for want of a snapshot.
    pub roster: Vec<Record>,
    /// Whether the roster could be read as a whole: whoever is not in it has left.
    pub is_complete: bool,
}

impl Inherited {
    /// Whether a client of which nothing is known had left the chat before.
    pub fn has_only_members(&self) -> bool {
        self.snapshot.is_some() || self.is_complete
    }
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
