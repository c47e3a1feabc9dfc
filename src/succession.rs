//! How the command makes room for another process: by turning into it, or by ending.

use std::env;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;
use std::process::Command;

use chatd::handover::{Inherited, Legacy, Listener};
use chatd::server::Server;
use chatd::{logging, os, systemd};

/// The program that runs, by its place on disk, where a newer one may be by now.
pub(crate) struct Program {
    path: PathBuf,
}

impl Program {
    /// This one, if it is known where it is.
    pub(crate) fn this() -> Option<Self> {
        Some(Self { path: env::current_exe().ok()? })
    }

    /// Turns into the program that is now on disk, which goes on with the clients of `server`.
    ///
    /// Returns only if that fails, with what it takes to go on in this process.
    pub(crate) fn replace(&self, server: Server) -> Inherited {
        log::info!("making room for {}", self.path.display());
        let Some((legacy, listeners)) = server.hand_over() else { return Inherited::default() };
        let error = match self.descriptors(&legacy, &listeners) {
            Ok(fds) => {
                logging::flush();
                let mut command = Command::new(&self.path);
                command.args(env::args_os().skip(1));
                os::become_program(command, fds)
            }
            Err(error) => error,
        };
        log::error!("cannot become {}: {error}", self.path.display());
        keep(legacy, listeners)
    }

    fn descriptors(
        &self,
        legacy: &Legacy,
        listeners: &[(std::net::TcpListener, &'static str)],
    ) -> io::Result<Vec<(String, OwnedFd)>> {
        let mut fds = vec![systemd::snapshot_file(&legacy.snapshot)?];
        for (listener, name) in listeners {
            fds.push((systemd::listener_name(name), listener.as_fd().try_clone_to_owned()?));
        }
        for (id, transport) in &legacy.clients {
            fds.push((systemd::client_name(*id), transport.as_fd().try_clone_to_owned()?));
        }
        Ok(fds)
    }
}

/// What this process goes on with if there is no other.
fn keep(legacy: Legacy, listeners: Vec<(std::net::TcpListener, &'static str)>) -> Inherited {
    let own =
        |(socket, name): (_, &str)| Listener { name: name.to_owned(), is_assigned: false, socket };
    let clients = legacy.clients.into_iter().filter_map(|(id, transport)| {
        let fd = transport.as_fd().try_clone_to_owned().ok()?;
        Some((id, fd.into()))
    });
    Inherited {
        listeners: listeners.into_iter().map(own).collect(),
        clients: clients.collect(),
        snapshot: Some(legacy.snapshot),
        roster: Vec::new(),
    }
}

/// Leaves everything with the service manager, which may start the next process or not.
pub(crate) fn leave_to_manager(server: Server) {
    let Some((legacy, _)) = server.hand_over() else { return };
    match systemd::snapshot_file(&legacy.snapshot) {
        // The connections are there already.
        Ok((name, file)) => systemd::store(&name, &file),
        Err(error) => log::error!("cannot leave anything to the next process: {error}"),
    }
}
