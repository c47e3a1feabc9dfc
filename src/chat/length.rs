//! Lengths of time in words.

use std::fmt;
use std::time::Duration;

const DAY: u64 = 86_400;
/// From so many days on, only days are counted: months and years have no certain length.
const MANY_DAYS: u64 = 31;

/// A length of time for people, such as `5m`, `2h 30m` or `90days`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Length(Duration);

impl Length {
    pub(crate) fn of(duration: Duration) -> Self {
        Self(duration)
    }

    /// In whole seconds, rounded up: for how long something still is so.
    pub(crate) fn left(duration: Duration) -> Self {
        Self(Duration::from_secs(duration.as_millis().div_ceil(1000) as u64))
    }

    /// In whole seconds, rounded down: for how long something has been so.
    pub(crate) fn past(duration: Duration) -> Self {
        Self(Duration::from_secs(duration.as_secs()))
    }
}

impl fmt::Display for Length {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let days = self.0.as_secs() / DAY;
        if days < MANY_DAYS {
            return humantime::format_duration(self.0).fmt(f);
        }
        write!(f, "{days}days")?;
        let rest = self.0.saturating_sub(Duration::from_secs(days * DAY));
        if rest.is_zero() { Ok(()) } else { write!(f, " {}", humantime::format_duration(rest)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_and_years_are_days() {
        let words = |seconds| Length::of(Duration::from_secs(seconds)).to_string();
        assert_eq!(words(90), "1m 30s");
        assert_eq!(words(30 * DAY + 3600), "30days 1h");
        assert_eq!(words(90 * DAY), "90days");
        assert_eq!(words(3650 * DAY + 61), "3650days 1m 1s");
        assert_eq!(words(u64::MAX), format!("{}days 7h 15s", u64::MAX / DAY));
    }

    #[test]
    fn what_is_left_is_rounded_up_and_what_is_past_down() {
        let duration = Duration::from_millis(1500);
        assert_eq!(Length::left(duration).to_string(), "2s");
        assert_eq!(Length::past(duration).to_string(), "1s");
    }
}
