//! The command line: the server with its settings, or a subcommand that manages a state directory,
//! beside a server that may be running.

use std::ffi::OsString;

use clap::parser::ValueSource;
use clap::{ArgMatches, FromArgMatches, Subcommand};

pub use super::errand::{BadPassword, Errand};

use super::layers::{self, Stop};
use super::settings::Config;
use super::tasks::{State, Task};
use crate::store;

/// What the command line asks for.
#[derive(Debug)]
pub enum Job {
    /// Run the server.
    Serve(Box<Config>),
    /// Run a subcommand on a state directory.
    Manage(Errand),
}

/// Parses the command line `args`, which begins with the program's name.
///
/// # Errors
/// Help was asked for, or a setting or an argument is wrong.
pub fn parse(
    args: impl IntoIterator<Item = OsString>,
    environment: impl IntoIterator<Item = (OsString, OsString)>,
) -> Result<Job, Stop> {
    let args: Vec<OsString> = args.into_iter().collect();
    let matches = command()
        .args_conflicts_with_subcommands(false)
        .try_get_matches_from(&args)
        .map_err(|error| Stop::from_clap(&error))?;
    if matches.subcommand().is_none() {
        return layers::load(args, environment).map(|config| Job::Serve(Box::new(config)));
    }
    let task = Task::from_arg_matches(&matches).map_err(|error| Stop::from_clap(&error))?;
    let before = before_subcommand(&matches)?;
    let State { state_dir, config } = task.state();
    let state_dir = state_dir.as_ref().or(before.state_dir.as_ref());
    let config = config.as_ref().or(before.config.as_ref());
    let (dir, origin) =
        layers::state_dir(state_dir.map(|dir| &**dir), config.map(|file| &**file), environment)?
            .ok_or_else(|| Stop::Wrong("chatd: --state-dir DIR is missing\n".to_owned()))?;
    store::check_there(&dir).map_err(|fault| Stop::Wrong(format!("chatd: {origin}: {fault}\n")))?;
    Ok(Job::Manage(Errand { task, dir }))
}

/// The options before a subcommand, which may also stand behind it.
///
/// # Errors
/// Another option of the server is there, which means nothing to a subcommand.
fn before_subcommand(matches: &ArgMatches) -> Result<State, Stop> {
    let server = layers::command();
    let is_given = |id: &str| matches.value_source(id) == Some(ValueSource::CommandLine);
    let mut others = server.get_arguments().filter(|arg| {
        let id = arg.get_id().as_str();
        is_given(id) && !["state_dir", "config"].contains(&id)
    });
    match others.next() {
        Some(other) => {
            let option = other.get_long().unwrap_or_default();
            Err(Stop::Wrong(format!("chatd: --{option} cannot be used with a subcommand\n")))
        }
        None => State::from_arg_matches(matches).map_err(|error| Stop::from_clap(&error)),
    }
}

/// The definition of the command line: the server's options and the subcommands.
pub fn command() -> clap::Command {
    let server = layers::command();
    let about = server.get_about().cloned().unwrap_or_default();
    Task::augment_subcommands(server)
        .about(about)
        .args_conflicts_with_subcommands(true)
        .disable_help_subcommand(true)
}
