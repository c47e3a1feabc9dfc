//! The `chat` command: a client for chatd that people and scripts can use.
//!
//! It speaks the text wire, as netcat does, or that of browsers. At a terminal, `editor` and `screen` serve the user,
//! `link` the network, and `talk` decides; in a pipe, `pipe` does everything.

mod failure; // why the program failed
mod heard; // what the lines of the server are
mod notices; // what the client sends by itself, or takes for itself
mod identity; // who the user is, and where
mod ssh; // what sshd says of a session
mod cli; // the command line
mod page; // links to rooms
mod net; // a connection, plain or over TLS, and its lines
mod talk; // at a terminal: the logic, without I/O
mod terminal; // the line being typed, the screen, and the loop
mod pipe; // in a pipe: everything
mod account; // the password for --login
mod settings; // the command line and the user's file

use std::io::{self, IsTerminal};
use std::process::ExitCode;
use std::time::Duration;

use self::cli::Options;
use self::failure::{Failure, complain};
use self::identity::Identity;
use self::net::connection::Dialer;
use self::net::wire::Wire;
use self::page::Page;
use self::settings::Stop;
use self::ssh::Session;
use self::talk::Talk;
use self::terminal::{Keys, Link};

/// How long a restricted session tries to get back to a server that it lost.
const PATIENCE: Duration = Duration::from_secs(60);
/// The exit status for wrong usage.
const WRONG_USAGE: u8 = 2;

fn main() -> ExitCode {
    let options = match settings::read() {
        Ok(options) => options,
        Err(Stop::Clap(error)) => error.exit(),
        Err(Stop::File(why)) => {
            complain(&format!("chat: {why}"));
            return ExitCode::from(WRONG_USAGE);
        }
    };
    let session = match options.restricted {
        true => Session::read(),
        false => Ok(Session::default()),
    };
    let session = match session {
        Ok(session) => session,
        Err(why) => {
            complain(why);
            return ExitCode::from(WRONG_USAGE);
        }
    };
    if options.restricted
        && let Err(error) = end_on_hangup()
    {
        complain(&format!("chat: cannot handle signals: {error}"));
        return ExitCode::FAILURE;
    }
    match run(&options, session) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            complain(&format!("chat: {}: {failure}", options.target));
            ExitCode::FAILURE
        }
    }
}

/// A session ends with its terminal, even if whoever started sshd ignores hangups, as nohup(1) does.
fn end_on_hangup() -> io::Result<()> {
    #[cfg(target_os = "linux")]
    {
        use signal_hook::{consts::SIGHUP, flag};
        use std::sync::{Arc, atomic::AtomicBool};

        flag::register_conditional_default(SIGHUP, Arc::new(AtomicBool::new(true)))?;
    }
    Ok(())
}

fn run(options: &Options, session: Session) -> Result<(), Failure> {
    if options.tls_insecure {
        complain("chat: warning: the server's certificate is not checked");
    }
    let nick = session.nick.or_else(|| options.nick.clone());
    let identity = Identity::new(nick, session.room.or_else(|| options.room.clone()));
    let account = account::of(options)?;
    let dialer = Dialer::new(options, session.header)?;
    let is_terminal = io::stdin().is_terminal() && io::stdout().is_terminal();
    let is_terminal = is_terminal && Keys::are_there();
    let wire = Wire::open(&dialer, is_terminal)?;
    // A terminal that cannot move its cursor is used like a pipe.
    let Some(keys) = is_terminal.then(Keys::take).and_then(Result::ok) else {
        return pipe::run(wire, &identity, account);
    };
    let mut talk = Talk::new(identity, account)
        .with_settings(options.bell.is_on(), options.time.is_on())
        .with_links(Page::new(&options.target));
    if options.restricted {
        talk = talk.giving_up_after(PATIENCE);
    }
    let is_all_delivered = terminal::run(Link::new(dialer, wire), talk, options, &keys)?;
    drop(keys);
    if is_all_delivered { Ok(()) } else { Err("not every line was sent".into()) }
}
