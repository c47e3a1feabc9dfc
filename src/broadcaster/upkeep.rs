//! Work that no client asks for: timers, and the store's reports.

use std::time::Duration;

use super::archive;
use super::behind::Chore;
use super::dispatch::Dispatcher;
use super::identity::AuthResult;
use super::pending::WaitFor;
use crate::chat::{ClientId, Now};
use crate::store::{self, Answer, Swing};
use crate::telemetry::Census;

impl Dispatcher {
    /// When [`tick`](Self::tick) has something to do next.
    pub(super) fn next_deadline(&self, now: Now) -> Option<Duration> {
        let deadlines = [
            self.leaving.front().map(|&(deadline, _)| deadline),
            self.registering.front().map(|&(deadline, _)| deadline),
            self.log.next_deadline(now),
            self.unsaved_bans.next_try(),
            self.peers.next_deadline(),
            self.archive.next_deadline(),
            self.pending.next_deadline(),
            self.status.next_pulse(),
            self.readers.next_deadline(now.uptime),
        ];
        deadlines.into_iter().flatten().min()
    }

    /// Runs all timers that have expired.
    pub(super) fn tick(&mut self, now: Now) {
        while let Some(&(deadline, id)) = self.leaving.front()
            && deadline <= now.uptime
        {
            self.leaving.pop_front();
            self.peers.with(id, |peer, _| peer.close());
        }
        self.end_registrations(now);
        let late = self.archive.tick(now.uptime);
        self.carry_out_held(now, late);
        self.report_swing(now);
        self.status.pulse(now.uptime, self.peers.len(), self.log.chat());
        self.log.tick(now, &mut self.effects);
        self.carry_out(now);
        self.follow(now);
        if let Some((by, change)) = self.unsaved_bans.take_due(now.uptime) {
            self.save_ban_change(now, by, change);
        }
        self.ping_readers(now);
        self.send_more_past(now);
        self.pending.end_overdue(now.uptime);
        self.dispatch_released(now);
    }

    /// Handles a report of the store: writes that are on disk, answers, and failures.
    pub(super) fn handle_store_event(&mut self, now: Now, event: store::Event) {
        let freed = self.archive.free(now.uptime, &event);
        self.carry_out_freed(now, freed, &event);
        if !self.archive.is_holding() {
            self.pending.end_all_for(WaitFor::Disk);
        }
        self.report_swing(now);
        match event {
            store::Event::Answered(id, answer) => self.handle_answer(now, id, answer),
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
                self.log.register(self.unsaved_bans.applied_to(roll));
                self.enforce(now);
            }
            store::Event::Forgotten(filter) => {
                self.log.forget(filter);
                self.follow(now);
            }
            store::Event::Committed { .. } => self.send_more_past(now),
            store::Event::Edited(edits) => self.publish_edits(now, edits),
            store::Event::RollRead(_) => {}
        }
    }

    /// Handles what the store answers to a client or to a request over HTTP.
    fn handle_answer(&mut self, now: Now, id: ClientId, answer: Answer) {
        self.archive.note_answer();
        if self.take_past(now, id, &answer) {
            return;
        }
        self.answer_lookup(id, &answer);
        let is_late = self.take_history(now, id, &answer);
        let what = self.pending.note_answer(&answer);
        if is_late || (matches!(what, WaitFor::Exists(_)) && !self.pending.is_for(id, what)) {
            // It was told that the answer takes too long, and may wait for another one.
            return;
        }
        self.resume_label(now, id);
        let result = AuthResult::of(&answer);
        let event = archive::answered(now.uptime, answer, &mut self.unsaved_bans);
        event.into_iter().for_each(|event| self.apply(now, id, event));
        if let Some(result) = result {
            self.behind(now, id, Chore::LogAuth(result));
        }
        self.behind(now, id, Chore::EndWait(what));
    }

    /// Carries out effects that a report of the store has released.
    fn carry_out_freed(&mut self, now: Now, freed: Vec<archive::Held>, event: &store::Event) {
        self.requests.is_on_disk = matches!(event, store::Event::Committed { .. });
        self.carry_out_held(now, freed);
        self.requests.is_on_disk = false;
    }

    /// Reports that lines do not wait for the disk any more, or do so again.
    fn report_swing(&mut self, now: Now) {
        match self.archive.take_swing() {
            Some(Swing::Opened) => {
                let words = "the disk is too slow: lines are shown before they are on disk";
                log::error!("{words}");
                self.tell_operators(now, words);
            }
            Some(Swing::Closed) => {
                log::info!("the disk has caught up: lines are shown once they are on disk");
                self.tell_operators(now, "the disk has caught up");
            }
            None => {}
        }
    }

    /// Applies changed accounts and bans to all connected clients.
    pub(super) fn enforce(&mut self, now: Now) {
        self.log.enforce(now, &mut self.effects);
        self.carry_out(now);
    }

    fn report_lost(&mut self, now: Now, lines: u64, rooms: &str) {
        self.status.count_lost(lines);
        let words = format!("{lines} lines said in {rooms} are missing from the history");
        log::error!("{words}");
        self.tell_operators(now, &words);
    }

    pub(super) fn tell_operators(&mut self, now: Now, words: &str) {
        self.log.tell_operators(words, &mut self.effects);
        self.carry_out(now);
    }

    /// Carries out all effects that wait for the disk, which is written before the server ends.
    pub(super) fn release_held(&mut self, now: Now) {
        let held = self.archive.release(now.uptime);
        self.carry_out_held(now, held);
    }

    /// Asks the store for the next room that has clients and whose history is not loaded yet.
    pub(super) fn read_rooms(&mut self, now: Now) {
        self.log.read_next_room(&mut self.effects);
        self.carry_out(now);
    }

    /// Ends all waits for answers; from here on no client waits.
    pub(super) fn end_waiting(&mut self, now: Now) {
        self.pending.end_all();
        self.dispatch_released(now);
        self.fail_histories(now);
        self.unsaved_bans.fail_all();
        self.log.give_up(now, &mut self.effects);
        self.carry_out(now);
        self.follow(now);
    }

    /// The figures that only the broadcaster knows.
    pub(super) fn count(&self) -> Census {
        self.status.set_store_pending(self.archive.pending());
        Census { rooms: self.log.chat().rooms_in_use(), ..self.peers.count() }
    }
}
