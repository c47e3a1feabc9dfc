//! The `chat` command: a client for chatd that people and scripts can use.
//!
//! It speaks the text wire, as netcat does. At a terminal, `terminal` edits and shows lines, `talk`
//! decides, and `link` carries; in a pipe, `pipe` does it all.

mod backoff;
mod cli;
mod complete;
mod connection;
mod lines;
mod link;
mod names;
mod pipe;
mod recall;
mod talk;
mod terminal;
mod tls;
mod words;

use std::error::Error;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::thread;

use clap::Parser;
use crossbeam_channel::unbounded;

use cli::Options;
use connection::Dialer;
use link::{Link, SharedNames};
use terminal::Terminal;

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
    if !(io::stdin().is_terminal() && io::stdout().is_terminal()) {
        return pipe::run(&dialer, &options.identity());
    }
    let (names, (typed, events)) = (SharedNames::default(), unbounded());
    // A terminal that cannot move its cursor is used as a pipe is.
    let Ok((mut terminal, screen)) = Terminal::new(SharedNames::clone(&names), typed.clone())
    else {
        return pipe::run(&dialer, &options.identity());
    };
    let connection = dialer.dial()?;
    let link = Link::new(dialer, options.identity(), screen, names);
    let thread = thread::Builder::new().name("link".to_owned());
    let link = thread.spawn(move || link.run(connection, &events))?;
    let _ = typed.send(terminal.edit());
    let printer = terminal.close();
    let is_all_delivered = link.join().unwrap_or(false);
    let _ = printer.join();
    if is_all_delivered { Ok(()) } else { Err("not everything was sent".into()) }
}

/// Tells the user what is wrong; there may be nobody to read it.
fn complain(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}
