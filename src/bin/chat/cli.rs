//! The command line.

use std::fmt;
use std::net::Ipv6Addr;
use std::path::PathBuf;
use std::str::FromStr;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, ValueEnum};

const DEFAULT_PORT: u16 = 1234;
const HTTP: u16 = 80;
const HTTPS: u16 = 443;

const MORE: &str = "\
At a terminal, other people's lines appear above the line you are typing. Tab completes commands and
names, Ctrl-D leaves, and chat reconnects when the connection is lost. In a pipe, chat says each line
of its input, writes what the server sends to its output, and ends when the connection ends.

~/.config/chatd/chat.conf may have what you do not want to type, such as host = 'box7' and
nick = 'alice'; the keys are the options without the dashes, and what you type wins.

Exit status: 0 if the server accepted every line; 1 if it refused one, if the connection ended early
or if the server cannot be reached; 2 for wrong usage.";

/// A client for chatd, at a terminal or in a pipe
#[derive(Debug, Parser)]
#[command(name = "chat", version, after_help = MORE)]
pub(crate) struct Options {
    /// The server; PORT is 1234 unless given. The page's address will do, too: https://HOST/#ROOM.
    /// unix:PATH is the socket of one on this machine
    #[arg(index = 1, value_name = "HOST[:PORT]|URL|unix:PATH")]
    pub(crate) target: Target,

    /// The port, if it is not in the first argument
    #[arg(index = 2, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    port: Option<u16>,

    /// Nick to take
    #[arg(long, value_name = "NAME", value_parser = one_word)]
    pub(crate) nick: Option<String>,

    /// Room to join
    #[arg(long, value_name = "ROOM", value_parser = one_word)]
    pub(crate) room: Option<String>,

    /// Log in to this account; without one of the next two, the password is CHAT_PASSWORD or asked for
    #[arg(long, value_name = "NAME", value_parser = one_word, conflicts_with = "nick")]
    pub(crate) login: Option<String>,

    /// Read the password for --login from the first line of FILE
    #[arg(long, value_name = "FILE", conflicts_with = "password_command")]
    pub(crate) password_file: Option<PathBuf>,

    /// Read it from the first line that COMMAND of the shell writes
    #[arg(long, value_name = "COMMAND")]
    pub(crate) password_command: Option<String>,

    /// Show names in colours; auto: unless NO_COLOR is set
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = Colour::Auto)]
    color: Colour,

    /// The line below the one that you are typing, with room, topic and connection
    #[arg(long, value_name = "SWITCH", value_enum, default_value_t = Switch::On)]
    pub(crate) status: Switch,

    /// Ring the terminal on lines that name you, as /bell does
    #[arg(long, value_name = "SWITCH", value_enum, default_value_t = Switch::Off)]
    pub(crate) bell: Switch,

    /// Show the time of each line, as /time does
    #[arg(long, value_name = "SWITCH", value_enum, default_value_t = Switch::Off)]
    pub(crate) time: Switch,

    /// Use TLS; PORT is then the server's TLS port
    #[arg(long)]
    pub(crate) tls: bool,

    /// Also trust the certificates in FILE (PEM)
    #[arg(long, value_name = "FILE")]
    pub(crate) tls_ca: Option<PathBuf>,

    /// Accept any certificate; an attacker on the network can then read and change everything
    #[arg(long, conflicts_with = "tls_ca")]
    pub(crate) tls_insecure: bool,

    /// For sshd to start: takes only unix:PATH, --nick and --room, and reads and writes no files
    #[arg(long, conflicts_with_all = [
        "login", "password_file", "password_command", "color", "status", "bell", "time", "tls",
        "tls_ca", "tls_insecure",
    ])]
    pub(crate) restricted: bool,
}

impl Options {
    /// The options, with the port in the target.
    ///
    /// # Errors
    /// Two of them contradict each other, or one needs another.
    pub(crate) fn checked(mut self) -> Result<Self, clap::Error> {
        let conflict = match (&mut self.target, self.port) {
            (Target::Path(_), _) if self.tls => Some("--tls cannot be used with unix:PATH"),
            (Target::Path(_), Some(_)) => Some("PORT cannot be used with unix:PATH"),
            (Target::Host { .. } | Target::Web { .. }, _) if self.restricted => {
                Some("--restricted needs unix:PATH")
            }
            (Target::Web { is_tls: false, .. }, _) if self.tls => {
                Some("--tls cannot be used with http://; use https://")
            }
            (Target::Web { .. }, Some(_)) => Some("PORT cannot be used with an address of a page"),
            (Target::Web { is_tls, room, .. }, None) => {
                self.tls = *is_tls;
                self.room = self.room.take().or_else(|| room.take());
                None
            }
            (Target::Host { port, .. }, Some(number)) if [DEFAULT_PORT, number].contains(port) => {
                *port = number;
                None
            }
            (Target::Host { .. }, Some(_)) => Some("the port is given twice"),
            _ => None,
        };
        let has_password = self.password_file.is_some() || self.password_command.is_some();
        let needs = match self.login {
            None if has_password => Some("a password needs --login"),
            _ if self.tls => None,
            _ if self.tls_ca.is_some() => Some("--tls-ca needs --tls"),
            _ if self.tls_insecure => Some("--tls-insecure needs --tls"),
            _ => None,
        };
        match (conflict, needs) {
            (Some(why), _) => Err(Self::command().error(ErrorKind::ArgumentConflict, why)),
            (_, Some(why)) => Err(Self::command().error(ErrorKind::MissingRequiredArgument, why)),
            _ => Ok(self),
        }
    }

    /// Whether the screen has colours.
    pub(crate) fn has_colours(&self) -> bool {
        match self.color {
            Colour::Always => true,
            Colour::Never => false,
            // See no-color.org.
            Colour::Auto => std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
        }
    }
}

/// When to show names in colours.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Colour {
    Auto,
    Always,
    Never,
}

/// Whether something is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Switch {
    On,
    Off,
}

impl Switch {
    pub(crate) fn is_on(self) -> bool {
        self == Self::On
    }
}

/// Accepts one word, so that it cannot begin another command or line.
fn one_word(word: &str) -> Result<String, &'static str> {
    // A phone's keyboard puts a blank behind a word that it completes.
    let word = word.trim_matches(' ');
    match word.chars().any(|c| c.is_whitespace() || c.is_control()) || word.is_empty() {
        true => Err("must be one word"),
        false => Ok(word.to_owned()),
    }
}

/// Where the server is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// On a host, by name or address, and a port.
    Host { host: String, port: u16 },
    /// The page's address; the path ends in a slash.
    Web { is_tls: bool, host: String, port: u16, path: String, room: Option<String> },
    /// At a path on this machine.
    Path(PathBuf),
}

impl Target {
    /// The host and the port of a page, as browsers write them.
    pub(crate) fn authority(&self) -> String {
        let Self::Web { is_tls, host, port, .. } = self else { return String::new() };
        let host = if host.contains(':') { format!("[{host}]") } else { host.clone() };
        match (is_tls, *port) {
            (false, HTTP) | (true, HTTPS) => host,
            (_, port) => format!("{host}:{port}"),
        }
    }

    /// The name or address of the host; empty if there is none.
    pub(crate) fn host(&self) -> &str {
        match self {
            Self::Host { host, .. } | Self::Web { host, .. } => host,
            Self::Path(_) => "",
        }
    }

    /// The same at this port, if there is one and the target has none but the usual one.
    pub(crate) fn with_port(self, number: Option<u16>) -> Self {
        match (self, number) {
            (Self::Host { host, port: DEFAULT_PORT }, Some(port)) => Self::Host { host, port },
            (target, _) => target,
        }
    }
}

impl FromStr for Target {
    type Err = &'static str;

    /// Reads `host`, `host:port`, `::1`, `[::1]`, `[::1]:port`, `telnet://…` with one of these, and
    /// `unix:path`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim_matches(' ');
        for (scheme, is_tls) in [("http://", false), ("https://", true)] {
            if let Some(address) = text.strip_prefix(scheme) {
                return page(is_tls, address);
            }
        }
        if let Some(path) = text.strip_prefix("unix:") {
            let is_path = !path.is_empty() && !path.contains(|c: char| c.is_control());
            return is_path.then(|| Self::Path(path.into())).ok_or("the path is missing");
        }
        let text = match text.strip_prefix("telnet://") {
            Some(address) => address.strip_suffix('/').unwrap_or(address),
            None => text,
        };
        let (host, port) = split_port(text)?;
        Ok(Self::Host { host, port: port.unwrap_or(DEFAULT_PORT) })
    }
}

/// Reads what follows `http://`.
fn page(is_tls: bool, address: &str) -> Result<Target, &'static str> {
    let (address, room) = address.split_once('#').unwrap_or((address, ""));
    let (authority, path) = address.split_once('/').unwrap_or((address, ""));
    let (host, port) = split_port(authority)?;
    if path.contains(|c: char| !c.is_ascii_graphic() || c == '?') {
        return Err("not the address of a page");
    }
    let path = format!("/{path}");
    let path = if path.ends_with('/') { path } else { path + "/" };
    let room = Some(room).filter(|room| !room.is_empty()).map(one_word).transpose()?;
    let port = port.unwrap_or(if is_tls { HTTPS } else { HTTP });
    Ok(Target::Web { is_tls, host, port, path, room })
}

/// Reads `host`, `host:port`, `::1`, `[::1]` or `[::1]:port`.
fn split_port(text: &str) -> Result<(String, Option<u16>), &'static str> {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => rest.split_once(']').ok_or("the ] is missing")?,
        None if text.matches(':').count() > 1 => (text, ""),
        None => text.split_at(text.find(':').unwrap_or(text.len())),
    };
    let without_zone = host.split('%').next().unwrap_or(host);
    if host.contains(':') && without_zone.parse::<Ipv6Addr>().is_err() {
        return Err("not an IPv6 address");
    }
    if host.is_empty() || host.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err("not a host name");
    }
    let port = match port.strip_prefix(':') {
        None if port.is_empty() => None,
        number => Some(
            number
                .and_then(|number| number.parse().ok())
                .filter(|&port| port > 0)
                .ok_or("the port must be a number from 1 to 65535")?,
        ),
    };
    Ok((host.to_owned(), port))
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host { host, port } if host.contains(':') => write!(f, "[{host}]:{port}"),
            Self::Host { host, port } => write!(f, "{host}:{port}"),
            Self::Web { is_tls, path, .. } => {
                let scheme = if *is_tls { "https" } else { "http" };
                write!(f, "{scheme}://{}{path}", self.authority())
            }
            Self::Path(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_come_with_a_port_or_without() {
        for (text, host, port) in [
            ("box7", "box7", 1234),
            ("box7:99", "box7", 99),
            ("192.0.2.7:99", "192.0.2.7", 99),
            ("::1", "::1", 1234),
            ("[::1]", "::1", 1234),
            ("[::1]:99", "::1", 99),
            ("telnet://box7", "box7", 1234),
            (" box7:99 ", "box7", 99),
            ("telnet://box7:99/", "box7", 99),
            ("[fe80::1%eth0]:99", "fe80::1%eth0", 99),
        ] {
            let target: Target = text.parse().unwrap();
            assert_eq!(target, Target::Host { host: host.to_owned(), port }, "{text}");
            assert_eq!(target.to_string().parse(), Ok(target), "{text}");
        }
    }

    #[test]
    fn the_address_of_a_page_has_a_host_a_path_and_perhaps_a_room() {
        for (text, shown, path, room) in [
            ("http://box7", "http://box7/", "/", None),
            ("https://box7:443/#dev", "https://box7/", "/", Some("dev")),
            ("http://box7:8080/chat", "http://box7:8080/chat/", "/chat/", None),
            ("https://[::1]:8443/a/b/#x", "https://[::1]:8443/a/b/", "/a/b/", Some("x")),
        ] {
            let target: Target = text.parse().unwrap();
            assert_eq!(target.to_string(), shown, "{text}");
            let Target::Web { path: own, room: at, .. } = target else { panic!("{text}") };
            assert_eq!((&*own, at.as_deref()), (path, room), "{text}");
        }
        for text in ["http://", "http:///x", "https://box7:0/", "http://box7/?x", "http://a b/"] {
            assert!(text.parse::<Target>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_path_is_one_of_this_machine() {
        let target: Target = "unix:/run/chatd/chatd.sock".parse().unwrap();
        assert_eq!(target, Target::Path("/run/chatd/chatd.sock".into()));
        assert_eq!(target.to_string(), "unix:/run/chatd/chatd.sock");
    }

    #[test]
    fn what_is_no_host_is_refused() {
        for text in [
            "",
            ":99",
            "box7:",
            "box7:0",
            "box7:65536",
            "box7:x",
            "[::1",
            "[::1]99",
            "1:2:3",
            "a b",
            "unix:",
        ] {
            assert!(text.parse::<Target>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_name_is_one_word_so_that_it_cannot_be_a_command() {
        for word in ["", "two words", "bob\n/quit", "bob\r"] {
            assert!(one_word(word).is_err(), "{word:?}");
        }
        assert_eq!(one_word("bob"), Ok("bob".to_owned()));
        assert_eq!(one_word(" bob "), Ok("bob".to_owned()));
    }
}
