//! Whether a path may be a state directory: what is there, and who else could change it.

use std::fs::{self, DirBuilder, Metadata};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::Path;

use super::fault::Fault;
use crate::os;

/// What chatd makes in a state directory.
const FILES: [&str; 4] = ["chatd.db", "chatd.db-wal", "chatd.db-shm", "chatd.lock"];

const ROOT: u32 = 0;
/// The permission bits that let anybody but the owner write.
const OTHERS_WRITE: u32 = 0o022;

/// Refuses a `dir` that is something else, or that another user could change. Makes and opens
/// nothing; a disk that is not there now may be later.
///
/// # Errors
/// When the path can be no state directory of a server that runs as this user.
pub fn check_place(dir: &Path) -> Result<(), Fault> {
    let user = os::effective_user();
    check(dir, |_| vec![user])
}

/// The same for a subcommand. A `dir` that is not there is refused, too: it is a slip. Root may
/// look after the directory of any user.
///
/// # Errors
/// When the path is no state directory that this user may look after.
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

/// `may_own` says which users may own the directory, which belongs to its argument, and the files
/// in it.
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

/// Refuses what is `found` at `path` unless only `owners` can change it, or the link to it.
fn check_owner(path: &Path, found: &Metadata, owners: &[u32]) -> Result<(), Fault> {
    let link = fs::symlink_metadata(path).ok().filter(Metadata::is_symlink);
    let linker = link.map(|link| link.uid()).filter(|user| *user != ROOT);
    let (user, mode) = (os::effective_user(), found.mode() & 0o7777);
    if let Some(other) = linker.filter(|other| !owners.contains(other)) {
        let what = format!("user {other} made this link and could change it; name its target");
        Err(Fault::about(path, what))
    } else if !owners.contains(&found.uid()) {
        let owner = found.uid();
        let what = format!(
            "it belongs to user {owner}, and chatd runs as user {user}; run chatd as that user, \
             or change the owner with chown"
        );
        Err(Fault::about(path, what))
    } else if mode & OTHERS_WRITE != 0 {
        let what = format!(
            "not only its owner can write to it (mode {mode:o}); change that with chmod go-w"
        );
        Err(Fault::about(path, what))
    } else {
        Ok(())
    }
}
