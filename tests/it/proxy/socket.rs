//! The socket at a path, for clients on this machine.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Command, Stdio};

use super::{NOT_TAKEN, OVER_TLS, binary, binary_for_client, line};
use crate::harness::{Client, Server, Signal, TempDir, chatd, run};
use crate::order;
use crate::restart::switch;

fn at(path: &str) -> Command {
    let mut command = chatd();
    command.args(["--bind", "127.0.0.1", "--port", "0", "--unix", path]);
    command
}

fn user() -> String {
    format!("unix:{}", rustix::process::geteuid().as_raw())
}

#[test]
fn people_on_this_machine_talk_over_a_socket_and_are_known_as_users() {
    let dir = TempDir::new();
    let path = dir.path("chatd.sock");
    let mut command = at(&path);
    command.args(["--max-per-ip", "1", "--port-file", &dir.path("ports")]);
    let server = Server::run_at(command, &dir.path("ports"));
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o660);
    let ports = fs::read_to_string(dir.path("ports")).unwrap();
    assert!(ports.lines().any(|line| line == format!("unix {path}")), "{ports}");
    server.wait_log([&format!("listening on {path} (unix)")]);
    // Silent ones are welcomed after a second.
    let silent = Client::connect_at(&path).welcomed();
    server.wait_log([&format!("{} connected from {}", silent.name, user())]);
    let mut alice = Client::connect_at(&path);
    alice.send("/nick alice");
    let mut alice = alice.welcomed();
    alice.expect("-- you are now alice");
    let mut bob = Client::join(&server, "bob");
    bob.send("hello");
    alice.wait_for(|line| line == "<bob> hello");
    let (status, _) = server.stop();
    assert!(status.success());
    assert!(!Path::new(&path).exists());
}

#[test]
fn a_header_is_believed_on_the_socket_without_a_list() {
    let dir = TempDir::new();
    let path = dir.path("chatd.sock");
    let server = Server::run(at(&path));
    let said = |first: &[u8]| {
        let mut client = Client::connect_at(&path);
        client.send_raw(first);
        client.welcomed()
    };
    let client = said(&line("198.51.100.7", 4321));
    server.wait_log([&format!("{} connected from 198.51.100.7:4321", client.name)]);
    let mut slow = Client::connect_at(&path);
    line("2001:db8::7", 4321).iter().for_each(|byte| slow.send_raw(&[*byte]));
    let slow = slow.welcomed();
    server.wait_log([&format!("{} connected from [2001:db8::7]:4321", slow.name)]);
    let mut itself = said(&binary(0, 0, &[]));
    itself.send("hi");
    server.wait_log([&format!("{} connected from {}", itself.name, user())]);
    let mut twice = said(b"hello\n");
    twice.send("PROXY UNKNOWN");
    let mut twice = said(&line("198.51.100.7", 4322));
    twice.send_raw(b"PROXY UNKNOWN\r\n");
    twice.wait_for(|line| line == NOT_TAKEN);
}

#[test]
fn what_is_wrong_with_a_header_on_the_socket_is_said_as_it_is() {
    let dir = TempDir::new();
    let path = dir.path("chatd.sock");
    let server = Server::run(at(&path));
    let useless = ["!! your PROXY header is malformed or incomplete"];
    let mut wrong = Client::connect_at(&path);
    wrong.send_raw(b"PROXY TCP4 nonsense\r\n");
    assert_eq!(wrong.rest_lines(), useless);
    server.wait_log([&format!("refused {}: its PROXY header is of no use: it is mal", user())]);
    let mut half = Client::connect_at(&path);
    half.send_raw(b"PROXY TCP4 198");
    half.half_close();
    assert_eq!(half.rest_lines(), useless);
    let mut late = Client::connect_at(&path).welcomed();
    late.send_raw(&line("198.51.100.7", 4321));
    late.wait_for(|line| {
        line == "!! a PROXY header has to be what you send first, within a second"
    });
    server.wait_log([&format!("refused {}: it sent its PROXY header too late", user())]);
}

#[test]
fn login_on_the_socket_warns_only_behind_a_header_that_says_so() {
    let dir = TempDir::new();
    let path = dir.path("chatd.sock");
    order::account(&dir, "add carol", "open sesame\n");
    let mut command = at(&path);
    command.args(["--state-dir", &dir.path("")]);
    let _server = Server::run(command);
    for (first, is_warned) in [
        (b"\n".to_vec(), false),
        // What `chat --restricted` sends for those who come by ssh.
        (line("198.51.100.7", 1), false),
        (binary_for_client(&OVER_TLS), false),
        (binary_for_client(&[]), true),
    ] {
        let mut carol = Client::connect_at(&path);
        carol.send_raw(&first);
        let told = carol.welcomed().ask("/login carol open sesame");
        assert_eq!(told.iter().any(|line| line.contains("not encrypted")), is_warned, "{told:?}");
    }
}

#[test]
fn a_stale_file_is_replaced_and_one_in_use_is_not() {
    let dir = TempDir::new();
    let path = dir.path("chatd.sock");
    drop(UnixListener::bind(&path).unwrap());
    let mut command = at(&path);
    command.args(["--unix-mode", "0600"]);
    let server = Server::run(command);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let (status, log) = Server::try_run(at(&path)).err().unwrap();
    assert_eq!(status.code(), Some(1));
    let told = format!("chatd: cannot listen on {path}: a running chatd has it");
    assert!(log.lines().any(|line| line == told), "{log}");
    let only = Client::connect_at(&path).welcomed();
    server.wait_log([&format!("{} connected from {}", only.name, user())]);
    // The other server's look at the socket was no connection.
    assert_eq!(server.log().matches(" connected from ").count(), 1, "{}", server.log());
    drop(server.stop());
    fs::write(&path, "precious").unwrap();
    let (status, _) = Server::try_run(at(&path)).err().unwrap();
    assert_eq!(status.code(), Some(1));
    assert_eq!(fs::read(&path).unwrap(), b"precious");
}

#[test]
fn settings_of_the_socket_that_are_wrong_are_refused() {
    let long = format!("/tmp/{}", "x".repeat(103));
    for flags in [
        ["--unix", &long],
        ["--unix", ""],
        ["--unix-mode", "888"],
        ["--unix-mode", "rw"],
        ["--unix-mode", "7777"],
        ["--unix-group", "no-such-group"],
    ] {
        let mut command = chatd();
        command.args(["--bind", "127.0.0.1", "--port", "0"]).args(flags);
        let (status, log) = Server::try_run(command).err().unwrap();
        assert_eq!(status.code(), Some(2), "{flags:?}");
        assert!(log.lines().next().unwrap().contains(flags[0]), "{log}");
    }
}

#[test]
fn the_socket_and_those_on_it_survive_a_restart() {
    let dir = TempDir::new();
    let path = dir.path("chatd.sock");
    let server = Server::run(at(&path));
    let mut alice = Client::connect_at(&path);
    alice.send("/nick alice");
    let mut alice = alice.welcomed();
    alice.sync();
    alice.types(b"half a ");
    switch(&server);
    let mut bob = Client::connect_at(&path);
    bob.send("/nick bob");
    let mut bob = bob.welcomed();
    bob.sync();
    alice.send("line");
    bob.wait_for(|line| line == "<alice> half a line");
    drop(alice);
    server.wait_log([&format!("alice left: disconnected ({})", user())]);
    server.signal(Signal::TERM);
    bob.wait_for(|line| line == "-- the server is going down");
}

#[test]
fn after_a_restart_the_socket_is_there_for_those_whom_the_settings_name() {
    let dir = TempDir::new();
    let path = dir.path("chatd.sock");
    let is_root = rustix::process::geteuid().is_root();
    // The group `daemon`.
    let group = if is_root { 1 } else { rustix::process::getegid().as_raw() };
    let settings = |mode, group| {
        let text = format!("unix = '{path}'\nunix-mode = '{mode}'\nunix-group = '{group}'\n");
        dir.file("chatd.toml", &text)
    };
    let mut command = chatd();
    let own = rustix::process::getegid().as_raw();
    command.args(["--bind", "127.0.0.1", "--port", "0", "--config", &settings("666", own)]);
    let server = Server::run(command);
    let access = || {
        let file = fs::metadata(&path).unwrap();
        (file.permissions().mode() & 0o777, file.gid())
    };
    assert_eq!(access(), (0o666, own));
    let mut alice = Client::connect_at(&path);
    alice.send("/nick alice");
    let mut alice = alice.welcomed();
    settings("600", group);
    switch(&server);
    assert_eq!(access(), (0o600, group));
    fs::remove_file(&path).unwrap();
    switch(&server);
    assert_eq!(access(), (0o600, group));
    let mut bob = Client::connect_at(&path);
    bob.send("hello");
    let _bob = bob.welcomed();
    alice.wait_for(|line| line.ends_with("> hello"));
}

#[test]
fn chat_connects_to_the_socket() {
    let dir = TempDir::new();
    let path = dir.path("chatd.sock");
    let server = Server::run(at(&path));
    let mut bob = Client::join(&server, "bob");
    let mut chat = Command::new(env!("CARGO_BIN_EXE_chat"));
    chat.args([&format!("unix:{path}"), "--nick", "alice"]).stdout(Stdio::piped());
    let mut chat = chat.stdin(Stdio::piped()).spawn().unwrap();
    chat.stdin.take().unwrap().write_all(b"hello\n").unwrap();
    bob.wait_for(|line| line == "<alice> hello");
    assert!(chat.wait().unwrap().success());
    let nowhere = format!("unix:{}", dir.path("nowhere"));
    let ended = run(Command::new(env!("CARGO_BIN_EXE_chat")).arg(&nowhere).stdin(Stdio::null()));
    assert_eq!(ended.status, 1);
    assert!(ended.stderr.contains(&nowhere), "{}", ended.stderr);
    for wrong in [["unix:", "--nick=a"], [&format!("unix:{path}"), "--tls"]] {
        let ended = run(Command::new(env!("CARGO_BIN_EXE_chat")).args(wrong).stdin(Stdio::null()));
        assert_eq!(ended.status, 2, "{wrong:?}");
    }
}
