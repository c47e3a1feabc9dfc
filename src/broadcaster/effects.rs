//! Carrying out what the chat wants, at once or once it is on the disk.

use super::Broadcaster;
use super::archive::Held;
use super::pending::For;
use crate::chat::{Audience, ClientId, Effect, Message, Now, Reason};
use crate::os;
use crate::telemetry::metrics::Refused;
use crate::wire::Farewell;

impl Broadcaster {
    pub(super) fn carry_out(&mut self, now: Now) {
        let mut effects = std::mem::take(&mut self.effects);
        let (list, except) = effects.drain();
        for effect in list {
            if let Some(effect) = self.archive.pass(now.uptime, effect, except) {
                self.carry_out_one(now, effect, except);
            }
        }
        effects.clear();
        self.effects = effects;
    }

    /// Carries out what had to wait.
    pub(super) fn carry_out_held(&mut self, now: Now, held: Vec<Held>) {
        for (mut effect, except) in held {
            if let Effect::Tell { to: Audience::Room(_, range), .. } = &mut effect {
                *range = 0..except.len();
            }
            self.carry_out_one(now, effect, &except);
        }
    }

    fn carry_out_one(&mut self, now: Now, effect: Effect, except: &[ClientId]) {
        match effect {
            Effect::Tell { to: Audience::One(id), message } => {
                self.peers.with(id, |peer, feeds| peer.tell(&message, feeds));
            }
            Effect::Tell { to: Audience::Room(room, range), message } => {
                if matches!(message, Message::Said { .. }) {
                    self.status.count_line(self.peers.members(room).saturating_sub(range.len()));
                }
                log_words(&message);
                self.peers.tell_room(room, &except[range], message);
            }
            Effect::Tell { to: Audience::Everyone, message } => {
                self.peers.with_all(|peer, feeds| peer.tell(&message, feeds));
            }
            Effect::Entered(id, room) => self.peers.enter(id, room),
            Effect::Left(id, room) => self.peers.leave(id, room),
            Effect::Timestamps(id, on) => self.peers.with(id, |peer, feeds| {
                peer.respeak(feeds, |dialect| dialect.with_timestamps(on));
            }),
            Effect::Ask(id, question) => {
                if let Err(event) = self.archive.ask(id, question) {
                    self.happen(now, id, event);
                    self.pending.end(id, For::Answer);
                }
            }
            Effect::Claim(id, claim) => {
                if let Err(event) = self.archive.claim(id, claim) {
                    self.happen(now, id, event);
                    self.pending.end(id, For::Answer);
                }
            }
            Effect::Order(id, order) => {
                if let Err(event) = self.archive.order(id, order) {
                    self.happen(now, id, event);
                    self.pending.end(id, For::Order);
                }
            }
            Effect::Reload => {
                if let Err(error) = os::ask_for_reload() {
                    log::error!("cannot ask for a reload: {error}");
                }
            }
            Effect::Kept(deed) => log::info!("to keep order, {deed}"),
            Effect::Changed(id) => self.status.note(id, &self.chat, self.peers.dialect(id)),
            Effect::TurnedAway(id) => {
                if let Some(addr) = self.peers.addr(id) {
                    log::warn!("refused {addr}: banned");
                    self.status.count_refused(Refused::Banned);
                }
                self.part_from(now, id, Farewell::Expelled);
            }
            Effect::Departed(id, nick, reason) => {
                self.status.count_departure(&reason);
                if let Some(addr) = self.peers.addr(id) {
                    log::info!("{nick} left: {} ({addr})", reason.without_words());
                }
            }
            Effect::Disconnect(id, Reason::Quit(_)) => self.part_from(now, id, Farewell::Done),
            Effect::Disconnect(id, _) => self.part_from(now, id, Farewell::Expelled),
        }
    }
}

/// What people say is for those who debug only.
fn log_words(message: &Message) {
    match message {
        Message::Said { room, entry } => {
            log::debug!("{} in {room}: {}", entry.from, entry.text);
        }
        Message::Left { room, nick, reason: Reason::Quit(Some(words)), .. } => {
            log::debug!("{nick} quits {room}: {words}");
        }
        _ => {}
    }
}
