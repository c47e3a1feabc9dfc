//! `Connection`: a Redis server that can keep the log, once it has been looked at: it is a primary,
//! it lets this node in, and it drops no entries when its memory is full.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};

use redis::{FromRedisValue, RedisError, RedisResult, cmd};

use super::fault;
use super::stream::RedisStream;
use crate::cluster::{HostPort, LinkError, ServerPassword};

/// The oldest version that has all that the scripts use (`XTRIM MINID`).
const OLDEST: (u32, u32) = (6, 2);

/// A Redis server, and how to log in there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Endpoint {
    pub(super) user: Option<String>,
    pub(super) tls: bool,
    pub(super) host: HostPort,
    pub(super) database: u32,
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.host.fmt(f)
    }
}

/// A server that is ready to be asked.
pub(super) struct Connection {
    pub(super) endpoint: Endpoint,
    /// As the server says it, such as `7.0.15`.
    pub(super) version: String,
    pub(super) stream: RedisStream,
}

/// Why there is no connection.
pub(super) enum OpenError {
    Failed(LinkError),
    /// In Redis Cluster, another server has the keys.
    Moved(HostPort),
}

impl From<LinkError> for OpenError {
    fn from(error: LinkError) -> Self {
        Self::Failed(error)
    }
}

impl Connection {
    /// Connects and logs in, and sees whether the server may keep `key`, one of the log's.
    pub(super) fn open(
        endpoint: &Endpoint,
        password: Option<&ServerPassword>,
        key: &str,
    ) -> Result<Self, OpenError> {
        let stream = RedisStream::connect(&endpoint.host, endpoint.tls);
        let mut stream = stream.map_err(|error| fault::of(endpoint, &RedisError::from(error)))?;
        let version = log_in(&mut stream, endpoint, password)?;
        if endpoint.database > 0 {
            let selected: RedisResult<()> = cmd("SELECT").arg(endpoint.database).query(&mut stream);
            selected.map_err(|error| fault::of(endpoint, &error))?;
        }
        check_eviction(&mut stream, endpoint)?;
        let mut connection = Self { endpoint: endpoint.clone(), version, stream };
        connection.check_key(key)?;
        Ok(connection)
    }

    fn check_key(&mut self, key: &str) -> Result<(), OpenError> {
        let found: RedisResult<Option<Vec<u8>>> =
            cmd("HGET").arg(key).arg("epoch").query(&mut self.stream);
        found.map(drop).map_err(|error| match moved_to(&error, &self.endpoint.host) {
            Some(host) => OpenError::Moved(host),
            None => fault::of(&self.endpoint, &error).into(),
        })
    }
}

/// Says HELLO, and returns the server's version if it is a primary.
fn log_in(
    stream: &mut RedisStream,
    endpoint: &Endpoint,
    password: Option<&ServerPassword>,
) -> Result<String, LinkError> {
    let mut hello = cmd("HELLO");
    hello.arg(2);
    if let Some(ServerPassword(password)) = password {
        let user = endpoint.user.as_deref().unwrap_or("default");
        hello.arg("AUTH").arg(user).arg(password);
    }
    let answer = hello.query(stream).and_then(|value| Ok(HashMap::from_redis_value(value)?));
    let answer: HashMap<String, redis::Value> =
        answer.map_err(|error| fault::of_login(endpoint, &error))?;
    let text = |name: &str| {
        let value = answer.get(name).cloned().unwrap_or(redis::Value::Nil);
        String::from_redis_value(value).unwrap_or_default()
    };
    match (text("role").as_str(), text("version")) {
        (_, version) if !is_new_enough(&version) => {
            Err(fault::denied(endpoint, "it is no Redis of version 6.2 or newer"))
        }
        ("master", version) => Ok(version),
        (role, _) => Err(fault::lost(endpoint, &format!("it is no primary, but a {role}"))),
    }
}

fn is_new_enough(version: &str) -> bool {
    let mut numbers = version.split('.').map_while(|number| number.parse().ok());
    numbers.next().zip(numbers.next()).is_some_and(|version| version >= OLDEST)
}

/// A server that evicts keys when its memory is full would lose the log.
fn check_eviction(stream: &mut RedisStream, endpoint: &Endpoint) -> Result<(), LinkError> {
    let info: RedisResult<String> = cmd("INFO").arg("memory").query(stream);
    match info {
        Ok(info) if evicts(&info) => {
            Err(fault::denied(endpoint, "maxmemory-policy has to be noeviction"))
        }
        Ok(_) => Ok(()),
        Err(error) if error.code() == Some("NOPERM") => {
            warn_once(endpoint);
            Ok(())
        }
        Err(error) => Err(fault::of(endpoint, &error)),
    }
}

fn evicts(info: &str) -> bool {
    let value = |name: &str| info.lines().find_map(|line| line.strip_prefix(name));
    value("maxmemory:").is_some_and(|limit| limit != "0")
        && value("maxmemory_policy:").is_some_and(|policy| policy != "noeviction")
}

fn warn_once(endpoint: &Endpoint) {
    static WARNED: AtomicBool = AtomicBool::new(false);
    if !WARNED.swap(true, Ordering::Relaxed) {
        log::warn!("{endpoint}: the eviction policy cannot be seen without the right to INFO");
    }
}

/// The server that has the keys, if `error` of the server at `host` names one.
fn moved_to(error: &RedisError, host: &HostPort) -> Option<HostPort> {
    let (address, _) = error.redirect_node()?;
    let (name, port) = address.rsplit_once(':')?;
    // Without a name, it is another port of the same machine.
    let name = if name.is_empty() { &host.host } else { name };
    Some(HostPort { host: name.to_owned(), port: port.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_evicts_keys_is_recognized() {
        for (info, expected) in [
            ("# Memory\r\nmaxmemory:0\r\nmaxmemory_policy:allkeys-lru\r\n", false),
            ("maxmemory:1000\r\nmaxmemory_policy:noeviction\r\n", false),
            ("maxmemory:1000\r\nmaxmemory_policy:allkeys-lru\r\n", true),
            ("maxmemory:1000\r\nmaxmemory_policy:volatile-ttl\r\n", true),
            ("", false),
        ] {
            assert_eq!(evicts(info), expected, "{info}");
        }
    }

    #[test]
    fn a_version_is_compared_by_its_first_two_numbers() {
        for (version, expected) in
            [("6.2.0", true), ("6.0.16", false), ("7.0.15", true), ("10.1", true), ("", false)]
        {
            assert_eq!(is_new_enough(version), expected, "{version}");
        }
    }
}
