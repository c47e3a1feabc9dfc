//! How long clients may send nothing, and `Silence`: when an IRC client that sends nothing is asked
//! whether it is there, and given up.

use std::time::Duration;

use crate::chat::ANNOUNCED_AFTER;

/// How long a new client must send nothing to be taken for a person who reads.
pub(super) const SETTLING: Duration = Duration::from_millis(300);
/// How long a proxy that connected for itself may send nothing: less than after which it would be
/// announced.
pub(super) const UNHEARD: Duration = ANNOUNCED_AFTER.saturating_sub(Duration::from_secs(1));
/// How long a client may take to answer whether its line can be edited.
pub(super) const EDITING_ANSWER: Duration = Duration::from_secs(2);
/// How long an IRC client may send nothing before it is asked, and again before it is given up.
const LONGEST: Duration = Duration::from_secs(120);

/// How long one client has sent nothing. Others than IRC clients may be silent for ever.
#[derive(Debug)]
pub(super) struct Silence {
    since: Option<Duration>,
    was_asked: bool,
}

impl Silence {
    /// That of a client which has just sent something.
    pub(super) fn new(is_watched: bool, now: Duration) -> Self {
        Self { since: is_watched.then_some(now), was_asked: false }
    }

    /// The client has sent something.
    pub(super) fn end(&mut self, now: Duration) {
        *self = Self::new(self.since.is_some(), now);
    }

    /// How long to wait until [`check`](Self::check) has something to report.
    pub(super) fn left(&self, now: Duration) -> Option<Duration> {
        self.since.map(|since| (since + LONGEST).saturating_sub(now))
    }

    /// Whether the client has been silent for too long: then whether it was asked before.
    pub(super) fn check(&mut self, now: Duration) -> Option<bool> {
        self.left(now).filter(Duration::is_zero)?;
        self.since = Some(now);
        Some(std::mem::replace(&mut self.was_asked, true))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_silent_client_is_asked_and_then_given_up() {
        let mut silence = Silence::new(true, at(10));
        assert_eq!((silence.check(at(129)), silence.left(at(129))), (None, Some(at(1))));
        assert_eq!((silence.check(at(130)), silence.left(at(130))), (Some(false), Some(at(120))));
        assert_eq!((silence.check(at(249)), silence.check(at(250))), (None, Some(true)));
    }

    #[test]
    fn whatever_a_client_sends_ends_its_silence() {
        let mut silence = Silence::new(true, at(0));
        silence.check(at(120));
        silence.end(at(121));
        assert_eq!((silence.check(at(240)), silence.check(at(241))), (None, Some(false)));
    }

    #[test]
    fn clients_of_other_wires_may_be_silent() {
        let mut silence = Silence::new(false, at(0));
        silence.end(at(1));
        assert_eq!((silence.left(at(9999)), silence.check(at(9999))), (None, None));
    }
}
