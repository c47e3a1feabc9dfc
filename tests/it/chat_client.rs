//! `chat`, the client that comes with chatd.

use std::io::{Write, pipe};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;

use rustix::process::Pid;

use crate::harness::{Client, Ended, PATIENCE, Server, Signal, TempDir, chatd, people, run};
use crate::pty::Terminal;

mod comfort;
mod faults;
mod hostile_page;
mod mentions;
mod newcomer;
mod page_address;
mod paste;
mod pipe;
mod reconnect;
mod resize;
mod restart;
mod restricted;
mod settings;
mod status;
mod terminal;
mod tls;

/// The program, with a terminal that can do what most can and no settings of the user's.
fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chat"));
    command
        .env("TERM", "xterm")
        .env_remove("NO_COLOR")
        .env_remove("CHAT_PASSWORD")
        .env("XDG_STATE_HOME", "/dev/null")
        .env("XDG_CONFIG_HOME", "/dev/null")
        .stdin(Stdio::null());
    command
}

/// The same, with an address.
fn chat<const N: usize>(target: impl ToString, flags: [&str; N]) -> Command {
    let mut command = program();
    command.arg(target.to_string()).args(flags);
    command
}

/// A server on which alice has an account, with the password "open sesame", and bob, who is there.
#[track_caller]
fn with_account(dir: &TempDir) -> (Server, Client) {
    let server = Server::with(["--state-dir", &dir.path("state")]);
    let [mut alice, bob] = people(&server, ["alice", "bob"]);
    alice.send("/register open sesame");
    alice.wait_for(|line| line.starts_with("-- alice is yours now"));
    (server, bob)
}

/// Alice at a terminal of her own, in the lobby and announced, with an empty line to type in.
#[track_caller]
fn alice(server: &Server) -> Terminal {
    let mut alice = Terminal::run(chat(server.addr(), ["--nick", "alice"]));
    alice.displays(|rows| rows.contains(&"-- you are now alice") && rows.last() == Some(&">"));
    alice
}

/// The last rows of the screen are these.
#[track_caller]
fn ends_in(terminal: &mut Terminal, rows: &[&str]) {
    terminal.displays(|screen| screen.ends_with(rows));
}

/// What a command makes of its input. Unlike `run` it reads the output as it comes, however much.
#[track_caller]
fn piped(command: &mut Command, input: impl AsRef<[u8]>) -> Ended {
    let (stdin, mut printf) = pipe().unwrap();
    command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    // The command keeps no copy of the reading end, or `printf` might wait for ever.
    command.stdin(Stdio::null());
    let pid = Pid::from_child(&child);
    let (input, (done, output)) = (input.as_ref(), mpsc::channel());
    thread::scope(|scope| {
        // It may end without reading all of it.
        scope.spawn(move || printf.write_all(input));
        scope.spawn(move || done.send(child.wait_with_output().unwrap()));
        let output = output.recv_timeout(PATIENCE).inspect_err(|_| {
            rustix::process::kill_process(pid, Signal::KILL).ok();
        });
        let output = output.expect("still running");
        Ended {
            status: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    })
}

/// A server at an address that was another's before.
#[track_caller]
fn server_at<const N: usize>(address: SocketAddr, flags: [&str; N]) -> Server {
    let mut command = chatd();
    command.args(["--bind", "127.0.0.1", "--port", &address.port().to_string()]).args(flags);
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

/// Connects the next client with the server, until the returned ends are shut down.
#[track_caller]
fn relay(listener: &TcpListener, server: SocketAddr) -> [TcpStream; 2] {
    let (client, _) = listener.accept().unwrap();
    let server = TcpStream::connect(server).unwrap();
    for (from, to) in [(&client, &server), (&server, &client)] {
        let (mut from, mut to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
        let copying = move || std::io::copy(&mut from, &mut to);
        thread::Builder::new().spawn(copying).unwrap();
    }
    [client, server]
}
