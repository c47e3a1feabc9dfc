//! The `chat` command: a client for chatd that people and scripts can use.
//!
//! It speaks the text wire, as netcat does. At a terminal, `editor` and `screen` serve the user,
//! `link` the network, and `talk` decides; in a pipe, `pipe` does everything.

mod failure; // why the program failed
mod heard; // what the lines of the server are
mod notices; // what the client sends by itself, or takes for itself
mod identity; // who the user is, and where
mod cli; // the command line
mod net; // a connection, plain or over TLS, and its lines
mod talk; // at a terminal: the logic, without I/O
mod terminal; // the line being typed, the screen, and the loop
mod pipe; // in a pipe: everything
mod account; // the password for --login

use std::io::{self, IsTerminal};
use std::process::ExitCode;

use self::cli::Options;
use self::failure::{Failure, complain};
use self::identity::Identity;
use self::net::connection::Dialer;
use self::terminal::Keys;

fn main() -> ExitCode {
    let options = Options::read();
    match run(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            complain(&format!("chat: {}: {failure}", options.target));
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<(), Failure> {
    if options.tls_insecure {
        complain("chat: warning: the server's certificate is not checked");
    }
    let identity = Identity::new(options.nick.clone(), options.room.clone());
    let account = account::of(options)?;
    let dialer = Dialer::new(options)?;
    let connection = dialer.dial()?;
    let is_terminal = io::stdin().is_terminal() && io::stdout().is_terminal();
    // A terminal that cannot move its cursor is used like a pipe.
    let Some(keys) = is_terminal.then(Keys::take).and_then(Result::ok) else {
        return pipe::run(connection, &identity, account);
    };
    let is_all_delivered =
        terminal::run(dialer, connection, identity, account, options.has_colours(), &keys)?;
    drop(keys);
    if is_all_delivered { Ok(()) } else { Err("not every line was sent".into()) }
}
