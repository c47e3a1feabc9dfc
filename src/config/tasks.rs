//! The subcommands, which manage a state directory, as clap arguments.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::chat::{Mask, Moment, Nick, Refusal, Role, RoomName, Token};
use crate::store::forget_offline::LineRef;
use crate::text::Text;

/// What can be done with a state directory.
#[derive(Clone, Debug, Subcommand)]
pub(super) enum Task {
    /// Write the history to stdout as JSON lines: id, ts, room, nick, kind, text
    Export {
        /// Only lines of this room
        #[arg(long, value_parser = parse_room)]
        room: Option<RoomName>,
        /// Only lines said since then: 2026-11-22, "2026-11-22 14:02", 2026-11-22T14:02:00Z, or 7d
        /// for the last 7 days
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
    /// Permanently remove the lines that match all given options, also from a running server
    Forget {
        #[command(flatten)]
        lines: Lines,
        #[command(flatten)]
        state: State,
    },
    /// Manage accounts
    #[command(subcommand, arg_required_else_help = false)]
    Account(AccountTask),
    /// Manage bans
    #[command(subcommand, arg_required_else_help = false)]
    Ban(BanTask),
    /// Manage tokens, by which programs speak over HTTP as an account
    #[command(subcommand, arg_required_else_help = false)]
    Token(TokenTask),
}

/// Which lines are meant.
#[derive(Clone, Debug, Args)]
#[group(required = true, multiple = true)]
pub(super) struct Lines {
    /// Only lines said under this name, in any spelling
    #[arg(long, alias = "name", value_name = "NAME", value_parser = parse_nick)]
    pub(super) nick: Option<Nick>,
    /// Only lines of this room
    #[arg(long, value_parser = parse_room)]
    pub(super) room: Option<RoomName>,
    /// Only lines said since then; as for export
    #[arg(long, value_name = "WHEN", value_parser = parse_since)]
    pub(super) since: Option<Moment>,
    /// Only lines said until then; as for export
    #[arg(long, value_name = "WHEN", value_parser = parse_since)]
    pub(super) until: Option<Moment>,
    /// Only the line with this id: the number in an export, or origin-number
    #[arg(long)]
    pub(super) id: Option<LineRef>,
    /// Only lines that contain exactly this
    #[arg(long, value_parser = parse_text)]
    pub(super) text: Option<Text>,
}

/// What can be done with bans.
#[derive(Clone, Debug, Subcommand)]
pub(super) enum BanTask {
    /// List the bans in force: on whom, for how much longer, by whom and why
    List {
        #[command(flatten)]
        state: State,
    },
    /// Lift a ban; a running server notices at once
    Remove {
        /// Name, address or network, as in the list
        #[arg(value_parser = parse_mask)]
        mask: Mask,
        #[command(flatten)]
        state: State,
    },
}

/// What can be done with tokens.
#[derive(Clone, Debug, Subcommand)]
pub(super) enum TokenTask {
    /// Make a token for an account, and print it; it is shown only now
    Add {
        /// Nick of the account
        #[arg(value_parser = parse_nick)]
        name: Nick,
        /// One word by which the token is known [default: token1, token2, ...]
        #[arg(long, value_parser = parse_label)]
        label: Option<Text>,
        /// Only for this room; can be given more than once
        #[arg(long, value_parser = parse_room)]
        room: Vec<RoomName>,
        #[command(flatten)]
        state: State,
    },
    /// List the tokens: account, label, when made, rooms
    List {
        #[command(flatten)]
        state: State,
    },
    /// Revoke a token; a running server notices at once
    Remove {
        /// Nick of the account
        #[arg(value_parser = parse_nick)]
        name: Nick,
        /// Label of the token
        #[arg(value_parser = parse_label)]
        label: Text,
        #[command(flatten)]
        state: State,
    },
}

/// What can be done with accounts.
#[derive(Clone, Debug, Subcommand)]
pub(super) enum AccountTask {
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
pub(super) struct State {
    /// State directory of the server [default: CHATD_STATE_DIR, or state-dir in the file of
    /// --config]
    #[arg(long, value_name = "DIR")]
    pub(super) state_dir: Option<PathBuf>,
    /// Settings file of the server [env: CHATD_CONFIG]
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
            Self::Token(task) => match task {
                TokenTask::Add { state, .. }
                | TokenTask::List { state }
                | TokenTask::Remove { state, .. } => state,
            },
        }
    }
}

fn parse_nick(name: &str) -> Result<Nick, String> {
    Nick::new(name).ok_or_else(|| "not a valid nick".to_owned())
}

fn parse_room(name: &str) -> Result<RoomName, String> {
    RoomName::new(name).map_err(|error| Refusal::from(error).to_string())
}

fn parse_text(typed: &str) -> Result<Text, String> {
    let text = Text::new(typed);
    if text.is_blank() { Err("must not be blank".to_owned()) } else { Ok(text) }
}

fn parse_label(typed: &str) -> Result<Text, String> {
    let label = Text::new(typed);
    match Token::is_label(typed) && label.as_str() == typed {
        true => Ok(label),
        false => Err("must be one word of at most 32 characters".to_owned()),
    }
}

fn parse_mask(text: &str) -> Result<Mask, String> {
    Mask::new(text).ok_or_else(|| "not a name, address or network".to_owned())
}

fn role(name: &str) -> Role {
    if name == "operator" { Role::Operator } else { Role::User }
}

/// Parses a point of time, or a duration before now.
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
