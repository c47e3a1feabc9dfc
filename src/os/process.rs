//! The process: its descriptors, replacing its program, its user, and the host's name.

use std::io;
use std::os::fd::{AsFd, OwnedFd, RawFd};
use std::os::unix::process::CommandExt;
use std::process::Command;

use command_fds::{CommandFdExt, FdMapping};
use rustix::fs::FlockOperation;
use rustix::io::Errno;

/// The first descriptor after standard input, output and error.
const FIRST_FD: RawFd = 3;

/// Bytes of the names of all descriptors: an environment variable has at most 128 KiB (execve(2)).
const MAX_NAMES: usize = 127 * 1024;

/// Sets close-on-exec: the next program of this process does not inherit `fd`.
pub fn close_on_exec(fd: &impl AsFd) -> io::Result<()> {
    Ok(rustix::io::fcntl_setfd(fd, rustix::io::FdFlags::CLOEXEC)?)
}

/// Whether standard error goes to the journal: `JOURNAL_STREAM` names its device and inode
/// (systemd.exec(5)).
pub fn is_journal() -> bool {
    let Some(named) = std::env::var_os("JOURNAL_STREAM") else { return false };
    let stderr = rustix::fs::fstat(io::stderr());
    stderr.is_ok_and(|stat| named.to_str() == Some(&format!("{}:{}", stat.st_dev, stat.st_ino)))
}

/// An anonymous file in memory (memfd_create(2)). Close-on-exec.
pub fn memory_file(name: &str) -> io::Result<OwnedFd> {
    Ok(rustix::fs::memfd_create(name, rustix::fs::MemfdFlags::CLOEXEC)?)
}

/// Names the descriptors that `command` gets from number 3 on in its environment, as
/// sd_listen_fds(3) defines it.
pub fn announce_descriptors(command: &mut Command, names: &[String]) -> io::Result<()> {
    let count = names.len();
    let names = names.join(":");
    if names.len() > MAX_NAMES {
        return Err(io::ErrorKind::ArgumentListTooLong.into());
    }
    command
        .env("LISTEN_PID", std::process::id().to_string())
        .env("LISTEN_FDS", count.to_string())
        .env("LISTEN_FDNAMES", names);
    Ok(())
}

/// Replaces this process by `command` (execve(2)), which gets `fds` from descriptor 3 on. Returns
/// only if that fails. The process then has to exit, because some of its descriptors were
/// overwritten.
pub fn become_program(mut command: Command, fds: Vec<OwnedFd>) -> io::Error {
    let mappings =
        (FIRST_FD..).zip(fds).map(|(child_fd, parent_fd)| FdMapping { parent_fd, child_fd });
    match command.fd_mappings(mappings.collect()) {
        Ok(command) => command.exec(),
        Err(error) => io::Error::other(error),
    }
}

/// The effective user id.
pub fn effective_user() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// The host's name (uname(2)).
pub fn host_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// Locks `file` for as long as it is open (flock(2)); `false` when another process holds the lock.
pub fn lock(file: impl AsFd) -> io::Result<bool> {
    match rustix::fs::flock(file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(true),
        Err(Errno::WOULDBLOCK) => Ok(false),
        Err(error) => Err(error.into()),
    }
}
