//! What the node does with an answer of the log.

use std::collections::HashSet;
use std::time::Duration;

use super::course::{DENIED, FOUNDING, LOST, RETRY, WAIT};
use super::state::{Course, Node, Report};
use crate::chat::{Effect, Effects, LateLine, LineId, Now, RollChange};
use crate::cluster::entry::{Chain, NodeOrigin};
use crate::cluster::memory::Memory;
use crate::cluster::plan::{Break, Known, Plan, lineage, plan};
use crate::cluster::replica::{Replica, SnapshotError};
use crate::cluster::request::{Founding, Head, LinkError, LivingNode, LogSnapshot, Reply, Request};

/// Most origins that the node may have been.
const MAX_FORMER: usize = 8;

impl Node {
    pub(super) fn handle_failure(&mut self, now: Now, error: LinkError) {
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

    pub(super) fn handle_reply(&mut self, now: Now, reply: Reply) {
        match (self.course.clone(), reply) {
            (Course::Looking, Reply::Head(head)) => self.act(now, head),
            (Course::Founding, Reply::Founded) => {
                // Another one's log would not begin with what is on this disk.
                self.has_log = true;
                self.reports.push(Report::Founded(self.log.at.n));
                self.look_again(now);
            }
            (Course::Salvaging, Reply::Salvaged(count)) => {
                if count > 0 {
                    self.reports.push(Report::Salvaged(count));
                }
                self.link.length += count;
                self.fetch(self.link.length);
            }
            (Course::Fetching(to), Reply::Snapshot(Some(snapshot))) => {
                self.load(now, &snapshot, to);
            }
            (Course::Joining { .. }, Reply::Joined { n, .. }) => self.link.length = n,
            (Course::Joining { .. }, Reply::NameTaken) => {
                self.trouble(Report::NameTaken);
                self.look_at(now.uptime + FOUNDING);
            }
            (Course::Linked { .. }, Reply::Put { n, oseq }) => self.confirm(now, n, oseq),
            (Course::Linked { .. }, Reply::Stored) => {}
            (Course::Linked { .. }, Reply::Head(Some(head))) => self.look_around(head),
            (_, Reply::TooNew(level)) => {
                self.trouble(Report::TooNew(level));
                self.look_at(now.uptime + DENIED);
            }
            // The lines in them are passed on all the same.
            (Course::Salvaging, Reply::Stuck) => self.fetch(self.link.length),
            (Course::Linked { .. }, Reply::Stuck)
            | (Course::Joining { .. }, Reply::Stuck | Reply::Forked | Reply::Behind) => {
                self.break_off(now, Break::Refusal);
            }
            (Course::Linked { .. }, _) => {
                // The log answers: the clients need not hear of it yet.
                self.link.confirmed = now.uptime;
                self.look_again(now);
            }
            _ => self.look_at(now.uptime + RETRY),
        }
    }

    /// The log has the inputs up to a number, and the length `n`.
    fn confirm(&mut self, now: Now, n: u64, oseq: u64) {
        self.outbox.confirm(oseq);
        (self.link.confirmed, self.link.is_confirmed) = (now.uptime, true);
        self.link.length = n;
        if self.link.trouble.take().is_some() {
            self.reports.push(Report::Resumed);
        }
    }

    /// Notes how far the others are. The first one sees to what somebody else may have done: it
    /// makes a snapshot if there is none, and founds the log anew if a node has no lease, which then
    /// ends like any that does not renew it.
    fn look_around(&mut self, head: Head) {
        let behind = |node: &LivingNode| (node.number, head.at.n - node.applied.min(head.at.n));
        self.log.chat.note_behind(head.living.iter().map(behind));
        let first = head.living.iter().map(|node| node.number).min();
        if first != Some(self.number.0) || head.epoch != self.epoch {
            return;
        }
        self.link.lacks_snapshot = !head.has_snapshot;
        let has_lease =
            |origin: &str| head.living.iter().any(|node| node.origin.to_string() == origin);
        let is_forged = self.log.chat.nodes().any(|(_, node)| !has_lease(&node.origin));
        if head.at == self.log.at && is_forged {
            self.reports.push(Report::Forged(head.at.n));
            self.found(Some(head));
        }
    }

    /// Decides what to do with the log that was found.
    fn act(&mut self, now: Now, head: Option<Head>) {
        let since = match head {
            Some(_) => None,
            None => Some(self.link.empty_since.unwrap_or(now.uptime)),
        };
        self.link.empty_since = since;
        let lost_since = match &head {
            Some(head) if !head.has_snapshot => Some(self.link.lost_since.unwrap_or(now.uptime)),
            _ => None,
        };
        self.link.lost_since = lost_since;
        let is_same_log = head.as_ref().is_some_and(|head| head.epoch == self.epoch);
        let broken = self.broken.take().filter(|_| is_same_log);
        let known = Known {
            at: self.has_log.then_some(self.log.at),
            lineage: self.lineage.as_deref(),
            memory: &self.memory,
            is_live: self.fork.is_none(),
            has_waited: since.is_some_and(|since| now.uptime >= since + FOUNDING),
            is_lost: lost_since.is_some_and(|since| now.uptime >= since + self.patience(&head)),
            has_diverged: self.has_diverged,
            broken,
        };
        let plan = plan(&known, head.as_ref());
        if !plan.needs_snapshot() {
            self.link.lost_since = None;
        }
        if plan != Plan::Found
            && let Some(head) = &head
        {
            self.note_head(head);
        }
        if plan == Plan::Found && broken.is_some() {
            self.reports.push(Report::Forged(self.log.at.n + 1));
        }
        self.carry_out(now, plan, head);
    }

    /// How long it waits for a snapshot: one that has what was in the log founds it before others.
    fn patience(&self, head: &Option<Head>) -> Duration {
        let seen = head.as_ref().map(|head| lineage(&head.epoch));
        let has_been_there = self.has_log && !self.has_diverged && self.lineage.as_deref() == seen;
        if has_been_there { LOST } else { LOST * 2 }
    }

    /// Does what was decided.
    fn carry_out(&mut self, now: Now, plan: Plan, head: Option<Head>) {
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
                if self.has_log {
                    self.roll = self.log.chat.whole_roll();
                }
                self.log = replica;
                self.has_log = true;
                self.has_diverged = false;
                self.lineage = Some(lineage(&self.epoch).to_owned());
                self.link.applied = now.uptime;
                self.take_lines(now);
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
    fn take_lines(&mut self, now: Now) {
        let chat = &self.log.chat;
        let mut records = Effects::default();
        chat.record_all(now.moment, &mut records);
        let as_text = |change: &RollChange| serde_json::to_string(change).unwrap_or_default();
        let on_disk: HashSet<_> = self.roll.iter().map(as_text).collect();
        let roll = chat.whole_roll().into_iter();
        let roll = roll.filter(|change| !on_disk.contains(&as_text(change)));
        roll.for_each(|change| records.push(Effect::RecordRoll(change)));
        self.told.push_back(records);
        // Of an origin that the chat has not heard, a line may have been shown long ago.
        let is_unseen = |id: &LineId| chat.heard().knows(id.origin()) && !self.shown.has_line(id);
        let lines = chat.all_lines().filter(|(.., line)| is_unseen(&line.id));
        lines.for_each(|(room, by, line)| self.meanwhile.push((room, by, line.clone())));
    }

    /// Keeps the lines of the log so far that the other one does not have, to be passed on: also
    /// those that came with a snapshot, which are older than what is remembered.
    fn keep_unknown(&mut self, other: &Replica) {
        let (chat, remembered) = (&self.log.chat, self.memory.lines());
        let remembered: Vec<_> = remembered.map(|(room, by, line)| (*room, *by, line)).collect();
        let ids: HashSet<_> = remembered.iter().map(|(.., line)| &line.id).collect();
        let is_older = |id: &LineId| chat.heard().knows(id.origin()) && !ids.contains(id);
        let older = chat.all_lines().filter(|(.., line)| is_older(&line.id));
        let lines = older.chain(remembered.iter().copied());
        let unknown = lines.filter(|(.., line)| !other.chat.heard().has_line(&line.id));
        let late =
            unknown.map(|(room, by, line)| LateLine { by: by.local(), room, entry: line.clone() });
        let late = late.collect();
        self.late.put_before(late);
        self.memory = Memory::behind(Some(other.at));
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
            // Another one that begins at 0 is another log.
            self.log.at.chain = Chain::of_epoch(&epoch);
        }
        let salt = (self.random)();
        let nodes = self.log.chat.nodes();
        let living = nodes.filter_map(|(number, node)| {
            let origin = node.origin.parse().ok()?;
            let oseq = self.log.chat.heard().upto(&node.origin);
            let (name, number) = (node.name.as_str().to_owned(), number.0);
            Some(LivingNode { origin, name, number, oseq, applied: self.log.at.n })
        });
        let founding = Founding {
            seen: seen.map(|head| (head.epoch, head.at.n)),
            at: self.log.at,
            uptime: u64::try_from(self.log.uptime.as_millis()).unwrap_or(u64::MAX),
            level: self.log.chat.level(),
            joins: self.log.chat.joins(),
            living: living.collect(),
            snapshot: self.log.to_snapshot(&mut self.key, salt).data,
            entries: self.memory.last(),
            epoch,
        };
        self.lineage = Some(lineage);
        self.course = Course::Founding;
        self.ask(Request::Found(Box::new(founding)));
    }
}
