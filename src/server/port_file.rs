//! The file that lists the ports in use.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use super::error::{StartError, failed};

/// Writes `ports`, one line per port, to the file at `path`.
///
/// # Errors
/// When the file cannot be written.
pub(super) fn write(path: &Path, ports: &str) -> Result<(), StartError> {
    write_at_once(path, ports).map_err(failed(format!("write {}", path.display())))
}

/// Writes a file atomically, and never through a link: a reader sees all of it or nothing.
fn write_at_once(path: &Path, contents: &str) -> io::Result<()> {
    let mut unfinished = path.as_os_str().to_owned();
    unfinished.push(format!(".{}", std::process::id()));
    // A process with the same id that was killed may have left one.
    let _ = fs::remove_file(&unfinished);
    let written = fs::File::create_new(&unfinished)
        .and_then(|mut file| file.write_all(contents.as_bytes()))
        .and_then(|()| fs::rename(&unfinished, path));
    if written.is_err() {
        let _ = fs::remove_file(&unfinished);
    }
    written
}
