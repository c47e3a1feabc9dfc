//! What lines of the text wire mean, as far as a client has to know.

use chatd::text::Text;

/// The commands of chatd, for completion.
pub(crate) const COMMANDS: [&str; 21] = [
    "away", "echo", "help", "history", "ignore", "join", "leave", "me", "msg", "nick", "ping",
    "quiet", "quit", "reply", "rooms", "search", "time", "topic", "unignore", "who", "whois",
];

/// What the server answers to [`PING`], behind all that it was told before.
pub(crate) const PONG: &str = "-- pong";
pub(crate) const PING: &str = "/ping";
pub(crate) const QUIT: &str = "/quit";

/// Where everybody starts.
const LOBBY: &str = "lobby";

/// Who somebody is, and where, as far as that was chosen.
#[derive(Clone, Debug, Default)]
pub(crate) struct Identity {
    pub(crate) nick: Option<String>,
    pub(crate) room: Option<String>,
}

impl Identity {
    /// What to say first on a new connection.
    ///
    /// It begins with an empty line: the server judges a client's first line as a browser's, and
    /// should not judge what is said. It ends with a ping: once the pong is there it all worked,
    /// unless there were refusals.
    pub(crate) fn entrance(&self) -> Vec<String> {
        let nick = self.nick.as_ref().map(|nick| format!("/nick {nick}"));
        let elsewhere = self.room.as_ref().filter(|room| !is_lobby(room));
        let room = elsewhere.map(|room| format!("/join {room}"));
        [Some(String::new()), nick, room, Some(PING.to_owned())].into_iter().flatten().collect()
    }

    /// Learns from the server's answer where a command led.
    pub(crate) fn learn(&mut self, line: &str) {
        let Some(notice) = line.strip_prefix("-- ") else { return };
        if let Some(nick) = notice.strip_prefix("you are now ") {
            self.nick = Some(nick.to_owned());
        } else if let Some(place) = notice.strip_prefix("You are ") {
            let words = place.strip_prefix("alone ").unwrap_or(place).strip_prefix("in ");
            let room = words.and_then(|words| words.split([' ', '.']).next());
            self.room = room.map(str::to_owned).or(self.room.take());
        }
    }
}

fn is_lobby(room: &str) -> bool {
    room.trim_start_matches('#').eq_ignore_ascii_case(LOBBY)
}

/// Whether the server refused something.
pub(crate) fn is_refusal(line: &str) -> bool {
    line.starts_with("!! ")
}

/// Whether it is what the server says to one who quits.
pub(crate) fn is_goodbye(line: &str) -> bool {
    line.starts_with("-- Bye.")
}

/// Whether the server answers a pong to this line.
pub(crate) fn is_ping(line: &Text) -> bool {
    matches!(command(line), Some((name, rest)) if name.eq_ignore_ascii_case("ping") && rest.trim().is_empty())
}

/// Whether the server ends the connection on this line.
pub(crate) fn is_quit(line: &Text) -> bool {
    command(line).is_some_and(|(name, _)| name.eq_ignore_ascii_case("quit"))
}

/// The name of the command that the server sees in a line, and what follows it.
fn command(line: &Text) -> Option<(&str, &str)> {
    let command = line.as_str().trim_start().strip_prefix('/')?;
    Some(command.split_once(' ').unwrap_or((command, "")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pings_and_quits_are_seen_as_the_server_sees_them() {
        for line in ["/ping", " /PING ", "/pi\u{0}ng"] {
            assert!(is_ping(&Text::new(line)), "{line:?}");
        }
        for line in ["/ping me", "//ping", "ping", "/pings"] {
            assert!(!is_ping(&Text::new(line)), "{line:?}");
        }
        for line in ["/quit", "/Quit for lunch", "\t/quit"] {
            assert!(is_quit(&Text::new(line)), "{line:?}");
        }
        assert!(!is_quit(&Text::new("//quit")));
    }

    #[test]
    fn the_answers_tell_who_and_where_one_is() {
        let mut identity = Identity::default();
        assert_eq!(identity.entrance(), ["", "/ping"]);
        for line in ["-- you are now alice", "-- You are in dev with bob (2 here).", "<x> -- hi"] {
            identity.learn(line);
        }
        assert_eq!(identity.entrance(), ["", "/nick alice", "/join dev", "/ping"]);
        identity.learn("-- You are alone in ops.");
        assert_eq!(identity.entrance()[2], "/join ops");
        identity.learn("-- You are alone in lobby.");
        assert_eq!(identity.entrance(), ["", "/nick alice", "/ping"]);
    }
}
