//! `Clock`: where the edges get the time that the core is told.

use std::time::{Duration, Instant, SystemTime};

use crate::chat::{Moment, Now};

/// The time since the server started, and the time of day.
#[derive(Clone, Copy, Debug)]
pub struct Clock(Instant);

impl Clock {
    /// One that starts now.
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// The time since the start; never goes back.
    pub fn uptime(self) -> Duration {
        self.0.elapsed()
    }

    /// The time by both clocks.
    pub fn now(self) -> Now {
        let since_1970 = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
        let unix_ms = i64::try_from(since_1970.as_millis()).unwrap_or(i64::MAX);
        Now { uptime: self.uptime(), moment: Moment { unix_ms } }
    }
}
