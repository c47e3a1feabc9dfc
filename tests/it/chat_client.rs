//! `chat`, the client of the house.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Stdio};

use crate::harness::{Client, Server, chatd, run};

mod faults;
mod pipe;
mod reconnect;
mod terminal;
mod tls;

/// The program, with a terminal that can do what most can and no settings of the user's.
fn chat<const N: usize>(target: impl ToString, flags: [&str; N]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chat"));
    command.env("TERM", "xterm").env_remove("NO_COLOR").arg(target.to_string()).args(flags);
    command.stdin(Stdio::null());
    command
}

/// A server at an address that was another's before.
#[track_caller]
fn server_at(address: SocketAddr) -> Server {
    let mut command = chatd();
    command.args(["--bind", "127.0.0.1", "--port", &address.port().to_string()]);
    Server::run(command)
}

/// Something that is no chatd, but listens.
fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// Whoever connects next, before anything was sent.
#[track_caller]
fn accept(listener: &TcpListener) -> Client {
    // A client always comes, or the test's own deadline does.
    let (stream, _): (TcpStream, _) = listener.accept().unwrap();
    Client::over(stream)
}
