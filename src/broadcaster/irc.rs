//! What an IRC client sends: answered by its wire, or turned into an event.

use std::time::Duration;

use super::behind::Deed;
use super::dispatch::Dispatcher;
use crate::chat::{ClientId, Effect, Event, Now, Reason};
use crate::telemetry::Refused;
use crate::wire::Farewell;
use crate::wire::irc::{Conversation, Step};

/// How long a client may take to register.
const REGISTRATION: Duration = Duration::from_secs(30);

impl Dispatcher {
    /// Handles a line of an IRC client.
    pub(super) fn apply_irc(&mut self, now: Now, id: ClientId, line: &str) {
        let has_accounts = self.archive.is_there();
        let mut left = None;
        self.answer_irc(now, id, |irc, out| left = irc.take(line, has_accounts, out));
        self.peers.with(id, |peer, feeds| peer.adopt_caps(feeds));
        if let Some((step, label)) = left {
            self.step(now, id, step, label);
        }
    }

    fn step(&mut self, now: Now, id: ClientId, step: Step, _label: Option<String>) {
        match step {
            Step::Foreign => self.refuse(now, id, "HTTP", Refused::Http),
            Step::Quit => self.apply(now, id, Event::Quit),
            Step::Introduce { .. } | Step::Authenticate(_) | Step::Pass(_) => {}
        }
    }

    /// Answers a line that is not UTF-8.
    pub(super) fn refuse_bytes(&mut self, now: Now, id: ClientId) {
        self.answer_irc(now, id, |irc, out| irc.refuse_bytes(out));
    }

    /// Answers a line that is too long.
    pub(super) fn refuse_length(&mut self, now: Now, id: ClientId, bytes: usize, limit: usize) {
        self.answer_irc(now, id, |irc, out| irc.refuse_length(bytes, limit, out));
    }

    /// Sends a client what its wire answers, behind all that it was told before.
    fn answer_irc(
        &mut self,
        now: Now,
        id: ClientId,
        write: impl FnOnce(&mut Conversation, &mut Vec<u8>),
    ) {
        let mut lines = Vec::new();
        if let Some(irc) = self.peers.irc(id) {
            write(irc, &mut lines);
        }
        if !lines.is_empty() {
            self.behind(now, id, Deed::Reply(lines));
        }
    }

    /// Sends such an answer, unless it has to wait for the disk.
    pub(super) fn send_reply(&mut self, now: Now, id: ClientId, lines: Vec<u8>) {
        self.effects.push(Effect::Reply(id, lines));
        self.carry_out(now);
    }

    /// Watches that a client registers in time, if it speaks IRC.
    pub(super) fn await_registration(&mut self, now: Now, id: ClientId) {
        if self.peers.irc(id).is_some_and(|irc| !irc.is_registered()) {
            self.registering.push_back((now.uptime + REGISTRATION, id));
        }
    }

    /// Disconnects the clients that have not registered in time.
    pub(super) fn end_registrations(&mut self, now: Now) {
        while let Some(&(due, id)) = self.registering.front()
            && due <= now.uptime
        {
            self.registering.pop_front();
            if self.peers.irc(id).is_some_and(|irc| !irc.is_registered()) {
                self.time_out(now, id);
            }
        }
    }

    /// Asks a client that has been silent whether it is there, or disconnects it if it was asked.
    pub(super) fn handle_silence(&mut self, now: Now, id: ClientId, was_asked: bool) {
        if was_asked {
            self.time_out(now, id);
        } else {
            self.peers.with(id, |peer, feeds| {
                peer.converse(feeds, |irc, out| irc.ping(out));
            });
        }
    }

    fn time_out(&mut self, now: Now, id: ClientId) {
        self.apply(now, id, Event::Gone(Reason::TimedOut));
        self.disconnect_behind(now, id, Farewell::TimedOut);
    }

    /// Tells a client of another protocol that this port speaks IRC.
    pub(super) fn refuse_on_irc(&mut self, id: ClientId, reason: Refused) {
        self.peers.with(id, |peer, feeds| {
            peer.converse(feeds, |irc, out| match reason {
                Refused::Tls => irc.end_silently(),
                _ => irc.end_with("this port speaks IRC", out),
            });
        });
    }
}
