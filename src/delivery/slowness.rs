//! `Slowness`: tells a client that does not keep up from one that was told much at once.

use std::time::Duration;

/// How long a client may have more waiting than it may: a burst is not slowness.
const GRACE: Duration = Duration::from_secs(1);
/// How many times more than it may at any time, as long as most of it is shared with others.
const MOST: usize = 8;

/// How long one client has been behind.
#[derive(Debug, Default)]
pub(super) struct Slowness {
    /// Since when more waits than may.
    over_since: Option<Duration>,
}

/// What is to be done about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing, or nothing new.
    Fine,
    /// To look again then.
    Suspect(Duration),
    /// It has to go.
    TooSlow,
}

impl Slowness {
    /// Judges a client for which `waiting` bytes wait, `own` of them for nobody else. `limit`
    /// bytes may wait; more only for a second, and only while they cost little because others
    /// wait for the same.
    pub(super) fn judge(
        &mut self,
        now: Duration,
        waiting: usize,
        own: usize,
        limit: usize,
    ) -> Verdict {
        if waiting <= limit {
            self.over_since = None;
            return Verdict::Fine;
        }
        let is_new = self.over_since.is_none();
        let grace_ends = *self.over_since.get_or_insert(now) + GRACE;
        if now >= grace_ends || own > limit || waiting > limit.saturating_mul(MOST) {
            Verdict::TooSlow
        } else if is_new {
            Verdict::Suspect(grace_ends)
        } else {
            Verdict::Fine
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: usize = 1000;

    fn judge(slowness: &mut Slowness, ms: u64, waiting: usize) -> Verdict {
        slowness.judge(Duration::from_millis(ms), waiting, 0, LIMIT)
    }

    fn suspect(ms: u64) -> Verdict {
        Verdict::Suspect(Duration::from_millis(ms))
    }

    #[test]
    fn what_others_wait_for_too_may_be_more_than_the_limit_for_a_second() {
        let mut slowness = Slowness::default();
        assert_eq!(judge(&mut slowness, 0, LIMIT), Verdict::Fine);
        assert_eq!(judge(&mut slowness, 5000, LIMIT + 1), suspect(6000));
        assert_eq!(judge(&mut slowness, 5999, LIMIT + 1), Verdict::Fine);
        assert_eq!(judge(&mut slowness, 6000, LIMIT + 1), Verdict::TooSlow);
    }

    #[test]
    fn who_catches_up_has_another_second() {
        let mut slowness = Slowness::default();
        assert_eq!(judge(&mut slowness, 0, 2 * LIMIT), suspect(1000));
        assert_eq!(judge(&mut slowness, 900, LIMIT), Verdict::Fine);
        assert_eq!(judge(&mut slowness, 1000, 2 * LIMIT), suspect(2000));
    }

    #[test]
    fn what_waits_for_one_client_alone_is_never_more_than_the_limit() {
        let mut slowness = Slowness::default();
        let mut judge = |own| slowness.judge(Duration::ZERO, own + 1, own, LIMIT);
        assert_eq!(judge(LIMIT), suspect(1000));
        assert_eq!(judge(LIMIT + 1), Verdict::TooSlow);
    }

    #[test]
    fn nothing_is_ever_more_than_eight_times_the_limit() {
        let mut slowness = Slowness::default();
        assert_eq!(judge(&mut slowness, 0, 8 * LIMIT), suspect(1000));
        assert_eq!(judge(&mut slowness, 0, 8 * LIMIT + 1), Verdict::TooSlow);
    }
}
