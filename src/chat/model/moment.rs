//! Time: `Moment` by the wall clock, and `Now` by wall clock and uptime.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A point of wall-clock time, for people to read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Moment {
    /// Milliseconds since 1970-01-01T00:00Z.
    pub unix_ms: i64,
}

impl Moment {
    /// The time since `other`, in whole seconds, at least one.
    pub(crate) fn since(self, other: Self) -> Duration {
        let ms = u64::try_from(self.unix_ms.saturating_sub(other.unix_ms)).unwrap_or(0);
        Duration::from_secs(ms.div_ceil(1000).max(1))
    }

    /// The moment that is `duration` later.
    pub(crate) fn after(self, duration: Duration) -> Self {
        let ms = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        Self { unix_ms: self.unix_ms.saturating_add(ms) }
    }
}

/// The time by both clocks that the chat uses.
#[derive(Clone, Copy, Debug, Default)]
pub struct Now {
    /// Since the server started; never goes back. For deadlines.
    pub uptime: Duration,
    /// Wall-clock time, for people to read.
    pub moment: Moment,
}
