//! The files that settings name.

use std::fs;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use crate::text::Text;

/// Bytes of a MOTD, which is sent to each client that connects.
const MAX_MOTD: u64 = 64 * 1024;

/// Bytes of a PEM file; certificates and keys are far smaller.
const MAX_PEM: u64 = 1024 * 1024;

/// The message of the day.
#[derive(Clone, Debug)]
pub(super) struct Motd(pub(super) Arc<[Text]>);

impl Motd {
    pub(super) fn read(path: &str) -> Result<Self, String> {
        let mut contents = Vec::new();
        match read_file(path, MAX_MOTD + 1, &mut contents) {
            Err(error) => Err(format!("cannot read the file: {error}")),
            Ok(_) if contents.len() as u64 > MAX_MOTD => {
                Err(format!("the file is longer than {MAX_MOTD} bytes"))
            }
            Ok(_) => {
                let whole = contents.strip_suffix(b"\n").unwrap_or(&contents);
                let lines = whole.split(|&byte| byte == b'\n').filter(|_| !contents.is_empty());
                Ok(Self(lines.map(Text::new).collect()))
            }
        }
    }
}

/// The parsed contents of a PEM file.
#[derive(Clone, Debug)]
pub(super) struct Pem<T> {
    /// Its path, for errors and warnings.
    pub(super) path: String,
    pub(super) contents: T,
}

impl<T> Pem<T> {
    /// Reads and parses the file at `path`.
    pub(super) fn read(path: &str, parse: fn(&[u8]) -> Result<T, String>) -> Result<Self, String> {
        let mut pem = Vec::new();
        read_file(path, MAX_PEM, &mut pem).map_err(|error| format!("cannot read it: {error}"))?;
        Ok(Self { path: path.to_owned(), contents: parse(&pem)? })
    }
}

/// Reads at most `most` bytes of a regular file. Others, such as FIFOs, could block a reload for
/// ever.
pub(super) fn read_file(
    path: impl AsRef<Path>,
    most: u64,
    contents: &mut Vec<u8>,
) -> io::Result<usize> {
    if !fs::metadata(&path)?.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    fs::File::open(path)?.take(most).read_to_end(contents)
}
