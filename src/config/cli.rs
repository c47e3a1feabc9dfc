//! The command line: the server with its settings, or a command that looks after its state
//! directory, beside a server that may be running.

mod errand;

use std::error::Error;
use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, FromArgMatches, Subcommand};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::layers::{self, Stop};
use super::settings::Config;
use crate::chat::{Mask, Moment, Nick, Refusal, Role, RoomName};
use crate::store;

/// What chatd is started for.
#[derive(Debug)]
pub enum Job {
    /// To be the server.
    Serve(Box<Config>),
    /// To do something with the state directory, and end.
    Manage(Errand),
}

/// What can be done with a state directory.
#[derive(Clone, Debug, Subcommand)]
enum Task {
    /// Write the history to stdout as JSON lines: id, ts, room, nick, kind, text
    Export {
        /// Of this room only
        #[arg(long, value_parser = |name: &str| RoomName::new(name).map_err(|error| Refusal::from(error).to_string()))]
        room: Option<RoomName>,
        /// Not what was said before: 2026-11-22, "2026-11-22 14:02", 2026-11-22T14:02:00Z, or 7d for the last 7 days
        #[arg(long, value_name = "WHEN", value_parser = parse_since)]
        since: Option<Moment>,
        #[command(flatten)]
        state: State,
    },
    /// Copy the database to a new file, also while the server runs
    Backup {
        /// The new file
        file: PathBuf,
        #[command(flatten)]
        state: State,
    },
    /// Look after accounts
    #[command(subcommand, arg_required_else_help = false)]
    Account(AccountTask),
    /// Look after bans
    #[command(subcommand, arg_required_else_help = false)]
    Ban(BanTask),
}

/// What can be done with bans.
#[derive(Clone, Debug, Subcommand)]
enum BanTask {
    /// List those in force: on whom, for how much longer, by whom and why
    List {
        #[command(flatten)]
        state: State,
    },
    /// Lift one; a server that runs notices it at once
    Remove {
        /// A name, an address or a network, as the list has it
        #[arg(value_parser = parse_mask)]
        mask: Mask,
        #[command(flatten)]
        state: State,
    },
}

/// What can be done with accounts.
#[derive(Clone, Debug, Subcommand)]
enum AccountTask {
    /// Add one; its password is read from the terminal, twice, or is a line of stdin
    Add {
        /// The nick that belongs to it
        #[arg(value_parser = |name: &str| Nick::chosen(name).map_err(|error| Refusal::from(error).to_string()))]
        name: Nick,
        /// Let it keep order
        #[arg(long)]
        operator: bool,
        #[command(flatten)]
        state: State,
    },
    /// List them: name, role, when it was added, when it was used last
    List {
        #[command(flatten)]
        state: State,
    },
    /// Change what one may do
    Role {
        /// Its nick
        #[arg(value_parser = parse_nick)]
        name: Nick,
        /// Chat like everybody, or keep order, too
        #[arg(value_parser = PossibleValuesParser::new(["user", "operator"]).map(|name| role(&name)))]
        role: Role,
        #[command(flatten)]
        state: State,
    },
    /// Remove one; the nick is anybody's again
    Remove {
        /// Its nick
        #[arg(value_parser = parse_nick)]
        name: Nick,
        #[command(flatten)]
        state: State,
    },
    /// Change a password; it is read from the terminal, twice, or is a line of stdin
    Password {
        /// The nick of the account
        #[arg(value_parser = parse_nick)]
        name: Nick,
        #[command(flatten)]
        state: State,
    },
}

/// Where the server keeps what outlives it.
#[derive(Clone, Debug, Args)]
struct State {
    /// The server's state directory [default: that of CHATD_STATE_DIR, or of the file of --config]
    #[arg(long, value_name = "DIR")]
    state_dir: Option<PathBuf>,
    /// The server's TOML file [default: that of CHATD_CONFIG]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl Task {
    fn state(&self) -> &State {
        match self {
            Self::Export { state, .. } | Self::Backup { state, .. } => state,
            Self::Account(task) => match task {
                AccountTask::Add { state, .. }
                | AccountTask::List { state }
                | AccountTask::Role { state, .. }
                | AccountTask::Remove { state, .. }
                | AccountTask::Password { state, .. } => state,
            },
            Self::Ban(BanTask::List { state } | BanTask::Remove { state, .. }) => state,
        }
    }
}

/// What was typed can't be a password: a mistake like a wrong option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadPassword;

impl fmt::Display for BadPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "a password has 8 to 512 bytes of UTF-8, without blanks around it and without control \
             or invisible characters, or nobody could log in with it",
        )
    }
}

impl Error for BadPassword {}

/// A command, and the state directory that it is for.
#[derive(Debug)]
pub struct Errand {
    task: Task,
    dir: PathBuf,
}

/// What the command line `args`, which begins with the program's name, asks for.
///
/// # Errors
/// When help was asked for, or anything given is wrong.
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

/// The server's options, and the commands beside them.
pub fn command() -> clap::Command {
    let server = layers::command();
    let about = server.get_about().cloned().unwrap_or_default();
    Task::augment_subcommands(server)
        .about(about)
        .args_conflicts_with_subcommands(true)
        .disable_help_subcommand(true)
}

fn parse_nick(name: &str) -> Result<Nick, String> {
    Nick::new(name).ok_or_else(|| "that is no nick".to_owned())
}

fn parse_mask(text: &str) -> Result<Mask, String> {
    Mask::new(text).ok_or_else(|| "that is no name, address or network".to_owned())
}

fn role(name: &str) -> Role {
    if name == "operator" { Role::Operator } else { Role::User }
}

/// A point of time, or how long ago it was.
fn parse_since(text: &str) -> Result<Moment, String> {
    if let Ok(ago) = humantime::parse_duration(text) {
        let ago = i64::try_from(ago.as_millis()).unwrap_or(i64::MAX);
        return Ok(Moment { unix_ms: Timestamp::now().as_millisecond().saturating_sub(ago) });
    }
    let local = || text.parse::<DateTime>().ok()?.to_zoned(TimeZone::system()).ok();
    let instant = text.parse().ok().or_else(|| local().map(|zoned| zoned.timestamp()));
    let instant: Timestamp = instant.ok_or(
        "it takes a date such as 2026-11-22, with a time or not, or a duration such as 7d",
    )?;
    Ok(Moment { unix_ms: instant.as_millisecond() })
}
