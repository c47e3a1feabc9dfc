//! Durations in words.

use std::time::Duration;

/// A duration in whole seconds, rounded up.
pub(super) fn whole(duration: Duration) -> humantime::FormattedDuration {
    humantime::format_duration(Duration::from_secs(duration.as_millis().div_ceil(1000) as u64))
}
