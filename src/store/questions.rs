//! The queue of questions about the history, which gives each address the same share of the time.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crossbeam_channel::{Receiver, Sender, bounded};

use super::request::Denial;
use crate::address::Address;
use crate::chat::{ClientId, Question};

/// Questions that may wait, for one address and in all.
const MAX_EACH: usize = 16;
const MAX: usize = 1024;

/// The questions that wait, by address. `turns` has each of these addresses once.
#[derive(Debug, Default)]
struct Waiting {
    questions: HashMap<Address, VecDeque<(ClientId, Question)>>,
    turns: VecDeque<Address>,
}

impl Waiting {
    fn push(&mut self, from: Address, question: (ClientId, Question)) -> Result<(), Denial> {
        let own = self.questions.entry(from).or_default();
        if own.len() >= MAX_EACH {
            return Err(Denial::Busy);
        }
        if own.is_empty() {
            self.turns.push_back(from);
        }
        own.push_back(question);
        Ok(())
    }

    /// The next question of the address whose turn it is.
    fn pop(&mut self) -> Option<(ClientId, Question)> {
        let from = self.turns.pop_front()?;
        let own = self.questions.get_mut(&from)?;
        let question = own.pop_front();
        if own.is_empty() {
            self.questions.remove(&from);
        } else {
            self.turns.push_back(from);
        }
        question
    }
}

/// The asking end. Never waits.
#[derive(Debug)]
pub(crate) struct Asking {
    waiting: Arc<Mutex<Waiting>>,
    /// One token for each question, so that the other end can wait.
    tokens: Sender<()>,
}

/// The answering end.
#[derive(Debug)]
pub(crate) struct Asked {
    waiting: Arc<Mutex<Waiting>>,
    tokens: Receiver<()>,
}

/// Both ends of an empty queue.
pub(crate) fn questions() -> (Asking, Asked) {
    let waiting = Arc::<Mutex<Waiting>>::default();
    let (tokens, taken) = bounded(MAX);
    (Asking { waiting: Arc::clone(&waiting), tokens }, Asked { waiting, tokens: taken })
}

impl Asking {
    /// # Errors
    /// Too many questions wait, for this address or in all.
    pub(crate) fn ask(
        &self,
        from: Address,
        client: ClientId,
        question: Question,
    ) -> Result<(), Denial> {
        let mut waiting = lock(&self.waiting);
        if self.tokens.is_full() {
            return Err(Denial::Busy);
        }
        waiting.push(from, (client, question))?;
        // There is room: tokens are sent only under the lock.
        self.tokens.try_send(()).map_err(|_| Denial::Busy)
    }
}

impl Asked {
    /// Waits for the next question; `None` when the asking end is gone.
    pub(crate) fn next(&self) -> Option<(ClientId, Question)> {
        self.tokens.recv().ok().and_then(|()| lock(&self.waiting).pop())
    }
}

/// Ignores poisoning: no code panics while it holds the lock.
fn lock(waiting: &Mutex<Waiting>) -> MutexGuard<'_, Waiting> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::{AnswerForm, Hidden};
    use crate::text::Text;

    fn question() -> Question {
        Question::Search {
            words: Text::new("rare words"),
            form: AnswerForm::Lines,
            rooms: Vec::new(),
            hidden: Hidden::default(),
        }
    }

    fn address(number: u8) -> Address {
        Address::of([192, 0, 2, number].into())
    }

    #[test]
    fn addresses_take_turns_however_much_one_asks() {
        let (asking, asked) = questions();
        for id in 0..MAX_EACH {
            assert_eq!(asking.ask(address(1), ClientId(id as u64), question()), Ok(()));
        }
        assert_eq!(asking.ask(address(1), ClientId(90), question()), Err(Denial::Busy));
        assert_eq!(asking.ask(address(2), ClientId(91), question()), Ok(()));
        assert_eq!(asking.ask(address(3), ClientId(92), question()), Ok(()));
        let order: Vec<_> = (0..4).map(|_| asked.next().unwrap().0.0).collect();
        assert_eq!(order, [0, 91, 92, 1]);
        assert_eq!(asking.ask(address(2), ClientId(93), question()), Ok(()));
        let order: Vec<_> = (0..2).map(|_| asked.next().unwrap().0.0).collect();
        assert_eq!(order, [2, 93]);
    }

    #[test]
    fn an_ipv6_household_is_one_address_and_all_of_them_are_bounded() {
        let (asking, asked) = questions();
        let mut taken = 0;
        for number in 0..=MAX {
            let network = u16::try_from(number / MAX_EACH).unwrap();
            let host = u16::try_from(number).unwrap();
            let from = Address::of([0x2001, 0xdb8, 0, network, 0, 0, 0, host].into());
            taken += usize::from(asking.ask(from, ClientId::NOBODY, question()).is_ok());
        }
        assert_eq!(taken, MAX);
        drop(asking);
        assert_eq!(std::iter::from_fn(|| asked.next()).count(), MAX);
        assert!(lock(&asked.waiting).questions.is_empty());
    }
}
