//! The `chat` command: a client for chatd that people and scripts can use.
//!
//! It speaks the text wire, as netcat does. At a terminal, `editor` and `screen` deal with the user,
//! `link` with the network, and `talk` decides; in a pipe, `pipe` does it all.

mod backoff;
mod cli;
mod complete;
mod connection;
mod editor;
mod lines;
mod link;
mod login;
mod names;
mod opening;
mod pipe;
mod recall;
mod screen;
mod talk;
mod terminal;
mod tls;
mod words;

use std::error::Error;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use clap::Parser;

use cli::Options;
use connection::Dialer;
use terminal::Keys;

/// Why the program cannot go on, in words.
type Failure = Box<dyn Error + Send + Sync>;

fn main() -> ExitCode {
    let options = Options::parse();
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
        complain("chat: warning: nobody makes sure that it is the server that you talk to");
    }
    let dialer = Dialer::new(options)?;
    let connection = dialer.dial()?;
    let is_terminal = io::stdin().is_terminal() && io::stdout().is_terminal();
    // A terminal that cannot move its cursor is used as a pipe is.
    let Some(keys) = is_terminal.then(Keys::take).and_then(Result::ok) else {
        return pipe::run(connection, &options.identity());
    };
    let is_all_delivered = terminal::run(dialer, connection, options.identity(), &keys)?;
    drop(keys);
    if is_all_delivered { Ok(()) } else { Err("not everything was sent".into()) }
}

/// Tells the user what is wrong; there may be nobody to read it.
fn complain(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}
