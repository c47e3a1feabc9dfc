//! The command line: where to go, and as whom.

use std::fmt;
use std::net::Ipv6Addr;
use std::path::PathBuf;
use std::str::FromStr;

use clap::Parser;

use crate::notices::Identity;

const DEFAULT_PORT: u16 = 1234;

const MORE: &str = "\
At a terminal, others' lines appear above the one being typed; Tab completes commands and names, and
Ctrl-D leaves; a connection that is lost is made anew. In a pipe, each line of the input is said,
what the server tells is the output, and the end of the connection is the end.

Exit status: 0 if the server took every line, 1 if it did not, the connection ended before it had or
it cannot be reached, 2 for wrong usage.";

/// A client for chatd, at a terminal or in a pipe
#[derive(Debug, Parser)]
#[command(name = "chat", version, after_help = MORE)]
pub(crate) struct Options {
    /// Where chatd listens; without PORT, on 1234
    #[arg(value_name = "HOST[:PORT]")]
    pub(crate) target: Target,

    /// Take this name
    #[arg(long, value_name = "NAME", value_parser = one_word)]
    nick: Option<String>,

    /// Go to this room
    #[arg(long, value_name = "ROOM", value_parser = one_word)]
    room: Option<String>,

    /// Speak TLS, for a chatd with a TLS port
    #[arg(long)]
    pub(crate) tls: bool,

    /// Trust the certificates in FILE (PEM), too
    #[arg(long, value_name = "FILE", requires = "tls")]
    pub(crate) tls_ca: Option<PathBuf>,

    /// Accept any certificate; whoever is in between can read and change everything
    #[arg(long, requires = "tls", conflicts_with = "tls_ca")]
    pub(crate) tls_insecure: bool,
}

impl Options {
    /// Who to be, and where.
    pub(crate) fn identity(&self) -> Identity {
        Identity { nick: self.nick.clone(), room: self.room.clone() }
    }
}

/// What follows a command has to stay one word of one line.
fn one_word(word: &str) -> Result<String, &'static str> {
    match word.chars().any(|c| c.is_whitespace() || c.is_control()) || word.is_empty() {
        true => Err("it has to be one word"),
        false => Ok(word.to_owned()),
    }
}

/// A host, by name or address, and a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) host: String,
    pub(crate) port: u16,
}

impl FromStr for Target {
    type Err = &'static str;

    /// Reads `host`, `host:port`, `::1`, `[::1]` and `[::1]:port`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (host, port) = match text.strip_prefix('[') {
            Some(rest) => rest.split_once(']').ok_or("the ] is missing")?,
            None if text.matches(':').count() > 1 => (text, ""),
            None => text.split_at(text.find(':').unwrap_or(text.len())),
        };
        let without_zone = host.split('%').next().unwrap_or(host);
        if host.contains(':') && without_zone.parse::<Ipv6Addr>().is_err() {
            return Err("that is not an IPv6 address");
        }
        if host.is_empty() || host.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return Err("that is not the name of a host");
        }
        let port = match port.strip_prefix(':') {
            None if port.is_empty() => DEFAULT_PORT,
            number => number
                .and_then(|number| number.parse().ok())
                .filter(|&port| port > 0)
                .ok_or("a port is a number from 1 to 65535")?,
        };
        Ok(Self { host: host.to_owned(), port })
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
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
            ("[fe80::1%eth0]:99", "fe80::1%eth0", 99),
        ] {
            let target: Target = text.parse().unwrap();
            assert_eq!((&*target.host, target.port), (host, port), "{text}");
            assert_eq!(target.to_string().parse(), Ok(target), "{text}");
        }
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
    }
}
