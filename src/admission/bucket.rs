//! `Bucket`: flood control of one client, or of one address.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::limits::Limits;

/// Flood control: a token bucket that holds up to `burst` lines and refills at `rate`.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Bucket {
    /// Tokens, in millionths of a line.
    level: u64,
    /// When `level` was true.
    filled: Duration,
}

/// The tokens that one line costs.
const LINE: u64 = 1_000_000;

impl Bucket {
    /// A bucket with tokens for `lines` lines. `now` is on any monotonic clock.
    pub fn new(lines: u32, now: Duration) -> Self {
        Self { level: u64::from(lines) * LINE, filled: now }
    }

    /// Takes the tokens of one line, or returns how long it takes until there are enough.
    pub fn take(&mut self, limits: &Limits, now: Duration) -> Result<(), Duration> {
        if limits.rate == 0 {
            return Ok(());
        }
        self.fill(limits, now);
        match self.level.checked_sub(LINE) {
            Some(level) => {
                self.level = level;
                Ok(())
            }
            None => {
                let missing = LINE - self.level;
                Err(Duration::from_micros(missing.div_ceil(u64::from(limits.rate))))
            }
        }
    }

    /// Takes the tokens of so many lines, or none; then returns how long it takes until there are
    /// enough.
    pub fn take_all(&mut self, lines: u32, limits: &Limits, now: Duration) -> Result<(), Duration> {
        if self.lines(limits, now) >= lines {
            self.take_lines(lines);
            return Ok(());
        }
        let missing = (u64::from(lines) * LINE).saturating_sub(self.level);
        Err(Duration::from_micros(missing.div_ceil(u64::from(limits.rate.max(1)))))
    }

    /// How many lines may be sent at once now.
    pub fn lines(&mut self, limits: &Limits, now: Duration) -> u32 {
        if limits.rate == 0 {
            return u32::MAX;
        }
        self.fill(limits, now);
        u32::try_from(self.level / LINE).unwrap_or(u32::MAX)
    }

    /// Takes the tokens of so many lines, or all tokens if there are [fewer](Self::lines).
    pub fn take_lines(&mut self, lines: u32) {
        self.level = self.level.saturating_sub(u64::from(lines) * LINE);
    }

    /// Whether the bucket holds as many tokens as it can.
    pub fn is_full(&mut self, limits: &Limits, now: Duration) -> bool {
        self.fill(limits, now);
        limits.rate == 0 || self.level == capacity(limits.burst)
    }

    fn fill(&mut self, limits: &Limits, now: Duration) {
        let micros = u64::try_from(now.saturating_sub(self.filled).as_micros()).unwrap_or(u64::MAX);
        let more = micros.saturating_mul(u64::from(limits.rate));
        self.level = self.level.saturating_add(more).min(capacity(limits.burst));
        self.filled = now;
    }
}

/// A burst of less than one line would let nothing through.
fn capacity(burst: u32) -> u64 {
    u64::from(burst.max(1)) * LINE
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn limits(rate: u32, burst: u32) -> Limits {
        Limits { rate, burst, ..Limits::USUAL }
    }

    /// Takes lines as fast as the bucket lets them through, and returns when each came.
    fn pour(limits: Limits, lines: usize) -> Vec<Duration> {
        let mut now = Duration::ZERO;
        let mut bucket = Bucket::new(limits.burst.max(1), now);
        let pour_one = |_| {
            while let Err(wait) = bucket.take(&limits, now) {
                now += wait;
            }
            now
        };
        (0..lines).map(pour_one).collect()
    }

    #[test]
    fn a_burst_passes_at_once_and_the_rest_at_the_rate() {
        let times = pour(limits(5, 20), 30);
        assert_eq!(times[19], Duration::ZERO);
        assert_eq!(times[20], Duration::from_millis(200));
        assert_eq!(times[29], Duration::from_secs(2));
    }

    #[test]
    fn rate_0_never_waits_and_burst_0_lets_lines_through() {
        assert_eq!(pour(limits(0, 1), 1000).last(), Some(&Duration::ZERO));
        assert_eq!(pour(limits(10, 0), 2), [Duration::ZERO, Duration::from_millis(100)]);
    }

    proptest! {
        #[test]
        fn no_window_holds_more_than_the_burst_and_its_share(rate in 1u32..50, burst in 1u32..50) {
            let times = pour(limits(rate, burst), 120);
            for (first, &start) in times.iter().enumerate() {
                let within = times[first..].iter().filter(|&&at| at - start < Duration::from_secs(1));
                prop_assert!(within.count() <= (rate + burst) as usize);
            }
        }
    }
}
