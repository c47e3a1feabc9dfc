//! What the node asks of the log, and when.

use std::time::Duration;

use super::state::{Command, Course, Node, PATIENCE, Report};
use crate::chat::{Effect, Effects, LateLine, LineId, Now};
use crate::cluster::change::Change;
use crate::cluster::entry::NodeOrigin;
use crate::cluster::plan::{Known, Plan, lineage, plan};
use crate::cluster::replica::{LEVEL, Replica, SnapshotError};
use crate::cluster::request::{
    Founding, Head, LinkError, LinkEvent, LivingNode, LogSnapshot, Reply, Request, Ticket,
};

/// How often a node renews its lease.
const RENEWAL: Duration = Duration::from_millis(1500);
/// The pause before the node looks again: after a failure, while it waits for another, and after a
/// failure that an administrator has to end.
const RETRY: Duration = Duration::from_millis(200);
const WAIT: Duration = Duration::from_millis(250);
const DENIED: Duration = Duration::from_secs(30);
/// How long a node without a lineage waits for another to found the log.
const FOUNDING: Duration = Duration::from_secs(1);
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
/// Most origins that the node may have been.
const MAX_FORMER: usize = 8;

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
                self.trouble(Report::Unreadable(why));
                self.look_again(now);
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
                inputs: self.outbox.to_send(&mut self.key, self.origin),
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
            self.ask(Request::StoreSnapshot { epoch, snapshot });
        }
    }

    /// Whether this node, as the first one, makes a snapshot now.
    fn has_to_save(&self, now: Now) -> bool {
        let (n, made) = self.link.snapshot;
        let entries = self.log.at.n.saturating_sub(n);
        let age = now.uptime.saturating_sub(made);
        let is_due = entries >= self.link.snapshot_every || (entries > 0 && age >= SNAPSHOT_AFTER);
        is_due && age >= SNAPSHOT_PAUSE && self.is_first()
    }

    pub(super) fn ask(&mut self, request: Request) {
        self.link.tickets += 1;
        let ticket = Ticket(self.link.tickets);
        self.link.asked = Some(ticket);
        self.commands.push(Command::Ask(ticket, request));
    }

    /// Has the entries behind the last applied one read from now on.
    fn start_reading(&mut self) {
        self.read.clear();
        self.link.generation += 1;
        self.commands.push(Command::Follow(self.link.generation, self.log.at.n));
    }

    /// Looks where the log is, because it is not where it was.
    pub(super) fn look_again(&mut self, now: Now) {
        self.look_at(now.uptime);
    }

    fn look_at(&mut self, at: Duration) {
        self.stop_joining();
        self.read.clear();
        self.link.generation += 1;
        self.course = Course::LookAt(at);
    }

    /// Reports a trouble, unless it was the last that was reported.
    pub(super) fn trouble(&mut self, report: Report) {
        if self.link.trouble.as_ref() != Some(&report) {
            self.link.trouble = Some(report.clone());
            self.reports.push(report);
        }
    }

    fn handle_failure(&mut self, now: Now, error: LinkError) {
        let pause = match &error {
            LinkError::Lost(_) => RETRY,
            LinkError::Denied(_) => DENIED,
        };
        self.trouble(match error {
            LinkError::Lost(why) => Report::Lost(why),
            LinkError::Denied(why) => Report::Denied(why),
        });
        self.look_at(now.uptime + pause);
    }

    fn handle_reply(&mut self, now: Now, reply: Reply) {
        match (self.course.clone(), reply) {
            (Course::Looking, Reply::Head(head)) => self.act(now, head),
            (Course::Founding, Reply::Founded) => {
                self.reports.push(Report::Founded(self.log.at.n));
                self.look_again(now);
            }
            (Course::Salvaging, Reply::Salvaged(count)) => {
                self.reports.push(Report::Salvaged(count));
                self.fetch(self.log.at.n);
            }
            (Course::Fetching(to), Reply::Snapshot(Some(snapshot))) => {
                self.load(now, &snapshot, to);
            }
            (Course::Joining { .. }, Reply::Joined { n, .. }) => self.link.length = n,
            (Course::Joining { .. }, Reply::NameTaken) => {
                self.trouble(Report::NameTaken);
                self.look_at(now.uptime + FOUNDING);
            }
            (Course::Linked { .. }, Reply::Put { n, oseq }) => {
                self.outbox.confirm(oseq);
                self.link.confirmed = now.uptime;
                self.link.length = n;
                if self.link.trouble.take().is_some() {
                    self.reports.push(Report::Resumed);
                }
            }
            (Course::Linked { .. }, Reply::Stored) => {}
            (Course::Linked { .. }, Reply::Head(Some(head))) => {
                let behind =
                    |node: &LivingNode| (node.number, head.at.n - node.applied.min(head.at.n));
                self.log.chat.note_behind(head.living.iter().map(behind));
            }
            (_, Reply::TooNew(level)) => {
                self.trouble(Report::TooNew(level));
                self.look_at(now.uptime + DENIED);
            }
            (Course::Linked { .. }, _) => self.look_again(now),
            _ => self.look_at(now.uptime + RETRY),
        }
    }

    /// Decides what to do with the log that was found.
    fn act(&mut self, now: Now, head: Option<Head>) {
        if head.is_some() {
            self.link.empty_since = None;
        }
        let since = *self.link.empty_since.get_or_insert(now.uptime);
        let known = Known {
            at: self.has_log.then_some(self.log.at),
            lineage: self.lineage.as_deref(),
            memory: &self.memory,
            is_live: self.fork.is_none(),
            has_waited: head.is_none() && now.uptime >= since + FOUNDING,
            has_diverged: self.has_diverged,
        };
        let plan = plan(&known, head.as_ref());
        if plan != Plan::Found
            && let Some(head) = &head
        {
            self.note_head(head);
        }
        let end = head.as_ref().map_or(0, |head| head.at.n);
        match plan {
            Plan::Wait => self.look_at(now.uptime + WAIT),
            Plan::Found => self.found(head),
            Plan::Resume => {
                self.start_reading();
                self.course = Course::Linked { renew_at: now.uptime };
            }
            Plan::Replay => {
                self.cut_off(now);
                self.start_reading();
                self.course = Course::CatchingUp(end, (self.log.at.n, now.uptime));
            }
            Plan::Reload => {
                self.cut_off(now);
                self.fetch(end);
            }
            Plan::Salvage(inputs) => {
                self.cut_off(now);
                self.course = Course::Salvaging;
                self.ask(Request::Salvage { epoch: self.epoch.clone(), inputs });
            }
            Plan::StayOut(level) => {
                self.trouble(Report::TooNew(level));
                self.look_at(now.uptime + DENIED);
            }
        }
    }

    fn note_head(&mut self, head: &Head) {
        self.epoch = head.epoch.clone();
        self.link.length = head.at.n;
        let lives = |origin: &NodeOrigin| head.living.iter().any(|node| node.origin == *origin);
        // One that asked to join, without an answer, may live as well.
        let surplus = self.former.len().saturating_sub(MAX_FORMER);
        self.former.drain(..surplus);
        if let Some(index) = self.former.iter().rposition(lives) {
            let living = self.former.remove(index);
            self.former.push(living);
        }
    }

    fn fetch(&mut self, to: u64) {
        self.course = Course::Fetching(to);
        self.ask(Request::ReadSnapshot);
    }

    /// Goes on from a snapshot.
    fn load(&mut self, now: Now, snapshot: &LogSnapshot, to: u64) {
        match Replica::from_snapshot(snapshot, &mut self.key) {
            Ok(mut replica) => {
                replica.chat.configure(self.log.chat.settings().clone());
                self.keep_unknown(&replica);
                self.log = replica;
                self.has_log = true;
                self.has_diverged = false;
                self.lineage = Some(lineage(&self.epoch).to_owned());
                self.link.applied = now.uptime;
                self.take_lines();
                self.start_reading();
                let to = to.max(snapshot.at.n);
                self.course = Course::CatchingUp(to, (self.log.at.n, now.uptime));
            }
            Err(SnapshotError::OtherKey) => {
                self.trouble(Report::OtherKey);
                self.look_at(now.uptime + DENIED);
            }
            Err(SnapshotError::Unreadable(why)) => {
                self.trouble(Report::Unreadable(why));
                self.look_at(now.uptime + DENIED);
            }
        }
    }

    /// Has the lines written to the disk that came with a snapshot, and keeps those that the clients
    /// have not seen.
    fn take_lines(&mut self) {
        let chat = &self.log.chat;
        let mut records = Effects::default();
        chat.record_all(&mut records);
        let roll = chat.whole_roll().into_iter().filter(|change| !self.roll.contains(change));
        roll.for_each(|change| records.push(Effect::RecordRoll(change)));
        self.told.push_back(records);
        // Of an origin that the chat has not heard, a line may have been shown long ago.
        let is_unseen = |id: &LineId| chat.heard(id.origin()) > 0 && self.shown.is_new(id);
        let lines = chat.all_lines().filter(|(.., line)| is_unseen(&line.id));
        lines.for_each(|(room, by, line)| self.meanwhile.push((room, by, line.clone())));
    }

    /// Keeps the lines of the log so far that the other one does not have, to be passed on.
    fn keep_unknown(&mut self, other: &Replica) {
        let is_unknown = |id: &LineId| id.oseq() > other.chat.heard(id.origin());
        let lines = self.memory.lines().filter(|(.., line)| is_unknown(&line.id));
        let lines = lines.map(|(room, by, entry)| LateLine {
            by: by.local(),
            room: *room,
            entry: entry.clone(),
        });
        let lines = lines.collect();
        self.late.put_before(lines);
        self.memory.clear();
    }

    /// Asks to found the log as this node has it.
    fn found(&mut self, seen: Option<Head>) {
        let number = u128::from_be_bytes((self.random)());
        let lineage = self.lineage.clone().unwrap_or_else(|| {
            let random = u128::from_be_bytes((self.random)());
            format!("{random:032x}")
        });
        let epoch = format!("{lineage}:{number:032x}");
        if !self.has_log {
            self.log.moment = Default::default();
        }
        let salt = (self.random)();
        let nodes = self.log.chat.nodes();
        let living = nodes.filter_map(|(number, node)| {
            let origin = node.origin.parse().ok()?;
            let oseq = self.log.chat.heard(&node.origin);
            let (name, number) = (node.name.as_str().to_owned(), number.0);
            Some(LivingNode { origin, name, number, oseq, applied: self.log.at.n })
        });
        let founding = Founding {
            seen: seen.map(|head| (head.epoch, head.at.n)),
            at: self.log.at,
            uptime: u64::try_from(self.log.uptime.as_millis()).unwrap_or(u64::MAX),
            level: LEVEL,
            joins: self.log.chat.joins(),
            living: living.collect(),
            snapshot: self.log.to_snapshot(&mut self.key, salt).data,
            entries: self.memory.last(),
            epoch,
        };
        self.lineage = Some(lineage);
        self.has_log = true;
        self.course = Course::Founding;
        self.ask(Request::Found(Box::new(founding)));
    }

    /// Has all nodes compare their states, if this is the first one and that is due.
    fn compare_when_due(&mut self, now: Now) {
        if now.uptime >= self.link.compared + COMPARED_AFTER && self.is_first() {
            self.link.compared = now.uptime;
            self.compare();
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
        if self.fork.is_none() {
            self.ask(Request::Leave { epoch: self.epoch.clone(), origin: self.origin });
        }
        self.course = Course::Stopped;
    }

    /// Whether the last request is answered.
    pub fn is_answered(&self) -> bool {
        self.link.asked.is_none()
    }
}
