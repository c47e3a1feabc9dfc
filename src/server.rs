//! `Server`: binds, starts the threads, and stops them.

use std::fmt;
use std::fs;
use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crossbeam_channel::Sender;

use crate::accept::Acceptor;
use crate::alarm::Alarm;
use crate::arrival::Service;
use crate::broadcaster::Broadcaster;
use crate::clock::Clock;
use crate::config::Config;
use crate::door::Door;
use crate::inbox::Input;
use crate::limits::SharedLimits;
use crate::os::{self, Bell, WritablePoll};
use crate::session::Shared;
use crate::tls::{self, Tls};

/// Messages that may wait for the broadcaster. When there are more, sessions wait, and so do
/// their clients.
const INBOX: usize = 1024;
/// A client that the network lost is noticed after this time. Not sooner, because the kernel
/// also counts one as lost that is there but has not read for as long.
const LOST_AFTER: Duration = Duration::from_secs(600);
/// How long what was said before the server stops may take to be dealt with.
const LAST_INPUTS: Duration = Duration::from_millis(500);
/// How long sessions may take to end after everybody was told goodbye.
const GRACE: Duration = Duration::from_millis(250);
/// How often to try when the second of two addresses cannot have the port the first was given.
const PORT_TRIES: usize = 16;

/// Why the server could not be started. Its `Display` says what failed.
#[derive(Debug)]
pub struct StartError {
    what: String,
    error: io::Error,
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot {}: {}", self.what, self.error)
    }
}

impl std::error::Error for StartError {}

fn failed(what: impl Into<String>) -> impl FnOnce(io::Error) -> StartError {
    let what = what.into();
    |error| StartError { what, error }
}

/// A running server.
#[derive(Debug)]
pub struct Server {
    inbox: Sender<Input>,
    limits: SharedLimits,
    tls: Option<Tls>,
    door: Arc<Door>,
    alarm: Arc<Alarm>,
    /// Rings to stop accepting.
    closing: Arc<Bell>,
    /// Rings when nobody is to be sent anything any more.
    closed: Bell,
    acceptors: Vec<JoinHandle<()>>,
    broadcaster: JoinHandle<()>,
}

impl Server {
    /// Binds and starts. `on_crash` runs if the broadcaster panics: there is no going on then.
    ///
    /// # Errors
    /// When a port cannot be bound, or the port file not written, or there is no thread.
    pub fn start(config: &Config, on_crash: fn()) -> Result<Self, StartError> {
        let tls = config.identity.clone().map(Tls::new);
        let listeners = listen(config, &services(config, tls.as_ref()))?;
        let closing = Arc::new(Bell::new().map_err(failed("make a wake-up"))?);
        let closed = Bell::new().map_err(failed("make a wake-up"))?;
        let alarm = Arc::new(Alarm::new().map_err(failed("make a wake-up"))?);
        let writable = WritablePoll::new(&closed).map_err(failed("make a poll"))?;
        let writable = Arc::new(writable);
        let (clock, limits) = (Clock::start(), SharedLimits::new(config.limits()));
        let (inbox, receiver) = crossbeam_channel::bounded(INBOX);

        let (shared_limits, poll, settings) =
            (limits.clone(), Arc::clone(&writable), config.settings());
        let web_port = listeners.iter().find_map(|(listener, service)| {
            service.web.as_ref().and_then(|_| listener.local_addr().ok()).map(|addr| addr.port())
        });
        let hurry = Arc::clone(&alarm);
        let broadcaster = spawn("broadcaster", move || {
            let _crash = OnPanic(on_crash);
            Broadcaster::new(receiver, clock, shared_limits, hurry, poll, settings, web_port).run();
        })?;
        let waker = inbox.clone();
        spawn("writable", move || report_writable(&writable, &waker))?;

        let door = Arc::new(Door::default());
        let shared = Shared {
            inbox: inbox.clone(),
            clock,
            limits: limits.clone(),
            alarm: Arc::clone(&alarm),
        };
        let accept = |(listener, service): (TcpListener, Service)| {
            let name = format!("accept {}", service.name);
            let (door, shared) = (Arc::clone(&door), shared.clone());
            let acceptor = Acceptor::new(listener, service, door, shared, Arc::clone(&closing));
            spawn(&name, move || acceptor.run())
        };
        let ports = announce(&listeners)?;
        let acceptors = listeners.into_iter().map(accept).collect::<Result<_, _>>()?;
        if let Some(path) = &config.port_file {
            let what = format!("write {}", path.display());
            write_at_once(path, &ports).map_err(failed(what))?;
        }
        Ok(Self { inbox, limits, tls, door, alarm, closing, closed, acceptors, broadcaster })
    }

    /// Puts the settings of `config` in force that can change while running.
    pub fn configure(&self, config: &Config) {
        self.limits.set(config.limits());
        if let (Some(tls), Some(identity)) = (&self.tls, &config.identity) {
            tls.replace(identity.clone());
        }
        if let Err(error) = self.alarm.ring() {
            log::error!("those who are silent keep their idle timeout: {error}");
        }
        // Fails only if the broadcaster is gone, and then the process is about to be.
        let _ = self.inbox.send(Input::Configure(config.settings()));
    }

    /// Stops accepting, tells everybody, and returns once they were told or had their chance.
    pub fn stop(self) {
        self.closing.ring();
        self.acceptors.into_iter().for_each(|acceptor| drop(acceptor.join()));
        let _ = self.inbox.send_timeout(Input::Stop, LAST_INPUTS);
        wait_until(LAST_INPUTS, || self.broadcaster.is_finished());
        self.alarm.stop();
        let _ = self.broadcaster.join();
        self.closed.ring();
        wait_until(GRACE, || self.door.clients() == 0);
    }
}

fn wait_until(limit: Duration, done: impl Fn() -> bool) {
    let deadline = Instant::now() + limit;
    while !done() && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(5));
    }
}

/// What `config` asks for, with the port of each.
fn services(config: &Config, tls: Option<&Tls>) -> Vec<(u16, Service)> {
    let mut services = vec![(config.port, Service { name: "text", tls: None, web: None })];
    if let Some(port) = config.web_port {
        let tls = tls.map(|tls| tls.server_config(&[tls::HTTP]));
        services.push((port, Service { name: "web", tls, web: Some(Arc::new(config.guard())) }));
    }
    if let Some(port) = config.tls_port {
        let tls = tls.map(|tls| tls.server_config(&[]));
        services.push((port, Service { name: "tls", tls, web: None }));
    }
    services
}

/// Binds all services to all addresses.
fn listen(
    config: &Config,
    services: &[(u16, Service)],
) -> Result<Vec<(TcpListener, Service)>, StartError> {
    let mut all = Vec::new();
    for (port, service) in services {
        let listeners = listen_on(config, *port)?;
        all.extend(listeners.into_iter().map(|listener| (listener, service.clone())));
    }
    Ok(all)
}

/// Binds a port of all addresses; 0 is any, the same for all.
fn listen_on(config: &Config, port: u16) -> Result<Vec<TcpListener>, StartError> {
    for _ in 1..PORT_TRIES {
        match listen_once(config, port) {
            Err(StartError { error, .. })
                if port == 0 && error.kind() == io::ErrorKind::AddrInUse => {}
            result => return result,
        }
    }
    listen_once(config, port)
}

fn listen_once(config: &Config, mut port: u16) -> Result<Vec<TcpListener>, StartError> {
    let mut listeners = Vec::new();
    for ip in config.addresses() {
        // Whoever names an IPv4 address, too, means IPv6 only by an IPv6 address.
        let v6_only = config.bind.iter().any(IpAddr::is_ipv4);
        let listener = bind(SocketAddr::new(ip, port), v6_only, config.bind.is_empty())?;
        port = listener.local_addr().map_or(port, |addr| addr.port());
        listeners.push(listener);
    }
    Ok(listeners)
}

fn bind(addr: SocketAddr, v6_only: bool, or_ipv4: bool) -> Result<TcpListener, StartError> {
    match os::listen(addr, v6_only, LOST_AFTER) {
        Err(error) if or_ipv4 && os::is_without_ipv6(&error) => {
            let addr = SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), addr.port());
            bind(addr, v6_only, false)
        }
        result => result.map_err(failed(format!("listen on {addr}"))),
    }
}

/// Logs where the server listens, and returns the same for the port file.
fn announce(listeners: &[(TcpListener, Service)]) -> Result<String, StartError> {
    let mut ports = String::new();
    for (listener, Service { name, .. }) in listeners {
        let addr = listener.local_addr().map_err(failed("learn the port"))?;
        log::info!("listening on {addr} ({name})");
        ports.push_str(&format!("{name} {}\n", addr.port()));
    }
    Ok(ports)
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

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, StartError> {
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
