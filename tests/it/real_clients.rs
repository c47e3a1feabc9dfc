//! The clients that Debian packages: what a person at a terminal sees, to the byte, and what a
//! script gets.

use std::io::{Write, pipe};
use std::net::SocketAddr;
use std::process::Command;

use crate::harness::{Client, Ended, HINT, Server, Signal, run};
use crate::pty::{CTRL_C, CTRL_D, Terminal};

mod busybox_telnet;
mod irc;
mod editing;
mod netcat;
mod one_room;
mod plink;
mod telnet;
mod tls;
mod websocat;

/// What `/quit` answers.
const BYE: &str = "-- Bye. (Press Ctrl-C if your prompt does not come back.)";

/// What the second client is told it is, when the first is bob in the lobby.
const SECOND: &str = "guest2, in lobby with bob (2 here)";

/// A server whose welcome is known to the last byte.
#[track_caller]
fn server() -> Server {
    Server::with(["--name", "box7"])
}

/// What a newcomer is told, on a screen where an end of line looks like `eol`.
fn welcome(you_are: &str, eol: &str) -> String {
    format!("-- Welcome to chatd on box7. You are {you_are}.{eol}{HINT}{eol}")
}

/// The command with the server's address in the place of HOST and PORT, and no settings of the
/// user's.
fn client(server: &Server, command: &str) -> Command {
    client_of(server.addr(), command)
}

fn client_of(address: SocketAddr, command: &str) -> Command {
    let command = in_place(address, command);
    let mut words = command.split_whitespace();
    let mut command = Command::new(words.next().unwrap());
    command.args(words).env("HOME", env!("CARGO_TARGET_TMPDIR")).env("LC_ALL", "C.UTF-8");
    command
}

/// The words with this address in the place of HOST and PORT.
fn in_place(address: SocketAddr, words: &str) -> String {
    let words = words.replace("HOST", &address.ip().to_string());
    words.replace("PORT", &address.port().to_string())
}

/// Starts the client at a terminal. setsid, which becomes the client, makes keys such as Ctrl-C
/// work.
#[track_caller]
fn at_terminal(server: &Server, command: &str) -> Terminal {
    Terminal::run(client(server, &format!("setsid --ctty {command}")))
}

/// `printf INPUT | COMMAND`, which has to end by itself.
#[track_caller]
fn piped(server: &Server, input: &[u8], command: &str) -> Ended {
    let (stdin, mut printf) = pipe().unwrap();
    printf.write_all(input).unwrap();
    drop(printf);
    run(client(server, command).stdin(stdin))
}

/// Takes the name alice; `eol` is what the end of one of the server's lines looks like.
#[track_caller]
fn becomes_alice(terminal: &mut Terminal, eol: &str) {
    terminal.types("/nick alice\n");
    terminal.shows(&format!("/nick alice\r\n-- you are now alice{eol}"));
}

/// Types a line, which is on the screen once.
#[track_caller]
fn says(terminal: &mut Terminal, line: &str) {
    terminal.types(&format!("{line}\n"));
    terminal.shows(&format!("{line}\r\n"));
}

/// A line each way; neither has anything else on the screen.
#[track_caller]
fn hears_and_is_heard(alice: &mut Terminal, bob: &mut Client, eol: &str) {
    says(alice, "déjà vu 🎉");
    assert_eq!(said_to(bob), "<alice> déjà vu 🎉");
    bob.send("schön, 你好");
    alice.shows(&format!("<bob> schön, 你好{eol}"));
}

/// The next line that a person wrote, notices aside.
#[track_caller]
fn said_to(client: &mut Client) -> String {
    client.wait_for(|line| !line.starts_with("--"))
}
