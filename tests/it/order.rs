//! Moderation: accounts, operators and their commands, bans.

use std::io::Write;

use crate::harness::{Client, Server, Signal, TempDir, chatd, eventually, run};
use crate::restart::switch;

mod accounts;
mod attacker;
mod bans;
mod log;
mod forget;
mod operators;
mod password_changes;
mod passwords;
mod wires;

/// Runs `chatd account WORDS` with that on its stdin.
#[track_caller]
pub(crate) fn account(dir: &TempDir, words: &str, input: &str) {
    manage(dir, &format!("account {words}"), input);
}

/// Runs `chatd WORDS` with that on its stdin, and returns what it says.
#[track_caller]
pub(crate) fn manage(dir: &TempDir, words: &str, input: &str) -> String {
    let (stdin, mut typed) = std::io::pipe().unwrap();
    typed.write_all(input.as_bytes()).unwrap();
    drop(typed);
    let mut command = chatd();
    command.args(words.split(' ')).args(["--state-dir", &dir.path("")]);
    let ended = run(command.stdin(stdin));
    assert_eq!((ended.status, &*ended.stderr), (0, ""));
    ended.stdout
}

/// A server with that state directory and all ports but TLS, whose log has all there is.
fn server(dir: &TempDir) -> Server {
    let state = dir.path("");
    Server::with_web(["--state-dir", &state, "--metrics", "127.0.0.1:0", "-vv", "--rate", "0"])
}

/// The server after that kind of end: itself, or the next one in its place.
#[track_caller]
fn again(running: Server, dir: &TempDir, end: Option<Signal>) -> Server {
    match end {
        None => running,
        Some(Signal::USR2) => {
            switch(&running);
            running
        }
        Some(signal) => {
            running.signal(signal);
            running.wait();
            server(dir)
        }
    }
}

/// One with an operator, carol.
fn ruled(dir: &TempDir) -> (Server, Client) {
    account(dir, "add carol --operator", "open sesame\n");
    let server = server(dir);
    let carol = log_in(&server, "carol", "open sesame");
    (server, carol)
}

/// Somebody who is logged in and announced, and has read everything that was due.
#[track_caller]
fn log_in(server: &Server, name: &str, password: &str) -> Client {
    let mut client = Client::guest(server);
    logs_in(&mut client, name, password);
    client.send(&format!("/join hall-{name}\n/leave"));
    client.sync();
    client
}

/// The same for an account that the server may not know yet.
#[track_caller]
pub(super) fn log_in_soon(server: &Server, name: &str, password: &str) -> Client {
    eventually("the account", || {
        let mut client = Client::guest(server);
        client.send(&format!("/login {name} {password}"));
        let answer = |line: &str| line.starts_with("!!") || line.starts_with("-- you are logged");
        client.wait_for(answer).starts_with("--").then_some(client)
    })
}

#[track_caller]
pub(crate) fn logs_in(client: &mut Client, name: &str, password: &str) {
    client.send(&format!("/login {name} {password}"));
    client.wait_for(|line| line == format!("-- you are logged in as {name}"));
}

#[track_caller]
pub(crate) fn registers(client: &mut Client, password: &str) {
    client.send(&format!("/register {password}"));
    client.wait_for(|line| line.contains(" is yours now"));
}

/// Sends a line, and waits for one that contains this.
#[track_caller]
pub(crate) fn until(client: &mut Client, line: &str, part: &str) -> String {
    client.send(line);
    client.wait_for(|line| line.contains(part))
}
