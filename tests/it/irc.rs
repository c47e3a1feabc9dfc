//! The IRC wire, through real sockets.

mod accounts;
mod entrance;
mod history;
mod labels;
mod people;
mod read;
mod rooms;
mod service;
mod signals;
mod talk;
mod timers;

use crate::harness::Server;

/// A server with an IRC port.
fn server() -> Server {
    with([])
}

fn with<const N: usize>(flags: [&str; N]) -> Server {
    let mut command = command();
    command.args(flags);
    Server::run(command)
}

fn command() -> std::process::Command {
    let mut command = crate::harness::chatd();
    command.args(["--bind", "127.0.0.1", "--port", "0", "--irc-port", "0", "--name", "box7"]);
    command
}
