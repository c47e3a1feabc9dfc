//! `Floodgate`: a logger that limits how many lines one place in the program logs.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use log::{Level, Log, Metadata, Record};

/// At most `MOST` lines from one place in each `WINDOW`; further lines are only counted.
const MOST: usize = 1000;
const WINDOW: Duration = Duration::from_secs(10);

/// Filters what it passes to `logger`.
pub(super) struct Floodgate<L> {
    logger: L,
    places: Mutex<HashMap<Place, Window>>,
}

/// The module and line of code that logs.
type Place = (Option<&'static str>, Option<u32>);

struct Window {
    start: Instant,
    lines: usize,
}

/// What happens to a line.
#[derive(Debug, PartialEq, Eq)]
enum Passage {
    /// It passes.
    Free,
    /// It passes, as the last one of this window.
    Last,
    /// It passes, after this many that were dropped.
    After(usize),
    /// It is dropped.
    Closed,
}

impl Window {
    fn pass(&mut self, now: Instant) -> Passage {
        if now.duration_since(self.start) >= WINDOW {
            let missed = self.lines.saturating_sub(MOST);
            *self = Self { start: now, lines: 1 };
            return if missed > 0 { Passage::After(missed) } else { Passage::Free };
        }
        self.lines += 1;
        match self.lines {
            lines if lines < MOST => Passage::Free,
            MOST => Passage::Last,
            _ => Passage::Closed,
        }
    }
}

impl<L: Log> Floodgate<L> {
    pub(super) fn new(logger: L) -> Self {
        Self { logger, places: Mutex::default() }
    }

    fn pass(&self, record: &Record<'_>) -> Passage {
        let now = Instant::now();
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        let place = (record.module_path_static(), record.line());
        places.entry(place).or_insert(Window { start: now, lines: 0 }).pass(now)
    }

    fn remark(&self, record: &Record<'_>, words: std::fmt::Arguments<'_>) {
        let remark = Record::builder().metadata(record.metadata().clone()).args(words).build();
        self.logger.log(&remark);
    }
}

impl<L: Log> Log for Floodgate<L> {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.logger.enabled(metadata)
    }

    fn log(&self, record: &Record<'_>) {
        // Debug and trace lines are not limited: the operator asked for details.
        if record.level() > Level::Info || !self.enabled(record.metadata()) {
            return self.logger.log(record);
        }
        match self.pass(record) {
            Passage::Free => self.logger.log(record),
            Passage::After(missed) => {
                self.remark(
                    record,
                    format_args!("{missed} lines like the next one were not logged"),
                );
                self.logger.log(record);
            }
            Passage::Last => {
                self.logger.log(record);
                self.remark(
                    record,
                    format_args!("more lines like the last one are counted, not logged"),
                );
            }
            Passage::Closed => {}
        }
    }

    fn flush(&self) {
        self.logger.flush();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_counted_and_a_trickle_passes() {
        let start = Instant::now();
        let mut window = Window { start, lines: 0 };
        assert!((1..MOST).all(|_| window.pass(start) == Passage::Free));
        assert_eq!(window.pass(start), Passage::Last);
        assert_eq!(window.pass(start), Passage::Closed);
        assert_eq!(window.pass(start + WINDOW / 2), Passage::Closed);
        assert_eq!(window.pass(start + WINDOW), Passage::After(2));
        assert_eq!(window.pass(start + WINDOW), Passage::Free);
    }
}
