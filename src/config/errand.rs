//! Runs a subcommand and prints its result.

use std::error::Error;
use std::fmt;
use std::io::{self, BufRead, ErrorKind, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::tasks::{AccountTask, BanTask, Lines, Task, TokenTask};
use crate::chat::{Account, Ban, LineFilter, Moment, Password, Role, RoomName, Token};
use crate::store::{self, ExportFilter, offline, tokens_offline};
use crate::web::{new_token, token_hash};

/// Bytes read from stdin; no password is that long.
const MAX_INPUT: u64 = 4096;

/// The input cannot be a password; a mistake in usage, like a wrong option.
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

/// A subcommand with its state directory.
#[derive(Debug)]
pub struct Errand {
    pub(super) task: Task,
    pub(super) dir: PathBuf,
}

impl Errand {
    /// Runs the subcommand.
    ///
    /// # Errors
    /// It failed; the error is worded for the user.
    pub fn run(&self) -> Result<(), Box<dyn Error>> {
        let dir = &self.dir;
        match &self.task {
            Task::Export { room, since, .. } => {
                let filter = ExportFilter { room: *room, since: *since };
                Ok(store::export(dir, filter, io::stdout().lock())?)
            }
            Task::Backup { file, .. } => Ok(store::backup(dir, file)?),
            Task::Forget { lines, .. } => forget(dir, lines),
            Task::Account(task) => account(dir, task),
            Task::Token(task) => token(dir, task),
            Task::Ban(BanTask::List { .. }) => list_bans(&offline::bans(dir)?),
            Task::Ban(BanTask::Remove { mask, .. }) => {
                say(format_args!("{} is not banned any more", offline::lift_ban(dir, *mask)?))
            }
        }
    }
}

fn forget(dir: &Path, lines: &Lines) -> Result<(), Box<dyn Error>> {
    let Lines { nick, room, since, until, id, text } = lines.clone();
    let filter = LineFilter { nick, room, since, until, text, ..LineFilter::default() };
    match store::forget_offline::forget(dir, id.as_ref(), filter)? {
        0 => say("no line was found"),
        1 => say("1 line is forgotten"),
        lines => say(format_args!("{lines} lines are forgotten")),
    }
}

fn token(dir: &Path, task: &TokenTask) -> Result<(), Box<dyn Error>> {
    match task {
        TokenTask::Add { name, label, room, .. } => {
            let token = new_token().ok_or("the system has no random numbers")?;
            let hash = token_hash(&token);
            tokens_offline::add(dir, *name, label.clone(), room.clone(), hash)?;
            say(token)
        }
        TokenTask::List { .. } => {
            let mut out = io::stdout().lock();
            for Token { nick, label, rooms, created, .. } in tokens_offline::list(dir)? {
                let rooms: Vec<_> = rooms.iter().map(RoomName::as_str).collect();
                let rooms = if rooms.is_empty() { "-".to_owned() } else { rooms.join(",") };
                writeln!(out, "{nick:16} {label} {} {rooms}", date(created))?;
            }
            Ok(())
        }
        TokenTask::Remove { name, label, .. } => {
            tokens_offline::remove(dir, *name, label)?;
            say(format_args!("the token {label} is revoked"))
        }
    }
}

fn account(dir: &Path, task: &AccountTask) -> Result<(), Box<dyn Error>> {
    match task {
        AccountTask::Add { name, operator, .. } => {
            let role = if *operator { Role::Operator } else { Role::User };
            offline::add(dir, *name, role, &read_password()?)?;
            say(format_args!("added {name} ({role})"))
        }
        AccountTask::List { .. } => list(&offline::list(dir)?),
        AccountTask::Role { name, role, .. } => {
            say(format_args!("the role of {} is {role}", offline::set_role(dir, *name, *role)?))
        }
        AccountTask::Remove { name, .. } => {
            say(format_args!("removed {}", offline::remove(dir, *name)?))
        }
        AccountTask::Password { name, .. } => {
            let name = offline::set_password(dir, *name, &read_password()?)?;
            say(format_args!("changed the password of {name}"))
        }
    }
}

/// Prints the result. A closed stdout is no error: the change is made.
fn say(what: impl fmt::Display) -> Result<(), Box<dyn Error>> {
    match writeln!(io::stdout(), "{what}") {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

fn list_bans(bans: &[Ban]) -> Result<(), Box<dyn Error>> {
    let now = Moment { unix_ms: Timestamp::now().as_millisecond() };
    let mut out = io::stdout().lock();
    bans.iter().try_for_each(|ban| writeln!(out, "{}", ban.describe(now)))?;
    Ok(())
}

fn list(accounts: &[Account]) -> Result<(), Box<dyn Error>> {
    let mut out = io::stdout().lock();
    for Account { nick, role, created, last_seen, .. } in accounts {
        let seen = last_seen.map_or_else(|| "never".to_owned(), date);
        writeln!(out, "{nick:16} {role:8} {} {seen}", date(*created))?;
    }
    Ok(())
}

fn date(moment: Moment) -> String {
    let at = Timestamp::from_millisecond(moment.unix_ms).unwrap_or_default();
    at.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M").to_string()
}

/// Reads a line from the terminal without echo.
fn prompt(words: &str) -> Result<String, Box<dyn Error>> {
    rpassword::prompt_password(words).map_err(|error| match error.kind() {
        // The input was not UTF-8.
        ErrorKind::InvalidData => BadPassword.into(),
        _ => error.into(),
    })
}

/// Asks twice if stdin is a terminal; otherwise reads one line from it.
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
