//! `Config`: all settings, defined once as clap arguments and validated as they are parsed.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::num::NonZero;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, SystemTime};

use clap::builder::RangedU64ValueParser;
use clap::{ArgAction, Args, ValueEnum};
use log::LevelFilter;

use super::cluster::{Cluster, ClusterOptions};
use super::files::{Motd, Pem};
use super::values::{
    Group, Mode, SocketPath, Timeout, between, parse_age, parse_group, parse_mode, parse_name,
    parse_size, parse_socket_path, parse_timeout,
};
use crate::address::{Network, Networks};
use crate::admission::Limits;
use crate::chat::Settings;
use crate::net::{Certificates, Identity, PrivateKey};
use crate::os;
use crate::store::{self, Retention};
use crate::text::Text;
use crate::web::{self, Guard, WebOrigin};
use crate::wire::MAX_WITHOUT_LINE_END;

/// The largest value of `--max-clients` and similar options.
const MANY: u64 = 1_000_000;

/// All settings.
#[derive(Clone, Debug, Args)]
pub struct Config {
    /// Port for netcat, telnet and PuTTY; 0 picks a free one
    #[arg(short, long, value_name = "PORT", default_value_t = 1234)]
    pub port: u16,

    /// Address to listen on; repeatable [default: ::, or 0.0.0.0 without IPv6]
    #[arg(short, long, value_name = "ADDR", value_delimiter = ',', action = ArgAction::Append)]
    pub bind: Vec<IpAddr>,

    /// Write the ports in use to FILE, one line "NAME PORT" per listener
    #[arg(long, value_name = "FILE")]
    pub port_file: Option<PathBuf>,

    /// Port for the web page and WebSocket [default: none]
    #[arg(long, value_name = "PORT")]
    pub web_port: Option<u16>,

    /// Allow pages from another origin to connect: scheme://host[:port]; repeatable
    #[arg(long, value_name = "ORIGIN", value_delimiter = ',', action = ArgAction::Append)]
    web_origin: Vec<WebOrigin>,

    /// Address or network of proxies, which state for whom they connect; repeatable
    #[arg(long, value_name = "NETWORK", value_delimiter = ',', action = ArgAction::Append)]
    trust_proxy: Vec<Network>,

    /// Path of a socket for text clients on this machine [default: none]
    #[arg(long, value_name = "PATH", value_parser = parse_socket_path)]
    pub unix: Option<SocketPath>,

    /// Mode of that socket, in octal digits
    #[arg(long, value_name = "MODE", default_value = "660", value_parser = parse_mode)]
    pub unix_mode: Mode,

    /// Group of that socket [default: the group of chatd]
    #[arg(long, value_name = "NAME", value_parser = parse_group)]
    pub unix_group: Option<Group>,

    /// Certificate chain (PEM); with --tls-key it makes the web port https
    #[arg(long, value_name = "FILE", value_parser = |path: &str| Pem::read(path, Certificates::from_pem))]
    tls_cert: Option<Pem<Certificates>>,

    /// Private key (PEM) of the certificate
    #[arg(long, value_name = "FILE", value_parser = |path: &str| Pem::read(path, PrivateKey::from_pem))]
    tls_key: Option<Pem<PrivateKey>>,

    /// Port for text clients over TLS [default: none]
    #[arg(long, value_name = "PORT")]
    pub tls_port: Option<u16>,

    /// Port for IRC clients [default: none]
    #[arg(long, value_name = "PORT")]
    pub irc_port: Option<u16>,

    /// Port for IRC clients over TLS [default: none]
    #[arg(long, value_name = "PORT")]
    pub irc_tls_port: Option<u16>,

    /// Serve OpenMetrics at /metrics on this address and port [default: none]
    #[arg(long, value_name = "ADDR:PORT")]
    pub metrics: Option<SocketAddr>,

    /// Show the lines of FILE after the welcome
    #[arg(long, value_name = "FILE", value_parser = Motd::read)]
    motd: Option<Motd>,

    /// Name of the server, shown in the welcome [default: the host name]
    #[arg(long, value_name = "NAME", value_parser = parse_name)]
    name: Option<Text>,

    /// Lines replayed to a client that enters a room; 0 for none
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = between(0, 100_000))]
    history: usize,

    /// Keep history, bans and accounts in DIR/chatd.db [default: memory only]
    #[arg(long, value_name = "DIR")]
    pub state_dir: Option<PathBuf>,

    /// When a line is written to disk: before anybody sees it (strict), or soon after (relaxed)
    #[arg(
        long,
        value_name = "HOW",
        default_value = "strict",
        value_enum,
        hide_possible_values = true
    )]
    pub durability: Durability,

    /// Delete lines older than DUR, such as 90d [default: never]
    #[arg(long, value_name = "DUR", value_parser = parse_age)]
    keep: Option<Duration>,

    /// Keep only the last N lines of each room [default: all]
    #[arg(long, value_name = "N", value_parser = RangedU64ValueParser::<u32>::new().range(1..))]
    keep_lines: Option<u32>,

    #[command(flatten)]
    pub(super) cluster_options: ClusterOptions,

    /// Maximum number of clients connected at once
    #[arg(long, value_name = "N", default_value_t = 4096, value_parser = between(1, MANY))]
    max_clients: usize,

    /// Maximum number of clients from one IPv4 address or IPv6 /64 (4 times as many from a /56, 16
    /// times from a /48); loopback is exempt
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = between(1, MANY))]
    max_per_ip: usize,

    /// Longest line, in bytes; longer lines are refused
    #[arg(long, value_name = "BYTES", default_value_t = 1024, value_parser = between(1, MAX_WITHOUT_LINE_END as u64 - 1))]
    max_line: usize,

    /// Lines per second from one client after a burst; 0 for no limit
    #[arg(long, value_name = "N", default_value_t = 5)]
    rate: u32,

    /// Lines that one client may send at once
    #[arg(long, value_name = "N", default_value_t = 20)]
    burst: u32,

    /// Bytes queued for one client before it is dropped as too slow; accepts KiB and MiB
    #[arg(long, value_name = "BYTES", default_value = "1MiB", value_parser = parse_size)]
    send_queue: usize,

    /// Threads that send to clients [default: half of the processors, at most 4]
    #[arg(long, value_name = "N", value_parser = between(1, 64))]
    senders: Option<usize>,

    /// Disconnect clients that send no line for DUR, such as 30m
    #[arg(long, value_name = "DUR", default_value = "off", value_parser = parse_timeout)]
    idle_timeout: Timeout,

    /// Read settings from a TOML file; its keys are the names of the options
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Check the settings and the files they name, then exit: with status 0, or 2 if one is wrong
    #[arg(long)]
    pub check: bool,

    /// Log more; twice logs everything
    #[arg(short, long, action = ArgAction::Count)]
    verbose: u8,

    /// Log less; twice logs errors only
    #[arg(short, long, action = ArgAction::Count)]
    quiet: u8,

    /// The identity made of the certificate and the key.
    #[arg(skip)]
    pub identity: Option<Identity>,

    /// The cluster that the server is a node of.
    #[arg(skip)]
    pub cluster: Option<Cluster>,

    /// Variables that start with `CHATD_` but name no setting.
    #[arg(skip)]
    pub unknown_variables: Vec<String>,
}

impl Config {
    /// The addresses to listen on.
    pub fn addresses(&self) -> Vec<IpAddr> {
        match self.bind.as_slice() {
            [] => vec![Ipv6Addr::UNSPECIFIED.into()],
            some => some.to_vec(),
        }
    }

    /// How many threads send.
    pub fn senders(&self) -> usize {
        self.senders.unwrap_or_else(|| {
            let processors = thread::available_parallelism().map_or(1, NonZero::get);
            (processors / 2).clamp(1, 4)
        })
    }

    /// The networks of proxies that are trusted.
    pub fn proxies(&self) -> Networks {
        self.trust_proxy.iter().copied().collect()
    }

    /// The limits on clients.
    pub fn limits(&self) -> Limits {
        Limits {
            max_clients: self.max_clients,
            max_per_ip: self.max_per_ip,
            max_line: self.max_line,
            rate: self.rate,
            burst: self.burst,
            send_queue: self.send_queue,
            idle_timeout: self.idle_timeout.0,
        }
    }

    /// The settings of the chat.
    pub fn settings(&self) -> Settings {
        Settings {
            name: self.name.clone().unwrap_or_else(|| Text::new(os::host_name())),
            motd: self.motd.as_ref().map_or_else(|| Arc::from([]), |motd| Arc::clone(&motd.0)),
            replay: self.keep_lines.map_or(self.history, |most| self.history.min(most as usize)),
            has_archive: self.state_dir.is_some(),
            keep: self.keep,
        }
    }

    /// How much of the history to keep.
    pub fn retention(&self) -> Retention {
        Retention { age: self.keep, lines: self.keep_lines }
    }

    /// Which web pages may contact the server, and under which host names.
    pub fn guard(&self) -> Guard {
        let mut names = web::machine_names(&os::host_name());
        names.extend(self.name.as_ref().map(Text::to_string));
        Guard::new(names, self.web_origin.clone())
    }

    /// Combines and checks settings that depend on each other.
    ///
    /// # Errors
    /// The id of the setting that is wrong, and why.
    pub(super) fn complete(&mut self) -> Result<(), (&'static str, String)> {
        self.identity = match (&self.tls_cert, &self.tls_key) {
            (Some(certificates), Some(key)) => {
                let identity = Identity::new(&certificates.contents, &key.contents);
                Some(identity.map_err(|why| ("tls_key", format!("{}: {why}", key.path)))?)
            }
            (Some(_), None) => return Err(("tls_cert", "requires --tls-key".to_owned())),
            (None, Some(_)) => return Err(("tls_key", "requires --tls-cert".to_owned())),
            (None, None) => {
                let ports = [("tls_port", self.tls_port), ("irc_tls_port", self.irc_tls_port)];
                if let Some((port, _)) = ports.into_iter().find(|(_, port)| port.is_some()) {
                    return Err((port, "requires --tls-cert and --tls-key".to_owned()));
                }
                None
            }
        };
        self.cluster = self.cluster_options.cluster()?;
        let state_dir = self.state_dir.as_deref().map_or(Ok(()), store::check_place);
        state_dir.map_err(|fault| ("state_dir", fault.to_string()))
    }

    /// The level of `--verbose` and `--quiet`.
    pub fn log_level(&self) -> LevelFilter {
        use LevelFilter::{Debug, Error, Info, Off, Trace, Warn};
        let levels = [Off, Error, Warn, Info, Debug, Trace];
        let level = (3 + usize::from(self.verbose)).saturating_sub(usize::from(self.quiet));
        levels[level.min(levels.len() - 1)]
    }

    /// Warnings for the operator about settings that are valid.
    pub fn warnings(&self, now: SystemTime) -> Vec<String> {
        let unknown = self.unknown_variables.iter();
        let unknown = unknown.map(|name| format!("{name} is set, but there is no such setting"));
        let path = self.tls_cert.as_ref().map_or("", |pem| pem.path.as_str());
        let certificates = self.identity.iter().flat_map(|identity| identity.warnings(now));
        let certificate = certificates.map(|warning| format!("--tls-cert {path}: {warning}"));
        unknown.chain(certificate).collect()
    }

    /// Warnings about settings that have no effect on a server with these services.
    pub fn useless(&self, services: &[&str]) -> Vec<&'static str> {
        let has = |needed: &[&str]| services.iter().any(|name| needed.contains(name));
        let mut useless = self.cluster_options.useless();
        if !self.web_origin.is_empty() && !has(&["web", "metrics"]) {
            useless.push("web-origin is set, but there is neither a web nor a metrics port");
        }
        if self.identity.is_some() && !has(&["web", "tls", "irc-tls"]) {
            useless.push("tls-cert is set, but there is neither a web nor a tls port");
        }
        if self.unix_group.is_some() && !has(&["unix"]) {
            useless.push("unix-group is set, but there is no unix socket");
        }
        useless
    }

    /// Resets the settings that only a restart can change to those of `started_with`.
    pub fn keep_fixed(&mut self, started_with: &Self) {
        self.state_dir.clone_from(&started_with.state_dir);
        self.keep = started_with.keep;
        self.keep_lines = started_with.keep_lines;
        self.cluster.clone_from(&started_with.cluster);
    }

    /// The options that differ in `other` and that only a restart can change.
    pub fn fixed_differences(&self, other: &Self) -> Vec<&'static str> {
        let clusters = self.cluster.as_ref().zip(other.cluster.as_ref());
        let of_both = |differ: fn(&Cluster, &Cluster) -> bool| {
            clusters.is_some_and(|(own, new)| differ(own, new))
        };
        let differences = [
            ("port", self.port != other.port),
            ("bind", self.bind != other.bind),
            ("port-file", self.port_file != other.port_file),
            ("web-port", self.web_port != other.web_port),
            ("unix", self.unix != other.unix),
            ("unix-mode", self.unix_mode != other.unix_mode),
            ("unix-group", self.unix_group != other.unix_group),
            ("state-dir", self.state_dir != other.state_dir),
            ("durability", self.durability != other.durability),
            ("keep", self.keep != other.keep),
            ("keep-lines", self.keep_lines != other.keep_lines),
            ("cluster", self.cluster.is_some() != other.cluster.is_some()),
            ("cluster", of_both(|own, new| own.servers != new.servers)),
            ("node", of_both(|own, new| own.node != new.node)),
            ("cluster-key", of_both(|own, new| own.key != new.key)),
            ("cluster-password-file", of_both(|own, new| own.password != new.password)),
            ("cluster-prefix", of_both(|own, new| own.prefix != new.prefix)),
            ("senders", self.senders() != other.senders()),
            ("metrics", self.metrics != other.metrics),
            ("tls-port", self.tls_port != other.tls_port),
            ("irc-port", self.irc_port != other.irc_port),
            ("irc-tls-port", self.irc_tls_port != other.irc_tls_port),
            ("tls-cert", self.identity.is_some() != other.identity.is_some()),
        ];
        differences.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect()
    }
}

/// When a line may be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Durability {
    /// When it is on the disk.
    Strict,
    /// At once.
    Relaxed,
}
