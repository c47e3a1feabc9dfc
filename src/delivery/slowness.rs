//! `Slowness`: tells a client that does not keep up from one that was sent much at once.

use std::time::Duration;

/// How long a client's queue may exceed the limit: a burst is not slowness.
const GRACE: Duration = Duration::from_secs(1);
/// How many times the limit a queue may have meanwhile, most of it shared with other queues.
const MOST: usize = 8;

/// How long one client's queue has exceeded the limit.
#[derive(Debug, Default)]
pub(super) struct Slowness {
    over_since: Option<Duration>,
}

/// What to do about a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing, or it is a suspect already.
    Fine,
    /// Judge it again at this time.
    Suspect(Duration),
    /// Disconnect it.
    TooSlow,
}

impl Slowness {
    /// Judges a client with `waiting` bytes in its queue, `own` of which no other queue shares.
    /// More than `limit` bytes may wait for one second only, and only while they cost little
    /// memory because other queues share them.
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
