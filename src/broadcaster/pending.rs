//! `Pending`: clients that wait for an answer or for the disk, and their input meanwhile.
//!
//! The input is handled afterwards: a script that logs in and then speaks does so under its name,
//! answers come in the order of the questions, and a client that hangs up gets all its data first.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use crate::chat::{ClientId, Effect, Question, RoomName};
use crate::intake::Input;
use crate::store::{Answer, Denial};
use crate::wire::Incoming;
use crate::wire::irc::Task;

/// How long a client's input may wait for an answer; then it is handled before the answer comes.
const MOST: Duration = Duration::from_secs(2);
/// The same for the answer to a change of bans: the input may be another one, which has to be in
/// force soon, too.
const MOST_FOR_BAN_CHANGE: Duration = Duration::from_millis(250);
/// Bytes of one client's input that may wait, about: several reads, whatever is in them.
const MAX_WEIGHT: usize = 256 * 1024;
/// Bytes that a task of an IRC client takes at most.
const TASK: usize = size_of::<Task>() + 512;
/// Bytes that an item takes beside its text.
const ITEM: usize = size_of::<Incoming>();

/// The clients that wait, and the input of those that have stopped waiting.
#[derive(Debug, Default)]
pub(super) struct Pending {
    waiting: HashMap<ClientId, Waiting>,
    /// Input of clients that do not wait any more, and whether they waited for the disk.
    ready: VecDeque<(Input, bool)>,
    /// Clients that waited for an answer in vain, and for which.
    unanswered: Vec<(ClientId, WaitFor)>,
    is_over: bool,
    /// Whether a client waited for a change of bans in vain: no client waits for another change
    /// until the disk answers.
    is_disk_late: bool,
}

/// What a client waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WaitFor {
    /// An answer.
    Answer,
    /// Whether this room exists.
    Exists(RoomName),
    /// A change of bans on disk, which is in force already.
    BanChange,
    /// Effects that are held back until they are on disk.
    Disk,
    /// The log, until it has applied what the client sent.
    Log,
    /// The answer to the login of another client from its network.
    Turn,
}

impl WaitFor {
    /// How long a client waits for it at most. The log applies everything in the end.
    fn patience(self) -> Option<Duration> {
        match self {
            Self::BanChange => Some(MOST_FOR_BAN_CHANGE),
            Self::Answer | Self::Exists(_) | Self::Disk | Self::Turn => Some(MOST),
            Self::Log => None,
        }
    }

    /// What a client waits for that asked this.
    pub(super) fn answer_to(question: &Question) -> Self {
        match *question {
            Question::Exists { room } => Self::Exists(room),
            _ => Self::Answer,
        }
    }

    /// Whether something has to be done when it does not come in time.
    fn is_missed(self) -> bool {
        matches!(self, Self::Answer | Self::Exists(_) | Self::Log)
    }
}

#[derive(Debug)]
struct Waiting {
    until: Option<Duration>,
    later: VecDeque<Input>,
    weight: usize,
    what: WaitFor,
}

impl Pending {
    /// Makes a client wait if the effect is a request to the store.
    pub(super) fn note(&mut self, now: Duration, effect: &Effect) {
        match effect {
            Effect::Ask(ClientId::NOBODY, _) => {}
            Effect::Ask(id, question) => self.wait(now, *id, WaitFor::answer_to(question)),
            Effect::Authenticate(id, _) | Effect::Forget(id, _) => {
                self.wait(now, *id, WaitFor::Answer);
            }
            Effect::ChangeBan(id, _) if !self.is_disk_late => {
                self.wait(now, *id, WaitFor::BanChange)
            }
            _ => {}
        }
    }

    /// Notes whether an answer shows that the disk works, and returns what the client waited for.
    pub(super) fn note_answer(&mut self, answer: &Answer) -> WaitFor {
        match answer {
            Answer::BanNotChanged(_, Denial::NotSaved) => WaitFor::BanChange,
            Answer::Banned(_) | Answer::Unbanned(_) | Answer::BanNotChanged(..) => {
                self.is_disk_late = false;
                WaitFor::BanChange
            }
            Answer::Exists(room, _) => WaitFor::Exists(*room),
            _ => WaitFor::Answer,
        }
    }

    /// Makes a client whose session has ended wait for the disk.
    pub(super) fn wait_for_disk(&mut self, now: Duration, input: &Input) {
        if let Input::Gone(id, _) = input {
            self.wait(now, *id, WaitFor::Disk);
        }
    }

    /// Makes a client wait, unless it waits already. A client that waits for the log and then asks
    /// the store waits for the store.
    pub(super) fn wait(&mut self, now: Duration, id: ClientId, what: WaitFor) {
        if self.is_over {
            if what.is_missed() {
                self.unanswered.push((id, what));
            }
            return;
        }
        let until = what.patience().map(|patience| now + patience);
        let new = || Waiting { until, later: VecDeque::new(), weight: 0, what };
        let waiting = self.waiting.entry(id).or_insert_with(new);
        if waiting.what == WaitFor::Log && what != WaitFor::Disk {
            (waiting.until, waiting.what) = (until, what);
        }
    }

    /// Ends the wait of all clients that wait for this, and hears the one first that has waited
    /// longest.
    pub(super) fn end_all_for(&mut self, what: WaitFor) {
        let waiting = self.waiting.iter().filter(|(_, waiting)| waiting.what == what);
        let mut waiting: Vec<_> = waiting.map(|(id, waiting)| (waiting.until, *id)).collect();
        waiting.sort_unstable();
        waiting.into_iter().rev().for_each(|(_, id)| self.release(id));
    }

    /// Whether a client waits.
    pub(super) fn has(&self, id: ClientId) -> bool {
        self.waiting.contains_key(&id)
    }

    /// Whether a client waits for that.
    pub(super) fn is_for(&self, id: ClientId, what: WaitFor) -> bool {
        self.waiting.get(&id).is_some_and(|waiting| waiting.what == what)
    }

    /// Whether a client waits for what completes the answer to its last request.
    pub(super) fn is_for_answer(&self, id: ClientId) -> bool {
        let is_answer = |waiting: &Waiting| !matches!(waiting.what, WaitFor::Disk | WaitFor::Log);
        self.waiting.get(&id).is_some_and(is_answer)
    }

    /// Whether what a client waits for does not complete the answer: more tasks do.
    pub(super) fn closes_label(&self, id: ClientId) -> bool {
        let closes = |input: &Input| matches!(input, Input::Tasks(_, tasks) if tasks.last() == Some(&Task::CloseLabel));
        self.waiting.get(&id).is_some_and(|waiting| waiting.later.iter().any(closes))
    }

    /// Stores `input` for later if its client waits, and returns it otherwise.
    pub(super) fn defer(&mut self, input: Input) -> Option<Input> {
        let (id, weight) = match &input {
            Input::Received(id, items) => (*id, items.iter().map(weight).sum()),
            Input::Tasks(id, tasks) => (*id, tasks.len() * TASK),
            Input::Settled(id) | Input::Idle(id, _) | Input::Gone(id, _) => (*id, ITEM),
            _ => return Some(input),
        };
        let Some(waiting) = self.waiting.get_mut(&id) else { return Some(input) };
        waiting.later.push_back(input);
        waiting.weight += weight;
        if waiting.weight > MAX_WEIGHT {
            self.give_up(id);
        }
        None
    }

    /// Ends a client's wait, if it waits for `what`.
    pub(super) fn end(&mut self, id: ClientId, what: WaitFor) {
        if self.is_for(id, what) {
            self.release(id);
        }
    }

    fn release(&mut self, id: ClientId) {
        let Some(Waiting { later, what, .. }) = self.waiting.remove(&id) else { return };
        // Whatever else of this client is ready came later.
        for input in later.into_iter().rev() {
            self.ready.push_front((input, what == WaitFor::Disk));
        }
    }

    /// Ends the wait of all clients that have waited for their [patience](WaitFor::patience).
    pub(super) fn end_overdue(&mut self, now: Duration) {
        let is_over = |waiting: &Waiting| waiting.until.is_some_and(|until| until <= now);
        let overdue = self.waiting.iter().filter(|(_, waiting)| is_over(waiting));
        let overdue: Vec<_> = overdue.map(|(id, waiting)| (*id, waiting.what)).collect();
        for (id, what) in overdue {
            self.is_disk_late |= what == WaitFor::BanChange;
            self.give_up(id);
        }
    }

    fn give_up(&mut self, id: ClientId) {
        if let Some(waiting) = self.waiting.get(&id)
            && waiting.what.is_missed()
        {
            self.unanswered.push((id, waiting.what));
        }
        self.release(id);
    }

    /// When [`end_overdue`](Self::end_overdue) has something to do next.
    pub(super) fn next_deadline(&self) -> Option<Duration> {
        self.waiting.values().filter_map(|waiting| waiting.until).min()
    }

    /// The clients that waited for an answer in vain since the last call, and for which.
    pub(super) fn take_unanswered(&mut self) -> Vec<(ClientId, WaitFor)> {
        std::mem::take(&mut self.unanswered)
    }

    /// The next input of a client that does not wait any more, and whether it waited for the disk.
    pub(super) fn take_released(&mut self) -> Option<(Input, bool)> {
        self.ready.pop_front()
    }

    /// Ends all waits; from here on no client waits.
    pub(super) fn end_all(&mut self) {
        self.is_over = true;
        let all: Vec<_> = self.waiting.keys().copied().collect();
        all.into_iter().for_each(|id| self.give_up(id));
    }
}

/// Bytes that an item takes, about.
fn weight(item: &Incoming) -> usize {
    let text = match item {
        Incoming::Line(line) | Incoming::LineIn(_, line) => line.as_str().len(),
        Incoming::Irc(line) => line.len(),
        Incoming::Answer(bytes) => bytes.len(),
        _ => 0,
    };
    ITEM + text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::{AnswerForm, Ban, BanChange, Hidden, Mask, Nick, Question, Reason};
    use crate::text::{Line, Text};

    const ALICE: ClientId = ClientId(1);

    fn said(items: usize) -> Input {
        let line = || Incoming::Line(Line::new("hello"));
        Input::Received(ALICE, std::iter::repeat_with(line).take(items).collect())
    }

    fn unban() -> BanChange {
        BanChange::Unban(Mask::new("eve").unwrap())
    }

    fn ask() -> Effect {
        let form = AnswerForm::Lines;
        let (words, rooms, hidden) = (Text::new("x"), Vec::new(), Hidden::default());
        Effect::Ask(ALICE, Question::Search { words, form, rooms, hidden })
    }

    /// Alice waits for the answer to a search.
    fn waiting() -> Pending {
        let mut pending = Pending::default();
        pending.note(Duration::ZERO, &ask());
        pending
    }

    #[test]
    fn what_comes_meanwhile_is_heard_afterwards_in_its_order() {
        let mut pending = waiting();
        assert!(pending.defer(Input::Settled(ClientId(2))).is_some(), "somebody else");
        assert!(pending.defer(said(1)).is_none());
        assert!(pending.defer(Input::Gone(ALICE, Reason::Disconnected)).is_none());
        assert!(pending.ready.is_empty());
        pending.end(ALICE, WaitFor::BanChange);
        assert!(pending.has(ALICE), "that is not what she waits for");
        pending.end(ALICE, WaitFor::Answer);
        let [(Input::Received(ALICE, _), _), (Input::Gone(ALICE, _), _)] =
            pending.ready.make_contiguous()
        else {
            panic!("{:?}", pending.ready)
        };
        assert!(pending.defer(said(1)).is_some());
    }

    #[test]
    fn of_orders_that_the_disk_does_not_take_only_the_first_holds_anything_up() {
        let order = Effect::ChangeBan(ALICE, unban());
        let late = Duration::from_millis(250);
        let mut pending = Pending::default();
        pending.note(Duration::ZERO, &order);
        assert!(pending.defer(said(1)).is_none());
        pending.end_overdue(late - Duration::from_millis(1));
        assert!(pending.has(ALICE));
        pending.end_overdue(late);
        pending.note(late, &order);
        assert!(!pending.has(ALICE), "the next one is in force at once");
    }

    #[test]
    fn whatever_shows_that_the_disk_answers_has_the_next_order_waited_for() {
        let mask = Mask::new("eve").unwrap();
        let not = |denial| Answer::BanNotChanged(unban(), denial);
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
            pending.note(Duration::ZERO, &Effect::ChangeBan(ALICE, unban()));
            assert_eq!(pending.has(ALICE), is_well, "{answer:?}");
        }
    }

    #[test]
    fn who_hung_up_gets_what_is_due_whatever_else_is_answered() {
        let mut pending = Pending::default();
        pending.wait_for_disk(Duration::ZERO, &Input::Gone(ALICE, Reason::Disconnected));
        for what in [WaitFor::Answer, WaitFor::BanChange] {
            pending.end(ALICE, what);
            assert!(pending.has(ALICE));
        }
        pending.end_all_for(WaitFor::Disk);
        assert!(!pending.has(ALICE));
    }

    #[test]
    fn nobody_waits_for_ever_nor_for_too_much() {
        let mut pending = waiting();
        assert_eq!(pending.next_deadline(), Some(MOST));
        pending.end_overdue(MOST);
        assert!(!pending.has(ALICE));
        let mut pending = waiting();
        let most = MAX_WEIGHT / (ITEM + "hello".len());
        assert!(pending.defer(said(most)).is_none() && pending.has(ALICE));
        assert!(pending.defer(said(1)).is_none() && !pending.has(ALICE));
        assert_eq!(
            (pending.ready.len(), pending.take_unanswered()),
            (2, vec![(ALICE, WaitFor::Answer)])
        );
    }

    #[test]
    fn input_that_waited_comes_before_input_that_was_ready_later() {
        let mut pending = waiting();
        assert!(pending.defer(said(2)).is_none() && pending.defer(said(3)).is_none());
        pending.end(ALICE, WaitFor::Answer);
        let (first, _) = pending.take_released().unwrap();
        assert!(matches!(&first, Input::Received(ALICE, items) if items.len() == 2));
        pending.note(Duration::ZERO, &ask());
        assert!(pending.defer(first).is_none());
        pending.end(ALICE, WaitFor::Answer);
        let lengths = std::iter::from_fn(|| match pending.take_released()? {
            (Input::Received(_, items), _) => Some(items.len()),
            other => panic!("{other:?}"),
        });
        assert_eq!(lengths.collect::<Vec<_>>(), [2, 3]);
    }

    #[test]
    fn at_the_end_a_question_is_unanswered_at_once() {
        let mut pending = Pending::default();
        pending.end_all();
        pending.note(Duration::ZERO, &ask());
        assert!(!pending.has(ALICE));
        assert_eq!(pending.take_unanswered(), [(ALICE, WaitFor::Answer)]);
    }

    fn ban() -> Ban {
        let (mask, by) = (Mask::new("eve").unwrap(), Nick::new("alice").unwrap());
        Ban { mask, by, reason: None, until: None }
    }
}
