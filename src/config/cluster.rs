//! The settings of a node of a cluster.

use std::fmt;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::sync::Arc;

use clap::{ArgAction, Args};

use super::files::read_file;
use crate::cluster::{MAX_NODE_NAME, ServerAddress, ServerPassword, is_node_name};
use crate::os;

/// The variable with the password of Redis. There is no such option: others could see it.
pub(super) const PASSWORD_VARIABLE: &str = "CHATD_CLUSTER_PASSWORD";

/// The variable with the addresses of Redis. Nobody else sees it, so it may have the password, too.
pub(super) const CLUSTER_VARIABLE: &str = "CHATD_CLUSTER";

/// Addresses of Redis without the password in them, and that password: `redis://user:secret@host`.
pub(super) fn split_password(urls: &str) -> (String, Option<ServerPassword>) {
    let mut found = None;
    let without = |url: &str| {
        let parts = url.split_once("://").and_then(|(scheme, rest)| {
            let (user, host) = rest.rsplit_once('@')?;
            let (user, password) = user.split_once(':')?;
            Some((scheme, user, password, host))
        });
        let Some((scheme, user, password, host)) = parts else { return url.to_owned() };
        found.get_or_insert_with(|| ServerPassword(password.to_owned()));
        let at = if user.is_empty() { "" } else { "@" };
        format!("{scheme}://{user}{at}{host}")
    };
    let urls: Vec<_> = urls.split(' ').map(without).collect();
    (urls.join(" "), found)
}

/// Bytes of a key, at least.
const MIN_KEY: usize = 32;
/// Bytes of a file with a key or a password, at most.
const MAX_SECRET: u64 = 4096;
/// The permission bits of those who may not read or change such a file: all but the owner, and a
/// group that may read.
const OTHERS: u32 = 0o037;
const DEFAULT_PREFIX: &str = "chatd";

/// What a node needs to know of its cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cluster {
    /// Where Redis is, to be tried in turn; at least one.
    pub servers: Vec<ServerAddress>,
    /// The name of this node.
    pub node: String,
    /// The key that all nodes share.
    pub key: KeyBytes,
    /// The password of Redis, if it wants one.
    pub password: Option<ServerPassword>,
    /// What the keys in Redis begin with.
    pub prefix: String,
}

/// The bytes of the cluster's key, at least 32. Its `Debug` does not show them.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyBytes(Arc<[u8]>);

impl KeyBytes {
    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for KeyBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyBytes(..)")
    }
}

/// The options.
#[derive(Clone, Debug, Args)]
pub(super) struct ClusterOptions {
    /// Be one chat with other servers, by this Redis: redis://host:6379; repeatable
    #[arg(long, value_name = "URL", value_delimiter = ' ', action = ArgAction::Append, value_parser = Server::parse)]
    cluster: Vec<Server>,

    /// Name of this server in the cluster [default: the host name]
    #[arg(long, value_name = "NAME", value_parser = parse_name)]
    node: Option<String>,

    /// File with the key that all servers of the cluster share
    #[arg(long, value_name = "FILE", value_parser = read_key)]
    cluster_key: Option<KeyBytes>,

    /// File with the password of Redis
    #[arg(long, value_name = "FILE", value_parser = read_password)]
    cluster_password_file: Option<ServerPassword>,

    /// What the cluster's keys in Redis begin with
    #[arg(long, value_name = "PREFIX", default_value = DEFAULT_PREFIX, value_parser = parse_name)]
    cluster_prefix: String,

    /// The password from the environment.
    #[arg(skip)]
    pub(super) password: Option<ServerPassword>,
}

/// An address, or why it is none. The reason waits here if an error that repeats the address could
/// show a password.
#[derive(Clone, Debug)]
struct Server(Result<ServerAddress, &'static str>);

impl Server {
    fn parse(url: &str) -> Result<Self, &'static str> {
        match url.parse() {
            Err(why) if !url.contains('@') => Err(why),
            address => Ok(Self(address)),
        }
    }
}

impl ClusterOptions {
    /// The cluster, if the options name one.
    ///
    /// # Errors
    /// The id of the option that is wrong, and why.
    pub(super) fn cluster(&self) -> Result<Option<Cluster>, (&'static str, String)> {
        let wrong = |why: &str| ("cluster", why.to_owned());
        let servers = self.cluster.iter().map(|server| server.0.clone());
        let servers: Vec<_> = servers.collect::<Result<_, _>>().map_err(wrong)?;
        if servers.is_empty() {
            return Ok(None);
        }
        let key = self.cluster_key.clone().ok_or_else(|| wrong("requires --cluster-key"))?;
        let password = match (&self.cluster_password_file, &self.password) {
            (Some(_), Some(_)) => {
                let why = format!("cannot be used with {PASSWORD_VARIABLE}");
                return Err(("cluster_password_file", why));
            }
            (one, other) => one.clone().or_else(|| other.clone()),
        };
        let node = self.node.clone().map_or_else(default_node, Ok)?;
        Ok(Some(Cluster { servers, node, key, password, prefix: self.cluster_prefix.clone() }))
    }

    /// Warnings about options that have no effect without `--cluster`.
    pub(super) fn useless(&self) -> Vec<&'static str> {
        if !self.cluster.is_empty() {
            return Vec::new();
        }
        let useless = [
            (self.node.is_some(), "node is set, but cluster is not"),
            (self.cluster_key.is_some(), "cluster-key is set, but cluster is not"),
            (
                self.cluster_password_file.is_some(),
                "cluster-password-file is set, but cluster is not",
            ),
            (self.cluster_prefix != DEFAULT_PREFIX, "cluster-prefix is set, but cluster is not"),
            (self.password.is_some(), "CHATD_CLUSTER_PASSWORD is set, but cluster is not"),
        ];
        useless.into_iter().filter(|(is_set, _)| *is_set).map(|(_, warning)| warning).collect()
    }
}

fn default_node() -> Result<String, (&'static str, String)> {
    let host = os::host_name();
    parse_name(&host).map_err(|why| {
        (
            "node",
            format!("the name of the host, {host:?}, cannot be the node's: {why}; give another"),
        )
    })
}

fn parse_name(name: &str) -> Result<String, String> {
    if is_node_name(name) {
        Ok(name.to_owned())
    } else {
        Err(format!("expected 1 to {MAX_NODE_NAME} letters, digits, and . _ -"))
    }
}

fn read_key(path: &str) -> Result<KeyBytes, String> {
    let bytes = read_secret(path)?;
    let line = without_line_end(&bytes);
    // Random bytes may end like a line.
    let is_text = line.iter().all(|byte| matches!(byte, b' '..=b'~'));
    let key = if is_text { line } else { &bytes };
    if key.len() < MIN_KEY {
        return Err(format!("the key has {} bytes, and needs {MIN_KEY} or more", key.len()));
    }
    Ok(KeyBytes(key.into()))
}

fn read_password(path: &str) -> Result<ServerPassword, String> {
    match String::from_utf8(without_line_end(&read_secret(path)?).to_vec()) {
        Ok(password) if !password.is_empty() => Ok(ServerPassword(password)),
        Ok(_) => Err("the file is empty".to_owned()),
        Err(_) => Err("the password is not UTF-8".to_owned()),
    }
}

/// Reads a file that only its owner and a group may read.
fn read_secret(path: &str) -> Result<Vec<u8>, String> {
    let unreadable = |error| format!("cannot read the file: {error}");
    let mut secret = Vec::new();
    read_file(path, MAX_SECRET + 1, &mut secret).map_err(unreadable)?;
    let mode = fs::metadata(path).map_err(unreadable)?.mode() & 0o777;
    if mode & OTHERS != 0 {
        return Err(format!(
            "others can read or change the file (mode {mode:o}); change that with chmod 600, or \
             640 for its group to read it"
        ));
    }
    if secret.len() as u64 > MAX_SECRET {
        return Err(format!("the file is longer than {MAX_SECRET} bytes"));
    }
    Ok(secret)
}

fn without_line_end(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().rposition(|byte| !b"\r\n".contains(byte)).map_or(0, |last| last + 1);
    &bytes[..end]
}
