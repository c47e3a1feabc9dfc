//! Cut off from the other nodes, and with them again.

use super::fork::{Fork, PATIENCE};
use super::state::{Course, Node, Report};
use crate::chat::{
    Audience, ClientId, Effect, Effects, Message, NodeNumber, Now, Presence, Reason,
};
use crate::cluster::change::Change;
use crate::cluster::entry::NodeOrigin;
use crate::cluster::plan::lineage;
use crate::cluster::replica::LEVEL;
use crate::cluster::request::Request;
use crate::text::Text;

/// Most origins that are remembered whose inputs were shown; the chat knows fewer.
const MAX_ORIGINS: usize = 4096;

impl Node {
    /// Goes on without the others: the clients see a copy of the chat with them alone, which what
    /// they do changes at once.
    pub(super) fn cut_off(&mut self, now: Now) {
        if self.fork.is_some() {
            return;
        }
        let mut chat = self.log.chat.clone();
        let people = chat.keep_only(self.log.now(), self.number);
        chat.set_cut_off(true);
        self.fork = Some(Fork {
            chat,
            since: now.uptime,
            uptime: self.uptime(now.uptime),
            people,
            tell_at: now.uptime + PATIENCE,
            is_told: false,
            is_first: false,
            holds: false,
        });
        self.release();
    }

    /// Tells the clients that the others are out of reach, once that has lasted.
    pub(super) fn tell_cut_off(&mut self, now: Now) {
        let Some(fork) = &mut self.fork else { return };
        if fork.is_told || now.uptime < fork.tell_at {
            return;
        }
        fork.is_told = true;
        fork.holds = false;
        fork.chat.set_cut_off(true);
        let people = match fork.people {
            1 => "1 person is".to_owned(),
            many => format!("{many} people are"),
        };
        self.reports.push(Report::CutOff(fork.people));
        let words = format!(
            "cut off from the other nodes; {people} out of reach. What you say here is passed on later."
        );
        let mut effects = Effects::default();
        fork.chat.tell_node(self.number, words, &mut effects);
        effects.localize(self.number);
        self.told.push_back(effects);
        if !self.is_joining() {
            self.release();
        }
    }

    /// Asks to join, as a new origin, with all clients and what they said meanwhile. What they do
    /// from here on waits, and is no part of the fork any more.
    pub(super) fn join(&mut self, now: Now) {
        let Some(fork) = &self.fork else { return };
        let was = self.former.last().copied();
        let origin = NodeOrigin((self.random)());
        let roster = Change::Roster(fork.chat.roster(self.number));
        let (late, lines) = self.late.changes(&self.log.chat);
        // Its clients would be taken for those with the same numbers that it had before.
        let is_abandoned = was.is_some() && was == self.abandoned;
        let nobody = is_abandoned.then(|| Change::Roster(Vec::new()));
        // The roster's logins are to accounts, which have to be there first.
        let changes = nobody.into_iter().chain(self.own_roll()).chain([roster]).chain(late);
        let inputs: Vec<_> = changes
            .zip(1..)
            .map(|(change, oseq)| {
                let json = serde_json::to_vec(&change).unwrap_or_default();
                self.key.seal(origin, oseq, &json)
            })
            .collect();
        let joined = inputs.len() as u64;
        self.former.push(origin);
        self.origin = origin;
        self.outbox.begin(joined);
        self.lost_nicks.clear();
        self.passed_on = lines;
        self.course = Course::Joining { inputs: joined, since: now.uptime };
        let request = Request::Join {
            epoch: self.epoch.clone(),
            origin,
            at: self.log.at,
            name: self.name.clone(),
            was,
            has_archive: self.has_archive,
            level: LEVEL,
            inputs,
        };
        self.ask(request);
    }

    /// The accounts and bans on the disk that the log lacks, if the disk is not of this log.
    fn own_roll(&self) -> Option<Change> {
        if self.disk_lineage.as_deref() == Some(lineage(&self.epoch)) {
            return None;
        }
        let lacking = self.roll.iter().filter(|change| self.log.chat.lacks(change));
        let lacking: Vec<_> = lacking.cloned().collect();
        (!lacking.is_empty()).then_some(Change::Missing(lacking))
    }

    /// Whether the node has asked to join, and its clients' inputs wait for that.
    pub(super) fn is_joining(&self) -> bool {
        matches!(self.course, Course::Joining { .. })
    }

    /// An own input was applied while the node was not with the others: with the last one that it
    /// joined with, it is.
    pub(super) fn arrive(&mut self, now: Now, oseq: u64, effects: &mut Effects) {
        let Course::Joining { inputs, .. } = self.course else { return };
        let Some(number) = self.log.number_of(self.origin).filter(|_| oseq == inputs) else {
            return;
        };
        let Some(fork) = self.fork.take() else { return };
        let before = std::mem::replace(&mut self.number, number);
        self.move_clients(before, &fork, effects);
        self.tell_meanwhile(now, &fork, effects);
        self.settle_in(now);
    }

    /// Moves the clients from the rooms of the fork to those of the log.
    fn move_clients(&mut self, before: NodeNumber, fork: &Fork, effects: &mut Effects) {
        for old in fork.chat.clients_on(before) {
            let id = ClientId::on(self.number, old.local());
            for &room in fork.chat.rooms_of(old) {
                effects.push(Effect::Left(id, room));
            }
            for &room in self.log.chat.rooms_of(id) {
                effects.push(Effect::Entered(id, room));
            }
            match self.log.chat.nick(id) {
                Some(_) => effects.push(Effect::Changed(id)),
                None => effects.push(Effect::Disconnect(id, Reason::Disconnected)),
            }
        }
        for (id, wished) in std::mem::take(&mut self.lost_nicks) {
            if let Some(nick) = self.log.chat.nick(id) {
                let words = format!("{wished} is somebody else by now; you are {nick}");
                effects.tell(Audience::One(id), Message::Notice(Text::new(words)));
            }
        }
    }

    /// Shows each client what was said in its room meanwhile.
    fn tell_meanwhile(&mut self, now: Now, fork: &Fork, effects: &mut Effects) {
        let meanwhile = std::mem::take(&mut self.meanwhile);
        if fork.is_first && !fork.is_told {
            return;
        }
        let (chat, now) = (&self.log.chat, self.log.now_at(now));
        for id in chat.clients_on(self.number) {
            for room in chat.presence(id).iter().flat_map(Presence::rooms) {
                let lines = meanwhile.in_room(room);
                let around = ("said elsewhere meanwhile:", "end of what was said meanwhile");
                chat.show_block(now, id, room, &lines, around, effects);
            }
            let here = chat.here(id);
            let words = format!("connected to the other nodes again ({here} here)");
            effects.tell(Audience::One(id), Message::Notice(Text::new(words)));
        }
    }

    /// The node is with the others.
    fn settle_in(&mut self, now: Now) {
        self.has_log = true;
        let lineage = lineage(&self.epoch).to_owned();
        (self.lineage, self.disk_lineage) = (Some(lineage.clone()), Some(lineage.clone()));
        self.note_shown();
        self.late = Default::default();
        self.former = vec![self.origin];
        (self.link.confirmed, self.link.is_confirmed) = (now.uptime, true);
        self.course = Course::Linked { renew_at: now.uptime };
        self.link.trouble = None;
        for change in std::mem::take(&mut self.waiting_roll) {
            self.change_roll(change);
        }
        let (origin, late) = (self.origin, std::mem::take(&mut self.passed_on));
        self.reports.push(Report::Joined { lineage, origin, late });
    }

    /// Everything that the log has was shown.
    fn note_shown(&mut self) {
        let heard = self.log.chat.heard();
        self.shown.note_all(heard);
        // The chat forgets origins that are long gone.
        let origins = self.shown.origins();
        if origins.len() > MAX_ORIGINS {
            let forgotten = origins.iter().filter(|origin| !heard.knows(origin));
            forgotten.for_each(|origin| self.shown.forget(origin));
        }
    }

    /// Gives up joining: what waited for it changes the fork.
    pub(super) fn stop_joining(&mut self) {
        if !self.is_joining() {
            return;
        }
        self.course = Course::Stopped;
        if self.is_apart() {
            self.release();
        }
    }
}
