//! A running `Server`: reload, stop, or hand everything to the next process.

use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::certificate;
use super::error::StartError;
use super::socket_file::SocketFile;
use crate::address::Networks;
use crate::admission::Door;
use crate::broadcaster;
use crate::config::Config;
use crate::intake::{Hurry, Input, SessionContext};
use crate::net::Tls;
use crate::os::{Bell, ListeningSocket};
use crate::restart::{Handover, Inherited, Listener, ManagerThread};
use crate::runtime::Replaceable;
use crate::store::Database;
use crate::web::Guard;

/// How long the broadcaster may take for earlier input when the server stops.
const LAST_INPUTS: Duration = Duration::from_millis(500);
/// How long sessions may take to end after all clients were told that the server stops.
const GRACE: Duration = Duration::from_millis(250);
/// How long handshakes may take when the server is handed over.
const HANDSHAKES: Duration = Duration::from_secs(1);

/// How long it may take, before the server is handed over, to store all connections with the
/// service manager. For each one, systemd searches all that it has: thousands at once take it
/// seconds.
const STORING: Duration = Duration::from_millis(6500);
/// How long it may take to tell the service manager what has changed meanwhile.
const LAST_CHANGES: Duration = Duration::from_secs(1);
/// How long a restart may take at most. The service manager must wait for as long.
pub const HAND_OVER: Duration = HANDSHAKES
    .saturating_add(GRACE)
    .saturating_add(STORING)
    .saturating_add(broadcaster::HAND_OVER)
    .saturating_add(LAST_CHANGES);

/// A running server.
#[derive(Debug)]
pub struct Server {
    pub(super) shared: SessionContext,
    pub(super) tls: Option<Tls>,
    pub(super) guard: Replaceable<Guard>,
    pub(super) door: Arc<Door>,
    pub(super) proxies: Replaceable<Networks>,
    /// Rings to stop accepting.
    pub(super) closing: Arc<Bell>,
    /// Rings to end all handshakes at once.
    pub(super) hurry: Arc<Hurry>,
    /// Rings when nothing is sent to clients any more.
    pub(super) closed: Bell,
    pub(super) acceptors: Vec<JoinHandle<(ListeningSocket, &'static str)>>,
    pub(super) broadcaster: JoinHandle<()>,
    pub(super) manager: ManagerThread,
    /// Services whose listeners the service manager's settings made.
    pub(super) assigned: Vec<String>,
    /// The file of the socket at a path.
    pub(super) path: Option<SocketFile>,
}

impl Server {
    /// Opens the state directory, if the settings name one. Call it before anything else: if it
    /// fails, the state of the previous process must not have been touched.
    ///
    /// # Errors
    /// When the directory or the database in it cannot be used.
    pub fn open_database(config: &Config) -> Result<Option<Database>, StartError> {
        Ok(config.state_dir.as_deref().map(Database::open).transpose()?)
    }

    /// Applies the settings of `config` that can change at run time.
    pub fn configure(&self, config: &Config) {
        self.shared.limits.replace(config.limits());
        if let (Some(tls), Some(identity)) = (&self.tls, &config.identity) {
            tls.replace(identity.clone());
            certificate::report(tls, &self.shared.metrics);
        }
        self.guard.replace(config.guard());
        self.proxies.replace(config.proxies());
        if let Err(error) = self.shared.wakeup.ring() {
            log::error!("silent clients keep the old idle timeout: {error}");
        }
        // Fails only if the broadcaster is gone, and then the process is about to be.
        let _ = self.shared.inbox.send(Input::Configure(config.settings()));
    }

    /// Puts the result of a reload into the metrics.
    pub fn count_reload(&self, successful: bool) {
        self.shared.metrics.set_reloaded(successful);
    }

    /// Stops accepting, tells all clients, and returns once they have got everything or their time
    /// is over.
    pub fn stop(mut self) {
        self.stop_accepting();
        self.hurry.ring();
        let _ = self.shared.inbox.send_timeout(Input::Stop, LAST_INPUTS);
        wait_until(LAST_INPUTS, || self.broadcaster.is_finished());
        self.shared.wakeup.stop();
        let _ = self.broadcaster.join();
        self.closed.ring();
        wait_until(GRACE, || self.door.clients() == 0);
    }

    /// Stops without telling the clients, and returns what the next process needs to continue. New
    /// connections wait meanwhile in the backlog of the listening sockets.
    pub fn hand_over(mut self) -> Option<Inherited> {
        let listeners = self.stop_accepting();
        if let Some(file) = self.path.take() {
            file.keep();
        }
        wait_until(HANDSHAKES, || self.door.handshakes() == 0);
        self.hurry.ring();
        wait_until(GRACE, || self.door.handshakes() == 0);
        // Before the sessions park, because it may take long.
        self.manager.flush(STORING);
        let (reply, handover) = crossbeam_channel::bounded(1);
        self.shared.wakeup.park();
        let _ = self.shared.inbox.send(Input::HandOver(reply, Arc::clone(&self.door)));
        let Handover { snapshot, clients } = handover.recv().ok()?;
        let _ = self.broadcaster.join();
        self.closed.ring();
        self.manager.flush(LAST_CHANGES);
        let listener = |(socket, name): (ListeningSocket, &str)| Listener {
            name: name.to_owned(),
            is_assigned: self.assigned.iter().any(|assigned| assigned == name),
            socket,
        };
        let listeners = listeners.into_iter().map(listener).collect();
        Some(Inherited { listeners, clients, snapshot: Some(snapshot), ..Inherited::default() })
    }

    fn stop_accepting(&mut self) -> Vec<(ListeningSocket, &'static str)> {
        self.closing.ring();
        self.acceptors.drain(..).filter_map(|acceptor| acceptor.join().ok()).collect()
    }
}

fn wait_until(limit: Duration, done: impl Fn() -> bool) {
    let deadline = Instant::now() + limit;
    while !done() && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(5));
    }
}
