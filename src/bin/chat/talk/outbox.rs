//! `Outbox`: what was typed, until the server certainly got it.
//!
//! Only a few lines are ever on their way: the server slows a client down by not reading, and what
//! the client had sent ahead could not be taken back.

use std::collections::VecDeque;
use std::time::Duration;

use chatd::text::Text;

/// Most lines kept while there is no connection, or while others are on their way.
const MAX_KEPT: usize = 1000;
/// Most lines on their way.
const MAX_SENT: usize = 20;
/// How long to wait before confirming lines, so that one ping confirms many.
const CONFIRMING: Duration = Duration::from_secs(1);
/// How long a line may take to be confirmed. Then the connection counts as lost.
const PATIENCE: Duration = Duration::from_secs(40);

/// The sender of a ping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asker {
    Entrance,
    /// Ends the answers to what the client asked for by itself.
    Wishes,
    /// Ends the answers to a `/join`.
    Join,
    /// Confirms this many lines.
    Confirmation(usize),
    User,
}

/// A line that was not sent yet.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) line: Text,
    /// The room that it is for, if there may be several.
    pub(crate) room: Option<String>,
    /// Whether the user was told that it waits.
    pub(crate) is_told: bool,
}

/// A line, and the room that it is for, if there may be several.
pub(crate) type Addressed = (Option<String>, Text);

#[derive(Debug, Default)]
pub(crate) struct Outbox {
    /// Lines that were not sent yet.
    kept: VecDeque<Kept>,
    /// Lines that were sent and perhaps not received, with the time.
    sent: VecDeque<(Duration, Addressed)>,
    /// When to send the ping that confirms them.
    confirm_at: Option<Duration>,
    /// The pings that have no pong yet: their senders, and when they were sent.
    pings: VecDeque<(Asker, Duration)>,
    /// When the last pong came, and how long after its ping.
    lag: Option<(Duration, Duration)>,
}

impl Outbox {
    /// Whether no line waits and none is on its way.
    pub(crate) fn is_empty(&self) -> bool {
        self.kept.is_empty() && self.sent.is_empty()
    }

    /// Whether lines wait to be sent.
    pub(crate) fn has_kept(&self) -> bool {
        !self.kept.is_empty()
    }

    /// Keeps a line; returns it if there are too many.
    pub(crate) fn keep(&mut self, line: Text, room: Option<String>, is_told: bool) -> Option<Text> {
        if self.kept.len() == MAX_KEPT {
            return Some(line);
        }
        self.kept.push_back(Kept { line, room, is_told });
        None
    }

    /// The lines that were typed in no room yet are for this one.
    pub(crate) fn address(&mut self, room: &str) {
        for kept in &mut self.kept {
            kept.room.get_or_insert_with(|| room.to_owned());
        }
    }

    /// The next line to send, if there may be one more on its way. None may before it is clear
    /// whether the user is in the room that the user wanted to join.
    pub(crate) fn next(&mut self) -> Option<Kept> {
        if self.sent.len() < MAX_SENT && !self.awaits(Asker::Join) {
            self.kept.pop_front()
        } else {
            None
        }
    }

    /// A line is on its way.
    pub(crate) fn sent(&mut self, now: Duration, room: Option<String>, line: Text) {
        self.sent.push_back((now, (room, line)));
        if !self.is_confirming() {
            let at = if self.kept.is_empty() { now + CONFIRMING } else { now };
            self.confirm_at = Some(self.confirm_at.map_or(at, |set| set.min(at)));
        }
    }

    /// Whether a pong for this sender is awaited.
    pub(crate) fn awaits(&self, sender: Asker) -> bool {
        self.pings.iter().any(|(asker, _)| *asker == sender)
    }

    fn is_confirming(&self) -> bool {
        self.pings.iter().any(|(asker, _)| matches!(asker, Asker::Confirmation(_)))
    }

    /// When to call [`is_lost`](Self::is_lost) and [`confirm`](Self::confirm).
    pub(crate) fn deadline(&self) -> Option<Duration> {
        let lost_at = self.sent.front().map(|(at, _)| *at + PATIENCE);
        [self.confirm_at, lost_at].into_iter().flatten().min()
    }

    /// Whether a line is on its way for so long that the connection must be broken.
    pub(crate) fn is_lost(&self, now: Duration) -> bool {
        self.sent.front().is_some_and(|(at, _)| *at + PATIENCE <= now)
    }

    /// Whether to send a ping that confirms what was sent.
    pub(crate) fn confirm(&mut self, now: Duration) -> bool {
        let is_due = self.confirm_at.is_some_and(|at| at <= now);
        if is_due {
            self.confirm_at = None;
            self.ping(now, Asker::Confirmation(self.sent.len()));
        }
        is_due
    }

    /// A ping is on its way.
    pub(crate) fn ping(&mut self, now: Duration, asker: Asker) {
        self.pings.push_back((asker, now));
    }

    /// Since when a pong is awaited.
    pub(crate) fn waiting_since(&self) -> Option<Duration> {
        self.pings.front().map(|(_, at)| *at)
    }

    /// When the last pong came, and how long after its ping.
    pub(crate) fn lag(&self) -> Option<(Duration, Duration)> {
        self.lag
    }

    /// A pong came; returns whose ping it answers.
    pub(crate) fn pong(&mut self, now: Duration) -> Option<Asker> {
        let (asker, at) = self.pings.pop_front()?;
        self.lag = Some((now, now.saturating_sub(at)));
        if let Asker::Confirmation(lines) = asker {
            self.sent.drain(..lines.min(self.sent.len()));
            if !self.sent.is_empty() {
                self.confirm_at = Some(now + CONFIRMING);
            }
        }
        Some(asker)
    }

    /// The server refused a line, in this room if it names one; returns it if it is clear which one.
    pub(crate) fn refuse(
        &self,
        room: Option<&str>,
        is_meant: impl Fn(&Text) -> bool,
    ) -> Option<&Addressed> {
        let is_there =
            |at: &Option<String>| room.is_none() || at.is_none() || at.as_deref() == room;
        let all = self.sent.iter().map(|(_, line)| line);
        let mut meant = all.filter(|(at, line)| is_there(at) && is_meant(line));
        let first = meant.next();
        first.filter(|_| meant.next().is_none())
    }

    /// The server got everything.
    pub(crate) fn all_arrived(&mut self) {
        self.sent.clear();
    }

    /// The connection is gone; returns the lines that were on their way.
    pub(crate) fn lose(&mut self) -> Vec<Addressed> {
        self.pings.clear();
        self.lag = None;
        self.confirm_at = None;
        self.sent.drain(..).map(|(_, line)| line).collect()
    }

    /// Takes the lines that were not sent and for which this is true.
    pub(crate) fn take_kept(&mut self, is_meant: impl Fn(&Text) -> bool) -> Vec<Addressed> {
        let all = self.kept.drain(..);
        let (taken, kept): (VecDeque<_>, _) = all.partition(|kept| is_meant(&kept.line));
        self.kept = kept;
        taken.into_iter().map(|kept| (kept.room, kept.line)).collect()
    }

    pub(crate) fn kept(&self) -> impl Iterator<Item = &Text> {
        self.kept.iter().map(|kept| &kept.line)
    }

    /// The lines that were sent and perhaps not received.
    pub(crate) fn on_their_way(&self) -> impl Iterator<Item = &Text> {
        self.sent.iter().map(|(_, (_, line))| line)
    }
}
