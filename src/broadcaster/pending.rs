//! `Pending`: who waits for an answer or for the disk, and what they sent meanwhile.
//!
//! It is heard afterwards: a script that logs in and then speaks does so under its name, answers
//! come in the order of the questions, and who hangs up gets all that is due first.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use super::Broadcaster;
use crate::chat::{ClientId, Effect, Now};
use crate::inbox::Input;

/// How long what a client sends may wait for an answer; then it is heard before it.
const MOST: Duration = Duration::from_secs(2);
/// Items of one client that may wait, about.
const MAX_ITEMS: usize = 128;

/// Those who asked for something that takes a while.
#[derive(Debug, Default)]
pub(super) struct Pending {
    waiting: HashMap<ClientId, Waiting>,
    /// What was sent by those who wait no longer, and whether they waited for the disk.
    ready: VecDeque<(Input, bool)>,
    is_over: bool,
    /// Whether an order waited in vain: nobody waits for another until the disk takes one.
    is_disk_late: bool,
}

/// What somebody waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum For {
    /// An answer.
    Answer,
    /// To hear what the disk made of an order, which is in force already.
    Order,
    /// What is not on the disk yet.
    Disk,
}

#[derive(Debug)]
struct Waiting {
    until: Duration,
    later: VecDeque<Input>,
    items: usize,
    what: For,
}

impl Pending {
    /// Takes note of who waits for what the chat wants to know.
    pub(super) fn note(&mut self, now: Duration, effect: &Effect) {
        match effect {
            Effect::Ask(id, _) | Effect::Claim(id, _) => self.wait(now, *id, For::Answer),
            Effect::Order(id, _) if !self.is_disk_late => self.wait(now, *id, For::Order),
            _ => {}
        }
    }

    /// The disk has taken an order.
    pub(super) fn note_saved(&mut self) {
        self.is_disk_late = false;
    }

    /// Who has gone waits until all that it is due is on the disk.
    pub(super) fn wait_for_disk(&mut self, now: Duration, input: &Input) {
        if let Input::Gone(id, _) = input {
            self.wait(now, *id, For::Disk);
        }
    }

    fn wait(&mut self, now: Duration, id: ClientId, what: For) {
        if !self.is_over {
            let waiting = Waiting { until: now + MOST, later: VecDeque::new(), items: 0, what };
            self.waiting.entry(id).or_insert(waiting);
        }
    }

    /// All is on the disk.
    pub(super) fn end_for_disk(&mut self) {
        let waiting = self.waiting.iter().filter(|(_, waiting)| waiting.what == For::Disk);
        let waiting: Vec<_> = waiting.map(|(id, _)| *id).collect();
        waiting.into_iter().for_each(|id| self.end(id));
    }

    /// Whether the client waits.
    pub(super) fn has(&self, id: ClientId) -> bool {
        self.waiting.contains_key(&id)
    }

    /// Keeps `input` for later if its client waits, and gives it back otherwise.
    pub(super) fn keep(&mut self, input: Input) -> Option<Input> {
        let (id, items) = match &input {
            Input::Received(id, items) => (*id, items.len()),
            Input::Settled(id) | Input::Idle(id, _) | Input::Gone(id, _) => (*id, 1),
            _ => return Some(input),
        };
        let Some(waiting) = self.waiting.get_mut(&id) else { return Some(input) };
        waiting.later.push_back(input);
        waiting.items += items;
        if waiting.items > MAX_ITEMS {
            self.end(id);
        }
        None
    }

    /// The client waits no longer.
    pub(super) fn end(&mut self, id: ClientId) {
        let Some(Waiting { later, what, .. }) = self.waiting.remove(&id) else { return };
        self.ready.extend(later.into_iter().map(|input| (input, what == For::Disk)));
    }

    /// Nobody waits any longer than [`MOST`].
    pub(super) fn end_overdue(&mut self, now: Duration) {
        let overdue = self.waiting.iter().filter(|(_, waiting)| waiting.until <= now);
        let overdue: Vec<_> = overdue.map(|(id, waiting)| (*id, waiting.what)).collect();
        for (id, what) in overdue {
            self.is_disk_late |= what == For::Order;
            self.end(id);
        }
    }

    /// When somebody will have waited long enough.
    pub(super) fn next_deadline(&self) -> Option<Duration> {
        self.waiting.values().map(|waiting| waiting.until).min()
    }

    fn end_all(&mut self) {
        self.is_over = true;
        self.end_overdue(Duration::MAX);
    }
}

impl Broadcaster {
    /// Hears what those sent who wait no longer.
    pub(super) fn catch_up(&mut self, now: Now) {
        while let Some((input, waited)) = self.pending.ready.pop_front() {
            if waited {
                self.take_in_turn(now, input);
            } else {
                self.take_patiently(now, input);
            }
        }
    }

    /// Deals with an input, or, if its client is about to be seen off, with that once the disk has
    /// what the client is due.
    pub(super) fn take_patiently(&mut self, now: Now, input: Input) {
        if self.archive.is_holding() {
            self.pending.wait_for_disk(now.uptime, &input);
        }
        self.take_in_turn(now, input);
    }

    /// From here on nobody waits for an answer.
    pub(super) fn end_waiting(&mut self, now: Now) {
        self.pending.end_all();
        self.catch_up(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::{Mask, Order, Question, Reason};
    use crate::text::Text;
    use crate::wire::Incoming;

    const ALICE: ClientId = ClientId(1);

    fn said(items: usize) -> Input {
        let line = || Incoming::Line(Text::new("hello"));
        Input::Received(ALICE, std::iter::repeat_with(line).take(items).collect())
    }

    /// Alice asked for something.
    fn waiting() -> Pending {
        let mut pending = Pending::default();
        pending.note(Duration::ZERO, &Effect::Ask(ALICE, Question::Search(Text::new("x"))));
        pending
    }

    #[test]
    fn what_comes_meanwhile_is_heard_afterwards_in_its_order() {
        let mut pending = waiting();
        assert!(pending.keep(Input::Settled(ClientId(2))).is_some(), "somebody else");
        assert!(pending.keep(said(1)).is_none());
        assert!(pending.keep(Input::Gone(ALICE, Reason::Disconnected)).is_none());
        assert!(pending.ready.is_empty());
        pending.end(ALICE);
        let [(Input::Received(ALICE, _), _), (Input::Gone(ALICE, _), _)] =
            pending.ready.make_contiguous()
        else {
            panic!("{:?}", pending.ready)
        };
        assert!(pending.keep(said(1)).is_some());
    }

    #[test]
    fn of_orders_that_the_disk_does_not_take_only_the_first_holds_anything_up() {
        let order = Effect::Order(ALICE, Order::Unban(Mask::new("eve").unwrap()));
        let mut pending = Pending::default();
        pending.note(Duration::ZERO, &order);
        assert!(pending.keep(said(1)).is_none());
        pending.end_overdue(MOST);
        pending.note(MOST, &order);
        assert!(!pending.has(ALICE), "the next one is in force at once");
        pending.note_saved();
        pending.note(MOST, &order);
        assert!(pending.has(ALICE));
    }

    #[test]
    fn nobody_waits_for_ever_nor_for_too_much() {
        let mut pending = waiting();
        assert_eq!(pending.next_deadline(), Some(MOST));
        pending.end_overdue(MOST);
        assert!(!pending.has(ALICE));
        let mut pending = waiting();
        assert!(pending.keep(said(MAX_ITEMS)).is_none() && pending.has(ALICE));
        assert!(pending.keep(said(1)).is_none() && !pending.has(ALICE));
        assert_eq!(pending.ready.len(), 2);
    }
}
