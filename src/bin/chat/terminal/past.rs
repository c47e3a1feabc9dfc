//! `Past`: the lines that were typed, kept from one session to the next, without passwords.

use std::env;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use chatd::edit::has_secret;
use chatd::text::is_blank;

/// Most lines kept.
const MAX_LINES: usize = 500;

/// The lines, and the file of them if there is a place for it. By default there is none.
#[derive(Debug, Default)]
pub(crate) struct Past {
    file: Option<PathBuf>,
    lines: Vec<String>,
    /// The lines of this session.
    own: Vec<String>,
}

impl Past {
    /// Reads the lines of earlier sessions; none if that is not possible.
    pub(crate) fn load() -> Self {
        let file = folder().map(|folder| folder.join("chat_history"));
        let text = file.as_ref().and_then(|file| fs::read_to_string(file).ok());
        let lines = text.unwrap_or_default().lines().map(str::to_owned).collect();
        Self { file, lines, own: Vec::new() }
    }

    /// The lines of earlier sessions, oldest first.
    pub(crate) fn lines(&self) -> &[String] {
        &self.lines
    }

    /// Adds a line, unless it has a password.
    pub(crate) fn add(&mut self, line: &str) {
        if !is_blank(line) && !has_secret(line) {
            self.own.push(line.to_owned());
        }
        if self.own.len() > MAX_LINES {
            self.own.remove(0);
        }
    }

    /// Adds this session's lines to the file, to which another session may have added some; a
    /// failure is not worth a word.
    pub(crate) fn save(&self) {
        let Some(file) = self.file.as_ref().filter(|_| !self.own.is_empty()) else { return };
        let mut lines = Self::load().lines;
        lines.extend(self.own.iter().cloned());
        let start = lines.len().saturating_sub(MAX_LINES);
        let _ = write(file, &lines[start..]);
    }
}

/// `$XDG_STATE_HOME/chatd`, as the XDG Base Directory Specification has it.
fn folder() -> Option<PathBuf> {
    let absolute = |name| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let state = absolute("XDG_STATE_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".local/state")))?;
    Some(state.join("chatd"))
}

/// Replaces the file at once, so that no other session reads half of it.
fn write(file: &Path, lines: &[String]) -> io::Result<()> {
    fs::create_dir_all(file.parent().unwrap_or(file))?;
    let new = file.with_extension(std::process::id().to_string());
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    // Only the user may read it.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut output = options.open(&new)?;
    lines.iter().try_for_each(|line| writeln!(output, "{line}"))?;
    fs::rename(new, file)
}
