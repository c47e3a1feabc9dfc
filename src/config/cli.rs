//! The command line: the server with its settings, or a command that looks after its state
//! directory, beside a server that may be running.

use std::error::Error;
use std::ffi::OsString;
use std::fmt;
use std::io::{self, BufRead, ErrorKind, IsTerminal, Read, Write};
use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, FromArgMatches, Subcommand};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::layers::{self, Stop};
use super::settings::Config;
use crate::chat::{Account, Moment, Nick, Password, Refusal, Role, RoomName};
use crate::store::{self, Filter, offline};

const STATE_DIR: &str = "CHATD_STATE_DIR";
/// More than any password.
const MAX_INPUT: u64 = 4096;

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
        /// Only lines of this room
        #[arg(long, value_parser = |name: &str| RoomName::new(name).map_err(|error| Refusal::from(error).to_string()))]
        room: Option<RoomName>,
        /// Only lines said since then: 2026-11-22, "2026-11-22 14:02", 2026-11-22T14:02:00Z, or 7d for the last 7 days
        #[arg(long, value_name = "WHEN", value_parser = parse_since)]
        since: Option<Moment>,
        #[command(flatten)]
        state: State,
    },
    /// Copy the database to a new file; safe while the server runs
    Backup {
        /// The file to create
        file: PathBuf,
        #[command(flatten)]
        state: State,
    },
    /// Manage accounts
    #[command(subcommand, arg_required_else_help = false)]
    Account(AccountTask),
}

/// What can be done with accounts.
#[derive(Clone, Debug, Subcommand)]
enum AccountTask {
    /// Add an account; asks for the password twice, or reads one line from stdin
    Add {
        /// Nick of the account
        #[arg(value_parser = |name: &str| Nick::chosen(name).map_err(|error| Refusal::from(error).to_string()))]
        name: Nick,
        /// Make it an operator's account
        #[arg(long)]
        operator: bool,
        #[command(flatten)]
        state: State,
    },
    /// List the accounts: name, role, when added, when last used
    List {
        #[command(flatten)]
        state: State,
    },
    /// Change the role of an account
    Role {
        /// Nick of the account
        #[arg(value_parser = parse_nick)]
        name: Nick,
        /// The new role; operators may kick, mute and ban
        #[arg(value_parser = PossibleValuesParser::new(["user", "operator"]).map(|name| role(&name)))]
        role: Role,
        #[command(flatten)]
        state: State,
    },
    /// Remove an account; its nick becomes free
    Remove {
        /// Nick of the account
        #[arg(value_parser = parse_nick)]
        name: Nick,
        #[command(flatten)]
        state: State,
    },
    /// Change the password of an account; asks for it twice, or reads one line from stdin
    Password {
        /// Nick of the account
        #[arg(value_parser = parse_nick)]
        name: Nick,
        #[command(flatten)]
        state: State,
    },
}

/// Where the server keeps what outlives it.
#[derive(Clone, Debug, Args)]
struct State {
    /// State directory of the server [env: CHATD_STATE_DIR]
    #[arg(long, value_name = "DIR")]
    state_dir: Option<PathBuf>,
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
        }
    }
}

/// What was typed can't be a password: a mistake like a wrong option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadPassword;

impl fmt::Display for BadPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "a password has 8 to 512 bytes of UTF-8, no blanks around it, and no control or invisible \
             characters",
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

impl Errand {
    /// Does it.
    ///
    /// # Errors
    /// When it cannot be done, in words for whoever asked for it.
    pub fn run(&self) -> Result<(), Box<dyn Error>> {
        let dir = &self.dir;
        match &self.task {
            Task::Export { room, since, .. } => {
                let filter = Filter { room: *room, since: *since };
                Ok(store::export(dir, filter, io::stdout().lock())?)
            }
            Task::Backup { file, .. } => Ok(store::backup(dir, file)?),
            Task::Account(AccountTask::Add { name, operator, .. }) => {
                let role = if *operator { Role::Operator } else { Role::User };
                Ok(offline::add(dir, *name, role, &read_password()?)?)
            }
            Task::Account(AccountTask::List { .. }) => list(&offline::list(dir)?),
            Task::Account(AccountTask::Role { name, role, .. }) => {
                Ok(offline::set_role(dir, *name, *role)?)
            }
            Task::Account(AccountTask::Remove { name, .. }) => Ok(offline::remove(dir, *name)?),
            Task::Account(AccountTask::Password { name, .. }) => {
                Ok(offline::set_password(dir, *name, &read_password()?)?)
            }
        }
    }
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
    let (dir, origin) = state_dir(task.state(), environment)?;
    store::check_there(&dir).map_err(|fault| Stop::Wrong(format!("chatd: {origin}: {fault}\n")))?;
    Ok(Job::Manage(Errand { task, dir }))
}

/// The state directory that is named, and where that is.
fn state_dir(
    state: &State,
    environment: impl IntoIterator<Item = (OsString, OsString)>,
) -> Result<(PathBuf, &'static str), Stop> {
    if let Some(dir) = &state.state_dir {
        return Ok((dir.clone(), "--state-dir"));
    }
    let set = environment.into_iter().find(|(name, _)| name == STATE_DIR);
    set.map(|(_, dir)| (dir.into(), STATE_DIR))
        .ok_or_else(|| Stop::Wrong("chatd: --state-dir DIR is missing\n".to_owned()))
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
    Nick::new(name).ok_or_else(|| "not a valid nick".to_owned())
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
        "expected a date such as 2026-11-22, with or without a time, or a duration such as 7d",
    )?;
    Ok(Moment { unix_ms: instant.as_millisecond() })
}

fn list(accounts: &[Account]) -> Result<(), Box<dyn Error>> {
    let mut out = io::stdout().lock();
    for Account { nick, role, created, last_seen } in accounts {
        let seen = last_seen.map_or_else(|| "never".to_owned(), date);
        writeln!(out, "{nick:16} {role:8} {} {seen}", date(*created))?;
    }
    Ok(())
}

fn date(moment: Moment) -> String {
    let at = Timestamp::from_millisecond(moment.unix_ms).unwrap_or_default();
    at.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M").to_string()
}

/// What is typed at the terminal, unseen.
fn prompt(words: &str) -> Result<String, Box<dyn Error>> {
    rpassword::prompt_password(words).map_err(|error| match error.kind() {
        // It was not UTF-8.
        ErrorKind::InvalidData => BadPassword.into(),
        _ => error.into(),
    })
}

/// Asks twice at a terminal, or takes a line of a stdin that is none.
fn read_password() -> Result<Password, Box<dyn Error>> {
    let typed = if io::stdin().is_terminal() {
        let typed = prompt("Password: ")?;
        if prompt("Again: ")? != typed {
            return Err("the two passwords differ; nothing was changed".into());
        }
        typed
    } else {
        let mut line = Vec::new();
        io::stdin().lock().take(MAX_INPUT).read_until(b'\n', &mut line)?;
        let line = String::from_utf8(line).map_err(|_| BadPassword)?;
        line.lines().next().unwrap_or_default().to_owned()
    };
    Password::chosen(&typed).ok_or_else(|| BadPassword.into())
}
