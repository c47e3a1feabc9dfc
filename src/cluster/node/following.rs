//! Entries of the log: shown at once, or applied silently while the node is not with the others.

use super::state::{Applied, Course, Node, Report};
use crate::chat::{ClientId, Effects, Now};
use crate::cluster::change::Change;
use crate::cluster::entry::LogEntry;
use crate::cluster::plan::Break;
use crate::cluster::replica::{Notice, Outcome, Unreadable};

impl Node {
    /// Applies an entry. `None` if it has no effects here.
    pub(super) fn follow(
        &mut self,
        now: Now,
        entry: LogEntry,
        effects: &mut Effects,
    ) -> Option<Applied> {
        if entry.n <= self.log.at.n {
            return None;
        }
        if !entry.follows(self.log.at) {
            self.break_off(now, Break::Gap);
            return None;
        }
        if self.log.ends(&entry, self.origin) {
            self.cut_off(now);
            self.look_again(now);
        }
        let shown = &self.shown;
        let outcome = self.log.apply(&entry, &mut self.key, &|id| !shown.has_line(id), effects);
        match outcome {
            Ok(outcome) => {
                self.link.applied = now.uptime;
                Some(self.show(now, entry, outcome, effects))
            }
            Err(Unreadable(why)) => {
                self.cut_off(now);
                self.trouble(Report::Unreadable(why));
                self.course = Course::Stopped;
                self.read.clear();
                None
            }
        }
    }

    /// Shows the effects of an entry, or keeps them for later.
    fn show(
        &mut self,
        now: Now,
        entry: LogEntry,
        outcome: Outcome,
        effects: &mut Effects,
    ) -> Applied {
        let Outcome { is_input, lines, client, is_roll, renamed, notice } = outcome;
        let origin = entry.origin.filter(|_| is_input).map(|origin| origin.to_string());
        let is_own = is_input && entry.origin == Some(self.origin);
        let is_new = origin.as_ref().is_none_or(|origin| !self.shown.has(origin, entry.oseq));
        self.note(now, &entry, notice);
        let mut applied = Applied::default();
        if self.fork.is_some() {
            let unseen = lines.iter().filter(|(.., line)| !self.shown.has_line(&line.id));
            unseen.for_each(|line| self.meanwhile.push(line.clone()));
            effects.keep_records();
            if is_own {
                self.lost_nicks.extend(renamed);
                self.arrive(now, entry.oseq, effects);
            }
        } else {
            if is_own {
                self.outbox.come_back(entry.oseq);
                applied = Applied { client: client.map(ClientId), is_roll };
            }
            if let Some(origin) = origin {
                self.shown.note(&origin, entry.oseq);
            }
            for (.., line) in &lines {
                self.shown.note_late(&line.id);
            }
            if !is_new {
                effects.keep_records();
            }
        }
        self.memory.push(entry, lines);
        effects.localize(self.number);
        applied
    }

    /// Looks at what an entry says to the nodes themselves.
    fn note(&mut self, now: Now, entry: &LogEntry, notice: Option<Notice>) {
        match notice {
            None => {}
            Some(Notice::Forged) => self.reports.push(Report::Forged(entry.n)),
            // A node that reads on to join has nobody to disagree with.
            Some(_) if self.fork.is_some() => {}
            Some(Notice::Mark) => {
                let (at, digest) = (entry.position(), self.log.digest());
                self.marked = Some((at, digest.clone()));
                if entry.origin == Some(self.origin) && self.is_linked() {
                    self.publish(Change::Digest { at, digest }, 128);
                }
            }
            Some(Notice::Digest(at, digest)) => {
                let own = self.marked.take_if(|(marked, _)| *marked == at);
                if own.is_some_and(|(_, own)| own != digest) {
                    self.reports.push(Report::Diverged(at.n));
                    self.has_diverged = true;
                    self.look_again(now);
                }
            }
        }
    }
}
