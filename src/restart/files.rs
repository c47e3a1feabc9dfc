//! The files in memory that one process leaves to the next, and the names of its descriptors.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt;

use super::record::room_slot;
use super::snapshot::Snapshot;
use crate::chat::ClientId;
use crate::os;

/// The name under which the next process looks for a snapshot.
pub const SNAPSHOT: &str = "snapshot";

/// The name under which the next process looks for a roster.
pub const ROSTER: &str = "roster";

/// The prefix of the names of listeners that this server bound. A client's name is `c` and its
/// number.
pub(super) const LISTENER: &str = "listen-";

/// The name of a client's descriptor in the service manager's store.
pub fn client_name(id: ClientId) -> String {
    id.to_string()
}

/// The name under which the next process looks for a listener. `is_assigned` means that the
/// service manager made it.
pub fn listener_name(service: &str, is_assigned: bool) -> String {
    if is_assigned { service.to_owned() } else { format!("{LISTENER}{service}") }
}

/// The file for the snapshot. It is stored before it is needed: the manager drops descriptors that
/// arrive while its store is full.
#[derive(Debug)]
pub struct SnapshotFile(File);

impl SnapshotFile {
    /// Creates an empty file.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn reserve() -> io::Result<Self> {
        Ok(Self(File::from(os::memory_file(SNAPSHOT)?)))
    }

    /// Writes `snapshot` into the file, which must be empty.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn fill(&self, snapshot: &Snapshot) -> io::Result<()> {
        snapshot.write_to(&self.0)
    }

    /// Empties the file again, because the snapshot is out of date.
    pub fn clear(&self) {
        if let Err(error) = self.0.set_len(0) {
            log::error!("cannot empty the snapshot: {error}");
        }
    }

    /// A descriptor of the file, for the next process.
    ///
    /// # Errors
    /// When there are too many open files.
    pub fn try_clone(&self) -> io::Result<OwnedFd> {
        Ok(self.0.try_clone()?.into())
    }
}

/// A roster of the clients in `snapshot`, for a next process that cannot read the snapshot.
///
/// # Errors
/// When there is no memory for it.
pub fn roster_of(snapshot: &Snapshot) -> io::Result<OwnedFd> {
    let file = File::from(os::memory_file(ROSTER)?);
    let clients = snapshot.records().filter_map(|record| record.to_slot());
    let rooms = snapshot.chat.room_records().filter_map(room_slot);
    let slots: Vec<_> = clients.chain(rooms).collect();
    file.write_all_at(&slots.concat(), 0)?;
    Ok(file.into())
}
