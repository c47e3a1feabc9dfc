//! What the node asks of the log, and when.

use std::time::Duration;

use super::fork::PATIENCE;
use super::state::{Command, Course, Node, Report};
use crate::chat::Now;
use crate::cluster::change::Change;
use crate::cluster::plan::Break;
use crate::cluster::replica::LEVEL;
use crate::cluster::request::{LinkEvent, Request, Ticket};

/// How often a node renews its lease.
const RENEWAL: Duration = Duration::from_millis(1500);
/// The pause before the node looks again: after a failure, while it waits for another, and after a
/// failure that an administrator has to end.
pub(super) const RETRY: Duration = Duration::from_millis(200);
pub(super) const WAIT: Duration = Duration::from_millis(250);
pub(super) const DENIED: Duration = Duration::from_secs(30);
/// How long a node without a lineage waits for another to found the log.
pub(super) const FOUNDING: Duration = Duration::from_secs(1);
/// How long a node that needs a snapshot waits for another to make one, if there is none.
pub(super) const LOST: Duration = Duration::from_secs(20);
/// The shortest time between two entries that the passing of time needs.
const TICK: Duration = Duration::from_millis(50);
/// How long reading the log may stand still.
const STALLED: Duration = Duration::from_secs(10);
/// The time after which the first node makes a snapshot, and the least time between two.
const SNAPSHOT_AFTER: Duration = Duration::from_secs(600);
const SNAPSHOT_PAUSE: Duration = Duration::from_secs(5);
/// How often a node asks how far the others are.
const LOOKED_AFTER: Duration = Duration::from_secs(5);
/// How often the nodes compare their states.
const COMPARED_AFTER: Duration = Duration::from_secs(600);

impl Node {
    /// Handles what the link reports. [`next`](Self::next) has the effects.
    pub fn hear(&mut self, now: Now, event: LinkEvent) {
        match event {
            LinkEvent::Replied(ticket, reply) if self.link.asked == Some(ticket) => {
                self.link.asked = None;
                self.handle_reply(now, reply);
            }
            LinkEvent::Failed(ticket, error) if self.link.asked == Some(ticket) => {
                self.link.asked = None;
                self.handle_failure(now, error);
            }
            LinkEvent::Read(generation, entries) if generation == self.link.generation => {
                self.read.extend(entries);
            }
            LinkEvent::Broken(generation, why) if generation == self.link.generation => {
                self.trouble(Report::Lost(why));
                self.break_off(now, Break::Gap);
            }
            _ => {}
        }
    }

    /// When [`tick`](Self::tick) has something to do next, by this node's clock.
    pub fn next_deadline(&self, now: Now) -> Option<Duration> {
        let course = match self.course {
            Course::LookAt(at) => Some(at),
            Course::Linked { renew_at } if self.link.asked.is_none() => {
                Some(renew_at.min(self.next_tick(now).unwrap_or(renew_at)))
            }
            Course::Joining { since, .. } => Some(since + PATIENCE),
            Course::CatchingUp(_, (_, since)) => Some(since + STALLED),
            _ => None,
        };
        let fork = match &self.fork {
            Some(fork) => {
                let due = fork.chat.next_deadline().filter(|_| !fork.holds);
                let due = due.map(|due| fork.since + due.saturating_sub(fork.uptime));
                let tell = (!fork.is_told).then_some(fork.tell_at);
                due.into_iter().chain(tell).min()
            }
            None if self.is_linked() => None,
            None => Some(self.link.confirmed + PATIENCE),
        };
        course.into_iter().chain(fork).min()
    }

    /// When the chat has something to do next, by this node's clock.
    fn next_tick(&self, now: Now) -> Option<Duration> {
        let due = self.log.chat.next_deadline()?;
        let due = now.uptime + due.saturating_sub(self.uptime(now.uptime));
        Some(due.max(self.link.confirmed + TICK))
    }

    /// Does what is due.
    pub fn tick(&mut self, now: Now) {
        if self.fork.is_none() && !self.is_linked() && now.uptime >= self.link.confirmed + PATIENCE
        {
            self.cut_off(now);
            if matches!(self.course, Course::Linked { .. }) {
                // It has looked, and nothing was confirmed since: it has to join again.
                self.look_again(now);
            }
            if let Some(fork) = &mut self.fork {
                // The clients have waited for the log that long already.
                fork.tell_at = now.uptime;
            }
        }
        self.tell_cut_off(now);
        self.tick_fork(now);
        match self.course {
            Course::Joining { since, .. } if now.uptime >= since + PATIENCE => {
                self.look_again(now);
            }
            Course::CatchingUp(to, (at, _)) if at < self.log.at.n => {
                self.course = Course::CatchingUp(to, (self.log.at.n, now.uptime));
            }
            Course::CatchingUp(_, (_, since)) if now.uptime >= since + STALLED => {
                self.look_again(now);
            }
            _ => {}
        }
    }

    /// Asks the log what is to be asked next. To be called once all inputs of a batch are pushed.
    pub fn pump(&mut self, now: Now) {
        if self.link.asked.is_some() {
            return;
        }
        match self.course {
            Course::LookAt(at) if at <= now.uptime => {
                self.course = Course::Looking;
                self.ask(Request::Look { origin: self.origin(), at: self.log.at.n });
            }
            Course::CatchingUp(to, _) if self.log.at.n >= to && self.read.is_empty() => {
                self.join(now);
            }
            Course::Linked { renew_at } => {
                self.compare_when_due(now);
                self.raise_level();
                self.put(now, renew_at);
            }
            _ => {}
        }
    }

    fn put(&mut self, now: Now, renew_at: Duration) {
        let is_due = self.next_tick(now).is_some_and(|due| due <= now.uptime);
        if self.outbox.has_unsent() || is_due || renew_at <= now.uptime {
            let due = self.log.chat.next_deadline();
            let request = Request::Put {
                epoch: self.epoch.clone(),
                origin: self.origin,
                at: self.log.at,
                due: due.and_then(|due| u64::try_from(due.as_millis()).ok()).map(|due| due + 1),
                inputs: self.outbox.next_sealed(&mut self.key, self.origin),
            };
            self.course = Course::Linked { renew_at: now.uptime + RENEWAL };
            self.ask(request);
        } else if now.uptime >= self.link.looked + LOOKED_AFTER {
            self.link.looked = now.uptime;
            self.ask(Request::Look { origin: self.origin(), at: self.log.at.n });
        } else if self.has_to_save(now) {
            let (epoch, salt) = (self.epoch.clone(), (self.random)());
            let snapshot = self.log.to_snapshot(&mut self.key, salt);
            self.link.snapshot = (self.log.at.n, now.uptime);
            self.link.lacks_snapshot = false;
            let level = self.log.chat.level();
            self.link.saved_level = level;
            self.ask(Request::StoreSnapshot { epoch, level, snapshot });
        }
    }

    /// Whether this node, as the first one, makes a snapshot now.
    fn has_to_save(&self, now: Now) -> bool {
        let (n, made) = self.link.snapshot;
        let entries = self.log.at.n.saturating_sub(n);
        let age = now.uptime.saturating_sub(made);
        let is_new_level = self.log.chat.level() > self.link.saved_level;
        let is_due = is_new_level
            || self.link.lacks_snapshot
            || entries >= self.link.snapshot_every
            || (entries > 0 && age >= SNAPSHOT_AFTER);
        is_due && age >= SNAPSHOT_PAUSE && self.is_first()
    }

    pub(super) fn ask(&mut self, request: Request) {
        self.link.tickets += 1;
        let ticket = Ticket(self.link.tickets);
        self.link.asked = Some(ticket);
        self.commands.push(Command::Ask(ticket, request));
    }

    /// Has the entries behind the last applied one read from now on.
    pub(super) fn start_reading(&mut self) {
        self.read.clear();
        self.link.generation += 1;
        self.commands.push(Command::Follow(self.link.generation, self.log.at.n));
    }

    /// Looks where the log is, because it is not where it was.
    pub(super) fn look_again(&mut self, now: Now) {
        self.look_at(now.uptime);
    }

    /// Looks where the log is, because it does not go on from what was applied: some entries were
    /// trimmed, the log is another one by now, or somebody else has written to it.
    pub(super) fn break_off(&mut self, now: Now, why: Break) {
        let place = Some((self.log.at, self.epoch.clone()));
        let last = match why {
            Break::Gap => &mut self.gap_at,
            Break::Refusal => &mut self.refused_at,
        };
        let is_again = *last == place;
        *last = place;
        if is_again && self.broken != Some(Break::Gap) {
            self.broken = Some(why);
        }
        self.look_at(if is_again { now.uptime + RETRY } else { now.uptime });
    }

    pub(super) fn look_at(&mut self, at: Duration) {
        self.stop_joining();
        self.read.clear();
        self.link.generation += 1;
        self.link.is_confirmed = false;
        self.course = Course::LookAt(at);
    }

    /// Reports a trouble, unless it was the last that was reported.
    pub(super) fn trouble(&mut self, report: Report) {
        if self.link.trouble.as_ref() != Some(&report) {
            self.link.trouble = Some(report.clone());
            self.reports.push(report);
        }
    }

    /// Has all nodes compare their states, if this is the first one and that is due.
    fn compare_when_due(&mut self, now: Now) {
        if now.uptime >= self.link.compared + COMPARED_AFTER && self.is_first() {
            self.link.compared = now.uptime;
            self.compare();
        }
    }

    /// Raises the level of the cluster, if this node is the first and all know a higher one.
    fn raise_level(&mut self) {
        let common = self.log.chat.common_level().min(LEVEL);
        if common > self.log.chat.level() && self.link.raised < common && self.is_first() {
            self.link.raised = common;
            self.publish(Change::Level(common), 64);
        }
    }

    /// Has all nodes compare their states.
    pub fn compare(&mut self) {
        self.publish(Change::Mark, 64);
    }

    /// Whether this node is the one that does what one has to do.
    fn is_first(&self) -> bool {
        self.log.chat.nodes().next().is_some_and(|(first, _)| first == self.number)
    }

    /// Leaves the cluster for good: its clients are gone for the others at once.
    pub fn leave(&mut self) {
        if self.origin().is_some() {
            self.ask(Request::Leave { epoch: self.epoch.clone(), origin: self.origin });
        }
        self.course = Course::Stopped;
    }

    /// Whether the last request is answered.
    pub fn is_answered(&self) -> bool {
        self.link.asked.is_none()
    }
}
