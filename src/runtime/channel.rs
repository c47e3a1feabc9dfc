//! A bounded crossbeam channel whose receiver sleeps as soon as the channel is empty.
//!
//! crossbeam's own receiver looks for a message many times before it sleeps. Where messages come
//! one at a time, and clients have other processors, that was an eighth of the server's time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{RecvTimeoutError, SendError, SendTimeoutError, TryRecvError};
use crossbeam_utils::sync::{Parker, Unparker};

/// A channel for so many messages. While it is full, senders wait.
pub(crate) fn bounded<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    let (sender, receiver) = crossbeam_channel::bounded(capacity);
    let parker = Parker::new();
    let waker = Arc::new(Waker(parker.unparker().clone()));
    (Sender { channel: sender, waker }, Receiver { channel: receiver, parker })
}

/// Wakes the receiver; also when the last sender is gone.
#[derive(Debug)]
struct Waker(Unparker);

impl Drop for Waker {
    fn drop(&mut self) {
        self.0.unpark();
    }
}

/// One of the sending halves.
#[derive(Debug)]
pub struct Sender<T> {
    // Fields are dropped in this order: when the waker is, the channel has no sender left.
    channel: crossbeam_channel::Sender<T>,
    waker: Arc<Waker>,
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        Self { channel: self.channel.clone(), waker: Arc::clone(&self.waker) }
    }
}

impl<T> Sender<T> {
    /// Sends, and waits for room if the channel is full.
    ///
    /// # Errors
    /// The receiver is closed; the message comes back.
    pub(crate) fn send(&self, message: T) -> Result<(), SendError<T>> {
        self.channel.send(message)?;
        self.waker.0.unpark();
        Ok(())
    }

    /// The same, and waits for no longer than `timeout`.
    ///
    /// # Errors
    /// The receiver is closed, or the channel is still full; the message comes back.
    pub(crate) fn send_timeout(
        &self,
        message: T,
        timeout: Duration,
    ) -> Result<(), SendTimeoutError<T>> {
        self.channel.send_timeout(message, timeout)?;
        self.waker.0.unpark();
        Ok(())
    }

    /// How many messages the channel holds at most.
    #[cfg(test)]
    pub(crate) fn capacity(&self) -> Option<usize> {
        self.channel.capacity()
    }
}

/// The receiving half.
#[derive(Debug)]
pub struct Receiver<T> {
    channel: crossbeam_channel::Receiver<T>,
    parker: Parker,
}

impl<T> Receiver<T> {
    /// Whether no message waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.channel.is_empty()
    }

    /// The next message, if one waits.
    ///
    /// # Errors
    /// None does; or there are no senders any more.
    pub(crate) fn try_recv(&self) -> Result<T, TryRecvError> {
        self.channel.try_recv()
    }

    /// The next message; waits for it until `timeout` has passed, if there is one.
    ///
    /// # Errors
    /// None has come in time; or there are no senders any more.
    pub(crate) fn recv(&self, timeout: Option<Duration>) -> Result<T, RecvTimeoutError> {
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        loop {
            match self.channel.try_recv() {
                Ok(message) => return Ok(message),
                Err(TryRecvError::Disconnected) => return Err(RecvTimeoutError::Disconnected),
                Err(TryRecvError::Empty) => {}
            }
            // Returns at once if a message came since, or perhaps for one already taken.
            match deadline {
                None => self.parker.park(),
                Some(deadline) if deadline <= Instant::now() => {
                    return Err(RecvTimeoutError::Timeout);
                }
                Some(deadline) => self.parker.park_deadline(deadline),
            }
        }
    }

    /// Senders get their messages back from now on. Nothing is received any more.
    pub(crate) fn close(&mut self) {
        self.channel = crossbeam_channel::never();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::thread;

    const PATIENCE: Duration = Duration::from_secs(10);

    #[test]
    fn messages_of_a_sender_arrive_once_and_in_order() {
        const EACH: u32 = 2000;
        let (sender, receiver) = bounded(3);
        thread::scope(move |scope| {
            for name in 0..4 {
                let sender = sender.clone();
                scope.spawn(move || (0..EACH).for_each(|n| sender.send((name, n)).unwrap()));
            }
            drop(sender);
            let mut next = [0; 4];
            for _ in 0..4 * EACH {
                let (name, number): (usize, u32) = receiver.recv(Some(PATIENCE)).unwrap();
                assert_eq!(number, next[name]);
                next[name] += 1;
            }
            assert_eq!(receiver.recv(Some(PATIENCE)), Err(RecvTimeoutError::Disconnected));
        });
    }

    #[test]
    fn a_receiver_that_sleeps_is_woken_by_each_message_and_by_the_last_sender() {
        thread::scope(|scope| {
            let (ask, asked) = bounded(1);
            let (answer, answers) = bounded(1);
            scope.spawn(move || {
                while let Ok(number) = asked.recv(Some(PATIENCE)) {
                    answer.send(number).unwrap();
                }
            });
            for number in 0..2000 {
                ask.send_timeout(number, Duration::ZERO).unwrap();
                assert_eq!(answers.recv(Some(PATIENCE)), Ok(number));
            }
            let before = Instant::now();
            drop(ask);
            assert_eq!(answers.recv(Some(PATIENCE)), Err(RecvTimeoutError::Disconnected));
            assert!(before.elapsed() < PATIENCE);
        });
    }

    #[test]
    fn a_receiver_gives_up_in_time_and_not_earlier() {
        let (sender, receiver) = bounded::<()>(1);
        let wait = Duration::from_millis(20);
        let gives_up = || {
            let before = Instant::now();
            assert_eq!(receiver.recv(Some(wait)), Err(RecvTimeoutError::Timeout));
            assert!((wait..PATIENCE).contains(&before.elapsed()));
        };
        gives_up();
        assert_eq!(receiver.recv(Some(Duration::ZERO)), Err(RecvTimeoutError::Timeout));
        sender.send(()).unwrap();
        assert_eq!(receiver.recv(Some(Duration::MAX)), Ok(()));
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
        // It was woken for a message that it has already.
        gives_up();
    }

    #[test]
    fn a_sender_that_waits_for_room_gets_its_message_back_when_the_receiver_closes() {
        let (sender, mut receiver) = bounded(1);
        sender.send(1).unwrap();
        assert!(sender.send_timeout(2, Duration::ZERO).unwrap_err().is_timeout());
        thread::scope(|scope| {
            let blocked = scope.spawn(move || sender.send_timeout(2, PATIENCE));
            receiver.close();
            assert_eq!(blocked.join().unwrap(), Err(SendTimeoutError::Disconnected(2)));
        });
    }
}
