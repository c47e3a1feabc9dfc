//! `Server`: binds, starts the threads, and stops them.

mod estate;
mod listeners;

use std::fs;
use std::io::{self, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crossbeam_channel::Sender;

use crate::admission::door::Door;
use crate::admission::limits::SharedLimits;
use crate::broadcaster::{self, Broadcaster, Surroundings};
use crate::config::{Config, Durability};
use crate::intake::accept::{Acceptor, Entrance};
use crate::intake::handshake::Service;
use crate::intake::inbox;
use crate::intake::inbox::Input;
use crate::intake::session::Shared;
use crate::net::tls;
use crate::net::tls::Tls;
use crate::os::{Bell, WritablePoll};
use crate::restart::files::SnapshotFile;
use crate::restart::inherit::{Inherited, Listener};
use crate::restart::manager_thread::Keeper;
use crate::restart::snapshot::Legacy;
use crate::runtime::clock::Clock;
use crate::runtime::threads::Threads;
use crate::runtime::wakeup::Alarm;
use crate::store::{Database, Fault, Past, Store};
use crate::telemetry::metrics::Metrics;
use crate::web::{SharedGuard, Site};

pub use self::listeners::{StartError, failed};

use self::estate::Estate;
use self::listeners::Wanted;

/// How long what was said before the server stops may take to be dealt with.
const LAST_INPUTS: Duration = Duration::from_millis(500);
/// How long sessions may take to end after everybody was told goodbye.
const GRACE: Duration = Duration::from_millis(250);
/// How long the broadcaster may take to say how things stand.
const COUNTING: Duration = Duration::from_secs(1);
/// How long those who are on their way in may take when the server is handed over.
const ARRIVAL: Duration = Duration::from_secs(1);

/// How long it may take, before the server is handed over, to tell the service manager of everybody.
/// For each connection it is given, systemd looks through all that it has: thousands that came at
/// once keep it busy for seconds.
const KEEPING: Duration = Duration::from_millis(6500);
/// How long it may take to tell it what has changed meanwhile.
const LAST_CHANGES: Duration = Duration::from_secs(1);
/// How long the server may take to be handed over, which a service manager has to wait.
pub const HAND_OVER: Duration = ARRIVAL
    .saturating_add(GRACE)
    .saturating_add(KEEPING)
    .saturating_add(broadcaster::HAND_OVER)
    .saturating_add(LAST_CHANGES);

/// A running server.
#[derive(Debug)]
pub struct Server {
    inbox: Sender<Input>,
    limits: SharedLimits,
    tls: Option<Tls>,
    guard: SharedGuard,
    metrics: Arc<Metrics>,
    door: Arc<Door>,
    alarm: Arc<Alarm>,
    /// Rings to stop accepting.
    closing: Arc<Bell>,
    /// Rings to have those who are on their way in give up.
    hurry: Arc<Bell>,
    /// Rings when nobody is to be sent anything any more.
    closed: Bell,
    acceptors: Vec<JoinHandle<(TcpListener, &'static str)>>,
    broadcaster: JoinHandle<()>,
    keeper: Keeper,
    /// Services whose listeners the service manager's settings made.
    assigned: Vec<String>,
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
        let tls = config.identity.clone().map(Tls::new);
        let metrics = Arc::new(Metrics::default());
        let (inbox, receiver) = inbox::open(config.limits().max_clients);
        // It may find damage, which is a matter of the state directory, not of the ports.
        let (past, store) = open_store(config, database, &inbox, inherited.snapshot.is_some())?;
        let guard = SharedGuard::new(config.guard());
        let services = services(config, tls.as_ref(), &guard, figures(&metrics, &inbox));
        let given = std::mem::take(&mut inherited.listeners);
        let assigned = assigned(&given);
        let listeners = listeners::listen(config, services, given, !inherited.clients.is_empty())?;
        listeners::keep(&listeners, |name| assigned.iter().any(|other| other == name));
        let ports = listeners::announce(&listeners)?;
        let bell = || Bell::new().map_err(failed("make a wake-up"));
        let (closing, hurry, closed) = (Arc::new(bell()?), Arc::new(bell()?), bell()?);
        let alarm = Arc::new(Alarm::new().map_err(failed("make a wake-up"))?);
        let writable = WritablePoll::new(&closed).map_err(failed("make a poll"))?;
        let writable = Arc::new(writable);
        let before = inherited.snapshot.as_ref().map_or(Duration::ZERO, |before| before.uptime);
        let (clock, limits) = (Clock::start(before), SharedLimits::new(config.limits()));

        let keeper = Keeper::start(snapshot).map_err(failed("start the thread \"systemd\""))?;
        let surroundings = Surroundings {
            store,
            clock,
            limits: limits.clone(),
            alarm: Arc::clone(&alarm),
            keeper: keeper.clone(),
            metrics: metrics.clone(),
            web_port: listeners::web_port(&listeners),
        };
        let door = Arc::new(Door::default());
        let shared = Shared {
            inbox: inbox.clone(),
            clock,
            limits: limits.clone(),
            metrics: metrics.clone(),
            alarm: Arc::clone(&alarm),
        };
        let entrance = Entrance {
            door: Arc::clone(&door),
            shared: shared.clone(),
            threads: Threads::new("client"),
            closing: Arc::clone(&closing),
            hurry: Arc::clone(&hurry),
        };
        let estate = Estate { door: &door, shared: &shared };
        let (mut chat, heirs) = estate.divide(inherited, config.settings());
        past.rooms.into_iter().for_each(|room| room.recall_in(&mut chat));
        chat.register(past.roll);
        let poll = Arc::clone(&writable);
        // All are adopted before anybody is read, or somebody would miss what others say.
        let adopted = entrance.threads.clone();
        // Threads of the server's own come first: there may not be one for every client.
        let (complete, start) = crossbeam_channel::bounded::<()>(0);
        let broadcaster = spawn("broadcaster", move || {
            let _crash = OnPanic(on_crash);
            if start.recv().is_err() {
                // Those who were left to us are for the next start.
                return;
            }
            let mut broadcaster = Broadcaster::new(receiver, surroundings, poll, chat);
            heirs.into_iter().for_each(|heir| heir.join(&mut broadcaster, &adopted));
            broadcaster.run();
        })?;
        let waker = inbox.clone();
        spawn("writable", move || report_writable(&writable, &waker))?;

        let accept = |(listener, service): (TcpListener, Service)| {
            let name = format!("accept {}", service.name);
            let acceptor = Acceptor::new(listener, service, entrance.clone());
            spawn(&name, move || acceptor.run())
        };
        let acceptors = listeners.into_iter().map(accept).collect::<Result<_, _>>()?;
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

    /// Puts the settings of `config` in force that can change while running.
    pub fn configure(&self, config: &Config) {
        self.limits.set(config.limits());
        if let (Some(tls), Some(identity)) = (&self.tls, &config.identity) {
            tls.replace(identity.clone());
        }
        self.guard.replace(config.guard());
        if let Err(error) = self.alarm.ring() {
            log::error!("those who are silent keep their idle timeout: {error}");
        }
        // Fails only if the broadcaster is gone, and then the process is about to be.
        let _ = self.inbox.send(Input::Configure(config.settings()));
    }

    /// Counts an attempt to read the settings again.
    pub fn count_reload(&self, successful: bool) {
        self.metrics.set_reloaded(successful);
    }

    /// Stops accepting, tells everybody, and returns once they were told or had their chance.
    pub fn stop(mut self) {
        self.stop_accepting();
        self.hurry.ring();
        let _ = self.inbox.send_timeout(Input::Stop, LAST_INPUTS);
        wait_until(LAST_INPUTS, || self.broadcaster.is_finished());
        self.alarm.stop();
        let _ = self.broadcaster.join();
        self.closed.ring();
        wait_until(GRACE, || self.door.clients() == 0);
    }

    /// Stops without a word to anybody, and returns what another process needs to go on. Who
    /// connects meanwhile waits in the backlog of the listening sockets.
    pub fn hand_over(mut self) -> Option<Inherited> {
        let listeners = self.stop_accepting();
        wait_until(ARRIVAL, || self.door.arriving() == 0);
        self.hurry.ring();
        wait_until(GRACE, || self.door.arriving() == 0);
        // While the chat goes on: it may take long.
        self.keeper.flush(KEEPING);
        let (reply, legacy) = crossbeam_channel::bounded(1);
        self.alarm.park();
        let _ = self.inbox.send(Input::HandOver(reply, Arc::clone(&self.door)));
        let Legacy { snapshot, clients } = legacy.recv().ok()?;
        let _ = self.broadcaster.join();
        self.closed.ring();
        self.keeper.flush(LAST_CHANGES);
        let listener = |(socket, name): (TcpListener, &str)| Listener {
            name: name.to_owned(),
            is_assigned: self.assigned.iter().any(|assigned| assigned == name),
            socket,
        };
        let listeners = listeners.into_iter().map(listener).collect();
        Some(Inherited { listeners, clients, snapshot: Some(snapshot), roster: Vec::new() })
    }

    fn stop_accepting(&mut self) -> Vec<(TcpListener, &'static str)> {
        self.closing.ring();
        self.acceptors.drain(..).filter_map(|acceptor| acceptor.join().ok()).collect()
    }
}

/// The names of the services whose listeners the service manager's settings made.
fn assigned(listeners: &[Listener]) -> Vec<String> {
    let assigned = listeners.iter().filter(|listener| listener.is_assigned);
    assigned.map(|listener| listener.name.clone()).collect()
}

fn wait_until(limit: Duration, done: impl Fn() -> bool) {
    let deadline = Instant::now() + limit;
    while !done() && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(5));
    }
}

/// A store, if there is one, and whether lines wait for it.
type Memory = Option<(Store, Durability)>;

/// Starts the store, if there is to be one; the past is shown unless the chat goes on anyway.
fn open_store(
    config: &Config,
    database: Option<Database>,
    inbox: &Sender<Input>,
    goes_on: bool,
) -> Result<(Past, Memory), Fault> {
    let Some(mut database) = database else { return Ok((Past::default(), None)) };
    let mut past = database.past(config.settings().replay)?;
    let inbox = inbox.clone();
    // Without a broadcaster there is nobody to tell.
    let report = move |event| drop(inbox.send(Input::Store(event)));
    let store = Store::start(database, config.retention(), report)?;
    if goes_on {
        past.rooms.clear();
    }
    Ok((past, Some((store, config.durability))))
}

/// What `config` asks for.
fn services(config: &Config, tls: Option<&Tls>, guard: &SharedGuard, figures: Site) -> Vec<Wanted> {
    let wanted = |port, name, tls, site: Option<Site>| {
        let service = Service { name, tls, site: site.map(Arc::new) };
        Wanted { addresses: config.addresses(), port, service }
    };
    let mut services = vec![wanted(config.port, "text", None, None)];
    if let Some(port) = config.web_port {
        let tls = tls.map(|tls| tls.server_config(&[tls::HTTP]));
        services.push(wanted(port, "web", tls, Some(Site::Page(guard.clone()))));
    }
    if let Some(port) = config.tls_port {
        let tls = tls.map(|tls| tls.server_config(&[]));
        services.push(wanted(port, "tls", tls, None));
    }
    if let Some(addr) = config.metrics {
        let metrics = wanted(addr.port(), "metrics", None, Some(figures));
        services.push(Wanted { addresses: vec![addr.ip()], ..metrics });
    }
    services
}

/// The page of figures; the broadcaster is asked for those that only it knows.
fn figures(metrics: &Arc<Metrics>, inbox: &Sender<Input>) -> Site {
    let (metrics, inbox) = (metrics.clone(), inbox.clone());
    Site::Metrics(Box::new(move || {
        let (reply, census) = crossbeam_channel::bounded(1);
        let asked = inbox.send_timeout(Input::Count(reply), COUNTING);
        let census = asked.ok().and_then(|()| census.recv_timeout(COUNTING).ok());
        metrics.to_text(census.unwrap_or_default())
    }))
}

/// Writes a file so that whoever sees it sees all of it, and never through a link.
fn write_at_once(path: &Path, contents: &str) -> io::Result<()> {
    let mut unfinished = path.as_os_str().to_owned();
    unfinished.push(format!(".{}", std::process::id()));
    // One may be left from a process that had the same number and was killed.
    let _ = fs::remove_file(&unfinished);
    let written = fs::File::create_new(&unfinished)
        .and_then(|mut file| file.write_all(contents.as_bytes()))
        .and_then(|()| fs::rename(&unfinished, path));
    if written.is_err() {
        let _ = fs::remove_file(&unfinished);
    }
    written
}

fn report_writable(writable: &WritablePoll, inbox: &Sender<Input>) {
    loop {
        match writable.wait() {
            Ok(numbers) => {
                for number in numbers {
                    let input = Input::Writable(crate::chat::ClientId(number));
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
