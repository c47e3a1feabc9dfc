//! What one client alone is told: about itself, and in answer to what it asked for.

use std::fmt::Display;

use super::caps::Cap;
use super::chathistory;
use super::conversation::Conversation;
use super::denied::denied;
use super::encode::{channel, encode, said};
use super::label::tagged;
use super::line::Line;
use super::markers;
use super::numeric::*;
use super::relay::Sender;
use super::service;
use crate::chat::{Action, Dates, Deed, Entry, Flag, Message, Moment, Refusal, Relay, RoomName};
use crate::text::Text;
use crate::wire::text::{self, Style};

impl Conversation {
    /// Appends a message for this client.
    pub fn encode(&mut self, message: &Message, out: &mut Vec<u8>) {
        match message {
            Message::Refused(refusal) if self.ends(refusal) => {
                self.end_reason = Some(format!("!! {refusal}"));
            }
            Message::Refused(refusal) if self.refuse_login(refusal, out) => {}
            Message::LoggedIn(source) => self.logged_in(source, out),
            Message::GotRights => self.got_rights(out),
            Message::Refused(why) => self.refuse(why, out),
            // The numeric has said so, and the client has no nick yet.
            Message::Notice(text) if !self.is_registered() && is_logged_in(text) => {}
            // Told to all, in the words of the refusal.
            Message::Notice(text) if *text == Text::new(Refusal::Lockdown.to_string()) => {
                self.notice(service::refusal(&Refusal::Lockdown), out);
            }
            Message::Notice(text) => self.notice(text, out),
            Message::NoticeIn(room, text) => self.say_in(*room, text, out),
            Message::GoingDown => self.say(&self.server, "the server is going down", out),
            Message::Denied(denied) if matches!(denied.action, Action::Command(..)) => {
                self.refuse(&denied.why, out);
            }
            Message::Denied(why) => {
                self.refuse_introduction();
                self.reply(out, |replies| denied(why, replies));
            }
            Message::Introduced(source) => self.enter(source.nick.as_str()),
            Message::Relay(relay) => self.relayed(relay, message, out),
            Message::History { room, entries, dates: dates @ Dates::UnlessOn(_), .. } => {
                self.replay(*room, entries, *dates, out);
            }
            Message::Topic { .. }
            | Message::People { .. }
            | Message::History { .. }
            | Message::Room(_)
            | Message::Found(_) => self.answer(message, out),
            other => encode(other, self.caps(), out),
        }
    }

    /// Whether a refusal tells the client why it is disconnected.
    fn ends(&self, refusal: &Refusal) -> bool {
        match refusal {
            Refusal::TurnedAway(_)
            | Refusal::Kicked(..)
            | Refusal::Idle(_)
            | Refusal::EndlessLine(_) => true,
            Refusal::Banned { .. } => !self.is_registered(),
            _ => false,
        }
    }

    /// What somebody did, or the client itself.
    fn relayed(&mut self, relay: &Relay, message: &Message, out: &mut Vec<u8>) {
        let is_me = relay.by.nick.as_str() == self.nick;
        match &relay.deed {
            Deed::IsAway(why) => self.reply(out, |replies| {
                replies.numeric(RPL_AWAY, &[relay.by.nick.as_str()], or_away(why));
            }),
            Deed::Away(Some(_)) if is_me => self.reply(out, |replies| {
                replies.numeric(RPL_NOWAWAY, &[], "you are away now");
            }),
            Deed::Away(None) if is_me => self.reply(out, |replies| {
                replies.numeric(RPL_UNAWAY, &[], "you are back");
            }),
            Deed::Account(None) if is_me => {
                let source = relay.by.full();
                self.with_session(out, |session, replies| session.logged_out(&source, replies));
            }
            Deed::Invite(room, nick) if is_me => self.reply(out, |replies| {
                let line = replies.begin(RPL_INVITING).param(nick);
                replies.end(&line.param(channel(*room)));
            }),
            Deed::Flag(flag, on) => self.show_mode(letter(*flag), *on, out),
            Deed::Read(place, at) if is_me || self.caps().has(Cap::ReadMarker) => {
                markers::tell(&self.server, place.as_str(), *at, out);
            }
            Deed::NoRights => self.show_mode('o', false, out),
            Deed::Nick(nick) if is_me => {
                encode(message, self.caps(), out);
                nick.as_str().clone_into(&mut self.nick);
            }
            _ => encode(message, self.caps(), out),
        }
    }

    /// Tells the client of a change of its own modes.
    fn show_mode(&self, letter: char, on: bool, out: &mut Vec<u8>) {
        let sign = if on { '+' } else { '-' };
        let line = Line::new(&self.nick, "MODE").param(&self.nick);
        line.last(format_args!("{sign}{letter}")).end(out);
    }

    fn refuse(&self, why: &Refusal, out: &mut Vec<u8>) {
        self.notice(format_args!("!! {}", service::refusal(why)), out);
    }

    /// A notice from the server, or from the service that the client wrote to.
    fn notice(&self, text: impl Display, out: &mut Vec<u8>) {
        match &self.service {
            Some(service) => self.say(&service::source(service, &self.server), text, out),
            None => self.say(&self.server, text, out),
        }
    }

    /// A notice of the server about a room.
    fn say_in(&self, room: RoomName, text: impl Display, out: &mut Vec<u8>) {
        self.say_to(&channel(room), &self.server, text, out);
    }

    fn say(&self, from: &str, text: impl Display, out: &mut Vec<u8>) {
        self.say_to(&self.nick, from, text, out);
    }

    fn say_to(&self, target: &str, from: &str, text: impl Display, out: &mut Vec<u8>) {
        let text = text.to_string();
        let start = Line::new(from, "NOTICE").param(target);
        let room = super::line::MAX_BODY.saturating_sub(start.body_len() + " :".len());
        for piece in super::line::pieces(&text, room) {
            start.clone().last(piece).end(out);
        }
    }

    /// What the text wire shows, in notices.
    fn answer(&self, message: &Message, out: &mut Vec<u8>) {
        let mut lines = Vec::new();
        text::encode(message, Style { bare_line_feeds: true, ..Style::default() }, &mut lines);
        for line in String::from_utf8_lossy(&lines).lines() {
            self.notice(line.strip_prefix("-- ").unwrap_or(line), out);
        }
    }

    /// The lines of a room that were said before the client entered; a client that asks for them by
    /// itself gets none.
    fn replay(&mut self, room: RoomName, entries: &[Entry], dates: Dates, out: &mut Vec<u8>) {
        if !self.caps().has(Cap::ChatHistory) {
            self.past(room, entries, dates, out);
            self.say_in(room, "end of history", out);
        }
    }

    /// Lines of a room that were said before, as one batch.
    pub fn past(&mut self, room: RoomName, entries: &[Entry], dates: Dates, out: &mut Vec<u8>) {
        let mut lines = Vec::new();
        for entry in entries {
            self.replay_one(room, entry, dates, &mut lines);
        }
        self.batch("chathistory", &[&channel(room)], lines, out);
    }

    /// The same of a conversation with a person, of which nothing is kept.
    pub fn no_past(&mut self, nick: &str, out: &mut Vec<u8>) {
        self.batch("chathistory", &[nick], Vec::new(), out);
    }

    /// When something was said last in rooms, likewise.
    pub fn last_times(&mut self, times: &[(RoomName, Moment)], out: &mut Vec<u8>) {
        let mut lines = Vec::new();
        chathistory::targets(&self.server, times, &mut lines);
        self.batch("draft/chathistory-targets", &[], lines, out);
    }

    /// Appends lines in a batch, if the client knows what that is.
    fn batch(&mut self, kind: &str, params: &[&str], lines: Vec<u8>, out: &mut Vec<u8>) {
        if !self.caps().has(Cap::Batch) {
            return out.extend(lines);
        }
        let reference = self.next_batch();
        let begin = Line::new(&self.server, "BATCH").param(format_args!("+{reference}"));
        params.iter().fold(begin.param(kind), |line, param| line.param(param)).end(out);
        let tag = Line::bare("").tag("batch", &reference);
        for line in lines.split_inclusive(|byte| *byte == b'\n') {
            tagged(line, &tag, out);
        }
        Line::new(&self.server, "BATCH").param(format_args!("-{reference}")).end(out);
    }

    fn replay_one(&self, room: RoomName, entry: &Entry, dates: Dates, out: &mut Vec<u8>) {
        let sender = Sender {
            nick: entry.from.as_str(),
            at: Some(("~history", &self.server)),
            account: None,
            is_bot: false,
        };
        if self.caps().has(Cap::ServerTime) {
            return said(&sender, room, entry, &[], self.caps(), out);
        }
        let dated = format!("{}{}", text::shown_time(entry.at, dates), entry.text);
        let entry = Entry { text: Text::new(dated), ..entry.clone() };
        said(&sender, room, &entry, &[], self.caps(), out);
    }
}

fn is_logged_in(text: &Text) -> bool {
    text.as_str().starts_with("you are logged in as ")
}

fn letter(flag: Flag) -> char {
    match flag {
        Flag::Invisible => 'i',
        Flag::Wallops => 'w',
        Flag::Bot => 'B',
    }
}

fn or_away(why: &Text) -> &str {
    if why.as_str().is_empty() { "away" } else { why.as_str() }
}
