//! What IRC clients ask of the past is answered, from memory or from the store.

use super::asked::{Ask, What};
use super::dispatch::Dispatcher;
use super::pending::WaitFor;
use crate::address::{Address, Remote};
use crate::chat::{ClientId, Dates, Entry, Moment, NOT_IN_TIME, Now, Part, Question, RoomName};
use crate::store::Answer;
use crate::text::Text;
use crate::wire::irc::chathistory::{Query, refuse};
use crate::wire::irc::target::Target;
use crate::wire::irc::{Conversation, Request, labelled};

/// The code, and the words, of a question that the store does not answer.
const NOT_READ: (&str, &str) = ("MESSAGE_ERROR", NOT_IN_TIME);

impl Dispatcher {
    /// Answers CHATHISTORY.
    pub(super) fn answer_history(
        &mut self,
        now: Now,
        id: ClientId,
        request: &Request,
        label: Option<Text>,
    ) {
        let ask = |what| {
            let (request, label) = (request.clone(), label.clone());
            Ask { request, label, what, is_over: false }
        };
        match Query::parse(request) {
            Err(error) => {
                let why = "CHATHISTORY takes other parameters";
                self.refuse_history(now, id, request, label, (error.code(), why));
            }
            Ok(Query::Targets { from, to, limit }) => {
                self.look_for_targets(now, id, ask(What::Targets(from, to, limit)));
            }
            Ok(Query::Lines { target, part, limit }) => match Target::parse(&target) {
                // Private messages are not kept.
                Target::Nick(nick) if self.log.chat().somebody(&nick).is_some() => {
                    self.send_past(now, id, label, |irc, out| irc.no_past(&nick, out));
                }
                Target::Room(room) => {
                    self.look_for_lines(now, id, (part, limit), room, ask(What::Lines(room)));
                }
                _ => self.refuse_target(now, id, request, label),
            },
        }
    }

    fn look_for_lines(
        &mut self,
        now: Now,
        id: ClientId,
        (part, lines): (Part, usize),
        room: RoomName,
        ask: Ask,
    ) {
        let (chat, me, chat_now) = (self.log.chat(), self.log.id(id), self.log.chat_now(now));
        let Some(access) = chat.access_to(chat_now, me, room) else {
            return self.refuse_target(now, id, &ask.request, ask.label);
        };
        if !access.is_in_store {
            let found = part.of(&chat.memory_of(chat_now, me, room), lines);
            return self.send_lines(now, id, ask.label, room, &found);
        }
        let (with_private, without) = (access.with_private, access.without);
        let question = Question::Part { room, part, lines, with_private, without };
        self.ask_for_past(now, id, question, ask);
    }

    fn look_for_targets(&mut self, now: Now, id: ClientId, ask: Ask) {
        let (chat, me, chat_now) = (self.log.chat(), self.log.id(id), self.log.chat_now(now));
        let rooms = chat.rooms_of(me).iter().filter_map(|room| chat.name_of(*room));
        let (mut in_store, mut times) = (Vec::new(), Vec::new());
        for room in rooms {
            match chat.access_to(chat_now, me, room) {
                Some(access) if access.is_in_store => in_store.push((room, access.with_private)),
                _ => times.extend(chat.last_time(chat_now, me, room).map(|at| (room, at))),
            }
        }
        match in_store.is_empty() {
            true => self.send_targets(now, id, ask, times),
            false => self.ask_for_past(now, id, Question::LastTimes(in_store), ask),
        }
    }

    fn ask_for_past(&mut self, now: Now, id: ClientId, question: Question, ask: Ask) {
        let from = self.peers.remote(id).map(Remote::ip);
        let asked = from.map(|from| self.archive.ask(id, Address::of(from), question));
        match asked {
            Some(Ok(())) => {
                self.asked.entry(id).or_default().push_back(ask);
                self.pending.wait(now.uptime, id, WaitFor::Answer);
            }
            _ => self.fail_history(now, id, &ask),
        }
    }

    /// Sends what the store found, if that is what a client asked for. Returns whether it comes too
    /// late: the client was told so.
    pub(super) fn take_history(&mut self, now: Now, id: ClientId, answer: &Answer) -> bool {
        if !matches!(answer, Answer::Part(_) | Answer::LastTimes(_)) {
            return false;
        }
        let Some(asked) = self.asked.get_mut(&id) else { return false };
        let ask = asked.pop_front();
        if asked.is_empty() {
            self.asked.remove(&id);
        }
        match ask {
            Some(ask) if ask.is_over => return true,
            Some(ask) => self.send_history(now, id, answer, ask),
            None => {}
        }
        false
    }

    fn send_history(&mut self, now: Now, id: ClientId, answer: &Answer, ask: Ask) {
        match (answer, &ask.what) {
            (Answer::Part(Ok(lines)), &What::Lines(room)) => {
                let me = self.log.id(id);
                let seen = self.log.chat().seen(self.log.chat_now(now), me, room, lines.clone());
                self.send_lines(now, id, ask.label, room, &seen);
            }
            (Answer::LastTimes(Ok(times)), What::Targets(..)) => {
                self.send_targets(now, id, ask, times.clone());
            }
            _ => self.fail_history(now, id, &ask),
        }
    }

    /// Tells the clients that wait for the store that it will answer nothing more.
    pub(super) fn fail_histories(&mut self, now: Now) {
        for (id, asked) in std::mem::take(&mut self.asked) {
            let asked = asked.iter().filter(|ask| !ask.is_over);
            asked.for_each(|ask| self.fail_history(now, id, ask));
        }
    }

    /// Tells a client that has waited for too long, before anything that it sent behind its question
    /// is answered.
    pub(super) fn fail_late_histories(&mut self, now: Now, id: ClientId) {
        let late = self.asked.get_mut(&id).into_iter().flatten().filter(|ask| !ask.is_over);
        let late: Vec<_> = late
            .map(|ask| {
                ask.is_over = true;
                (ask.request.clone(), ask.label.take())
            })
            .collect();
        for (request, label) in late {
            self.refuse_history(now, id, &request, label, NOT_READ);
        }
    }

    fn fail_history(&mut self, now: Now, id: ClientId, ask: &Ask) {
        self.refuse_history(now, id, &ask.request, ask.label.clone(), NOT_READ);
    }

    fn refuse_target(&mut self, now: Now, id: ClientId, request: &Request, label: Option<Text>) {
        let why = match request.param(1).is_some_and(|target| target.starts_with('#')) {
            true => "you are not in that channel",
            false => "there is nobody of that name",
        };
        let refusal = ("INVALID_TARGET", why);
        self.refuse_history(now, id, request, label, refusal);
    }

    fn refuse_history(
        &mut self,
        now: Now,
        id: ClientId,
        request: &Request,
        label: Option<Text>,
        (code, why): (&str, &str),
    ) {
        self.send_past(now, id, label, |irc, out| {
            irc.reply(out, |replies| refuse(request, code, why, replies));
        });
    }

    fn send_targets(
        &mut self,
        now: Now,
        id: ClientId,
        ask: Ask,
        mut times: Vec<(RoomName, Moment)>,
    ) {
        let What::Targets(from, to, limit) = ask.what else { return };
        times.retain(|(_, at)| *at > from && *at < to);
        times.sort_unstable_by_key(|(room, at)| (*at, *room));
        times.truncate(limit);
        self.send_past(now, id, ask.label, |irc, out| irc.last_times(&times, out));
    }

    fn send_lines(
        &mut self,
        now: Now,
        id: ClientId,
        label: Option<Text>,
        room: RoomName,
        lines: &[Entry],
    ) {
        self.send_past(now, id, label, |irc, out| irc.past(room, lines, Dates::Always, out));
    }

    /// Sends an answer that is one line or one batch.
    fn send_past(
        &mut self,
        now: Now,
        id: ClientId,
        label: Option<Text>,
        write: impl FnOnce(&mut Conversation, &mut Vec<u8>),
    ) {
        let mut lines = Vec::new();
        if let Some(irc) = self.peers.irc(id) {
            write(irc, &mut lines);
        }
        let lines = match label {
            Some(label) => labelled(label.as_str(), &lines),
            None => lines,
        };
        self.send_reply(now, id, lines);
    }
}
