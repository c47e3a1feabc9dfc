//! The settings: those of the command line, and those of the user's file that it does not replace.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use chatd::table::{Entry, entries};
use clap::parser::ValueSource;
use clap::{ArgMatches, Command, CommandFactory, FromArgMatches};

use crate::account::VARIABLE;
use crate::cli::{Options, Target};
use crate::failure::complain;

/// The keys that the file may have, which are options, except for the first two.
const KEYS: [&str; 13] = [
    "host",
    "port",
    "nick",
    "room",
    "login",
    "password-file",
    "password-command",
    "color",
    "status",
    "bell",
    "time",
    "tls",
    "tls-ca",
];
/// Those that belong to its `host`: no other server gets a password, or is trusted, by them.
const OF_HOST: [&str; 6] = ["port", "login", "password-file", "password-command", "tls", "tls-ca"];
const PASSWORDS: [&str; 2] = ["password-file", "password-command"];
/// Longest file, in bytes.
const MAX_FILE: u64 = 64 * 1024;

/// Why there are no settings.
#[derive(Debug)]
pub(crate) enum Stop {
    /// What clap says about the command line, help included.
    Clap(clap::Error),
    /// A setting in the file is wrong.
    File(String),
}

impl From<clap::Error> for Stop {
    fn from(error: clap::Error) -> Self {
        Self::Clap(error)
    }
}

/// The settings of this process.
pub(crate) fn read() -> Result<Options, Stop> {
    let has_variable = env::var_os(VARIABLE).is_some();
    settings(env::args_os().collect(), has_variable, || {
        let Some(path) = path() else { return Ok(None) };
        let name = path.display().to_string();
        match contents(&path) {
            Ok(contents) => Ok(Some((name, contents))),
            Err(error) if is_missing(&error) => Ok(None),
            // As for a service that may not see any home.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                complain(&format!("chat: warning: {name}: {error}"));
                Ok(None)
            }
            Err(error) => Err(Stop::File(format!("{name}: {error}"))),
        }
    })
}

/// `$XDG_CONFIG_HOME/chatd/chat.conf`, as the XDG Base Directory Specification has it.
fn path() -> Option<PathBuf> {
    let absolute = |name| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let config = absolute("XDG_CONFIG_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".config")))?;
    Some(config.join("chatd").join("chat.conf"))
}

fn contents(path: &Path) -> io::Result<String> {
    // Opening a FIFO would wait for somebody to write.
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is not a file"));
    }
    let file = File::open(path)?;
    check_trust(&file.metadata()?)?;
    let mut contents = String::new();
    let length = file.take(MAX_FILE + 1).read_to_string(&mut contents)?;
    match length as u64 > MAX_FILE {
        true => Err(io::Error::other("the file is too long")),
        false => Ok(contents),
    }
}

/// Fails if others can change the file, which may name a command to run. As with ssh's files, root
/// may.
#[cfg(unix)]
fn check_trust(file: &Metadata) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt;

    #[cfg(target_os = "linux")]
    if ![0, chatd::os::effective_user()].contains(&file.uid()) {
        return Err(io::Error::other("it belongs to another user"));
    }
    match file.mode() & 0o022 {
        0 => Ok(()),
        _ => Err(io::Error::other("others can write to it; chmod go-w takes that from them")),
    }
}

#[cfg(not(unix))]
fn check_trust(_: &Metadata) -> io::Result<()> {
    Ok(())
}

fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// The name and the contents of the file, if there is one.
type Contents = Option<(String, String)>;

/// Merges `args` with the file, which is only read if it may be. `has_variable` says whether the
/// environment has a password, which wins over that of the file.
fn settings(
    args: Vec<OsString>,
    has_variable: bool,
    file: impl FnOnce() -> Result<Contents, Stop>,
) -> Result<Options, Stop> {
    let given = lenient().try_get_matches_from(&args)?;
    let Some((name, contents)) = (if given.get_flag("restricted") { None } else { file()? }) else {
        return Ok(parsed(&args)?);
    };
    let in_file = |why| Stop::File(format!("{name}: {why}"));
    let mut file = Settings::read(&contents).map_err(in_file)?;
    file.give_way(&given, has_variable);
    let is_used = !file.0.is_empty();
    parsed(&file.merged(args, &given)).map_err(|error| match is_used {
        true => in_file(format!("with the command line: {}", complaint(&error))),
        false => error.into(),
    })
}

fn parsed(args: &[OsString]) -> Result<Options, clap::Error> {
    Options::from_arg_matches(&Options::command().try_get_matches_from(args)?)?.checked()
}

/// The command line without what it needs.
fn lenient() -> Command {
    Options::command().mut_arg("target", |target| target.required(false))
}

/// The settings of the file.
struct Settings(Vec<Entry>);

impl Settings {
    /// # Errors
    /// A setting is wrong; the text says which.
    fn read(contents: &str) -> Result<Self, String> {
        let settings = Self(entries(contents)?);
        settings.0.iter().try_for_each(|entry| {
            let wrong = |why| format!("line {}: {}: {why}", entry.line, entry.key);
            if !KEYS.contains(&&*entry.key) {
                return Err(wrong(format!("no such setting; they are {}", KEYS.join(", "))));
            }
            if ["host", "port"].contains(&&*entry.key) && is_like_an_option(entry) {
                return Err(wrong("it cannot begin with a dash".to_owned()));
            }
            let args = args_of(entry).ok_or_else(|| wrong("expected one value".to_owned()))?;
            let args = [OsStr::new("chat")].into_iter().chain(args.iter().map(OsString::as_os_str));
            lenient().try_get_matches_from(args).map_err(|error| wrong(complaint(&error)))?;
            if OF_HOST.contains(&&*entry.key) && settings.value("host").is_none() {
                return Err(wrong("it is for one host; set host, too".to_owned()));
            }
            match PASSWORDS.contains(&&*entry.key) && settings.value("login").is_none() {
                true => Err(wrong("it is for an account; set login, too".to_owned())),
                false => Ok(()),
            }
        })?;
        Ok(settings)
    }

    fn value(&self, key: &str) -> Option<&OsStr> {
        let entry = self.0.iter().find(|entry| entry.key == key)?;
        entry.values.as_ref()?.first().map(OsString::as_os_str)
    }

    /// Drops what the command line says otherwise.
    fn give_way(&mut self, given: &ArgMatches, has_variable: bool) {
        let is_elsewhere = self.is_elsewhere(given);
        let has = |key: &str| is_given(given, key);
        let other_account = has("nick")
            || given
                .get_one::<String>("login")
                .is_some_and(|name| self.value("login").is_none_or(|own| own != OsStr::new(name)));
        let has_password = has_variable || PASSWORDS.iter().any(|key| has(key));
        self.0.retain(|Entry { key, .. }| {
            let key = &**key;
            let is_replaced = has(key)
                || (key == "nick" && has("login"))
                || (key == "login" && has("nick"))
                || (key == "tls-ca" && has("tls-insecure"))
                || (key == "host" && is_given(given, "target"))
                || (PASSWORDS.contains(&key) && (other_account || has_password));
            !(is_replaced || is_elsewhere && OF_HOST.contains(&key))
        });
    }

    /// Whether the command line names another server than the file.
    fn is_elsewhere(&self, given: &ArgMatches) -> bool {
        let Some(target) = given.get_one::<Target>("target") else { return false };
        let port = |text: &OsStr| text.to_str()?.parse().ok();
        let own = self.value("host").and_then(|host| host.to_str()?.parse::<Target>().ok());
        let own_at = own.clone().map(|own| own.with_port(self.value("port").and_then(port)));
        let named = target.clone().with_port(given.get_one::<u16>("port").copied());
        let is_bare = given.get_raw("target").and_then(|mut raw| raw.next()) == self.value("host")
            && !is_given(given, "port");
        // Without the room that a page's address may name.
        !is_bare && Some(named.to_string()) != own_at.map(|own| own.to_string())
    }

    /// The command line with what is left.
    fn merged(self, args: Vec<OsString>, given: &ArgMatches) -> Vec<OsString> {
        let has_target = is_given(given, "target");
        let (places, flags): (Vec<_>, Vec<_>) =
            self.0.iter().partition(|entry| ["host", "port"].contains(&&*entry.key));
        let of = |entries: Vec<&Entry>| -> Vec<OsString> {
            entries.into_iter().filter_map(args_of).flatten().collect()
        };
        let places = places.into_iter().filter_map(|entry| entry.values.clone()).flatten();
        let places: Vec<_> = places.collect();
        let (first, last) = if has_target { (vec![], places) } else { (places, vec![]) };
        let mut args = args.into_iter();
        let program = args.next();
        program.into_iter().chain(of(flags)).chain(first).chain(args).chain(last).collect()
    }
}

fn is_given(given: &ArgMatches, key: &str) -> bool {
    let id = key.replace('-', "_");
    let is_option = given.ids().any(|known| known.as_str() == id);
    is_option && given.value_source(&id) == Some(ValueSource::CommandLine)
}

/// Whether the command line would take a value without a flag for an option.
fn is_like_an_option(entry: &Entry) -> bool {
    let begins_so = |value: &OsString| value.to_string_lossy().starts_with('-');
    entry.values.iter().flatten().any(begins_so)
}

/// The arguments that a setting would be on the command line.
fn args_of(entry: &Entry) -> Option<Vec<OsString>> {
    let [value] = entry.values.as_deref()? else { return None };
    let flag = format!("--{}", entry.key);
    let text = value.to_str()?;
    Some(match (&*entry.key, text) {
        ("host", _) => vec![value.clone()],
        ("port", _) => vec!["host".into(), value.clone()],
        ("tls", "true") => vec![flag.into()],
        ("tls", "false") => vec![],
        ("tls", _) => return None,
        ("status" | "bell" | "time", "true") => vec![format!("{flag}=on").into()],
        ("status" | "bell" | "time", "false") => vec![format!("{flag}=off").into()],
        ("password-file" | "tls-ca", path) => vec![format!("{flag}={}", at_home(path)).into()],
        (_, text) => vec![format!("{flag}={text}").into()],
    })
}

/// `~/path` in the home directory.
fn at_home(path: &str) -> String {
    let home = env::var("HOME").ok().filter(|home| !home.is_empty());
    match (path.strip_prefix("~/"), home) {
        (Some(rest), Some(home)) => format!("{home}/{rest}"),
        _ => path.to_owned(),
    }
}

/// The text of a clap error, without its prefix and its advice.
fn complaint(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let text = text.strip_prefix("error: ").unwrap_or(&text);
    text.split("\n\n").next().unwrap_or(text).trim_end().to_owned()
}

#[cfg(test)]
mod tests;
