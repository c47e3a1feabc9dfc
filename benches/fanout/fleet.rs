//! Several chatds on one machine that are one chat, and the Redis between them.

use crate::placement::Placement;
use crate::server::{Kind, Server, Tuning, await_start};
use std::io::{self, Read, Write};
use std::net::{SocketAddrV4, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

/// Starts Redis and the nodes, and waits until all of them have joined.
pub(crate) fn start(count: u8, tuning: Tuning, placement: &Placement) -> io::Result<Server> {
    let redis = Server::launch(Kind::Redis, tuning, placement, |command, _| {
        // It keeps the log on the disk, as is advised for a cluster.
        command.args(["--appendonly", "yes"]);
        Ok(())
    })?;
    let node = |number| {
        Server::launch(Kind::Chatd, tuning, placement, |command, directory| {
            join(command, directory, number, redis.address)
        })
    };
    let mut first = node(1)?;
    first.nodes = (2..=count).map(node).collect::<io::Result<_>>()?;
    let all = format!(":{count}\r\n");
    await_start(Kind::Nodes(count), || Ok(ask(redis.address, "ZCARD {chatd}:lease")? == all))?;
    first.redis = Some(Box::new(redis));
    Ok(first)
}

/// Makes a chatd the node of that number.
fn join(
    command: &mut Command,
    directory: &Path,
    number: u8,
    redis: SocketAddrV4,
) -> io::Result<()> {
    let key = directory.join("key");
    std::fs::write(&key, [7; 32])?;
    std::fs::set_permissions(&key, PermissionsExt::from_mode(0o600))?;
    command.arg("--cluster").arg(format!("redis://{redis}"));
    command.arg("--node").arg(format!("node{number}")).arg("--cluster-key").arg(key);
    Ok(())
}

/// What Redis answers to a command, in a line.
fn ask(redis: SocketAddrV4, command: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(redis)?;
    stream.write_all(format!("{command}\r\nQUIT\r\n").as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer.trim_end_matches("+OK\r\n").to_owned())
}
