//! SIGUSR2: the server executes the program that is now on disk, and no client notices.

use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

use command_fds::{CommandFdExt, FdMapping};

use crate::harness::{Server, Signal, eventually};

mod activation;
mod connections;
pub(crate) mod crash;
mod crowd;
mod editing;
mod faults;
mod people;
mod versions;
mod wires;

/// Has the server make room for the next program, and waits until that one listens. What the first
/// one has logged may not all be here yet.
#[track_caller]
pub(crate) fn switch(server: &Server) {
    let restarting_as = " restarting as ";
    let before = server.log().matches(restarting_as).count();
    server.signal(Signal::USR2);
    eventually("the next program", || {
        let log = server.log();
        let (_, since) = log.rsplit_once(restarting_as)?;
        (log.matches(restarting_as).count() > before && since.contains(" listening on "))
            .then_some(())
    });
}

/// Says that it is over when it goes, even if that is because something failed: nobody waits for
/// those then who would go on until it is over.
pub(crate) struct OverAtTheEnd<'a>(pub(crate) &'a AtomicBool);

impl Drop for OverAtTheEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Switches again and again, and then says that it is over.
#[track_caller]
fn switch_often(server: &Server, times: usize, over: &AtomicBool) {
    let _over = OverAtTheEnd(over);
    (0..times).for_each(|_| switch(server));
}

/// chatd on 127.0.0.1 with these descriptors, by these names, as sd_listen_fds(3) has it.
pub(crate) fn given<S: AsRef<str>>(descriptors: impl IntoIterator<Item = (S, OwnedFd)>) -> Command {
    let (names, descriptors): (Vec<_>, Vec<_>) = descriptors.into_iter().unzip();
    let names: Vec<_> = names.iter().map(AsRef::as_ref).collect();
    // Only the process itself knows its number.
    let mut command = Command::new("sh");
    command.args(["-c", "LISTEN_PID=$$ exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_chatd")]);
    command.args(["--bind", "127.0.0.1"]).stderr(Stdio::piped());
    command.env("LISTEN_FDS", names.len().to_string()).env("LISTEN_FDNAMES", names.join(":"));
    let mapping = |(child_fd, parent_fd)| FdMapping { parent_fd, child_fd };
    command.fd_mappings((3..).zip(descriptors).map(mapping).collect()).unwrap();
    command
}
