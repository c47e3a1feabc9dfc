//! `Pending`: who waits for an answer or for the disk, and what they sent meanwhile.
//!
//! It is heard afterwards: a script that logs in and then speaks does so under its name, answers
//! come in the order of the questions, and who hangs up gets all that is due first.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use super::Broadcaster;
use crate::chat::{ClientId, Effect, Now};
use crate::intake::inbox::Input;
use crate::store::{Answer, Denial};

/// How long what a client sends may wait for an answer; then it is heard before it.
const MOST: Duration = Duration::from_secs(2);
/// The same behind an order: what follows may be another, which is to be in force soon, too.
const MOST_FOR_ORDER: Duration = Duration::from_millis(250);
/// Items of one client that may wait, about.
const MAX_ITEMS: usize = 128;

/// Those who asked for something that takes a while.
#[derive(Debug, Default)]
pub(super) struct Pending {
    waiting: HashMap<ClientId, Waiting>,
    /// What was sent by those who wait no longer, and whether they waited for the disk.
    ready: VecDeque<(Input, bool)>,
    is_over: bool,
    /// Whether an order waited in vain: nobody waits for another until the disk is heard of.
    is_disk_late: bool,
}

/// What somebody waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum For {
    /// An answer.
    Answer,
    /// To hear what the disk made of an order, which is in force already.
    Order,
    /// What is not on the disk yet.
    Disk,
}

impl For {
    /// How long it may take.
    fn patience(self) -> Duration {
        match self {
            Self::Order => MOST_FOR_ORDER,
            Self::Answer | Self::Disk => MOST,
        }
    }
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

    /// Takes note of what an answer shows of the disk, and returns what was waited for.
    pub(super) fn note_answer(&mut self, answer: &Answer) -> For {
        match answer {
            Answer::NotOrdered(_, Denial::NotSaved) => For::Order,
            Answer::Banned(_) | Answer::Unbanned(_) | Answer::NotOrdered(..) => {
                self.is_disk_late = false;
                For::Order
            }
            _ => For::Answer,
        }
    }

    /// Who has gone waits until all that it is due is on the disk.
    pub(super) fn wait_for_disk(&mut self, now: Duration, input: &Input) {
        if let Input::Gone(id, _) = input {
            self.wait(now, *id, For::Disk);
        }
    }

    fn wait(&mut self, now: Duration, id: ClientId, what: For) {
        if !self.is_over {
            let until = now + what.patience();
            let waiting = Waiting { until, later: VecDeque::new(), items: 0, what };
            self.waiting.entry(id).or_insert(waiting);
        }
    }

    /// All is on the disk.
    pub(super) fn end_for_disk(&mut self) {
        let waiting = self.waiting.iter().filter(|(_, waiting)| waiting.what == For::Disk);
        let waiting: Vec<_> = waiting.map(|(id, _)| *id).collect();
        waiting.into_iter().for_each(|id| self.release(id));
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
            self.release(id);
        }
        None
    }

    /// The client waits no longer if that is what it waited for.
    pub(super) fn end(&mut self, id: ClientId, what: For) {
        if self.waiting.get(&id).is_some_and(|waiting| waiting.what == what) {
            self.release(id);
        }
    }

    fn release(&mut self, id: ClientId) {
        let Some(Waiting { later, what, .. }) = self.waiting.remove(&id) else { return };
        self.ready.extend(later.into_iter().map(|input| (input, what == For::Disk)));
    }

    /// Nobody waits any longer than that takes at [most](For::patience).
    pub(super) fn end_overdue(&mut self, now: Duration) {
        let overdue = self.waiting.iter().filter(|(_, waiting)| waiting.until <= now);
        let overdue: Vec<_> = overdue.map(|(id, waiting)| (*id, waiting.what)).collect();
        for (id, what) in overdue {
            self.is_disk_late |= what == For::Order;
            self.release(id);
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
    /// Takes note of who waits for what follows from an event.
    pub(super) fn note_waits(&mut self, now: Now) {
        if self.archive.is_there() {
            self.effects.iter().for_each(|effect| self.pending.note(now.uptime, effect));
        }
    }

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
    use std::fs;
    use std::path::Path;
    use std::sync::Arc;

    use super::*;
    use crate::admission::limits::{Limits, SharedLimits};
    use crate::broadcaster::Surroundings;
    use crate::chat::{
        Account, Ban, Chat, Event, Mask, Moment, Nick, Order, Question, Reason, Role, Roll,
        RoomName, Settings, Traits,
    };
    use crate::config::Durability;
    use crate::os::{Bell, WritablePoll};
    use crate::restart::manager_thread::Keeper;
    use crate::runtime::clock::Clock;
    use crate::runtime::wakeup::Alarm;
    use crate::store::{self, Database, Keep, Store};
    use crate::telemetry::metrics::Metrics;
    use crate::text::Text;
    use crate::wire::Incoming;

    const ALICE: ClientId = ClientId(1);

    fn said(items: usize) -> Input {
        let line = || Incoming::Line(Text::new("hello"));
        Input::Received(ALICE, std::iter::repeat_with(line).take(items).collect())
    }

    fn unban() -> Order {
        Order::Unban(Mask::new("eve").unwrap())
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
        pending.end(ALICE, For::Order);
        assert!(pending.has(ALICE), "that is not what she waits for");
        pending.end(ALICE, For::Answer);
        let [(Input::Received(ALICE, _), _), (Input::Gone(ALICE, _), _)] =
            pending.ready.make_contiguous()
        else {
            panic!("{:?}", pending.ready)
        };
        assert!(pending.keep(said(1)).is_some());
    }

    #[test]
    fn of_orders_that_the_disk_does_not_take_only_the_first_holds_anything_up() {
        let order = Effect::Order(ALICE, unban());
        let late = Duration::from_millis(250);
        let mut pending = Pending::default();
        pending.note(Duration::ZERO, &order);
        assert!(pending.keep(said(1)).is_none());
        pending.end_overdue(late - Duration::from_millis(1));
        assert!(pending.has(ALICE));
        pending.end_overdue(late);
        pending.note(late, &order);
        assert!(!pending.has(ALICE), "the next one is in force at once");
    }

    #[test]
    fn whatever_shows_that_the_disk_answers_has_the_next_order_waited_for() {
        let mask = Mask::new("eve").unwrap();
        let not = |denial| Answer::NotOrdered(unban(), denial);
        let answers = [
            (Answer::Banned(ban()), true),
            (Answer::Unbanned(mask), true),
            (not(Denial::NotBanned(mask)), true),
            (not(Denial::Full), true),
            (not(Denial::NotSaved), false),
            (Answer::Found(Vec::new()), false),
        ];
        for (answer, is_well) in answers {
            let mut pending = Pending { is_disk_late: true, ..Pending::default() };
            pending.note_answer(&answer);
            pending.note(Duration::ZERO, &Effect::Order(ALICE, unban()));
            assert_eq!(pending.has(ALICE), is_well, "{answer:?}");
        }
    }

    #[test]
    fn who_hung_up_gets_what_is_due_whatever_else_is_answered() {
        let mut pending = Pending::default();
        pending.wait_for_disk(Duration::ZERO, &Input::Gone(ALICE, Reason::Disconnected));
        for what in [For::Answer, For::Order] {
            pending.end(ALICE, what);
            assert!(pending.has(ALICE));
        }
        pending.end_for_disk();
        assert!(!pending.has(ALICE));
    }

    #[test]
    fn an_order_that_is_tried_again_is_not_waited_for_and_ends_no_other_wait() {
        let dir = std::env::temp_dir().join(format!("chatd-pending-{}", std::process::id()));
        let (mut server, mut now) = (ruled(&dir), Now::default());
        let not_saved = Answer::NotOrdered(Order::Ban(ban()), Denial::NotSaved);
        let not_saved = store::Event::Answered(ALICE, not_saved);
        server.happen(now, ALICE, Event::Line(Text::new("/ban eve")));
        assert!(server.pending.has(ALICE));
        server.hear_store(now, not_saved.clone());
        assert!(!server.pending.has(ALICE) && !server.archive.owes_answers());
        now.uptime += Duration::from_secs(5);
        server.pass_time(now);
        assert!(server.archive.owes_answers(), "it is tried again");
        assert!(!server.pending.has(ALICE));
        server.happen(now, ALICE, Event::Line(Text::new("/history")));
        server.hear_store(now, not_saved);
        assert!(server.pending.has(ALICE), "it is the history that she waits for");
        let last = Answer::Last(RoomName::new("lobby").unwrap(), Vec::new());
        server.hear_store(now, store::Event::Answered(ALICE, last));
        assert!(!server.pending.has(ALICE));
        server.close_archive();
        fs::remove_dir_all(dir).ok();
    }

    fn ban() -> Ban {
        let (mask, by) = (Mask::new("eve").unwrap(), Nick::new("alice").unwrap());
        Ban { mask, by, reason: None, until: None }
    }

    /// One with a store, which nobody listens to, and Alice, who is an operator.
    fn ruled(dir: &Path) -> Broadcaster {
        let store = Store::start(Database::open(dir).unwrap(), Keep::default(), drop).unwrap();
        let surroundings = Surroundings {
            clock: Clock::start(Duration::ZERO),
            limits: SharedLimits::new(Limits::USUAL),
            alarm: Arc::new(Alarm::new().unwrap()),
            keeper: Keeper::default(),
            metrics: Arc::new(Metrics::default()),
            store: Some((store, Durability::Strict)),
            web_port: None,
        };
        let (nick, role) = (Nick::new("alice").unwrap(), Role::Operator);
        let account = Account { nick, role, created: Moment::default(), last_seen: None };
        let mut chat = Chat::new(Settings { has_archive: true, ..Settings::default() });
        chat.register(Roll { accounts: vec![account], bans: Vec::new() });
        let writable = WritablePoll::new(&Bell::new().unwrap()).unwrap();
        let inbox = crossbeam_channel::never();
        let mut server = Broadcaster::new(inbox, surroundings, Arc::new(writable), chat);
        let from = crate::address::Origin::of([127, 0, 0, 1].into());
        server.happen(Now::default(), ALICE, Event::Connected(from, Traits::default()));
        server.happen(Now::default(), ALICE, Event::LoggedIn(account));
        server
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
