//! The load: senders with a fixed rate, and receivers that must all get the same lines.
//!
//! One thread. A line is in flight until every receiver has it.

use crate::churn::Churn;
use crate::crowd::{Crowd, PATIENCE};
use crate::latency::Histogram;
use crate::server::Server;
use crate::transcript::Transcript;
use crate::wire::Dialect;
use std::io;
use std::io::ErrorKind::{Interrupted, WouldBlock};
use std::time::{Duration, Instant};

/// How many of a load's clients speak.
pub(crate) const SENDERS: usize = 4;
/// Latencies are taken from so many receivers, evenly spread.
const SAMPLED: usize = 32;
const CHURN: u64 = u64::MAX;
const READ: usize = 64 * 1024;
/// An open loop that is so many lines behind has failed.
const TOO_FAR_BEHIND: u64 = 200_000;

/// The pace of rows that say nothing else.
pub(crate) const FULL: Pace = Pace::Window(64);

/// When lines are said.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    /// So many lines of each sender at once; when every receiver has them all, the next.
    Window(u64),
    /// One line at a time.
    Single,
    /// So many lines a second, whether the server keeps up or not. Latency counts from when a line
    /// was due.
    Rate(u64),
}

/// What a drive measured.
pub(crate) struct Outcome {
    /// Lines received, each by each receiver and hearing sender.
    pub(crate) deliveries: u64,
    pub(crate) elapsed: Duration,
    pub(crate) latency: Histogram,
}

struct Receiver {
    /// Up to where in the transcript it has got.
    at: u64,
    /// The next entry whose latency it shall measure, if it is one of the sampled.
    sample: Option<u64>,
}

#[derive(Default)]
struct Sender {
    seen: u64,
    heard: u64,
    out: Vec<u8>,
}

/// A crowd at work: member 0 to [`SENDERS`] speak, the others receive.
pub(crate) struct Load {
    crowd: Crowd,
    dialect: &'static Dialect,
    transcript: Transcript,
    senders: Vec<Sender>,
    receivers: Vec<Receiver>,
    buffer: Vec<u8>,
    epoch: Instant,
    latency: Histogram,
    sent: u64,
    /// Lines that every receiver has, and the position after them.
    acked: u64,
    acked_entries: u64,
    acked_at: u64,
    /// The position that all receivers must get to next, and how many have not.
    goal: u64,
    below: usize,
    /// Bytes received; only ever compared with itself.
    progress: u64,
}

impl Load {
    /// Connects [`SENDERS`] and so many receivers.
    pub(crate) fn gather(
        server: &Server,
        dialect: &'static Dialect,
        receivers: usize,
    ) -> io::Result<Load> {
        let crowd = Crowd::gather(server, dialect, SENDERS + receivers, SENDERS)?;
        let stride = receivers.div_ceil(SAMPLED);
        let receiver =
            |index: usize| Receiver { at: 0, sample: index.is_multiple_of(stride).then_some(0) };
        Ok(Load {
            crowd,
            dialect,
            transcript: Transcript::new(dialect, SENDERS),
            senders: (0..SENDERS).map(|_| Sender::default()).collect(),
            receivers: (0..receivers).map(receiver).collect(),
            buffer: vec![0; READ],
            epoch: Instant::now(),
            latency: Histogram::default(),
            sent: 0,
            acked: 0,
            acked_entries: 0,
            acked_at: 0,
            goal: 0,
            below: 0,
            progress: 0,
        })
    }

    /// Speaks at that pace for so long, then waits until everyone has everything. Fails when any
    /// client got a line twice, not at all, damaged or out of order.
    pub(crate) fn drive(
        &mut self,
        pace: Pace,
        span: Duration,
        mut churn: Option<&mut Churn>,
    ) -> io::Result<Outcome> {
        if let Some(churn) = &mut churn {
            self.crowd.epoll.add_level(churn.epoll(), CHURN)?;
            churn.start()?;
        }
        self.latency = Histogram::default();
        let before = self.deliveries();
        let sent_before = self.sent;
        let start = Instant::now();
        let mut last = (start, self.progress);
        loop {
            let now = Instant::now();
            let open = now - start < span;
            let mut timeout = Duration::from_millis(100);
            if open {
                timeout = timeout.min(self.speak(pace, start, sent_before)?);
            } else if churn.as_mut().is_none_or(|churn| churn.stop())
                && self.settled(churn.as_ref().map(|churn| churn.heard()))
            {
                break;
            }
            self.flush()?;
            self.turn(timeout, &mut churn)?;
            if self.progress != last.1 {
                last = (now, self.progress);
            } else if now - last.0 > PATIENCE {
                return Err(io::Error::other(self.missing()));
            }
        }
        let elapsed = start.elapsed();
        if let Some(churn) = &churn {
            self.crowd.epoll.remove(churn.epoll())?;
        }
        Ok(Outcome {
            deliveries: self.deliveries() - before,
            elapsed,
            latency: std::mem::take(&mut self.latency),
        })
    }

    /// How many bytes everyone has been told.
    pub(crate) fn said(&self) -> u64 {
        self.transcript.end()
    }

    /// Says what is to be said now; tells in how long there will be more.
    fn speak(&mut self, pace: Pace, start: Instant, sent_before: u64) -> io::Result<Duration> {
        match pace {
            Pace::Window(window) => Ok(self.say_next(window * SENDERS as u64)),
            Pace::Single => Ok(self.say_next(1)),
            Pace::Rate(rate) => {
                let offset = (start - self.epoch).as_nanos() as u64;
                let due = |line: u64| (line - sent_before) * 1_000_000_000 / rate;
                let now = start.elapsed().as_nanos() as u64;
                while due(self.sent) <= now {
                    self.say(offset + due(self.sent));
                }
                if self.sent - self.acked > TOO_FAR_BEHIND {
                    return Err(io::Error::other(format!("doesn't keep up with {rate} lines/s")));
                }
                Ok(Duration::from_nanos(due(self.sent) - now))
            }
        }
    }

    /// Says so many lines once everyone has the last ones.
    fn say_next(&mut self, lines: u64) -> Duration {
        let now = self.epoch.elapsed().as_nanos() as u64;
        if self.sent == self.acked {
            (0..lines).for_each(|_| self.say(now));
        }
        PATIENCE
    }

    fn say(&mut self, now: u64) {
        let sender = (self.sent % SENDERS as u64) as usize;
        let stamp = self.transcript.expect(sender, now);
        self.dialect.say(stamp, &mut self.senders[sender].out);
        self.sent += 1;
    }

    fn flush(&mut self) -> io::Result<()> {
        for (sender, member) in self.senders.iter_mut().zip(&mut self.crowd.members) {
            if sender.out.is_empty() {
                continue;
            }
            match member.send(&sender.out) {
                Ok(count) => drop(sender.out.drain(..count)),
                Err(error) if matches!(error.kind(), WouldBlock | Interrupted) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// One round: waits, then reads everything there is.
    fn turn(&mut self, timeout: Duration, churn: &mut Option<&mut Churn>) -> io::Result<()> {
        let tokens = self.crowd.epoll.wait(Some(timeout))?;
        for token in &tokens {
            if *token == CHURN {
                if let Some(churn) = churn {
                    self.progress += churn.turn()?;
                }
            } else if (*token as usize) < SENDERS {
                self.take(*token as usize)?;
            } else {
                self.receive(*token as usize)?;
            }
        }
        self.crowd.epoll.give_back(tokens);
        for sender in 0..SENDERS {
            self.listen(sender)?;
        }
        self.acknowledge();
        let heard = self.senders.iter().filter_map(|sender| self.transcript.entry(sender.seen));
        let behind = heard.map(|entry| entry.start).min();
        self.transcript.trim(behind.map_or(self.acked_at, |start| start.min(self.acked_at)));
        Ok(())
    }

    fn receive(&mut self, index: usize) -> io::Result<()> {
        let member = &mut self.crowd.members[index];
        let receiver = &mut self.receivers[index - SENDERS];
        loop {
            let kept = member.rest.len();
            self.buffer[..kept].copy_from_slice(&member.rest);
            let Some(fresh) = member.receive(&mut self.buffer[kept..])? else {
                return Ok(());
            };
            let room = READ - kept;
            member.rest.clear();
            let before = receiver.at;
            self.transcript.follow(
                &mut receiver.at,
                &self.buffer[..kept + fresh],
                &mut member.rest,
            )?;
            self.progress += fresh as u64;
            if before < self.goal && receiver.at >= self.goal {
                self.below -= 1;
            }
            if let Some(next) = &mut receiver.sample {
                let now = self.epoch.elapsed().as_nanos() as u64;
                while let Some(entry) =
                    self.transcript.entry(*next).filter(|entry| entry.end <= receiver.at)
                {
                    entry.sent.inspect(|sent| self.latency.record(now.saturating_sub(*sent)));
                    *next += 1;
                }
            }
            if fresh < room {
                return Ok(());
            }
        }
    }

    fn take(&mut self, sender: usize) -> io::Result<()> {
        let member = &mut self.crowd.members[sender];
        while let Some(count) = member.receive(&mut self.buffer)? {
            if self.dialect.senders_hear {
                member.rest.extend_from_slice(&self.buffer[..count]);
            }
            if count < READ {
                break;
            }
        }
        Ok(())
    }

    fn listen(&mut self, index: usize) -> io::Result<()> {
        let rest = &mut self.crowd.members[index].rest;
        let Sender { seen, heard, .. } = &mut self.senders[index];
        if !self.dialect.senders_hear {
            *seen = self.transcript.len();
            return Ok(());
        }
        let left = self.transcript.listen(index as u8, seen, heard, rest)?;
        let done = rest.len() - left;
        self.progress += done as u64;
        rest.drain(..done);
        Ok(())
    }

    /// Counts the lines that all receivers have by now.
    fn acknowledge(&mut self) {
        while self.below == 0 {
            self.acked_at = self.goal;
            while let Some(entry) =
                self.transcript.entry(self.acked_entries).filter(|entry| entry.end <= self.goal)
            {
                self.acked += u64::from(entry.sent.is_some());
                self.acked_entries += 1;
            }
            if self.goal == self.transcript.end() {
                return;
            }
            self.goal = self.transcript.end();
            self.below = self.receivers.iter().filter(|receiver| receiver.at < self.goal).count();
        }
    }

    /// Whether everyone has everything, with so many lines of visitors if there were any.
    fn settled(&self, visitors: Option<u64>) -> bool {
        let heard = |sender: &Sender| sender.seen == self.transcript.len();
        self.acked == self.sent
            && self.acked_at == self.transcript.end()
            && visitors.is_none_or(|visitors| visitors == self.transcript.visitors())
            && self.senders.iter().all(heard)
    }

    fn deliveries(&self) -> u64 {
        let heard: u64 = self.senders.iter().map(|sender| sender.heard).sum();
        self.acked_entries * self.receivers.len() as u64 + heard
    }

    fn missing(&self) -> String {
        let lines = self.transcript.len() - self.transcript.visitors();
        format!(
            "nothing more arrived for {PATIENCE:?}: of {} lines sent {lines} arrived, {} arrived everywhere",
            self.sent, self.acked
        )
    }
}
