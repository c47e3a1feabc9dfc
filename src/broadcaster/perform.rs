//! Effects become bytes, log lines and requests to the store.

use std::net::Ipv6Addr;
use std::time::Duration;

use super::archive::{Archive, Held, not_saved};
use super::behind::{Chore, Ending};
use super::dispatch::Dispatcher;
use super::identity::{log_arrival, log_failed_login, log_rename};
use super::pending::WaitFor;
use super::words;
use crate::address::Address;
use crate::chat::{
    Audience, AuthClaim, BanChange, ClientId, Effect, Event, Message, NOT_DONE, Now, Reason,
};
use crate::os;
use crate::telemetry::Refused;
use crate::text::Text;
use crate::wire::Farewell;

/// How long a client that is disconnected may take to read the rest.
const FAREWELL: Duration = Duration::from_secs(1);

impl Dispatcher {
    /// Carries out the effects of the chat, except for those that wait for the disk.
    pub(super) fn carry_out(&mut self, now: Now) {
        let mut effects = std::mem::take(&mut self.effects);
        let is_labelled = |effect: &Effect| matches!(effect, Effect::Label(_, Some(_)));
        let is_written = effects.iter().any(is_labelled) && effects.iter().any(Archive::writes);
        let (list, except) = effects.drain();
        for effect in list {
            let effect = match effect {
                Effect::Label(_, Some(_)) if is_written => self.archive.hold(now.uptime, effect),
                effect => self.archive.pass(now.uptime, effect, except),
            };
            if let Some(effect) = effect {
                self.perform(now, effect, except);
            }
        }
        effects.clear();
        self.effects = effects;
    }

    /// Carries out effects that waited for the disk.
    pub(super) fn carry_out_held(&mut self, now: Now, held: Vec<Held>) {
        for (mut effect, except) in held {
            if let Effect::Tell { to: Audience::Room(_, range) | Audience::Each(range), .. } =
                &mut effect
            {
                *range = 0..except.len();
            }
            self.perform(now, effect, &except);
        }
    }

    /// Carries out one effect.
    fn perform(&mut self, now: Now, effect: Effect, except: &[ClientId]) {
        match effect {
            Effect::Tell { to: Audience::One(id), message } => {
                self.peers.with(id, |peer, feeds| peer.tell(&message, feeds));
                if matches!(message, Message::Introduced(_)) {
                    self.show_irc(now, id, |view, replies| view.welcome(replies));
                }
            }
            Effect::Tell { to: Audience::Telnet(id), message } => {
                self.peers.with(id, |peer, feeds| {
                    if peer.is_telnet {
                        peer.tell(&message, feeds);
                    }
                });
            }
            Effect::Tell { to: Audience::Room(room, range), message } => {
                if let Message::Said { room: name, entry, .. } = &message {
                    self.status.count_line(self.peers.members(room).saturating_sub(range.len()));
                    self.readers.note_said(*name, entry);
                }
                words::log(&message);
                self.peers.tell_room(room, &except[range], message);
            }
            Effect::Tell { to: Audience::Each(range), message } => {
                for id in &except[range.clone()] {
                    self.peers.with(*id, |peer, feeds| peer.tell(&message, feeds));
                }
                self.tell_followers(&message, &except[range]);
            }
            Effect::Tell { to: Audience::Everyone, message } => {
                self.peers.with_all(|peer, feeds| peer.tell(&message, feeds));
            }
            Effect::ShowRoom(id, room) => {
                self.show_irc(now, id, |view, replies| view.show_room(room, replies));
            }
            Effect::Label(id, label) => {
                let is_waiting = self.pending.is_for_answer(id);
                self.peers.with(id, |peer, feeds| match label {
                    Some(label) => peer.open_label(label.as_str(), feeds),
                    None if is_waiting => peer.pause_label(feeds),
                    None => peer.close_label(feeds),
                });
            }
            Effect::Service(id, name) => {
                if let Some(irc) = self.peers.irc(id) {
                    irc.begin_service(name);
                }
            }
            Effect::Seen(nick, is_here) => self.tell_seen(nick, is_here),
            Effect::Reply(id, lines) => self.peers.with(id, |peer, feeds| {
                peer.converse(feeds, |_, out| out.extend_from_slice(&lines));
            }),
            Effect::Entered(id, room) => {
                if self.note_entered(now, id) {
                    self.peers.enter(id, room);
                }
            }
            Effect::Left(id, room) => self.peers.leave(id, room),
            Effect::Timestamps(id, on) => self.peers.with(id, |peer, feeds| {
                peer.respeak(feeds, |dialect| dialect.with_timestamps(on));
            }),
            Effect::Bell(id, on) => self.peers.set_bell(id, on),
            Effect::Ring(id, message) => {
                if matches!(message, Message::Said { .. }) {
                    self.status.count_copy();
                }
                self.peers.with(id, |peer, feeds| peer.ring(&message, feeds));
            }
            Effect::Ask(id, question) => {
                let from = self.peers.remote(id).map(|remote| remote.ip());
                let from = Address::of(from.unwrap_or(Ipv6Addr::UNSPECIFIED.into()));
                let what = WaitFor::answer_to(&question);
                let asked = self.archive.ask(id, from, question);
                self.end_wait_if_refused(now, id, asked, what);
            }
            Effect::Forget(id, filter) => {
                let asked = self.archive.forget(id, filter);
                self.end_wait_if_refused(now, id, asked, WaitFor::Answer);
            }
            Effect::Authenticate(id, claim) => {
                let asked = self.authenticate(id, claim);
                self.end_wait_if_refused(now, id, asked, WaitFor::Answer);
            }
            Effect::ChangeBan(id, change) => {
                self.unsaved_bans.add(id, change.clone());
                self.save_ban_change(now, id, change);
            }
            // Only for the archive.
            Effect::Record(..)
            | Effect::RecordGap(..)
            | Effect::RecordTopic(..)
            | Effect::KeepRoom(..)
            | Effect::RecordRoll(_) => {}
            Effect::RoomChanged(room) => self.status.note_room(room, self.log.chat()),
            Effect::Reload => {
                if let Err(error) = os::ask_for_reload() {
                    log::error!("cannot start a reload: {error}");
                }
            }
            Effect::Renamed(id, from, to) => log_rename(from, to, self.peers.remote(id)),
            Effect::LoginFailed(id, nick) => log_failed_login(nick, self.peers.remote(id)),
            Effect::Moderated(moderation) => log::info!("operator {moderation}"),
            Effect::Changed(id) => self.note(id),
            // What it had sent was handed over by the process before, and it was not.
            Effect::Arrived(id, _)
                if self.log.origin().is_some() && self.peers.remote(id).is_none() =>
            {
                self.apply(now, id, Event::Gone(Reason::Disconnected));
            }
            Effect::Arrived(id, nick) => {
                // First its record: the next process closes connections without one.
                self.note(id);
                self.peers.store(id);
                if !self.unheard.has(id) {
                    log_arrival(nick, self.peers.remote(id));
                }
            }
            Effect::MakeToken(id, nick, label) => self.make_token(now, id, nick, label),
            Effect::ShowToken(id) => self.show_token(id),
            Effect::ReadingEnded(id, refusal) => self.end_reader(now, id, *refusal),
            Effect::Posted(id, said) => self.note_posted(now, id, *said),
            Effect::TurnedAway(id) => {
                self.unheard.remove(id);
                if let Some(remote) = self.peers.remote(id) {
                    log::warn!("refused {remote}: banned");
                    self.status.count_refused(Refused::Banned);
                }
                self.disconnect(now, id, Farewell::Expelled);
            }
            Effect::Departed(id, nick, reason) => {
                self.status.count_departure(&reason);
                self.requests.tokens.remove(&id);
                self.peers.forget(id);
                self.asked.remove(&id);
                if self.unheard.remove(id) {
                    return;
                }
                if let Some(remote) = self.peers.remote(id) {
                    log::info!("{nick} left: {} ({remote})", reason.without_words());
                }
            }
            Effect::Disconnect(id, Reason::Quit(_)) => self.disconnect(now, id, Farewell::Done),
            Effect::Disconnect(id, _) => self.disconnect(now, id, Farewell::Expelled),
        }
    }

    /// Sends a claim to the store, with the password that the client typed.
    fn authenticate(&mut self, id: ClientId, claim: AuthClaim) -> Result<(), Event> {
        let not_done = || Event::NotAuthenticated(Text::new(NOT_DONE));
        let password = self.pending_auth.take_password(id).ok_or_else(not_done)?;
        let nick = claim.nick();
        self.archive.authenticate(id, claim.with(password))?;
        self.pending_auth.add(id, nick, self.peers.remote(id));
        Ok(())
    }

    /// Sends a change of bans to the store.
    pub(super) fn save_ban_change(&mut self, now: Now, id: ClientId, change: BanChange) {
        if !self.archive.change_ban(id, change.clone()) {
            let news = not_saved(now.uptime, &mut self.unsaved_bans, change);
            news.into_iter().for_each(|event| self.apply(now, id, event));
            self.behind(now, id, Chore::EndWait(WaitFor::BanChange));
        }
    }

    /// Answers the client and ends its wait if the store did not take its request.
    fn end_wait_if_refused(
        &mut self,
        now: Now,
        id: ClientId,
        asked: Result<(), Event>,
        what: WaitFor,
    ) {
        if let Err(event) = asked {
            self.apply(now, id, event);
            self.behind(now, id, Chore::EndWait(what));
        }
    }

    /// Ends a client's connection with the end that its protocol asks for.
    fn disconnect(&mut self, now: Now, id: ClientId, farewell: Farewell) {
        self.close_after_flush(now, id, Ending::Farewell(farewell));
    }

    /// Sends a client the rest of its queue and then the end of the stream, and closes the
    /// connection after [`FAREWELL`] at the latest.
    pub(super) fn close_after_flush(&mut self, now: Now, id: ClientId, ending: Ending) {
        self.peers.with(id, |peer, feeds| ending.tell(peer, feeds));
        self.leaving.push_back((now.uptime + FAREWELL, id));
    }

    /// Sends all queued data. Disconnects clients that are too slow, which may queue messages for
    /// other clients in turn.
    pub(super) fn flush(&mut self, now: Now) {
        let limit = self.limits.get().send_queue;
        loop {
            let slow = self.peers.flush(now.uptime, limit);
            if slow.is_empty() {
                return;
            }
            for id in slow {
                self.peers.with(id, |peer, _| peer.abort());
                self.note_slow_reader(id);
                self.apply(now, id, Event::Gone(Reason::TooSlow));
            }
        }
    }

    /// Counts the batch that began at `start` and was sent by `uptime`.
    pub(super) fn end_batch(&mut self, start: Now, uptime: Duration) {
        self.status.end_batch(start.uptime, uptime, self.peers.take_sent());
    }
}
