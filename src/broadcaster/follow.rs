//! The way of an input through the log: it is added, applied, and what is behind it is done.

use super::behind::{Chore, Ending};
use super::dispatch::Dispatcher;
use super::pending::WaitFor;
use crate::chat::{Class, ClientId, Entry, Event, Message, NOT_IN_TIME, Now};
use crate::cluster::Applied;
use crate::intake::Input;
use crate::text::{Text, mentions};
use crate::wire::Farewell;

impl Dispatcher {
    /// Answers an event of a client that is a query, or adds it to the log; and carries out what
    /// the log has applied.
    pub(super) fn apply(&mut self, now: Now, id: ClientId, event: Event) {
        let class = event.class();
        if class == Class::Query {
            return self.ask(now, id, event);
        }
        self.log.push(now, id, event);
        self.follow(now);
        if class == Class::Barrier && self.log.is_under_way(id) {
            self.wait_for_log(now, id);
        }
    }

    /// Answers a query, behind the client's inputs under way.
    fn ask(&mut self, now: Now, id: ClientId, query: Event) {
        if self.log.is_under_way(id) {
            self.behind.add(id, Chore::Answer(query));
            self.wait_for_log(now, id);
        } else {
            self.answer(now, id, query);
        }
    }

    /// Defers what a client sends next until its inputs under way are applied.
    pub(super) fn wait_for_log(&mut self, now: Now, id: ClientId) {
        self.pending.wait(now.uptime, id, WaitFor::Log);
        self.behind.add(id, Chore::EndWait(WaitFor::Log));
    }

    fn answer(&mut self, now: Now, id: ClientId, query: Event) {
        self.log.ask(now, id, query, &mut self.effects);
        self.carry_out_new(now);
        self.note(id);
    }

    /// Carries out what the log has applied.
    pub(super) fn follow(&mut self, now: Now) {
        // Carrying out an effect may add an input, whose effects come after all effects of this one.
        if std::mem::replace(&mut self.is_following, true) {
            return;
        }
        while let Some(Applied { client, is_roll }) = self.log.next(now, &mut self.effects) {
            self.carry_out_new(now);
            if let Some(id) = client {
                self.note_applied(now, id);
            }
            if is_roll {
                self.note_published();
            }
            if self.peers.is_batch_full() {
                self.flush(now);
            }
        }
        self.is_following = false;
    }

    /// Carries out effects that no client waits for yet.
    fn carry_out_new(&mut self, now: Now) {
        if self.peers.have_bells() {
            self.ring();
        }
        if self.archive.is_there() {
            self.effects.iter().for_each(|effect| self.pending.note(now.uptime, effect));
        }
        self.carry_out(now);
    }

    /// Has the lines ring for those whom they name, by the nicks at this moment.
    fn ring(&mut self) {
        let (log, peers) = (&self.log, &self.peers);
        let named = |room, entry: &Entry| {
            let ids = log.chat().named_in(room, entry).into_iter();
            ids.filter_map(|id| log.local(id)).filter(|id| peers.has_bell(*id)).collect()
        };
        let names = |id, from, text: &Text| {
            log.nick(id).is_some_and(|nick| nick != from && mentions(text.as_str(), nick.as_str()))
        };
        let rings = |id, message: &Message| match message {
            Message::PrivateFrom { from, to, .. } => from != to && peers.has_bell(id),
            Message::SaidToRole { from, text, .. } => peers.has_bell(id) && names(id, *from, text),
            _ => false,
        };
        self.effects.ring(named, rings);
    }

    fn note_applied(&mut self, now: Now, id: ClientId) {
        if !self.log.is_under_way(id) {
            self.pending_auth.drop_password(id);
            let chores = self.behind.take(id);
            chores.into_iter().for_each(|chore| self.do_chore(now, id, chore));
        }
        self.note(id);
    }

    /// Writes a client's record to the roster, if it has changed.
    pub(super) fn note(&mut self, id: ClientId) {
        self.status.note(id, &self.log, &self.peers);
    }

    /// Does something for a client once its inputs under way are applied.
    pub(super) fn behind(&mut self, now: Now, id: ClientId, chore: Chore) {
        if self.log.is_under_way(id) {
            self.behind.add(id, chore);
        } else {
            self.do_chore(now, id, chore);
        }
    }

    fn do_chore(&mut self, now: Now, id: ClientId, chore: Chore) {
        match chore {
            Chore::Answer(query) => self.answer(now, id, query),
            Chore::Ask(request, label) => self.answer_request(now, id, &request, label),
            Chore::Reply(lines) => self.send_reply(now, id, lines),
            Chore::EndWait(what) => self.end_wait(now, id, what),
            Chore::EndAnswer => self.label(now, id, None),
            Chore::LogAuth(result) => {
                self.pending_auth.log(id, result, self.log.login(id));
                self.pending.end_all_for(WaitFor::Turn);
            }
            Chore::Close(ending) => self.close_after_flush(now, id, ending),
        }
    }

    /// Has a client wait that logs in while another one from its network does; returns whether it
    /// does.
    pub(super) fn awaits_turn(
        &mut self,
        now: Now,
        id: ClientId,
        input: impl FnOnce() -> Input,
    ) -> bool {
        if !self.pending_auth.is_asking_from(self.peers.remote(id)) {
            return false;
        }
        self.pending.wait(now.uptime, id, WaitFor::Turn);
        self.pending.is_for(id, WaitFor::Turn) && self.pending.defer(input()).is_none()
    }

    /// Ends a client's wait, and with it the answer to its request, unless more tasks answer that.
    fn end_wait(&mut self, now: Now, id: ClientId, what: WaitFor) {
        let is_more = what == WaitFor::Log || self.pending.closes_label(id);
        self.pending.end(id, what);
        if !is_more && self.peers.irc(id).is_some() {
            self.label(now, id, None);
        }
    }

    /// Ends a client's connection with the end that its protocol asks for, behind what it sent.
    pub(super) fn disconnect_behind(&mut self, now: Now, id: ClientId, farewell: Farewell) {
        self.behind(now, id, Chore::Close(Ending::Farewell(farewell)));
    }

    /// Handles that clients no longer wait, before more of their input is handled: they may be about
    /// to enter a room.
    pub(super) fn end_unanswered(&mut self, now: Now) {
        for (id, what) in self.pending.take_unanswered() {
            match what {
                WaitFor::Exists(_) => {
                    self.resume_label(now, id);
                    self.apply(now, id, Event::NotFound(Text::new(NOT_IN_TIME)));
                    self.behind(now, id, Chore::EndAnswer);
                }
                WaitFor::Log => {
                    let queries = self.behind.take_queries(id);
                    queries.into_iter().for_each(|query| self.do_chore(now, id, query));
                }
                _ => {
                    self.fail_late_histories(now, id);
                    self.resume_label(now, id);
                    self.apply(now, id, Event::NotAnswered);
                    self.behind(now, id, Chore::EndAnswer);
                }
            }
        }
    }
}
