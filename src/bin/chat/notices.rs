//! The parts of the text wire's wording that the client depends on.

use chatd::edit::password;
use chatd::text::{Text, is_blank, shows, split_word};

/// The server's answer to [`PING`], after the answers to all earlier lines.
pub(crate) const PONG: &str = "-- pong";
pub(crate) const PING: &str = "/ping";
pub(crate) const QUIT: &str = "/quit";

/// The empty line to send first: the server checks a client's first line for HTTP, and must not
/// check what the user types.
pub(crate) const FIRST_LINE: &str = "";

/// The prefix of names that the server gives.
const GUEST: &str = "guest";
/// The room that every client starts in.
const LOBBY: &str = "lobby";

/// The nick and the room that the user chose, if any.
#[derive(Clone, Debug, Default)]
pub(crate) struct Identity {
    pub(crate) nick: Option<String>,
    pub(crate) room: Option<String>,
}

impl Identity {
    /// The lines to send on a new connection, after [`FIRST_LINE`]; without a nick if `is_named`.
    ///
    /// They end with a ping: if no refusal came before its pong, all of them worked.
    pub(crate) fn entrance(&self, is_named: bool) -> Vec<String> {
        let nick = self.nick.as_ref().filter(|_| !is_named).map(|nick| format!("/nick {nick}"));
        let elsewhere = self.room.as_ref().filter(|room| !is_lobby(room));
        let room = elsewhere.map(|room| format!("/join {room}"));
        [nick, room, Some(PING.to_owned())].into_iter().flatten().collect()
    }

    /// Learns nick and room from the server's answers.
    pub(crate) fn learn(&mut self, line: &str) {
        let Some(notice) = line.strip_prefix("-- ") else { return };
        if let Some(nick) = notice.strip_prefix("you are now ") {
            // A guest's name cannot be asked for.
            self.nick = Some(nick.to_owned()).filter(|nick| !nick.starts_with(GUEST));
        } else if let Some(place) = notice.strip_prefix("You are ") {
            let place = place.strip_prefix("alone ").unwrap_or(place).strip_prefix("in ");
            let room = place.and_then(|place| place.split([' ', '.']).next());
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

/// Whether it is the server's answer to `/quit`.
pub(crate) fn is_goodbye(line: &str) -> bool {
    line.starts_with("-- Bye.")
}

/// Whether the server is shutting down, or restarting, which ends connections over TLS.
pub(crate) fn is_going_down(line: &str) -> bool {
    line == "-- the server is going down"
}

/// Whether the server answers a pong to this line.
pub(crate) fn is_ping(line: &Text) -> bool {
    matches!(command(line), Some((name, rest)) if name.eq_ignore_ascii_case("ping") && is_blank(rest))
}

/// Whether the server ends the connection after this line.
pub(crate) fn is_quit(line: &Text) -> bool {
    command(line).is_some_and(|(name, _)| name.eq_ignore_ascii_case("quit"))
}

/// A line as it may be shown, with the password left out.
pub(crate) fn without_password(line: &Text) -> String {
    let whole = line.as_str().trim_end();
    let rest = password(whole).and_then(|password| whole.strip_suffix(password));
    rest.map_or_else(|| line.to_string(), |rest| format!("{rest}…"))
}

/// The command's name and arguments, as the server parses them.
fn command(line: &Text) -> Option<(&str, &str)> {
    let command = line.as_str().trim_start_matches(|c| !shows(c)).strip_prefix('/')?;
    Some(split_word(command))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pings_and_quits_are_seen_as_the_server_sees_them() {
        for line in ["/ping", " /PING ", "/pi\u{0}ng", "\u{3000}/ping\u{a0}"] {
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
        assert_eq!(identity.entrance(false), ["/ping"]);
        for line in ["-- you are now alice", "-- You are in dev with bob (2 here).", "<x> -- hi"] {
            identity.learn(line);
        }
        assert_eq!(identity.entrance(false), ["/nick alice", "/join dev", "/ping"]);
        assert_eq!(identity.entrance(true), ["/join dev", "/ping"]);
        identity.learn("-- You are alone in ops.");
        assert_eq!(identity.entrance(false)[1], "/join ops");
        identity.learn("-- You are alone in lobby.");
        assert_eq!(identity.entrance(false), ["/nick alice", "/ping"]);
        identity.learn("-- you are now guest7");
        assert_eq!(identity.entrance(false), ["/ping"]);
    }

    #[test]
    fn passwords_are_seen_as_the_server_sees_them_and_not_shown() {
        for (line, shown) in [
            ("/login alice open  sesame ", "/login alice …"),
            (" /LOGIN  alice  x", " /LOGIN  alice  …"),
            ("/login\u{a0}alice\u{3000}x", "/login\u{a0}alice\u{3000}…"),
            ("/register secret", "/register …"),
            ("/login alice", "/login alice"),
            ("/register", "/register"),
            ("/Password  secret", "/Password  …"),
            ("//login alice x", "//login alice x"),
            ("login alice x", "login alice x"),
        ] {
            assert_eq!(without_password(&Text::new(line)), shown);
        }
    }
}
