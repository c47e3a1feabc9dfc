//! `Servers`: which Redis server is asked: the first of `--cluster` that can keep the log.

use redis::{RedisError, cmd};

use super::connection::{Connection, Endpoint, OpenError};
use super::fault;
use super::stream::RedisStream;
use crate::cluster::{HostPort, LinkError, ServerAddress, ServerPassword, ServerPlace};
use crate::config::Cluster;

/// How often a server may name another one.
const MAX_REDIRECTS: usize = 3;

/// What the link has to know.
#[derive(Clone, Debug)]
pub struct LinkSettings {
    /// Where Redis is: tried in turn, at least one.
    pub servers: Vec<ServerAddress>,
    /// The password, for the user that the address names, or for Redis' default user.
    pub password: Option<ServerPassword>,
    /// What the keys begin with, without braces.
    pub prefix: String,
}

impl From<&Cluster> for LinkSettings {
    fn from(cluster: &Cluster) -> Self {
        let Cluster { servers, password, prefix, .. } = cluster.clone();
        Self { servers, password, prefix }
    }
}

impl LinkSettings {
    /// The hash tag of all keys, so that they are in one slot of Redis Cluster.
    pub(super) fn key(&self, name: &str) -> String {
        format!("{{{}}}:{name}", self.prefix)
    }
}

/// The servers, of which one is next.
pub(super) struct Servers {
    settings: LinkSettings,
    next: usize,
}

impl Servers {
    pub(super) fn new(settings: LinkSettings) -> Self {
        Self { settings, next: 0 }
    }

    /// Connects to the server that was good the last time, or else to the next one that is.
    ///
    /// # Errors
    /// None is. If one of them asks for an administrator, that is what is told.
    pub(super) fn connect(&mut self) -> Result<Connection, LinkError> {
        let mut failure = LinkError::Lost("no server is known".to_owned());
        for _ in 0..self.settings.servers.len() {
            match self.connect_to_next() {
                Ok(connection) => return Ok(connection),
                Err(_) if matches!(failure, LinkError::Denied(_)) => {}
                Err(error) => failure = error,
            }
            self.next = (self.next + 1) % self.settings.servers.len();
        }
        Err(failure)
    }

    fn connect_to_next(&self) -> Result<Connection, LinkError> {
        let address = &self.settings.servers[self.next];
        let user = address.user.clone();
        let endpoint = match &address.place {
            ServerPlace::Direct { tls, host, database } => {
                Endpoint { user, tls: *tls, host: host.clone(), database: *database }
            }
            ServerPlace::Sentinel { hosts, primary } => {
                let host = self.ask_sentinels(hosts, primary, user.as_deref())?;
                Endpoint { user, tls: false, host, database: 0 }
            }
        };
        self.connect_to(endpoint)
    }

    /// Connects to a server, or to the one that it names.
    pub(super) fn connect_to(&self, mut endpoint: Endpoint) -> Result<Connection, LinkError> {
        let key = self.settings.key("head");
        for _ in 0..=MAX_REDIRECTS {
            match Connection::open(&endpoint, self.settings.password.as_ref(), &key) {
                Ok(connection) => return Ok(connection),
                Err(OpenError::Moved(host)) => endpoint.host = host,
                Err(OpenError::Failed(error)) => return Err(error),
            }
        }
        Err(fault::lost(&endpoint, "the servers name each other"))
    }

    /// The primary, as the first Sentinel says that answers.
    fn ask_sentinels(
        &self,
        hosts: &[HostPort],
        primary: &str,
        user: Option<&str>,
    ) -> Result<HostPort, LinkError> {
        let mut failure = LinkError::Lost("no Sentinel is known".to_owned());
        for host in hosts {
            match self.ask_sentinel(host, primary, user) {
                Ok(Some((name, port))) => return Ok(HostPort { host: name, port }),
                Ok(None) => {
                    failure = fault::lost(host, &format!("Sentinel knows no primary {primary:?}"));
                }
                Err(error) => failure = error,
            }
        }
        Err(failure)
    }

    fn ask_sentinel(
        &self,
        host: &HostPort,
        primary: &str,
        user: Option<&str>,
    ) -> Result<Option<(String, u16)>, LinkError> {
        let failed = |error: RedisError| fault::of(host, &error);
        let stream = RedisStream::connect(host, false);
        let mut stream = stream.map_err(|error| failed(error.into()))?;
        let mut question = cmd("SENTINEL");
        question.arg("get-master-addr-by-name").arg(primary);
        match (question.query(&mut stream), &self.settings.password) {
            (Err(error), Some(ServerPassword(password))) if error.code() == Some("NOAUTH") => {
                let mut login = cmd("AUTH");
                let login = login.arg(user).arg(password).query::<()>(&mut stream);
                login.map_err(|error| fault::of_login(host, &error))?;
                question.query(&mut stream).map_err(failed)
            }
            (answer, _) => answer.map_err(failed),
        }
    }
}
