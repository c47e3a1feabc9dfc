//! The sources of settings: the command line overrides the environment, which overrides the file.
//!
//! A setting from the environment or the file is parsed as if it were on the command line, so all
//! three take the same values and report errors in the same words.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt::Display;
use std::io;
use std::path::{Path, PathBuf};

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};

use super::cluster::{CLUSTER_VARIABLE, PASSWORD_VARIABLE, split_password};
use super::files::read_file;
use super::settings::Config;
use crate::cluster::ServerPassword;
use crate::table::{Entry, entries};

const PREFIX: &str = "CHATD_";

/// Why there is no configuration. The caller prints the text as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Help or the version was asked for.
    Answered(String),
    /// A setting is wrong; the first line says which.
    Wrong(String),
}

impl Stop {
    /// The help, the version or the error that clap reports about the command line.
    pub fn from_clap(error: &clap::Error) -> Self {
        match error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
                Self::Answered(error.render().to_string())
            }
            _ => Self::Wrong(format!("chatd: {}", complaint(error))),
        }
    }
}

/// The definition of the server's options, from which the manual and the completions are made, too.
pub fn command() -> Command {
    Config::augment_args(Command::new("chatd"))
        .mut_args(|arg| match arg.get_action() {
            ArgAction::Count | ArgAction::SetTrue => arg,
            // Then the error for a negative number names a bad value, not an unknown option.
            _ => arg.allow_negative_numbers(true),
        })
        .version(env!("CARGO_PKG_VERSION"))
        .about("A chat server for netcat and telnet")
        .after_help(
            "Every option can also be set in the environment (CHATD_PORT for --port) and in the \
             --config file (port = 1234).\nOptions override the environment, and the \
             environment overrides the file.",
        )
}

/// Whether an option can also be set in the file.
pub fn is_setting(arg: &Arg) -> bool {
    arg.get_id() != "config" && !is_errand(arg)
}

/// Whether an option says what to do rather than how: those exist on the command line only.
fn is_errand(arg: &Arg) -> bool {
    arg.get_id() == "check"
}

/// Merges the command line `args`, which begin with the program's name, with the environment
/// and the file that either of them names.
///
/// # Errors
/// Help was asked for, or a setting is wrong, even one that another source overrides.
pub fn load(
    args: impl IntoIterator<Item = OsString>,
    environment: impl IntoIterator<Item = (OsString, OsString)>,
) -> Result<Config, Stop> {
    let args: Vec<OsString> = args.into_iter().collect();
    let given = parse(args.iter().cloned(), None)?;
    let Environment { settings: variables, unknown, password } = from_environment(environment)?;
    let file = match given.get_one::<std::path::PathBuf>("config") {
        Some(path) => from_file(path, "--config")?,
        None => match variables.get("config") {
            Some(setting) => from_file(Path::new(&setting.value), &setting.origin)?,
            None => SettingsById::new(),
        },
    };
    let is_given = |id: &str| given.value_source(id) == Some(ValueSource::CommandLine);
    let mut settings = file;
    override_with(&mut settings, variables);
    settings.retain(|id, _| !is_given(id) && !opposite(id).is_some_and(is_given));

    let origins: BTreeMap<_, _> =
        settings.iter().map(|(id, setting)| (id.clone(), setting.origin.clone())).collect();
    let mut merged: Vec<OsString> = args.first().cloned().into_iter().collect();
    merged.extend(settings.into_values().flat_map(|setting| setting.args));
    merged.extend(args.into_iter().skip(1));
    let mut config = Config::from_arg_matches(&parse(merged, None)?)
        .map_err(|error| Stop::Wrong(complaint(&error)))?;
    config.cluster_options.password = password;
    config.complete().map_err(|(id, why)| {
        let flag = || format!("--{}", id.replace('_', "-"));
        Stop::Wrong(format!("chatd: {}: {why}\n", origins.get(id).cloned().unwrap_or_else(flag)))
    })?;
    config.unknown_variables = unknown;
    Ok(config)
}

/// The state directory of a subcommand, and what names it: `flag`, the environment, or the file
/// that `config` or the environment names. Reads no other setting, so the subcommand needs no
/// access to the files that they name.
///
/// # Errors
/// The file cannot be read, or its state directory is no string.
pub fn state_dir(
    flag: Option<&Path>,
    config: Option<&Path>,
    environment: impl IntoIterator<Item = (OsString, OsString)>,
) -> Result<Option<(PathBuf, String)>, Stop> {
    let variables: BTreeMap<_, _> = environment.into_iter().collect();
    let variable = |name: &'static str| {
        let value = variables.get(OsStr::new(name));
        value.map(|value| (PathBuf::from(value), name.to_owned()))
    };
    let file = config.map(|file| (file.to_owned(), "--config".to_owned()));
    let in_file = match file.or_else(|| variable("CHATD_CONFIG")) {
        None => None,
        Some((file, named_by)) => state_dir_in(&file, &named_by)?,
    };
    let flag = flag.map(|dir| (dir.to_owned(), "--state-dir".to_owned()));
    Ok(flag.or_else(|| variable("CHATD_STATE_DIR")).or(in_file))
}

fn state_dir_in(file: &Path, named_by: &str) -> Result<Option<(PathBuf, String)>, Stop> {
    let mut entries = read_entries(file, named_by)?.into_iter();
    let Some(entry) = entries.find(|entry| entry.key == "state-dir") else { return Ok(None) };
    let origin = format!("{}: state-dir", file.display());
    match entry.values.as_deref() {
        Some([dir]) => Ok(Some((dir.into(), origin))),
        _ => Err(Stop::Wrong(format!("chatd: {origin}: expected a string\n"))),
    }
}

/// Replaces `settings` by those in `winning` that set the same thing.
fn override_with(settings: &mut SettingsById, winning: SettingsById) {
    settings.retain(|id, _| !opposite(id).is_some_and(|id| winning.contains_key(id)));
    settings.extend(winning);
}

/// The other argument that sets the same thing as `id`.
fn opposite(id: &str) -> Option<&'static str> {
    match id {
        "verbose" => Some("quiet"),
        "quiet" => Some("verbose"),
        _ => None,
    }
}

/// Settings by the id of their argument.
type SettingsById = BTreeMap<String, Setting>;

/// One setting from the environment or the file.
struct Setting {
    /// The variable, or the file and key, that an error names.
    origin: String,
    value: OsString,
    /// The arguments that would set it on the command line.
    args: Vec<OsString>,
}

impl Setting {
    /// # Errors
    /// `values` are not valid for `arg`.
    fn new(arg: &Arg, origin: String, values: &[OsString]) -> Result<Self, Stop> {
        let flag = format!("--{}", arg.get_long().unwrap_or_default());
        let args: Vec<OsString> = match arg.get_action() {
            ArgAction::Count => {
                let times = values.first().and_then(|value| count(value)).ok_or_else(|| {
                    Stop::Wrong(format!("chatd: {origin}: expected a number, true or false\n"))
                })?;
                vec![flag.into(); times]
            }
            _ => values.iter().map(|value| with_value(&flag, value)).collect(),
        };
        parse(std::iter::once("chatd".into()).chain(args.iter().cloned()), Some(&origin))?;
        Ok(Self { origin, value: values.first().cloned().unwrap_or_default(), args })
    }
}

/// How often `value` sets a switch.
fn count(value: &OsStr) -> Option<usize> {
    match value.to_str()? {
        "true" => Some(1),
        "false" => Some(0),
        number => number.parse::<u8>().ok().map(usize::from),
    }
}

fn with_value(flag: &str, value: &OsStr) -> OsString {
    let mut arg = OsString::from(format!("{flag}="));
    arg.push(value);
    arg
}

/// The variables that have the prefix.
#[derive(Default)]
struct Environment {
    settings: SettingsById,
    /// Those that name no setting.
    unknown: Vec<String>,
    /// That of Redis, which can be set nowhere else.
    password: Option<ServerPassword>,
}

fn from_environment(
    environment: impl IntoIterator<Item = (OsString, OsString)>,
) -> Result<Environment, Stop> {
    let command = command();
    let mut found = Environment::default();
    for (variable, value) in environment {
        let Some(variable) = variable.to_str().filter(|name| name.starts_with(PREFIX)) else {
            continue;
        };
        if variable == PASSWORD_VARIABLE {
            let password = value.into_string().ok().filter(|password| !password.is_empty());
            let wrong = || wrong(format!("{PASSWORD_VARIABLE}: it is empty, or not UTF-8"));
            found.password = Some(ServerPassword(password.ok_or_else(wrong)?));
            continue;
        }
        let mut value = value;
        if let (CLUSTER_VARIABLE, Some(urls)) = (variable, value.to_str()) {
            let (urls, password) = split_password(urls);
            found.password = password.or(found.password);
            value = urls.into();
        }
        let long = variable[PREFIX.len()..].to_ascii_lowercase().replace('_', "-");
        match find(&command, &long).filter(|arg| !is_errand(arg)) {
            Some(arg) => {
                let setting = Setting::new(arg, variable.to_owned(), &[value])?;
                found.settings.insert(arg.get_id().to_string(), setting);
            }
            None => found.unknown.push(variable.to_owned()),
        }
    }
    Ok(found)
}

/// The settings in a TOML file that `named_by` names.
fn from_file(path: &Path, named_by: &str) -> Result<SettingsById, Stop> {
    let file = path.display();
    let command = command();
    let mut settings = SettingsById::new();
    for Entry { key, values, .. } in read_entries(path, named_by)? {
        let arg = find(&command, &key)
            .filter(|arg| is_setting(arg))
            .ok_or_else(|| wrong(format!("{file}: {key}: no such setting; see chatd --help")))?;
        let values: Vec<OsString> =
            values.ok_or_else(|| wrong(format!("{file}: {key}: expected a string or a number")))?;
        let setting = Setting::new(arg, format!("{file}: {key}"), &values)?;
        settings.insert(arg.get_id().to_string(), setting);
    }
    Ok(settings)
}

fn wrong(what: impl Display) -> Stop {
    Stop::Wrong(format!("chatd: {what}\n"))
}

/// The settings of a TOML file that `named_by` names, with the name of the file in errors.
fn read_entries(path: &Path, named_by: &str) -> Result<Vec<Entry>, Stop> {
    let file = path.display();
    let mut contents = Vec::new();
    let contents = read_file(path, u64::MAX, &mut contents)
        .and_then(|_| String::from_utf8(contents).map_err(io::Error::other))
        .map_err(|error| wrong(format!("{named_by}: cannot read {file}: {error}")))?;
    entries(&contents).map_err(|error| wrong(format!("{file}: {error}")))
}

fn find<'a>(command: &'a Command, long: &str) -> Option<&'a Arg> {
    command.get_arguments().find(|arg| arg.get_long() == Some(long))
}

/// Parses a command line. `origin` is what errors name for one made from a variable or the file.
fn parse(
    args: impl IntoIterator<Item = OsString>,
    origin: Option<&str>,
) -> Result<ArgMatches, Stop> {
    command().try_get_matches_from(args).map_err(|error| match origin {
        None => Stop::from_clap(&error),
        Some(origin) => Stop::Wrong(format!("chatd: {origin}: {}", complaint(&error))),
    })
}

/// The text of a clap error, without clap's prefix.
fn complaint(error: &clap::Error) -> String {
    let text = error.render().to_string();
    text.strip_prefix("error: ").unwrap_or(&text).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admission::Limits;
    use log::LevelFilter;

    #[test]
    fn the_defaults_are_those_that_are_promised() {
        let config = load(["chatd".into()], []).unwrap();
        let promised = Limits {
            max_clients: 4096,
            max_per_ip: 64,
            max_line: 1024,
            rate: 5,
            burst: 20,
            send_queue: 1_048_576,
            idle_timeout: None,
        };
        assert_eq!(config.limits(), promised);
        assert_eq!((config.port, config.settings().replay), (1234, 20));
        assert_eq!(config.log_level(), LevelFilter::Info);
    }
}
