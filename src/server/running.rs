//! A running `Server`: reload, stop, or leave everything to the next process.

use std::net::TcpListener;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::certificate;
use super::error::StartError;
use crate::admission::Door;
use crate::broadcaster;
use crate::config::Config;
use crate::intake::{Input, Shared};
use crate::net::Tls;
use crate::os::Bell;
use crate::restart::{Handover, Inherited, Listener, ManagerThread};
use crate::runtime::Replaceable;
use crate::store::Database;
use crate::web::Guard;

/// How long what was said before the server stops may take to be dealt with.
const LAST_INPUTS: Duration = Duration::from_millis(500);
/// How long sessions may take to end after everybody was told goodbye.
const GRACE: Duration = Duration::from_millis(250);
/// How long those who are on their way in may take when the server is handed over.
const HANDSHAKES: Duration = Duration::from_secs(1);

/// How long it may take, before the server is handed over, to tell the service manager of everybody.
/// For each connection it is given, systemd looks through all that it has: thousands that came at
/// once keep it busy for seconds.
const KEEPING: Duration = Duration::from_millis(6500);
/// How long it may take to tell it what has changed meanwhile.
const LAST_CHANGES: Duration = Duration::from_secs(1);
/// How long the server may take to be handed over, which a service manager has to wait.
pub const HAND_OVER: Duration = HANDSHAKES
    .saturating_add(GRACE)
    .saturating_add(KEEPING)
    .saturating_add(broadcaster::HAND_OVER)
    .saturating_add(LAST_CHANGES);

/// A running server.
#[derive(Debug)]
pub struct Server {
    pub(super) shared: Shared,
    pub(super) tls: Option<Tls>,
    pub(super) guard: Replaceable<Guard>,
    pub(super) door: Arc<Door>,
    /// Rings to stop accepting.
    pub(super) closing: Arc<Bell>,
    /// Rings to have those who are on their way in give up.
    pub(super) hurry: Arc<Bell>,
    /// Rings when nobody is to be sent anything any more.
    pub(super) closed: Bell,
    pub(super) acceptors: Vec<JoinHandle<(TcpListener, &'static str)>>,
    pub(super) broadcaster: JoinHandle<()>,
    pub(super) manager: ManagerThread,
    /// Services whose listeners the service manager's settings made.
    pub(super) assigned: Vec<String>,
}

impl Server {
    /// Opens the state directory, if there is to be one. To be done first: if it is of no use,
    /// what another process left is not to be touched.
    ///
    /// # Errors
    /// When it is of no use.
    pub fn open_database(config: &Config) -> Result<Option<Database>, StartError> {
        Ok(config.state_dir.as_deref().map(Database::open).transpose()?)
    }

    /// Puts the settings of `config` in force that can change while running.
    pub fn configure(&self, config: &Config) {
        self.shared.limits.replace(config.limits());
        if let (Some(tls), Some(identity)) = (&self.tls, &config.identity) {
            tls.replace(identity.clone());
            certificate::report(tls, &self.shared.metrics);
        }
        self.guard.replace(config.guard());
        if let Err(error) = self.shared.wakeup.ring() {
            log::error!("silent clients keep the old idle timeout: {error}");
        }
        // Fails only if the broadcaster is gone, and then the process is about to be.
        let _ = self.shared.inbox.send(Input::Configure(config.settings()));
    }

    /// Counts an attempt to read the settings again.
    pub fn count_reload(&self, successful: bool) {
        self.shared.metrics.set_reloaded(successful);
    }

    /// Stops accepting, tells everybody, and returns once they were told or had their chance.
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

    /// Stops without a word to anybody, and returns what another process needs to go on. Who
    /// connects meanwhile waits in the backlog of the listening sockets.
    pub fn hand_over(mut self) -> Option<Inherited> {
        let listeners = self.stop_accepting();
        wait_until(HANDSHAKES, || self.door.handshakes() == 0);
        self.hurry.ring();
        wait_until(GRACE, || self.door.handshakes() == 0);
        // While the chat goes on: it may take long.
        self.manager.flush(KEEPING);
        let (reply, legacy) = crossbeam_channel::bounded(1);
        self.shared.wakeup.park();
        let _ = self.shared.inbox.send(Input::HandOver(reply, Arc::clone(&self.door)));
        let Handover { snapshot, clients } = legacy.recv().ok()?;
        let _ = self.broadcaster.join();
        self.closed.ring();
        self.manager.flush(LAST_CHANGES);
        let listener = |(socket, name): (TcpListener, &str)| Listener {
            name: name.to_owned(),
            is_assigned: self.assigned.iter().any(|assigned| assigned == name),
            socket,
        };
        let listeners = listeners.into_iter().map(listener).collect();
        Some(Inherited { listeners, clients, snapshot: Some(snapshot), ..Inherited::default() })
    }

    fn stop_accepting(&mut self) -> Vec<(TcpListener, &'static str)> {
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
