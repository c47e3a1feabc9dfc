//! Whether a path may be a state directory: its type, and which other users could change it.

use std::fs::{self, DirBuilder, Metadata};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::Path;

use super::fault::Fault;
use crate::os;

/// The files that chatd creates in a state directory.
const FILES: [&str; 4] = ["chatd.db", "chatd.db-wal", "chatd.db-shm", "chatd.lock"];

const ROOT: u32 = 0;
/// The permission bits that let users other than the owner write.
const OTHERS_WRITE: u32 = 0o022;

/// Refuses a `dir` that is no directory, or that another user could change. Creates and opens
/// nothing. A path that does not exist passes: a disk may be mounted later.
///
/// # Errors
/// The path cannot be the state directory of a server that runs as this user.
pub fn check_place(dir: &Path) -> Result<(), Fault> {
    let user = os::effective_user();
    check(dir, |_| vec![user])
}

/// The same for a subcommand. Also refuses a `dir` that does not exist: it is a typing error. Root
/// may manage the directory of any user.
///
/// # Errors
/// The path is no state directory that this user may manage.
pub fn check_there(dir: &Path) -> Result<(), Fault> {
    match fs::metadata(dir).map_err(|error| error.kind()) {
        Err(ErrorKind::NotFound | ErrorKind::NotADirectory) => Err(Fault::about(
            dir,
            "no such directory; name the server's state directory, or create it first as the user \
             that the server runs as",
        )),
        _ => match os::effective_user() {
            ROOT => check(dir, |owner| vec![owner, ROOT]),
            user => check(dir, |_| vec![user]),
        },
    }
}

pub(crate) fn make(dir: &Path) -> Result<(), Fault> {
    match DirBuilder::new().mode(0o700).create(dir) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(Fault::about(dir, error)),
        _ => Ok(()),
    }
}

/// `may_own` returns the users that may own the directory and the files in it; its argument is the
/// owner of the directory.
fn check(dir: &Path, may_own: impl Fn(u32) -> Vec<u32>) -> Result<(), Fault> {
    let Ok(found) = fs::metadata(dir) else { return Ok(()) };
    if !found.is_dir() {
        return Err(Fault::about(dir, "not a directory"));
    }
    let owners = may_own(found.uid());
    check_owner(dir, &found, &owners)?;
    for file in FILES.map(|name| dir.join(name)) {
        if let Ok(found) = fs::metadata(&file) {
            check_owner(&file, &found, &owners)?;
        }
    }
    Ok(())
}

/// Refuses `path`, whose metadata is `found`, unless only `owners` can change it and the link to
/// it.
fn check_owner(path: &Path, found: &Metadata, owners: &[u32]) -> Result<(), Fault> {
    let link = fs::symlink_metadata(path).ok().filter(Metadata::is_symlink);
    let linker = link.map(|link| link.uid()).filter(|user| *user != ROOT);
    let user = os::effective_user();
    let mode = found.mode() & 0o7777;
    if let Some(other) = linker.filter(|other| !owners.contains(other)) {
        let what =
            format!("user {other} owns this link and could change it; give its target instead");
        Err(Fault::about(path, what))
    } else if !owners.contains(&found.uid()) {
        let owner = found.uid();
        let what = format!(
            "it belongs to user {owner}, and chatd runs as user {user}; run chatd as that user, \
             or change the owner with chown"
        );
        Err(Fault::about(path, what))
    } else if mode & OTHERS_WRITE != 0 {
        let what =
            format!("other users can write to it (mode {mode:o}); change that with chmod go-w");
        Err(Fault::about(path, what))
    } else {
        Ok(())
    }
}
