//! What `chatd --check` sees of the cluster. Changes nothing.

use redis::{RedisResult, cmd};

use super::connection::Connection;
use super::fault;
use super::scripts::Scripts;
use super::servers::{LinkSettings, Servers};
use crate::cluster::{Head, LinkError, LogSnapshot, Reply, Request};

/// Connects to the cluster, and returns in one line what is there.
///
/// # Errors
/// No server answers or may keep the log, or the node has not all rights that it needs.
pub fn check(settings: &LinkSettings) -> Result<String, LinkError> {
    let mut connection = Servers::new(settings.clone()).connect()?;
    let look = Request::Look { origin: None, at: 0 };
    let reply = Scripts::new(settings).carry_out(&mut connection, &look)?;
    let rights = try_rights(&mut connection, settings);
    rights.map_err(|error| fault::of(&connection.endpoint, &error))?;
    let Connection { endpoint, version, .. } = connection;
    let log = match reply {
        Reply::Head(Some(head)) => in_words(&head),
        _ => "no cluster yet".to_owned(),
    };
    Ok(format!("{endpoint}: Redis {version}, {log}"))
}

/// Connects to the cluster, and returns its newest snapshot, if there is one.
///
/// # Errors
/// No server answers or may keep the log.
pub fn read_snapshot(settings: &LinkSettings) -> Result<Option<LogSnapshot>, LinkError> {
    let mut connection = Servers::new(settings.clone()).connect()?;
    let read = Scripts::new(settings).carry_out(&mut connection, &Request::ReadSnapshot)?;
    match read {
        Reply::Snapshot(snapshot) => Ok(snapshot),
        _ => Ok(None),
    }
}

fn in_words(Head { at, living, .. }: &Head) -> String {
    let names: Vec<_> = living.iter().map(|node| node.name.as_str()).collect();
    let nodes = if names.is_empty() { "no nodes".to_owned() } else { names.join(", ") };
    format!("{} entries in the log; nodes: {nodes}", at.n)
}

/// Commands that change nothing, but need the rights to read and to write.
fn try_rights(connection: &mut Connection, settings: &LinkSettings) -> RedisResult<()> {
    let (stream, log) = (&mut connection.stream, settings.key("log"));
    cmd("XTRIM").arg(&log).arg("MINID").arg("0-0").query::<()>(stream)?;
    cmd("XREAD").arg("COUNT").arg(1).arg("STREAMS").arg(&log).arg("$").query::<()>(stream)?;
    cmd("ZREM").arg(settings.key("lease")).arg("").query::<()>(stream)?;
    cmd("HDEL").arg(settings.key("head")).arg("").query::<()>(stream)
}
