//! Listening sockets: bound, or inherited.

use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::error::{StartError, failed};
use crate::config::Config;
use crate::intake::Service;
use crate::os::{self, ListeningSocket};
use crate::restart::{Listener, files, manager};
use crate::wire::Dialect;
use crate::wire::irc::Caps;

/// A client whose network is gone is detected after this time. Not sooner, because the kernel also
/// gives up a client that is there but has read nothing for as long.
const LOST_AFTER: Duration = Duration::from_secs(600);
/// How often to try when a port that the kernel chose for one address is taken on another.
const PORT_TRIES: usize = 16;

/// A service, and where to listen.
pub(super) struct Wanted {
    pub(super) place: Place,
    pub(super) service: Service,
}

impl Wanted {
    /// The same, whose clients speak IRC.
    pub(super) fn speaking_irc(mut self) -> Self {
        self.service.dialect = Dialect::Irc(Caps::default());
        self
    }
}

/// Where to listen.
pub(super) enum Place {
    /// On these addresses and this port.
    Addresses(Vec<IpAddr>, u16),
    /// At a path, with this mode and group.
    Path(PathBuf, u32, Option<u32>),
}

/// The listeners of all services, inherited or newly bound. With `have_clients` a service that
/// cannot be bound is left out, so that the inherited clients are not lost.
pub(super) fn listen(
    config: &Config,
    services: Vec<Wanted>,
    mut inherited: Vec<Listener>,
    have_clients: bool,
) -> Result<Vec<(ListeningSocket, Service)>, StartError> {
    let mut all = Vec::new();
    for wanted in services {
        let (own, others) =
            inherited.into_iter().partition(|found: &Listener| found.name == wanted.service.name);
        inherited = others;
        let listeners = match take_inherited(config, &wanted, own) {
            Some(taken) => taken,
            None => match listen_on(config, &wanted) {
                Err(error) if have_clients => {
                    log::error!("{error}; continuing without it");
                    Vec::new()
                }
                result => result?,
            },
        };
        for listener in listeners {
            os::prepare(&listener, LOST_AFTER).map_err(failed("prepare a listening socket"))?;
            all.push((listener, wanted.service.clone()));
        }
    }
    for found in inherited {
        if found.is_assigned {
            log::warn!("systemd passed a socket named {:?}, but no setting uses it", found.name);
        } else {
            retire(&found);
        }
    }
    Ok(all)
}

/// Stores the listeners with the service manager that it did not make itself.
pub(super) fn store(listeners: &[(ListeningSocket, Service)], is_assigned: impl Fn(&str) -> bool) {
    for (listener, Service { name, .. }) in listeners {
        if !is_assigned(name) {
            manager::store(&files::listener_name(name, false), listener);
        }
    }
}

/// The inherited sockets of one service, if they are to be used: always if the service manager made
/// them; those of the previous process only if they match the settings.
fn take_inherited(
    config: &Config,
    wanted: &Wanted,
    found: Vec<Listener>,
) -> Option<Vec<ListeningSocket>> {
    let (assigned, own): (Vec<_>, Vec<_>) = found.into_iter().partition(|found| found.is_assigned);
    let taken = if assigned.is_empty() { own } else { assigned };
    if taken.iter().any(|found| found.is_assigned) || fits(config, &wanted.place, &taken) {
        return Some(taken.into_iter().map(|found| found.socket).collect());
    }
    taken.iter().for_each(retire);
    None
}

/// Whether the sockets of the previous process are those that the settings ask for.
fn fits(config: &Config, place: &Place, taken: &[Listener]) -> bool {
    let (wanted, port) = match place {
        Place::Addresses(wanted, port) => (wanted, *port),
        Place::Path(path, mode, group) => {
            let is_it = |found: &Listener| found.socket.path().as_ref() == Some(path);
            return !taken.is_empty()
                && taken.iter().all(is_it)
                // Somebody may have removed the file, and the settings may let others connect.
                && os::is_in_use(path).unwrap_or(false)
                && os::let_connect(path, *mode, *group).is_ok();
        }
    };
    let addresses: Vec<_> = taken.iter().filter_map(|found| found.socket.address()).collect();
    let is_asked_for = |ip: &IpAddr| {
        let is_it = |addr: &SocketAddr| {
            let is_fallback = config.bind.is_empty() && addr.ip().is_unspecified();
            (addr.ip() == *ip || is_fallback) && (port == 0 || addr.port() == port)
        };
        addresses.iter().any(is_it)
    };
    addresses.len() == wanted.len() && wanted.iter().all(is_asked_for)
}

/// Stops a listener of the previous process that the settings do not ask for any more.
fn retire(listener: &Listener) {
    if let Some(path) = listener.socket.path() {
        let _ = fs::remove_file(path);
    }
    os::stop_listening(&listener.socket);
    manager::forget(&files::listener_name(&listener.name, false));
}

/// Listens at the path, or binds the port on all addresses. With port 0 the kernel chooses one, the
/// same for all.
fn listen_on(config: &Config, wanted: &Wanted) -> Result<Vec<ListeningSocket>, StartError> {
    let (addresses, port) = match &wanted.place {
        Place::Addresses(addresses, port) => (addresses, *port),
        Place::Path(path, mode, group) => return Ok(vec![listen_at(path, *mode, *group)?]),
    };
    for _ in 1..PORT_TRIES {
        match listen_once(config, addresses, port) {
            Err(StartError { kind: io::ErrorKind::AddrInUse, .. }) if port == 0 => {}
            result => return result,
        }
    }
    listen_once(config, addresses, port)
}

fn listen_at(path: &Path, mode: u32, group: Option<u32>) -> Result<ListeningSocket, StartError> {
    os::listen_at(path, mode, group).map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => {
            StartError::new(format!("cannot listen on {}: a running chatd has it", path.display()))
        }
        _ => failed(format!("listen on {}", path.display()))(error),
    })
}

fn listen_once(
    config: &Config,
    addresses: &[IpAddr],
    mut port: u16,
) -> Result<Vec<ListeningSocket>, StartError> {
    let mut listeners = Vec::new();
    for &ip in addresses {
        // If the settings name an IPv4 address, too, `::` must not cover IPv4.
        let v6_only = config.bind.iter().any(IpAddr::is_ipv4);
        let listener = bind(SocketAddr::new(ip, port), v6_only, config.bind.is_empty())?;
        port = listener.address().map_or(port, |addr| addr.port());
        listeners.push(listener);
    }
    Ok(listeners)
}

fn bind(addr: SocketAddr, v6_only: bool, or_ipv4: bool) -> Result<ListeningSocket, StartError> {
    match os::listen(addr, v6_only, false, LOST_AFTER) {
        Err(error) if or_ipv4 && os::is_without_ipv6(&error) => {
            let addr = SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), addr.port());
            return bind(addr, v6_only, false);
        }
        Err(error) if is_not_here(addr, &error) => {
            log::warn!(
                "{} is not an address of this machine yet; listening on it anyway",
                addr.ip()
            );
            // If that fails as well, the first error says more.
            os::listen(addr, v6_only, true, LOST_AFTER).map_err(|_| error)
        }
        result => result,
    }
    .map_err(failed(format!("listen on {addr}")))
}

/// Whether `addr` may be an address that the machine will be given later, as while it boots.
fn is_not_here(addr: SocketAddr, error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::AddrNotAvailable && !addr.ip().is_unspecified()
}

/// Logs the addresses that the server listens on, and returns the text of the port file.
pub(super) fn announce(listeners: &[(ListeningSocket, Service)]) -> String {
    let mut ports = String::new();
    for (listener, Service { name, .. }) in listeners {
        if let Some(addr) = listener.address() {
            log::info!("listening on {addr} ({name})");
            ports.push_str(&format!("{name} {}\n", addr.port()));
        } else if let Some(path) = listener.path() {
            log::info!("listening on {} ({name})", path.display());
            ports.push_str(&format!("{name} {}\n", path.display()));
        }
    }
    ports
}

/// The port of the page, to name to clients that send HTTP to another port.
pub(super) fn web_port(listeners: &[(ListeningSocket, Service)]) -> Option<u16> {
    let (listener, _) = listeners.iter().find(|(_, service)| service.name == "web")?;
    listener.address().map(|addr| addr.port())
}
