//! What sshd says of a session that it starts: who connects from where, and what was asked for
//! (ssh(1), ENVIRONMENT).

use std::env;
use std::net::IpAddr;

use chatd::chat::{Nick, RoomName};

const USAGE: &str = "usage: ssh -t chat@HOST [NICK [ROOM]]";
const NO_CONNECTION: &str = "chat: SSH_CONNECTION is not what sshd sets";

/// What sshd writes for an address when the connection has none, as under `sshd -i`.
const NO_ADDRESS: &str = "UNKNOWN";

/// One session of sshd.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Session {
    /// The PROXY header that states the ssh client's address to the server.
    pub(crate) header: Option<String>,
    pub(crate) nick: Option<String>,
    pub(crate) room: Option<String>,
}

impl Session {
    /// Reads the environment. An error is the line for the user.
    pub(crate) fn read() -> Result<Self, &'static str> {
        let variable = |name| env::var_os(name).map(|value| value.to_string_lossy().into_owned());
        let header = match variable("SSH_CONNECTION") {
            Some(connection) => header(&connection).ok_or(NO_CONNECTION)?,
            None => None,
        };
        let command = variable("SSH_ORIGINAL_COMMAND").filter(|command| !command.is_empty());
        let (nick, room) = match command {
            Some(command) => asked_for(&command).ok_or(USAGE)?,
            None => (variable("CHAT_NICK").filter(|nick| Nick::new(nick).is_some()), None),
        };
        Ok(Self { header, nick, room })
    }
}

/// The nick and the room of `NICK [ROOM]`; `None` if the command is anything else.
fn asked_for(command: &str) -> Option<(Option<String>, Option<String>)> {
    let mut words = command.split_ascii_whitespace();
    let (nick, room) = (words.next()?, words.next());
    let is_valid = Nick::new(nick).is_some() && room.is_none_or(|room| RoomName::new(room).is_ok());
    let is_all = words.next().is_none();
    (is_valid && is_all).then(|| (Some(nick.to_owned()), room.map(str::to_owned)))
}

/// The PROXY header for `CLIENT PORT SERVER PORT`, if these have addresses; `None` if that is not
/// what sshd sets.
fn header(connection: &str) -> Option<Option<String>> {
    let words: Vec<_> = connection.split(' ').collect();
    let [client, client_port, server, server_port] = words[..] else { return None };
    let [client_port, server_port]: [u16; 2] =
        [client_port.parse().ok()?, server_port.parse().ok()?];
    if client == NO_ADDRESS {
        return Some(None);
    }
    let (client, server) = (address(client)?, address(server)?);
    let family = match (client, server) {
        (IpAddr::V4(_), IpAddr::V4(_)) => "TCP4",
        (IpAddr::V6(_), IpAddr::V6(_)) => "TCP6",
        _ => return None,
    };
    Some(Some(format!("PROXY {family} {client} {server} {client_port} {server_port}\r\n")))
}

/// An address, without the zone that a link-local one may have.
fn address(text: &str) -> Option<IpAddr> {
    let address: IpAddr = text.split('%').next()?.parse().ok()?;
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_a_nick_and_perhaps_a_room() {
        let [alice, dev] = ["alice", "dev"].map(|word| Some(word.to_owned()));
        assert_eq!(asked_for("alice"), Some((alice.clone(), None)));
        assert_eq!(asked_for(" alice  dev "), Some((alice.clone(), dev)));
        assert_eq!(asked_for("alice #dev"), Some((alice, Some("#dev".to_owned()))));
    }

    #[test]
    fn anything_else_is_no_command() {
        for command in [
            " ",
            "rm -rf /; id",
            "scp -f x",
            "/usr/lib/openssh/sftp-server",
            "alice -la",
            "alice dev now",
            "$(id)",
            "alice;id",
            "alice dev;id",
            "alice\u{1b}[2J",
            "seventeen-letters",
        ] {
            assert_eq!(asked_for(command), None, "{command}");
        }
    }

    #[test]
    fn the_header_states_both_ends() {
        for (connection, stated) in [
            ("192.0.2.9 50000 192.0.2.7 2222", "PROXY TCP4 192.0.2.9 192.0.2.7 50000 2222\r\n"),
            ("2001:db8::9 1 2001:db8::7 2", "PROXY TCP6 2001:db8::9 2001:db8::7 1 2\r\n"),
            ("fe80::9%eth0 1 fe80::7%eth0 2", "PROXY TCP6 fe80::9 fe80::7 1 2\r\n"),
            ("::ffff:192.0.2.9 1 ::ffff:192.0.2.7 2", "PROXY TCP4 192.0.2.9 192.0.2.7 1 2\r\n"),
        ] {
            assert_eq!(header(connection), Some(Some(stated.to_owned())), "{connection}");
        }
        assert_eq!(header("UNKNOWN 65535 UNKNOWN 65535"), Some(None));
    }

    #[test]
    fn no_header_is_made_of_anything_else() {
        for connection in [
            "",
            "192.0.2.9",
            "192.0.2.9 1 192.0.2.7",
            "192.0.2.9 1 192.0.2.7 2 3",
            "192.0.2.9 1 2001:db8::7 2",
            "192.0.2.9 65536 192.0.2.7 2",
            "192.0.2.9\r\n 1 192.0.2.7 2",
            "box7 1 192.0.2.7 2",
        ] {
            assert_eq!(header(connection), None, "{connection}");
        }
    }
}
