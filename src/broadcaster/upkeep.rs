//! What happens without a client: time passes, and the store reports.

use std::time::Duration;

use super::archive;
use super::dispatch::Dispatcher;
use super::identity::Claimed;
use crate::chat::Now;
use crate::store::{self, Swing};
use crate::telemetry::Census;

impl Dispatcher {
    /// When [`tick`](Self::tick) has something to do next.
    pub(super) fn next_deadline(&self) -> Option<Duration> {
        let deadlines = [
            self.leaving.front().map(|&(deadline, _)| deadline),
            self.chat.next_deadline(),
            self.peers.next_deadline(),
            self.archive.next_deadline(),
            self.pending.next_deadline(),
            self.status.next_pulse(),
        ];
        deadlines.into_iter().flatten().min()
    }

    /// Does what is due by the clock.
    pub(super) fn tick(&mut self, now: Now) {
        while let Some(&(deadline, id)) = self.leaving.front()
            && deadline <= now.uptime
        {
            self.leaving.pop_front();
            self.peers.with(id, |peer, _| peer.close());
        }
        let late = self.archive.tick(now.uptime);
        self.carry_out_held(now, late);
        self.report_swing(now);
        self.status.pulse(now.uptime, self.peers.len(), &self.chat);
        self.chat.tick(now, &mut self.effects);
        self.carry_out(now);
        self.pending.end_overdue(now.uptime);
        self.dispatch_released(now);
    }

    /// What the store reports: what is on the disk now, and answers.
    pub(super) fn take_from_store(&mut self, now: Now, event: store::Event) {
        let freed = self.archive.free(now.uptime, &event);
        self.carry_out_held(now, freed);
        if !self.archive.is_holding() {
            self.pending.end_for_disk();
        }
        self.report_swing(now);
        match event {
            store::Event::Answered(id, answer) => {
                self.archive.note_answer();
                let what = self.pending.note_answer(&answer);
                let claimed = Claimed::of(&answer);
                self.apply(now, id, archive::answered(answer));
                if let Some(claimed) = claimed {
                    self.claimants.log(id, claimed, self.chat.login(id));
                }
                self.pending.end(id, what);
            }
            store::Event::Failing { error } => {
                self.status.set_store_failing(true);
                log::error!("cannot write the history: {error}");
                self.tell_operators(now, &format!("the history cannot be written: {error}"));
            }
            store::Event::Recovered { after } => {
                self.status.set_store_failing(false);
                log::warn!("the history can be written again, after {after:?}");
                self.tell_operators(now, "the history can be written again");
            }
            store::Event::Lost { room, lines, .. } => self.report_lost(now, lines, room.as_str()),
            store::Event::LostUnmarked { lines } => self.report_lost(now, lines, "other rooms"),
            store::Event::Changed(roll) => {
                self.chat.register(roll);
                self.enforce(now);
            }
            store::Event::Forgotten(filter) => self.chat.forget(&filter),
            store::Event::Committed { .. } => {}
        }
    }

    /// Says what became of waiting for the disk.
    fn report_swing(&mut self, now: Now) {
        match self.archive.take_swing() {
            Some(Swing::Opened) => {
                let words = "the disk is too slow: lines are shown before they are on disk";
                log::error!("{words}");
                self.tell_operators(now, words);
            }
            Some(Swing::Closed) => {
                log::info!("the disk keeps up again: lines are shown once they are on disk");
                self.tell_operators(now, "the disk keeps up again");
            }
            None => {}
        }
    }

    /// Applies accounts and bans to everybody who is here.
    pub(super) fn enforce(&mut self, now: Now) {
        self.chat.enforce(now, &mut self.effects);
        self.carry_out(now);
    }

    fn report_lost(&mut self, now: Now, lines: u64, rooms: &str) {
        self.status.count_lost(lines);
        let words = format!("{lines} lines said in {rooms} are missing from the history");
        log::error!("{words}");
        self.tell_operators(now, &words);
    }

    fn tell_operators(&mut self, now: Now, words: &str) {
        self.chat.tell_operators(words, &mut self.effects);
        self.carry_out(now);
    }

    /// Nothing waits for the disk any more: what is said last is written before the end.
    pub(super) fn release_held(&mut self, now: Now) {
        let held = self.archive.release(now.uptime);
        self.carry_out_held(now, held);
    }

    /// Has those rooms read that people are in and that are not known as the disk has them.
    pub(super) fn read_rooms(&mut self, now: Now) {
        self.chat.read_next_room(&mut self.effects);
        self.carry_out(now);
    }

    /// From here on no client waits for an answer.
    pub(super) fn end_waiting(&mut self, now: Now) {
        self.pending.end_all();
        self.dispatch_released(now);
        self.chat.give_up(now, &mut self.effects);
        self.carry_out(now);
    }

    /// How things stand.
    pub(super) fn count(&self) -> Census {
        self.status.set_store_pending(self.archive.pending());
        Census { rooms: self.chat.rooms_in_use(), ..self.peers.count() }
    }
}
