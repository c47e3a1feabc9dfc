//! Restart: this process executes the new program, or ends and leaves its state to the service
//! manager.

use std::env;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::process::{self, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use chatd::os;
use chatd::restart::{Inherited, SnapshotFile, files};
use chatd::server::Server;
use chatd::telemetry::logging;
use chatd::text::Text;

use crate::exit::{CRASHED, first_line};

/// How long a program may take to show that it can run.
const TRIAL: Duration = Duration::from_secs(5);
/// Bytes read of its error message.
const MAX_COMPLAINT: usize = 4096;
/// How often to check whether the program ended.
const TRIAL_POLL: Duration = Duration::from_millis(5);

/// What a restart needs, prepared at the start.
pub(crate) struct Restart {
    /// The path of this program, where an upgrade may have put a newer one.
    path: PathBuf,
    /// The file for the snapshot.
    pub(crate) file: SnapshotFile,
}

impl Restart {
    /// Takes the path and the file while they can be had.
    ///
    /// # Errors
    /// The program's path is unknown, or the file cannot be created.
    pub(crate) fn prepare() -> io::Result<Self> {
        let by_name = || env::args_os().next().map(PathBuf::from);
        let path = env::current_exe().or_else(|error| by_name().ok_or(error))?;
        Ok(Self { path, file: SnapshotFile::reserve()? })
    }

    /// Whether the program that is now on disk runs and accepts its settings, because there is no
    /// way back after execve(2). Logs why if not.
    pub(crate) fn try_out(&self) -> bool {
        let result = self.run_trial();
        if let Err(error) = &result {
            log::error!("not restarted, nothing was changed: {}: {error}", self.path.display());
        }
        result.is_ok()
    }

    fn run_trial(&self) -> io::Result<()> {
        // Unlike a pipe, it can be read without waiting while another process holds it open.
        let complaint = File::from(os::memory_file("complaint")?);
        let mut command = self.command();
        command.arg("--check").stdin(Stdio::null()).stdout(Stdio::null());
        let mut trial = command.stderr(complaint.try_clone()?).spawn()?;
        let deadline = Instant::now() + TRIAL;
        loop {
            match trial.try_wait()? {
                Some(status) if status.success() => return Ok(()),
                Some(status) => return Err(why(&complaint, status)),
                None if Instant::now() < deadline => thread::sleep(TRIAL_POLL),
                None => {
                    trial.kill()?;
                    trial.wait()?;
                    return Err(io::ErrorKind::TimedOut.into());
                }
            }
        }
    }

    /// Executes the program that is now on disk, which continues with the clients of `server`.
    ///
    /// Returns only if preparing fails, with what this process needs to start its server again.
    pub(crate) fn replace(&self, server: Server) -> Inherited {
        log::info!("restarting as {}", self.path.display());
        let Some(left) = server.hand_over() else { return Inherited::default() };
        match self.ready(&left) {
            Ok((command, state)) => {
                logging::flush();
                let error = os::become_program(command, descriptors(state, left));
                log::error!("cannot execute {}: {error}", self.path.display());
                logging::flush();
                process::exit(CRASHED)
            }
            Err(error) => {
                log::error!("not restarted: {error}");
                self.file.clear();
                left
            }
        }
    }

    /// The command that continues with `left`, and the files that hold its state.
    fn ready(&self, left: &Inherited) -> io::Result<(Command, Vec<Named>)> {
        let mut state = vec![(files::SNAPSHOT, self.file.try_clone()?)];
        if let Some(all) = &left.snapshot {
            self.file.fill(all)?;
            state.push((files::ROSTER, files::roster_of(all)?));
        }
        let mut command = self.command();
        os::announce_descriptors(&mut command, &names(&state, left))?;
        Ok((command, state))
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.path);
        command.args(env::args_os().skip(1));
        command
    }

    /// Leaves the state with the service manager, in case it starts the next process.
    pub(crate) fn leave_to_manager(&self, server: Server) {
        let Some(Inherited { snapshot: Some(snapshot), .. }) = server.hand_over() else { return };
        // The manager already holds the connections and this file.
        if let Err(error) = self.file.fill(&snapshot) {
            self.file.clear();
            log::error!("cannot save the snapshot for the next process: {error}");
        }
    }
}

/// The error of a program that ended with `status`: the first line of its stderr, or the status.
fn why(complaint: &File, status: ExitStatus) -> io::Error {
    let mut text = [0; MAX_COMPLAINT];
    let length = complaint.read_at(&mut text, 0).unwrap_or_default();
    let text = String::from_utf8_lossy(&text[..length]);
    match Text::new(first_line(&text)) {
        line if line.is_blank() => io::Error::other(status.to_string()),
        line => io::Error::other(line.as_str().to_owned()),
    }
}

/// A file, and the name under which the next process finds it.
type Named = (&'static str, OwnedFd);

/// The names of the next process's descriptors, in the order of [`descriptors`].
fn names(state: &[Named], left: &Inherited) -> Vec<String> {
    let state = state.iter().map(|(name, _)| (*name).to_owned());
    let listeners =
        left.listeners.iter().map(|found| files::listener_name(&found.name, found.is_assigned));
    let clients = left.clients.iter().map(|(id, _)| files::client_name(*id));
    state.chain(listeners).chain(clients).collect()
}

fn descriptors(state: Vec<Named>, left: Inherited) -> Vec<OwnedFd> {
    let listeners = left.listeners.into_iter().map(|found| found.socket.into());
    let clients = left.clients.into_iter().map(|(_, stream)| stream);
    state.into_iter().map(|(_, file)| file).chain(listeners).chain(clients).collect()
}
