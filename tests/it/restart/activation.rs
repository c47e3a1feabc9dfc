//! Sockets that a service manager made.

use std::net::TcpListener;
use std::process::{Command, Stdio};

use super::{given, switch};
use crate::harness::{Client, Server, TempDir, eventually, people};

/// chatd with these listening sockets, by these names.
fn activated<const N: usize>(sockets: [(&str, &TcpListener); N], flags: &[&str]) -> Command {
    let mut command =
        given(sockets.map(|(name, socket)| (name, socket.try_clone().unwrap().into())));
    command.args(flags);
    command
}

fn socket() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").unwrap()
}

fn port(socket: &TcpListener) -> u16 {
    socket.local_addr().unwrap().port()
}

#[test]
fn sockets_are_known_by_their_names_whatever_the_settings_say() {
    let dir = TempDir::new();
    let [certificate, key] = crate::harness::Identity::new().save(&dir);
    let (text, web, tls) = (socket(), socket(), socket());
    let flags = ["--port", "1", "--web-port", "1", "--tls-port", "1"];
    let files = ["--tls-cert", &certificate, "--tls-key", &key];
    let sockets = [("tls", &tls), ("text", &text), ("web", &web)];
    let server = Server::run(activated(sockets, &[&flags[..], &files[..]].concat()));
    for (name, socket) in [("text", &text), ("web", &web), ("tls", &tls)] {
        assert_eq!(server.addr_of(name).port(), port(socket), "{name}");
    }
    let [mut alice] = people(&server, ["alice"]);
    switch(&server);
    assert_eq!(server.web_port(), port(&web));
    let [mut bob] = people(&server, ["bob"]);
    bob.ask("hi");
    alice.wait_for(|line| line == "<bob> hi");
}

#[test]
fn a_socket_for_nothing_is_reported_and_left_alone() {
    let (text, other) = (socket(), socket());
    let server = Server::run(activated([("text", &text), ("gopher", &other)], &[]));
    server.wait_log(["gopher", "no setting uses it"]);
    assert_eq!(server.port(), port(&text));
}

#[test]
#[ignore = "needs systemd-socket-activate (systemd)"]
fn the_first_connection_starts_it() {
    // An address of the test's own, so that nobody takes the port meanwhile.
    let port = port(&TcpListener::bind("127.0.0.33:0").unwrap());
    let dir = TempDir::new();
    let mut command = Command::new("systemd-socket-activate");
    let addr = format!("127.0.0.33:{port}");
    command.args(["-l", &addr, "--fdname=text", env!("CARGO_BIN_EXE_chatd")]);
    command.args(["--port", "1", "--port-file", &dir.path("ports")]).stderr(Stdio::piped());
    let mut activator = command.spawn().unwrap();
    let stream = eventually("the socket", || std::net::TcpStream::connect(&*addr).ok());
    Client::over(stream).welcomed().expect_nothing();
    assert_eq!(std::fs::read_to_string(dir.path("ports")).unwrap(), format!("text {port}\n"));
    activator.kill().unwrap();
    activator.wait().unwrap();
}
