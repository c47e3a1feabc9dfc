//! The services and the store that the settings ask for.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::listeners::{Place, Wanted};
use crate::chat::RollChange;
use crate::config::{Config, Durability};
use crate::intake::{Input, Service};
use crate::net::Tls;
use crate::net::tls::{self};
use crate::runtime::Replaceable;
use crate::runtime::channel::Sender;
use crate::store::{Database, Fault, Past, Store};
use crate::telemetry::Metrics;
use crate::web::{Guard, Site};
use crate::wire::Dialect;

/// How long the broadcaster may take to answer a request for its figures.
const COUNTING: Duration = Duration::from_secs(1);

/// Starts the store, if there is a database, and returns the history in it; for a node of a cluster
/// also its accounts and bans.
pub(super) fn open_store(
    config: &Config,
    database: Option<Database>,
    inbox: &Sender<Input>,
) -> Result<(Past, Vec<RollChange>, OpenStore), Fault> {
    let Some(mut database) = database else {
        return Ok((Past::default(), Vec::new(), None));
    };
    let past = database.past(config.settings().replay)?;
    let roll = config.cluster.as_ref().map(|_| database.whole_roll()).transpose()?;
    let inbox = inbox.clone();
    // Fails only if the broadcaster has ended.
    let report = move |event| drop(inbox.send(Input::Store(Box::new(event))));
    let store = Store::start(database, config.retention(), report)?;
    Ok((past, roll.unwrap_or_default(), Some((store, config.durability))))
}

/// The services that `config` asks for, or that the service manager made a socket for.
pub(super) fn services(
    config: &Config,
    tls: Option<&Tls>,
    guard: &Replaceable<Guard>,
    figures: Site,
    assigned: &[String],
) -> Vec<Wanted> {
    let wanted = |port, name, tls, site: Option<Site>| {
        let dialect = Dialect::default();
        let site = site.map(Arc::new);
        let service = Service { name, tls, site, dialect, is_at_path: false };
        Wanted { place: Place::Addresses(config.addresses(), port), service }
    };
    // The port of such a socket is the service manager's, so any number does here.
    let port_of = |port: Option<u16>, name: &str| {
        port.or_else(|| assigned.iter().any(|assigned| assigned == name).then_some(0))
    };
    let mut services = vec![wanted(config.port, "text", None, None)];
    if let Some(port) = port_of(config.web_port, "web") {
        let tls = tls.map(|tls| tls.server_config(&[tls::HTTP]));
        services.push(wanted(port, "web", tls, Some(Site::page(guard.clone()))));
    }
    if let Some(tls) = tls
        && let Some(port) = port_of(config.tls_port, "tls")
    {
        services.push(wanted(port, "tls", Some(tls.server_config(&[])), None));
    }
    if let Some(port) = port_of(config.irc_port, "irc") {
        services.push(wanted(port, "irc", None, None).speaking_irc());
    }
    if let Some(tls) = tls
        && let Some(port) = port_of(config.irc_tls_port, "irc-tls")
    {
        let tls = Some(tls.server_config(&[tls::IRC]));
        services.push(wanted(port, "irc-tls", tls, None).speaking_irc());
    }
    if let Some(port) = port_of(config.metrics.map(|addr| addr.port()), "metrics") {
        let addresses = config.metrics.map_or_else(Vec::new, |addr| vec![addr.ip()]);
        let metrics = wanted(port, "metrics", None, Some(figures));
        services.push(Wanted { place: Place::Addresses(addresses, port), ..metrics });
    }
    let is_assigned = assigned.iter().any(|assigned| assigned == "unix");
    let path = config.unix.clone().map(|path| path.0);
    if let Some(path) = path.or_else(|| is_assigned.then(PathBuf::new)) {
        let place = Place::Path(path, config.unix_mode.0, config.unix_group.map(|group| group.0));
        let text = wanted(0, "unix", None, None);
        services.push(Wanted { place, service: Service { is_at_path: true, ..text.service } });
    }
    services
}

/// The page with the metrics. Each request asks the broadcaster for the figures that only it knows.
pub(super) fn figures(
    metrics: &Arc<Metrics>,
    inbox: &Sender<Input>,
    guard: &Replaceable<Guard>,
) -> Site {
    let (metrics, inbox) = (metrics.clone(), inbox.clone());
    Site::figures(guard.clone(), move || {
        let (reply, census) = crossbeam_channel::bounded(1);
        let asked = inbox.send_timeout(Input::Count(reply), COUNTING);
        let census = asked.ok().and_then(|()| census.recv_timeout(COUNTING).ok());
        metrics.to_text(census.unwrap_or_default())
    })
}

/// The store, if there is one, and whether lines wait for it.
pub(super) type OpenStore = Option<(Store, Durability)>;
