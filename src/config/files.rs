//! The files that settings name.

use std::fs;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use crate::text::Text;

/// A MOTD is for people to read, not for files to be sent.
const MAX_MOTD: u64 = 64 * 1024;

/// Certificates and keys are far smaller.
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

/// What is in a PEM file.
#[derive(Clone, Debug)]
pub(super) struct Pem<T> {
    /// Where it is, for complaints.
    pub(super) path: String,
    pub(super) contents: T,
}

impl<T> Pem<T> {
    /// Reads it, and what is in it.
    pub(super) fn read(path: &str, parse: fn(&[u8]) -> Result<T, String>) -> Result<Self, String> {
        let mut pem = Vec::new();
        read_file(path, MAX_PEM, &mut pem).map_err(|error| format!("cannot read it: {error}"))?;
        Ok(Self { path: path.to_owned(), contents: parse(&pem)? })
    }
}

/// Reads `most` bytes of a regular file: others, such as FIFOs, could make a reload wait for ever.
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
