//! `Server::start`: binds, restores, and starts the threads.

use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::cluster::Before;
use super::error::{StartError, failed};
use super::listeners::{self, Wanted};
use super::origin::origin;
use super::restore::{Restored, RestoredClient, restore};
use super::running::Server;
use super::services::{OpenStore, figures, open_store, services};
use super::socket_file::SocketFile;
use super::{certificate, cluster, port_file};
use crate::broadcaster::{Beginning, Broadcaster, Environment};
use crate::chat::ClientId;
use crate::config::Config;
use crate::delivery::Senders;
use crate::intake::inbox::{self};
use crate::intake::{Acceptor, Entrance, Hurry, Input, Service, SessionContext};
use crate::net::Tls;
use crate::os::{Bell, ListeningSocket, WritablePoll};
use crate::restart::{Inherited, Listener, ManagerThread, SnapshotFile};
use crate::runtime::channel::Sender;
use crate::runtime::clock::{self};
use crate::runtime::{Clock, Replaceable, Threads, Wakeup};
use crate::store::Database;
use crate::telemetry::{ClusterMetrics, Metrics};

impl Server {
    /// Binds and starts, and continues from the state in `inherited`. `snapshot` is the file for
    /// the next restart. `on_crash` runs if the broadcaster panics, and must end the process.
    ///
    /// # Errors
    /// When a port cannot be bound, or the port file not written, or there is no thread.
    pub fn start(
        config: &Config,
        database: Option<Database>,
        mut inherited: Inherited,
        snapshot: &SnapshotFile,
        on_crash: fn(),
    ) -> Result<Self, StartError> {
        let cluster_metrics = config.cluster.as_ref().map(|_| ClusterMetrics::default());
        let metrics = Arc::new(Metrics::new(cluster_metrics.as_ref()));
        let (inbox, receiver) = inbox::open(config.limits().max_clients);
        // First, because damage to the database is to be reported before a port that is in use.
        let (past, roll, store) = open_store(config, database, &inbox)?;
        config.cluster.as_ref().map_or(Ok(()), cluster::check_key)?;
        let (tls, guard) =
            (config.identity.clone().map(Tls::new), Replaceable::new(config.guard()));
        let figures = figures(&metrics, &inbox, &guard);
        let assigned = assigned(&inherited.listeners);
        let wanted = services(config, tls.as_ref(), &guard, figures, &assigned);
        let (listeners, ports) = listen(config, wanted, &mut inherited, &assigned)?;
        let path = SocketFile::of(&listeners, |name| assigned.iter().any(|other| other == name));
        let (closing, hurry, closed) = (Arc::new(bell()?), Arc::new(hurry()?), bell()?);
        let manager =
            ManagerThread::start(snapshot).map_err(failed("start the thread \"systemd\""))?;
        let shared = share(config, &mut inherited, inbox, metrics)?;
        let entrance = entrance(config, &shared, &closing, &hurry);
        let (door, proxies) = (Arc::clone(&entrance.door), entrance.proxies.clone());
        let before = Before::new(config, &past, roll);
        let restored = restore(inherited, past, config, &door, &shared, &manager);
        let (chat, clients) = begin(config, cluster_metrics, before, restored, &shared)?;

        // The server's own threads come first: the system may not have one for every client.
        let writable = Arc::new(WritablePoll::new(&closed).map_err(failed("create a poll"))?);
        let senders = start_senders(config, &writable)?;
        let environment = environment(&shared, &manager, store, senders, &listeners);
        let poll = Arc::clone(&writable);
        let make = move || Broadcaster::new(receiver, environment, poll, chat);
        let clients = (clients, entrance.sessions.clone());
        let (broadcaster, start) = start_broadcaster(make, clients, on_crash)?;
        start_writable(writable, shared.inbox.clone())?;
        start_certificate(tls.as_ref(), &shared.metrics, &closing)?;
        let acceptors = start_acceptors(listeners, &entrance)?;
        config.port_file.as_deref().map_or(Ok(()), |path| port_file::write(path, &ports))?;
        // Fails only if the broadcaster has panicked already.
        let _ = start.send(());
        #[rustfmt::skip]
        let server = Self {
            shared, tls, guard, door, proxies, closing, hurry, closed, acceptors, broadcaster, manager, assigned, path,
        };
        Ok(server)
    }
}

/// The chat that the broadcaster begins with, alone or as a node, and the clients in it.
fn begin(
    config: &Config,
    metrics: Option<ClusterMetrics>,
    before: Before,
    restored: Restored,
    shared: &SessionContext,
) -> Result<(Beginning, Vec<RestoredClient>), StartError> {
    let Restored { mut chat, unsaved_bans, node, was, requests, clients } = restored;
    if node.is_none() {
        chat.name_lines_after(&origin(config.state_dir.is_some(), clock::moment()));
    }
    let cluster = config.cluster.as_ref().zip(metrics);
    let chat = cluster::join(cluster, before.with(node, was), chat, shared)?;
    Ok(((chat, unsaved_bans, requests), clients))
}

/// Binds the wanted listeners that are not inherited; also returns the text of the port file.
fn listen(
    config: &Config,
    wanted: Vec<Wanted>,
    inherited: &mut Inherited,
    assigned: &[String],
) -> Result<(Vec<(ListeningSocket, Service)>, String), StartError> {
    let given = std::mem::take(&mut inherited.listeners);
    let listeners = listeners::listen(config, wanted, given, !inherited.clients.is_empty())?;
    listeners::store(&listeners, |name| assigned.iter().any(|other| other == name));
    let names: Vec<_> = listeners.iter().map(|(_, service)| service.name).collect();
    config.useless(&names).iter().for_each(|useless| log::warn!("{useless}"));
    let ports = listeners::announce(&listeners);
    Ok((listeners, ports))
}

/// What all sessions share. The clock continues from the uptime of the previous process.
fn share(
    config: &Config,
    inherited: &mut Inherited,
    inbox: Sender<Input>,
    metrics: Arc<Metrics>,
) -> Result<SessionContext, StartError> {
    if let (None, Some(snapshot)) = (&config.cluster, &mut inherited.snapshot) {
        snapshot.adopt_chat_clock();
    }
    let before = inherited.snapshot.as_ref().map_or(Duration::ZERO, |before| before.uptime);
    Ok(SessionContext {
        inbox,
        clock: Clock::start(before),
        limits: Replaceable::new(config.limits()),
        metrics,
        wakeup: Arc::new(Wakeup::new().map_err(failed("create a wakeup"))?),
    })
}

/// What the broadcaster shares with the server. It gets no sender of its own inbox, on which it
/// could block.
fn environment(
    shared: &SessionContext,
    manager: &ManagerThread,
    store: OpenStore,
    senders: Senders,
    listeners: &[(ListeningSocket, Service)],
) -> Environment {
    Environment {
        store,
        clock: shared.clock,
        limits: shared.limits.clone(),
        wakeup: Arc::clone(&shared.wakeup),
        senders,
        manager: manager.clone(),
        metrics: Arc::clone(&shared.metrics),
        web_port: listeners::web_port(listeners),
    }
}

/// What all acceptors share.
fn entrance(
    config: &Config,
    shared: &SessionContext,
    closing: &Arc<Bell>,
    hurry: &Arc<Hurry>,
) -> Entrance {
    Entrance {
        door: Arc::default(),
        proxies: Replaceable::new(config.proxies()),
        shared: shared.clone(),
        handshakes: Threads::new("handshake"),
        sessions: Threads::new("client"),
        closing: Arc::clone(closing),
        hurry: Arc::clone(hurry),
    }
}

fn hurry() -> Result<Hurry, StartError> {
    Hurry::new().map_err(failed("create a wakeup"))
}

fn bell() -> Result<Bell, StartError> {
    Bell::new().map_err(failed("create a wakeup"))
}

/// The names of the services whose listeners the service manager's settings made.
fn assigned(listeners: &[Listener]) -> Vec<String> {
    let assigned = listeners.iter().filter(|listener| listener.is_assigned);
    assigned.map(|listener| listener.name.clone()).collect()
}

/// Starts the broadcaster with the restored clients. It begins once the returned sender is used:
/// until then the start may fail, and the clients are left to the next attempt.
fn start_broadcaster(
    make: impl FnOnce() -> Broadcaster + Send + 'static,
    (clients, threads): (Vec<RestoredClient>, Threads),
    on_crash: fn(),
) -> Result<(JoinHandle<()>, crossbeam_channel::Sender<()>), StartError> {
    let (complete, start) = crossbeam_channel::bounded::<()>(0);
    let thread = spawn("broadcaster", move || {
        let _crash = OnPanic(on_crash);
        if start.recv().is_err() {
            return;
        }
        let mut broadcaster = make();
        // All join before the broadcaster takes input, so that none misses what others say.
        clients.into_iter().for_each(|client| client.join(&mut broadcaster, &threads));
        broadcaster.run();
    })?;
    Ok((thread, complete))
}

fn start_senders(config: &Config, writable: &Arc<WritablePoll>) -> Result<Senders, StartError> {
    let senders = Senders::start(config.senders(), writable);
    senders.map_err(failed("start the thread \"sender\""))
}

/// Starts the thread that reports sockets that have become writable.
fn start_writable(writable: Arc<WritablePoll>, inbox: Sender<Input>) -> Result<(), StartError> {
    spawn("writable", move || report_writable(&writable, &inbox)).map(drop)
}

/// Starts the thread that warns before the certificate expires, if there is one.
fn start_certificate(
    tls: Option<&Tls>,
    metrics: &Arc<Metrics>,
    closing: &Arc<Bell>,
) -> Result<(), StartError> {
    let Some(tls) = tls.cloned() else { return Ok(()) };
    let metrics = Arc::clone(metrics);
    let closing = Arc::clone(closing);
    spawn("certificate", move || certificate::watch(&tls, &metrics, &closing)).map(drop)
}

/// Starts a thread for each listener.
fn start_acceptors(
    listeners: Vec<(ListeningSocket, Service)>,
    entrance: &Entrance,
) -> Result<Vec<JoinHandle<(ListeningSocket, &'static str)>>, StartError> {
    let accept = |(listener, service): (ListeningSocket, Service)| {
        let name = format!("accept {}", service.name);
        let acceptor = Acceptor::new(listener, service, entrance.clone());
        spawn(&name, move || acceptor.run())
    };
    listeners.into_iter().map(accept).collect()
}

fn report_writable(writable: &WritablePoll, inbox: &Sender<Input>) {
    loop {
        match writable.wait() {
            Ok(numbers) => {
                for number in numbers {
                    let input = Input::Writable(ClientId(number));
                    if number == WritablePoll::BELL || inbox.send(input).is_err() {
                        return;
                    }
                }
            }
            Err(error) => return log::error!("cannot wait for writability: {error}"),
        }
    }
}

fn spawn<T: Send + 'static>(
    name: &str,
    run: impl FnOnce() -> T + Send + 'static,
) -> Result<JoinHandle<T>, StartError> {
    let thread = thread::Builder::new().name(name.to_owned());
    thread.spawn(run).map_err(failed(format!("start the thread {name:?}")))
}

/// Runs its function if its thread panics.
struct OnPanic(fn());

impl Drop for OnPanic {
    fn drop(&mut self) {
        if thread::panicking() {
            (self.0)();
        }
    }
}
