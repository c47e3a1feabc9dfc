//! `Status`: what the status line says of a talk.

use std::time::Duration;

use super::state::{Stage, Talk};

/// How long a pong may take before the status line counts the seconds.
const SLOW: Duration = Duration::from_secs(3);
/// How long a measured lag is worth showing.
const FRESH: Duration = Duration::from_secs(60);
const SECOND: Duration = Duration::from_secs(1);

/// The parts of the status line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Status {
    /// The user's nick and room: `alice in dev`.
    pub(crate) place: String,
    /// The other rooms, with what is unread there.
    pub(crate) rooms: String,
    /// The topic of the room; empty if there is none.
    pub(crate) topic: String,
    /// What waits to be sent, and how the connection is.
    pub(crate) connection: String,
}

impl Talk {
    /// What there is to say now.
    pub(crate) fn status(&self, now: Duration) -> Status {
        let room = self.rooms.address().or(self.identity.place());
        let place = match (self.listener.nick(), room) {
            ("", _) | (_, None) => String::new(),
            (nick, Some(room)) => format!("{nick} in {room}"),
        };
        let topic = self.rooms.topic().unwrap_or_default().to_owned();
        let connection = match self.outbox.kept().count() {
            0 => self.connection(now),
            1 => format!("1 line waits, {}", self.connection(now)),
            waiting => format!("{waiting} lines wait, {}", self.connection(now)),
        };
        Status { place, rooms: self.rooms.others(), topic, connection }
    }

    /// When the status will be another, if nothing happens until then.
    pub(crate) fn status_changes_at(&self, now: Duration) -> Option<Duration> {
        match self.stage {
            Stage::Away { dial_at } => {
                let shown = seconds_until(dial_at, now);
                Some(dial_at.saturating_sub(Duration::from_secs(shown.saturating_sub(1))))
            }
            Stage::Open { .. } => match self.outbox.waiting_since() {
                Some(since) if since + SLOW > now => Some(since + SLOW),
                Some(since) => Some(since + Duration::from_secs((now - since).as_secs() + 1)),
                None => self.outbox.lag().map(|(at, _)| at + FRESH).filter(|at| *at > now),
            },
            _ => None,
        }
    }

    fn connection(&self, now: Duration) -> String {
        match self.stage {
            Stage::Away { dial_at } => {
                format!("no connection, again in {} s", seconds_until(dial_at, now))
            }
            Stage::Dialing => "connecting".to_owned(),
            Stage::Entering { .. } => "entering".to_owned(),
            Stage::Leaving { .. } | Stage::Over => "leaving".to_owned(),
            Stage::Open { .. } => self.lag(now),
        }
    }

    /// How fast the server answers.
    fn lag(&self, now: Duration) -> String {
        let waiting = self.outbox.waiting_since().map(|since| now.saturating_sub(since));
        if let Some(waiting) = waiting.filter(|waiting| *waiting >= SLOW) {
            return format!("no answer for {} s", waiting.as_secs());
        }
        match self.outbox.lag() {
            Some((at, lag)) if at + FRESH > now => match lag < SECOND {
                true => format!("lag {} ms", lag.as_millis()),
                false => format!("lag {:.1} s", lag.as_secs_f64()),
            },
            _ => "connected".to_owned(),
        }
    }
}

/// The seconds until then, the last one counted as a whole.
fn seconds_until(then: Duration, now: Duration) -> u64 {
    (then.saturating_sub(now) + SECOND - Duration::from_nanos(1)).as_secs()
}

#[cfg(test)]
mod tests {
    use chatd::text::Text;

    use super::*;
    use crate::identity::Identity;
    use crate::talk::Event;

    const WELCOME: &str = "-- Welcome to chatd on box7. You are alice, in lobby with bob (2 here).";

    fn at(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    /// A talk that is in the lobby since second 0.
    fn talk() -> Talk {
        let mut talk = Talk::new(Identity::default(), None);
        assert_eq!(talk.status(at(0)).connection, "connecting");
        talk.handle(at(0), Event::Connected);
        assert_eq!(talk.status(at(0)).connection, "entering");
        hear(&mut talk, 0, WELCOME);
        hear(&mut talk, 12, "-- pong");
        talk
    }

    fn hear(talk: &mut Talk, now: u64, line: &str) {
        talk.handle(at(now), Event::Heard { room: None, line: Text::new(line) });
    }

    #[test]
    fn it_says_who_and_where_the_user_is() {
        let mut talk = talk();
        let mut place = |line| {
            hear(&mut talk, 20, line);
            let Status { place, topic, .. } = talk.status(at(20));
            (place, topic)
        };
        let lobby = |topic: &str| ("alice in lobby".to_owned(), topic.to_owned());
        assert_eq!(place("<bob> -- bob set the topic: no"), lobby(""));
        assert_eq!(place("-- bob set the topic: tea: now"), lobby("tea: now"));
        assert_eq!(place("-- bob cleared the topic"), lobby(""));
        assert_eq!(place("-- the topic is cake"), lobby("cake"));
        assert_eq!(place("-- You are alone in dev."), ("alice in dev".to_owned(), String::new()));
        assert_eq!(place("-- you are now al").0, "al in dev");
    }

    #[test]
    fn the_lag_is_that_of_the_last_pong_for_a_minute() {
        let talk = talk();
        assert_eq!(talk.status(at(20)).connection, "lag 12 ms");
        assert_eq!(talk.status_changes_at(at(20)), Some(at(60_012)));
        assert_eq!(talk.status(at(60_012)).connection, "connected");
        assert_eq!(talk.status_changes_at(at(60_012)), None);
    }

    #[test]
    fn seconds_without_an_answer_are_counted() {
        let mut talk = talk();
        talk.handle(at(100), Event::Typed(Text::new("/ping")));
        assert_eq!(talk.status_changes_at(at(200)), Some(at(3100)));
        assert_eq!(talk.status(at(3099)).connection, "lag 12 ms");
        assert_eq!(talk.status(at(3100)).connection, "no answer for 3 s");
        assert_eq!(talk.status_changes_at(at(3100)), Some(at(4100)));
        hear(&mut talk, 4350, "-- pong");
        assert_eq!(talk.status(at(4350)).connection, "lag 4.2 s");
    }

    #[test]
    fn the_wait_for_a_connection_is_counted_down_with_what_waits() {
        let mut talk = talk();
        for _ in 0..4 {
            talk.handle(at(1000), Event::Lost(None));
        }
        let dial_at = talk.deadline().unwrap();
        let (now, last) = (dial_at - at(1500), dial_at - at(1000));
        assert_eq!(talk.status(now).connection, "no connection, again in 2 s");
        assert_eq!(talk.status_changes_at(now), Some(last));
        assert_eq!(talk.status(last).connection, "no connection, again in 1 s");
        assert_eq!(talk.status_changes_at(last), Some(dial_at));
        talk.handle(last, Event::Typed(Text::new("one")));
        assert_eq!(talk.status(last).connection, "1 line waits, no connection, again in 1 s");
        talk.handle(dial_at, Event::Due);
        assert_eq!(talk.status(dial_at).connection, "1 line waits, connecting");
    }
}
