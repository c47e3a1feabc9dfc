//! `Clock`: the time that the edges pass to the core.

use std::time::{Duration, Instant, SystemTime};

use crate::chat::{Moment, Now};

/// The time since the server started, and the time of day.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: Instant,
    before: Duration,
}

impl Clock {
    /// A clock that starts now with an uptime of `before`: zero, or the uptime of the process
    /// before.
    pub fn start(before: Duration) -> Self {
        Self { start: Instant::now(), before }
    }

    /// The time since the start; never goes back.
    pub fn uptime(self) -> Duration {
        self.before + self.start.elapsed()
    }

    /// The time by both clocks.
    pub fn now(self) -> Now {
        let since_1970 = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
        let unix_ms = i64::try_from(since_1970.as_millis()).unwrap_or(i64::MAX);
        Now { uptime: self.uptime(), moment: Moment { unix_ms } }
    }
}

/// The wall-clock time, for callers that have no clock.
pub(crate) fn moment() -> Moment {
    Clock::start(Duration::ZERO).now().moment
}
