//! What the store has to say, and what follows from it.

use std::time::Duration;

use super::{Broadcaster, archive};
use crate::chat::Now;
use crate::intake::inbox::Input;
use crate::store::{self, Swing};

/// How long those may take at the end who are due an answer.
pub(super) const LAST_ANSWERS: Duration = Duration::from_secs(2);

impl Broadcaster {
    pub(super) fn hear_store(&mut self, now: Now, event: store::Event) {
        let freed = self.archive.hear(now.uptime, &event);
        self.carry_out_held(now, freed);
        if !self.archive.is_holding() {
            self.pending.end_for_disk();
        }
        self.report_swing(now);
        match event {
            store::Event::Answered(id, answer) => {
                self.archive.note_answer();
                let what = self.pending.note_answer(&answer);
                self.happen(now, id, archive::answered(answer));
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
            store::Event::Lost { room, lines, .. } => {
                self.status.count_lost(lines);
                log::error!("{lines} lines said in {room} are missing in the history");
                let words = format!("{lines} lines said in {room} are missing in the history");
                self.tell_operators(now, &words);
            }
            store::Event::Changed(roll) => {
                self.chat.register(roll);
                self.enforce(now);
            }
            store::Event::Committed { .. } => {}
        }
    }

    /// Waits for the answers that people are due, while nobody else is heard any more.
    pub(super) fn await_answers(&mut self) {
        let deadline = self.clock.uptime() + LAST_ANSWERS;
        while self.archive.owes_answers() && self.clock.uptime() < deadline {
            match self.wait(Some(deadline)) {
                Some(Input::Store(event)) => {
                    let now = self.clock.now();
                    self.hear_store(now, event);
                    self.catch_up(now);
                }
                Some(Input::Writable(id)) => self.peers.with(id, |peer, _| peer.go_on()),
                _ => {}
            }
        }
        let now = self.clock.now();
        self.end_waiting(now);
        self.chat.give_up(now, &mut self.effects);
        self.carry_out(now);
    }

    /// Says what became of waiting for the disk.
    pub(super) fn report_swing(&mut self, now: Now) {
        match self.archive.take_swing() {
            Some(Swing::Opened) => {
                log::error!("the disk is too slow: lines are shown before they are on it");
                self.tell_operators(
                    now,
                    "the disk is too slow: lines are shown before they are on it",
                );
            }
            Some(Swing::Closed) => {
                log::info!("the disk keeps up again: lines are shown once on it");
                self.tell_operators(now, "the disk keeps up again");
            }
            None => {}
        }
    }

    /// Sees to it that nobody is here who may not be, or under a name that is not theirs.
    pub(super) fn enforce(&mut self, now: Now) {
        self.chat.enforce(now, &mut self.effects);
        self.carry_out(now);
    }

    fn tell_operators(&mut self, now: Now, words: &str) {
        self.chat.tell_operators(words, &mut self.effects);
        self.carry_out(now);
    }
}
