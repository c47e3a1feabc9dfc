//! The command line: the server with its settings, or a subcommand that manages a state directory,
//! beside a server that may be running.

use std::ffi::OsString;

use clap::{FromArgMatches, Subcommand};

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
    let matches = command().try_get_matches_from(&args).map_err(|error| Stop::from_clap(&error))?;
    if matches.subcommand().is_none() {
        return layers::load(args, environment).map(|config| Job::Serve(Box::new(config)));
    }
    let task = Task::from_arg_matches(&matches).map_err(|error| Stop::from_clap(&error))?;
    let State { state_dir, config } = task.state();
    let (dir, origin) = layers::state_dir(state_dir.as_deref(), config.as_deref(), environment)?
        .ok_or_else(|| Stop::Wrong("chatd: --state-dir DIR is missing\n".to_owned()))?;
    store::check_there(&dir).map_err(|fault| Stop::Wrong(format!("chatd: {origin}: {fault}\n")))?;
    Ok(Job::Manage(Errand { task, dir }))
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
