//! `Gate`: holds items back until they are on the disk, unless the disk takes too long.

use std::collections::VecDeque;
use std::time::Duration;

/// How long an item waits for the disk.
const PATIENCE: Duration = Duration::from_millis(250);
/// How long the disk has to keep up before items wait for it again.
const CALM: Duration = Duration::from_secs(10);

/// A change of the gate's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Swing {
    /// The disk is too slow: items no longer wait for it.
    Opened,
    /// The disk kept up for a while: items wait for it again.
    Closed,
}

/// Holds items back until the writes that they wait for are committed, in order. Pure: the caller
/// passes the time, as the duration since the start.
#[derive(Debug)]
pub struct Gate<T> {
    held: VecDeque<(u64, Duration, T)>,
    /// While set, nothing is held back, at least until then.
    open_until: Option<Duration>,
}

impl<T> Default for Gate<T> {
    fn default() -> Self {
        Self { held: VecDeque::new(), open_until: None }
    }
}

impl<T> Gate<T> {
    /// Holds `thing` back until everything up to number `seq` is committed; returns it if the gate
    /// is open. Numbers never get smaller.
    pub fn hold(&mut self, now: Duration, seq: u64, thing: T) -> Option<T> {
        if self.open_until.is_some() {
            return Some(thing);
        }
        self.held.push_back((seq, now, thing));
        None
    }

    /// Releases what waited for a number up to `upto`, now that these are committed. `handed` is
    /// the last number that was handed over.
    pub fn commit(
        &mut self,
        now: Duration,
        upto: u64,
        handed: u64,
    ) -> (impl Iterator<Item = T>, Option<Swing>) {
        let is_over = self.open_until.is_some_and(|until| until <= now && upto >= handed);
        let change = is_over.then_some(Swing::Closed);
        if is_over {
            self.open_until = None;
        }
        let free = self.held.iter().take_while(|(seq, ..)| *seq <= upto).count();
        (self.held.drain(..free).map(|(.., thing)| thing), change)
    }

    /// Whether nothing is held back.
    pub fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    /// When the caller has to [`tick`](Self::tick) next.
    pub fn next_deadline(&self) -> Option<Duration> {
        self.held.front().map(|(_, since, _)| *since + PATIENCE)
    }

    /// Opens the gate if an item has been held back for too long.
    pub fn tick(&mut self, now: Duration) -> (impl Iterator<Item = T>, Option<Swing>) {
        let is_late = self.next_deadline().is_some_and(|deadline| deadline <= now);
        let freed = if is_late { self.held.len() } else { 0 };
        if is_late {
            self.open_until = Some(now + CALM);
        }
        let freed = self.held.drain(..freed).map(|(.., thing)| thing);
        (freed, is_late.then_some(Swing::Opened))
    }

    /// Opens the gate because the disk failed, or because the queue was full.
    pub fn open(&mut self, now: Duration) -> (impl Iterator<Item = T>, Option<Swing>) {
        let change = self.open_until.is_none().then_some(Swing::Opened);
        self.open_until = Some(now + CALM);
        (self.held.drain(..).map(|(.., thing)| thing), change)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Duration = Duration::ZERO;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn freed<T>(
        (things, change): (impl Iterator<Item = T>, Option<Swing>),
    ) -> (Vec<T>, Option<Swing>) {
        (things.collect(), change)
    }

    #[test]
    fn things_wait_for_their_commit_in_order() {
        let mut gate = Gate::default();
        for (seq, thing) in [(1, 'a'), (2, 'b'), (2, 'c'), (3, 'd')] {
            assert_eq!(gate.hold(START, seq, thing), None);
        }
        assert_eq!(freed(gate.commit(START, 2, 3)), (vec!['a', 'b', 'c'], None));
        assert_eq!(freed(gate.commit(START, 2, 3)), (vec![], None));
        assert_eq!(freed(gate.commit(START, 3, 3)), (vec!['d'], None));
        assert_eq!(gate.next_deadline(), None);
    }

    #[test]
    fn nothing_waits_for_longer_than_250_ms() {
        let mut gate = Gate::default();
        gate.hold(ms(10), 1, 'a');
        gate.hold(ms(200), 2, 'b');
        assert_eq!(gate.next_deadline(), Some(ms(260)));
        assert_eq!(freed(gate.tick(ms(259))), (vec![], None));
        assert_eq!(freed(gate.tick(ms(260))), (vec!['a', 'b'], Some(Swing::Opened)));
        assert_eq!(gate.hold(ms(261), 3, 'c'), Some('c'));
        assert_eq!(gate.next_deadline(), None);
    }

    #[test]
    fn it_closes_when_the_disk_kept_up_for_ten_seconds() {
        let mut gate = Gate::default();
        gate.hold(START, 1, 'a');
        freed(gate.open(START));
        assert_eq!(freed(gate.open(ms(5000))), (vec![], None), "opened once");
        assert_eq!(freed(gate.commit(ms(14_999), 9, 9)), (vec![], None), "too soon");
        assert_eq!(freed(gate.commit(ms(15_000), 8, 9)), (vec![], None), "behind");
        assert_eq!(freed(gate.commit(ms(15_000), 9, 9)), (vec![], Some(Swing::Closed)));
        assert_eq!(gate.hold(ms(15_000), 10, 'b'), None);
    }
}
