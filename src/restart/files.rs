//! The files in memory that one process leaves to the next, and the names of what it leaves.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt;

use super::snapshot::Snapshot;
use crate::chat::ClientId;
use crate::os;

/// The name under which the next process looks for a snapshot.
pub const SNAPSHOT: &str = "snapshot";

/// That of a roster.
pub const ROSTER: &str = "roster";

/// What those of our own listeners begin with. A client's is `c` and its number.
pub(super) const LISTENER: &str = "listen-";

/// A client's name in the store.
pub fn client_name(id: ClientId) -> String {
    id.to_string()
}

/// The name under which the next process looks for a listener.
pub fn listener_name(service: &str, is_assigned: bool) -> String {
    if is_assigned { service.to_owned() } else { format!("{LISTENER}{service}") }
}

/// A place for the snapshot, taken before it is needed: the manager drops what comes when its
/// store is full.
#[derive(Debug)]
pub struct SnapshotFile(File);

impl SnapshotFile {
    /// Makes an empty one.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn reserve() -> io::Result<Self> {
        Ok(Self(File::from(os::memory_file(SNAPSHOT)?)))
    }

    /// Leaves `snapshot` in it.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn fill(&self, snapshot: &Snapshot) -> io::Result<()> {
        snapshot.write_to(&self.0)
    }

    /// Empties it again: what it says is no longer true.
    pub fn clear(&self) {
        if let Err(error) = self.0.set_len(0) {
            log::error!("cannot empty the snapshot: {error}");
        }
    }

    /// The file, for the next process.
    ///
    /// # Errors
    /// When there are too many open files.
    pub fn try_clone(&self) -> io::Result<OwnedFd> {
        Ok(self.0.try_clone()?.into())
    }
}

/// A file of what is noted of those in `snapshot`, for a next process that cannot read that.
///
/// # Errors
/// When there is no memory for it.
pub fn roster_of(snapshot: &Snapshot) -> io::Result<OwnedFd> {
    let file = File::from(os::memory_file(ROSTER)?);
    let slots: Vec<_> = snapshot.records().filter_map(|record| record.to_slot()).collect();
    file.write_all_at(&slots.concat(), 0)?;
    Ok(file.into())
}
