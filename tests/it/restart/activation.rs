//! Sockets from a service manager (socket activation).

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
fn a_socket_by_name_is_wish_enough() {
    let dir = TempDir::new();
    let [certificate, key] = crate::harness::Identity::new().save(&dir);
    let [text, web, tls, irc, irc_tls, metrics] = std::array::from_fn(|_| socket());
    let named = [
        ("text", &text),
        ("web", &web),
        ("tls", &tls),
        ("irc", &irc),
        ("irc-tls", &irc_tls),
        ("metrics", &metrics),
    ];
    let flags =
        ["--tls-cert", &certificate, "--tls-key", &key, "--web-origin", "https://a.example"];
    let server = Server::run(activated(named, &flags));
    for restarted in [false, true] {
        for (name, socket) in named {
            assert_eq!(server.addr_of(name).port(), port(socket), "{name}");
        }
        assert!(crate::metrics::get(&server, "/metrics").ends_with("# EOF\n"), "{restarted}");
        let mut bob = Client::over(std::net::TcpStream::connect(server.addr_of("tls")).unwrap());
        bob.send("hello");
        bob.expect_contains("!! this port speaks TLS");
        if !restarted {
            switch(&server);
        }
    }
    assert!(!server.log().contains("is set, but"), "{}", server.log());
    let server = Server::run(activated([("text", &socket()), ("tls", &tls)], &[]));
    server.wait_log(["\"tls\"", "no setting uses it"]);
}

#[test]
fn a_port_that_nothing_speaks_makes_some_settings_useless_and_that_is_said() {
    let dir = TempDir::new();
    let [certificate, key] = crate::harness::Identity::new().save(&dir);
    let flags =
        ["--tls-cert", &certificate, "--tls-key", &key, "--web-origin", "https://a.example"];
    let server = Server::with(flags);
    server.wait_log(["WARN", "tls-cert is set, but there is neither a web nor a tls port"]);
    server.wait_log(["WARN", "web-origin is set, but there is neither a web nor a metrics port"]);
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
