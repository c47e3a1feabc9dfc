//! The subcommands: what can be done with a state directory, as clap arguments.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::chat::{Mask, Moment, Nick, Refusal, Role, RoomName};
use crate::store::forget_offline::LineId;
use crate::text::Text;

/// What can be done with a state directory.
#[derive(Clone, Debug, Subcommand)]
pub(super) enum Task {
    /// Write the history to stdout as JSON lines: id, ts, room, nick, kind, text
    Export {
        /// Of this room only
        #[arg(long, value_parser = parse_room)]
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
    /// Remove lines for good, those that all of the options hold for; a server that runs forgets them, too
    Forget {
        #[command(flatten)]
        lines: Lines,
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

/// Which lines are meant.
#[derive(Clone, Debug, Args)]
#[group(required = true, multiple = true)]
pub(super) struct Lines {
    /// Lines of this person, in any spelling of the name
    #[arg(long, alias = "name", value_name = "NAME", value_parser = parse_nick)]
    pub(super) nick: Option<Nick>,
    /// Lines in this room
    #[arg(long, value_parser = parse_room)]
    pub(super) room: Option<RoomName>,
    /// Lines that were not said before: as for `export`
    #[arg(long, value_name = "WHEN", value_parser = parse_since)]
    pub(super) since: Option<Moment>,
    /// Lines that were not said after
    #[arg(long, value_name = "WHEN", value_parser = parse_since)]
    pub(super) until: Option<Moment>,
    /// The line with this id: the number in an export, or its origin and number there, origin-number
    #[arg(long)]
    pub(super) id: Option<LineId>,
    /// Lines with exactly this in them
    #[arg(long, value_parser = parse_text)]
    pub(super) text: Option<Text>,
}

/// What can be done with bans.
#[derive(Clone, Debug, Subcommand)]
pub(super) enum BanTask {
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
pub(super) enum AccountTask {
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
pub(super) struct State {
    /// The server's state directory [default: that of CHATD_STATE_DIR, or of the file of --config]
    #[arg(long, value_name = "DIR")]
    pub(super) state_dir: Option<PathBuf>,
    /// The server's TOML file [default: that of CHATD_CONFIG]
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
}

impl Task {
    pub(super) fn state(&self) -> &State {
        match self {
            Self::Export { state, .. }
            | Self::Backup { state, .. }
            | Self::Forget { state, .. } => state,
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

fn parse_nick(name: &str) -> Result<Nick, String> {
    Nick::new(name).ok_or_else(|| "that is no nick".to_owned())
}

fn parse_room(name: &str) -> Result<RoomName, String> {
    RoomName::new(name).map_err(|error| Refusal::from(error).to_string())
}

fn parse_text(typed: &str) -> Result<Text, String> {
    let text = Text::new(typed);
    if text.is_blank() { Err("there is nothing in it".to_owned()) } else { Ok(text) }
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
