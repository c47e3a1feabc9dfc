//! The file that tells which ports are in use.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use super::error::{StartError, failed};

/// Writes the ports in use, a line each.
///
/// # Errors
/// When the file cannot be written; says which.
pub(super) fn write(path: &Path, ports: &str) -> Result<(), StartError> {
    write_at_once(path, ports).map_err(failed(format!("write {}", path.display())))
}

/// Writes a file so that whoever sees it sees all of it, and never through a link.
fn write_at_once(path: &Path, contents: &str) -> io::Result<()> {
    let mut unfinished = path.as_os_str().to_owned();
    unfinished.push(format!(".{}", std::process::id()));
    // One may be left from a process that had the same number and was killed.
    let _ = fs::remove_file(&unfinished);
    let written = fs::File::create_new(&unfinished)
        .and_then(|mut file| file.write_all(contents.as_bytes()))
        .and_then(|()| fs::rename(&unfinished, path));
    if written.is_err() {
        let _ = fs::remove_file(&unfinished);
    }
    written
}
