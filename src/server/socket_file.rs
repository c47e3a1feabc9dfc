//! `SocketFile`: the path of a listening socket, which goes when the server ends.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::intake::Service;
use crate::os::ListeningSocket;
use crate::restart::manager;

/// Removes the file of a socket when dropped, unless another server has replaced it.
#[derive(Debug)]
pub(super) struct SocketFile {
    path: PathBuf,
    /// Its device and number.
    file: (u64, u64),
}

impl SocketFile {
    /// The file of the listener at a path, unless the service manager made it, or holds it for the
    /// next start.
    pub(super) fn of(
        listeners: &[(ListeningSocket, Service)],
        is_assigned: impl Fn(&str) -> bool,
    ) -> Option<Self> {
        let (listener, _) = listeners
            .iter()
            .find(|(_, service)| service.is_at_path && !is_assigned(service.name))?;
        let path = listener.path().filter(|_| !manager::is_managed())?;
        let file = identity(&path)?;
        Some(Self { path, file })
    }

    /// Leaves the file to the next process.
    pub(super) fn keep(self) {
        std::mem::forget(self);
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if identity(&self.path) == Some(self.file) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn identity(path: &Path) -> Option<(u64, u64)> {
    fs::symlink_metadata(path).ok().map(|metadata| (metadata.dev(), metadata.ino()))
}
