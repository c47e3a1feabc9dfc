//! `Server::start`: a part for each service.

use std::net::TcpListener;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crossbeam_channel::Sender;

use super::error::{StartError, failed};
use super::listeners;
use super::port_file::write_at_once;
use super::restore::{Heir, restore};
use super::running::Server;
use super::services::{figures, open_store, services};
use crate::admission::door::Door;
use crate::admission::limits::SharedLimits;
use crate::broadcaster::{Broadcaster, Surroundings};
use crate::chat::ClientId;
use crate::config::Config;
use crate::intake::accept::{Acceptor, Entrance};
use crate::intake::handshake::Service;
use crate::intake::inbox::{self, Input};
use crate::intake::session::Shared;
use crate::net::tls::Tls;
use crate::os::{Bell, WritablePoll};
use crate::restart::files::SnapshotFile;
use crate::restart::inherit::{Inherited, Listener};
use crate::restart::manager_thread::Keeper;
use crate::runtime::clock::Clock;
use crate::runtime::threads::Threads;
use crate::runtime::wakeup::Alarm;
use crate::store::Database;
use crate::telemetry::metrics::Metrics;
use crate::web::SharedGuard;

impl Server {
    /// Binds and starts, and goes on with what another process left. `snapshot` is where this one
    /// will leave something; `on_crash` runs if the broadcaster panics: there is no going on then.
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
        let metrics = Arc::new(Metrics::default());
        let (inbox, receiver) = inbox::open(config.limits().max_clients);
        // It may find damage, which is a matter of the state directory, not of the ports.
        let (past, store) = open_store(config, database, &inbox, inherited.snapshot.is_some())?;
        let (tls, guard) =
            (config.identity.clone().map(Tls::new), SharedGuard::new(config.guard()));
        let wanted = services(config, tls.as_ref(), &guard, figures(&metrics, &inbox));
        let given = std::mem::take(&mut inherited.listeners);
        let assigned = assigned(&given);
        let listeners = listeners::listen(config, wanted, given, !inherited.clients.is_empty())?;
        listeners::keep(&listeners, |name| assigned.iter().any(|other| other == name));
        let ports = listeners::announce(&listeners)?;

        let (closing, hurry, closed) = (Arc::new(bell()?), Arc::new(bell()?), bell()?);
        let alarm = Arc::new(Alarm::new().map_err(failed("make a wake-up"))?);
        let writable = WritablePoll::new(&closed).map_err(failed("make a poll"))?;
        let writable = Arc::new(writable);
        let keeper = Keeper::start(snapshot).map_err(failed("start the thread \"systemd\""))?;
        let before = inherited.snapshot.as_ref().map_or(Duration::ZERO, |before| before.uptime);
        let shared = Shared {
            inbox: inbox.clone(),
            clock: Clock::start(before),
            limits: SharedLimits::new(config.limits()),
            metrics: metrics.clone(),
            alarm: Arc::clone(&alarm),
        };
        let door = Arc::new(Door::default());
        let (mut chat, heirs) = restore(inherited, config.settings(), &door, &shared);
        past.rooms.into_iter().for_each(|room| room.recall_in(&mut chat));
        chat.register(past.roll);

        // Threads of the server's own come first: there may not be one for every client.
        let threads = Threads::new("client");
        let surroundings = Surroundings {
            store,
            clock: shared.clock,
            limits: shared.limits.clone(),
            alarm: Arc::clone(&alarm),
            keeper: keeper.clone(),
            metrics: metrics.clone(),
            web_port: listeners::web_port(&listeners),
        };
        let poll = Arc::clone(&writable);
        let make = move || Broadcaster::new(receiver, surroundings, poll, chat);
        let (broadcaster, complete) = start_broadcaster(make, (heirs, threads.clone()), on_crash)?;
        start_writable(writable, inbox.clone())?;
        let limits = shared.limits.clone();
        let entrance = Entrance {
            door: Arc::clone(&door),
            shared,
            threads,
            closing: Arc::clone(&closing),
            hurry: Arc::clone(&hurry),
        };
        let acceptors = start_acceptors(listeners, &entrance)?;
        if let Some(path) = &config.port_file {
            let written = write_at_once(path, &ports);
            written.map_err(failed(format!("write {}", path.display())))?;
        }
        // Gone only if it panicked already.
        let _ = complete.send(());
        Ok(Self {
            inbox,
            limits,
            tls,
            guard,
            metrics,
            door,
            alarm,
            closing,
            hurry,
            closed,
            acceptors,
            broadcaster,
            keeper,
            assigned,
        })
    }
}

fn bell() -> Result<Bell, StartError> {
    Bell::new().map_err(failed("make a wake-up"))
}

/// The names of the services whose listeners the service manager's settings made.
fn assigned(listeners: &[Listener]) -> Vec<String> {
    let assigned = listeners.iter().filter(|listener| listener.is_assigned);
    assigned.map(|listener| listener.name.clone()).collect()
}

/// Starts the broadcaster with the clients of the process before. It begins when it is sent
/// something: until then the start may fail, and they are for the next one.
fn start_broadcaster(
    make: impl FnOnce() -> Broadcaster + Send + 'static,
    (heirs, threads): (Vec<Heir>, Threads),
    on_crash: fn(),
) -> Result<(JoinHandle<()>, Sender<()>), StartError> {
    let (complete, start) = crossbeam_channel::bounded::<()>(0);
    let thread = spawn("broadcaster", move || {
        let _crash = OnPanic(on_crash);
        if start.recv().is_err() {
            return;
        }
        let mut broadcaster = make();
        // All are adopted before anybody is read, or somebody would miss what others say.
        heirs.into_iter().for_each(|heir| heir.join(&mut broadcaster, &threads));
        broadcaster.run();
    })?;
    Ok((thread, complete))
}

/// Starts the thread that reports sockets that take more again.
fn start_writable(writable: Arc<WritablePoll>, inbox: Sender<Input>) -> Result<(), StartError> {
    spawn("writable", move || report_writable(&writable, &inbox)).map(drop)
}

/// Starts a thread for each listener.
fn start_acceptors(
    listeners: Vec<(TcpListener, Service)>,
    entrance: &Entrance,
) -> Result<Vec<JoinHandle<(TcpListener, &'static str)>>, StartError> {
    let accept = |(listener, service): (TcpListener, Service)| {
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
