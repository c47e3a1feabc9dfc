//! `Identity`: the nick and the room that the user chose, and asking for them on a new connection.

use crate::heard::Notice;
use crate::notices::PING;

/// The prefix of names that the server gives.
const GUEST: &str = "guest";
/// The room that every client starts in.
const LOBBY: &str = "lobby";

/// The nick and the room that the user chose, if any.
#[derive(Clone, Debug, Default)]
pub(crate) struct Identity {
    nick: Option<String>,
    room: Option<String>,
    /// Whether the user had this nick. Otherwise it was only asked for.
    had_nick: bool,
    /// The room that the server said last.
    place: Option<String>,
}

impl Identity {
    /// What the user asks for.
    pub(crate) fn new(nick: Option<String>, room: Option<String>) -> Self {
        Self { nick, room, ..Self::default() }
    }

    pub(crate) fn nick(&self) -> Option<&str> {
        self.nick.as_deref()
    }

    /// The room that the user is in, if the server said so.
    pub(crate) fn place(&self) -> Option<&str> {
        self.place.as_deref()
    }

    /// The user turned to another of several rooms.
    pub(crate) fn go(&mut self, room: &str) {
        (self.place, self.room) = (Some(room.to_owned()), Some(room.to_owned()));
    }

    /// The lines to send on a new connection, after the first; without a nick if `is_named`, and
    /// with these other rooms.
    ///
    /// They end with a ping: if no refusal came before its pong, all of them worked.
    pub(crate) fn entrance(&self, is_named: bool, others: &[String]) -> Vec<String> {
        let nick = self.nick.as_ref().filter(|_| !is_named).map(|nick| format!("/nick {nick}"));
        let others = others.iter().filter(|room| Some(*room) != self.room.as_ref());
        let rooms = others.chain(&self.room).filter(|room| !is_lobby(room));
        let rooms = rooms.map(|room| format!("/join {room}"));
        nick.into_iter().chain(rooms).chain([PING.to_owned()]).collect()
    }

    /// Learns nick and room from the server's answers.
    pub(crate) fn learn(&mut self, notice: &Notice<'_>) {
        match *notice {
            Notice::Renamed { nick } => {
                // A guest's name cannot be asked for.
                self.nick = Some(nick.to_owned()).filter(|nick| !nick.starts_with(GUEST));
                self.had_nick = true;
            }
            Notice::Welcome { room, .. } => self.place = Some(room.to_owned()),
            Notice::Moved { room } => self.go(room),
            _ => {}
        }
    }

    /// The server refused the nick or the room, and the user stays: what was refused is not asked
    /// for again by itself.
    pub(crate) fn settle(&mut self) {
        self.room.clone_from(&self.place);
    }

    /// The user goes on under the nick that the server gave: one that was only asked for, and
    /// refused, is not taken later.
    pub(crate) fn accept_nick(&mut self) {
        if !self.had_nick {
            self.nick = None;
        }
    }
}

fn is_lobby(room: &str) -> bool {
    room.trim_start_matches('#').eq_ignore_ascii_case(LOBBY)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn learn(identity: &mut Identity, line: &str) {
        identity.learn(&Notice::of(line).unwrap());
    }

    #[test]
    fn the_answers_tell_who_and_where_one_is() {
        let mut identity = Identity::default();
        assert_eq!(identity.entrance(false, &[]), ["/ping"]);
        learn(&mut identity, "-- you are now alice");
        learn(&mut identity, "-- You are in dev with bob (2 here).");
        assert_eq!(identity.entrance(false, &[]), ["/nick alice", "/join dev", "/ping"]);
        assert_eq!(identity.entrance(true, &[]), ["/join dev", "/ping"]);
        let others = ["lobby", "ops", "dev"].map(str::to_owned);
        let all = ["/join ops", "/join dev", "/ping"];
        assert_eq!(identity.entrance(true, &others), all, "the last one last");
        learn(&mut identity, "-- You are alone in ops.");
        assert_eq!(identity.entrance(false, &[])[1], "/join ops");
        learn(&mut identity, "-- You are alone in lobby.");
        assert_eq!(identity.entrance(false, &[]), ["/nick alice", "/ping"]);
        learn(&mut identity, "-- you are now guest7");
        assert_eq!(identity.entrance(false, &[]), ["/ping"]);
    }

    #[test]
    fn what_was_refused_is_not_asked_for_for_ever() {
        let asked = || Identity::new(Some("bob".into()), Some("ops".into()));
        let mut identity = asked();
        learn(&mut identity, "-- Welcome to chatd on box7. You are guest7, alone in lobby.");
        identity.settle();
        assert_eq!(identity.entrance(false, &[]), ["/nick bob", "/ping"]);
        identity.accept_nick();
        assert_eq!(identity.entrance(false, &[]), ["/ping"]);

        let mut identity = asked();
        learn(&mut identity, "-- you are now bob");
        identity.accept_nick();
        assert_eq!(identity.entrance(false, &[])[0], "/nick bob", "it was had");
    }
}
