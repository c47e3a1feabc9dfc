//! `Translator`: objects of `chatd.v1` in the words of the text wire.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use chatd::text::Text;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

use super::object::{Object, Room, Speech};

/// Most people whom the notice of entering a room names.
const MAX_NAMED: usize = 10;
/// Names in one line of a list.
const NAMES_A_LINE: usize = 10;
/// What the text wire says behind the welcome.
const HINT: &str = "-- Type a line and press Enter. /nick NAME  /who  /help  /quit";
/// The answer to what the client sends first, after its hello.
pub(super) const FIRST_ANSWER: &str = "echo is off";

/// A line, and the room that it is about; without one it is about none, or about the only one.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) room: Option<String>,
    pub(crate) line: Text,
}

/// Knows what the words depend on.
#[derive(Debug)]
pub(super) struct Translator {
    /// The client's own name.
    nick: String,
    /// Whether the server knows that the client can tell rooms apart.
    is_many: bool,
    /// Whether the first answer did not come yet.
    is_greeting: bool,
    has_times: bool,
    /// What was said of the room that the client is entering, until the server tells who is there.
    entering: Option<String>,
    /// The room that was entered, whose history follows if it has one.
    entered: Option<String>,
    /// The room that was entered, until the server tells that the user keeps order there.
    unhinted: Option<String>,
    /// How often the user asked for the settings of a room.
    asked: Arc<AtomicUsize>,
}

impl Translator {
    /// One for a client that asked to be in several rooms, or did not. `asked` counts how often the
    /// user asks for the settings of a room.
    pub(super) fn new(is_many: bool, asked: Arc<AtomicUsize>) -> Self {
        Self {
            nick: String::new(),
            is_many,
            is_greeting: true,
            has_times: false,
            entering: None,
            entered: None,
            unhinted: None,
            asked,
        }
    }

    /// The lines for a message; none if it is no object that the client knows.
    pub(super) fn translate(&mut self, message: &str) -> Vec<Told> {
        let Ok(object) = serde_json::from_str::<Object>(message) else { return Vec::new() };
        if self.is_own_affair(&object) {
            return Vec::new();
        }
        let mut words = Words { lines: Vec::new(), is_many: self.is_many };
        self.tell(object, &mut words);
        words.lines
    }

    /// Learns from answers; returns whether the user did not ask for this one.
    fn is_own_affair(&mut self, object: &Object) -> bool {
        match object {
            Object::Notice { text, .. } if self.is_greeting && text == FIRST_ANSWER => {
                self.is_greeting = false;
                true
            }
            Object::Refused { .. } if self.is_many && self.is_greeting && !self.nick.is_empty() => {
                // An older server does not know the hello.
                self.is_many = false;
                true
            }
            Object::Notice { text, .. } if text == "time is on" || text == "time is off" => {
                self.has_times = text.ends_with("on");
                false
            }
            _ => false,
        }
    }

    fn tell(&mut self, object: Object, words: &mut Words) {
        match object {
            Object::Welcome { server, nick, room, .. } => {
                self.nick = nick;
                let who = &self.nick;
                self.entering = Some(format!("Welcome to chatd on {server}. You are {who}, "));
                self.enter(room);
            }
            Object::Joined { room, nick, .. } if nick == self.nick => {
                self.entering = Some("You are ".to_owned());
                self.enter(room);
            }
            Object::People { room, nicks, here } => self.tell_people(&room, &nicks, here, words),
            Object::Said(_) | Object::Emote(_) => {
                let (room, line) = speech(&object).unwrap_or_default();
                words.add(room, format!("{}{line}", self.clock(moment(&object))));
            }
            Object::Private { .. } => self.tell_private(object, words),
            Object::History { room, messages } => self.tell_history(&room, &messages, words),
            Object::Found { messages } => {
                for (object, (room, line)) in messages.iter().filter_map(|o| Some((o, speech(o)?)))
                {
                    words.add("", format!("{}{room} {line}", date_and_clock(moment(object))));
                }
                words.add("", "-- end of search".to_owned());
            }
            Object::Room(room) => self.tell_settings(&room, words),
            Object::Renamed { from, to, .. } if from == self.nick => {
                words.add("", format!("-- you are now {to}"));
                self.nick = to;
            }
            Object::Left { room, nick, .. } if nick == self.nick => {
                words.add(&room, format!("-- you left {room}"));
            }
            Object::Kicked { room, by, why } => {
                // First what clears the screen.
                if self.is_many {
                    words.add(&room, format!("-- you left {room}"));
                }
                let why = why.map_or_else(String::new, |why| format!(": {why}"));
                words.add("", format!("!! kicked from {room} by {by}{why}"));
            }
            other => words.add_event(other),
        }
    }

    fn enter(&mut self, room: String) {
        self.unhinted = Some(room.clone());
        self.entered = Some(room);
    }

    /// The people of a room that the client enters are a part of another notice.
    fn tell_people(&mut self, room: &str, nicks: &[String], here: usize, words: &mut Words) {
        let is_entered = self.entered.as_deref() == Some(room);
        if let Some(start) = self.entering.take_if(|_| is_entered) {
            words.add(room, format!("-- {start}{}.", self.location(room, nicks, here)));
            if start.starts_with("Welcome") {
                words.add(room, HINT.to_owned());
            }
            return;
        }
        let mut rows = nicks.chunks(NAMES_A_LINE).map(|names| names.join(", "));
        let first = rows.next().unwrap_or_default();
        words.add("", format!("-- {room} ({here} here): {first}"));
        rows.for_each(|row| words.add("", format!("--   {row}")));
    }

    /// A room and the people in it: `in dev with alice and bob (3 here)`.
    fn location(&self, room: &str, nicks: &[String], here: usize) -> String {
        let others: Vec<_> = nicks.iter().filter(|nick| **nick != self.nick).collect();
        let names = match others.as_slice() {
            [] if here <= 1 => return format!("alone in {room}"),
            others if others.len() + 1 != here || others.len() > MAX_NAMED => {
                format!("{} others", here.saturating_sub(1))
            }
            [one] => one.to_string(),
            [first @ .., last] => {
                let first: Vec<_> = first.iter().map(|name| name.as_str()).collect();
                format!("{} and {last}", first.join(", "))
            }
            [] => String::new(),
        };
        format!("in {room} with {names} ({here} here)")
    }

    fn tell_private(&self, object: Object, words: &mut Words) {
        let time = self.clock(moment(&object));
        let Object::Private { from, to, text, notice, .. } = object else { return };
        let line = match (from == self.nick, notice) {
            (true, _) => format!("[to {to}] {text}"),
            (_, true) => format!("-{from}- {text}"),
            _ => format!("[from {from}] {text}"),
        };
        words.add("", format!("{time}{line}"));
    }

    fn tell_history(&mut self, room: &str, messages: &[Object], words: &mut Words) {
        for object in messages {
            let line = match object {
                Object::Notice { text, .. } => text.clone(),
                _ => speech(object).map(|(_, line)| line).unwrap_or_default(),
            };
            words.add(room, format!("{}{line}", past(moment(object))));
        }
        // The answer to /history has a notice of its own.
        if self.entered.take_if(|entered| entered == room).is_some() {
            words.add(room, "-- end of history".to_owned());
        }
    }

    /// The settings are told on entering, too, and on each change, which has a notice of its own.
    fn tell_settings(&mut self, room: &Room, words: &mut Words) {
        let less = |asked: usize| asked.checked_sub(1);
        let keeps_order = room.you.as_deref() == Some("operator");
        let is_hint = |unhinted: &mut String| keeps_order && *unhinted == room.room;
        let is_first = self.unhinted.take_if(is_hint).is_some();
        if self.asked.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less).is_ok() {
            words.add(&room.room, format!("-- room {}: {}", room.room, room.order()));
            words.add(&room.room, format!("-- settings: {}", room.settings()));
        } else if is_first {
            let told = "-- you keep order here; /room shows the settings";
            words.add(&room.room, told.to_owned());
        }
    }

    /// The time before a line that is said now.
    fn clock(&self, at: i64) -> String {
        if self.has_times { local(at).strftime("[%H:%M] ").to_string() } else { String::new() }
    }
}

/// The lines so far.
struct Words {
    lines: Vec<Told>,
    is_many: bool,
}

impl Words {
    /// Adds a line about a room, or about none if that is empty.
    fn add(&mut self, room: &str, line: String) {
        let room = (self.is_many && !room.is_empty()).then(|| room.to_owned());
        self.lines.push(Told { room, line: Text::new(line) });
    }

    /// Adds what happened, in words that depend on nothing else.
    fn add_event(&mut self, object: Object) {
        let (room, line) = match object {
            Object::Joined { room, nick, here } => {
                (room, format!("-- {nick} joined ({here} here)"))
            }
            Object::Left { room, nick, here, reason } => {
                (room, format!("-- {nick} left: {reason} ({here} here)"))
            }
            Object::Renamed { room, from, to } => (room, format!("-- {from} is now {to}")),
            Object::Topic { room, nick: Some(nick), text: Some(text) } => {
                (room, format!("-- {nick} set the topic: {text}"))
            }
            Object::Topic { room, nick: Some(nick), text: None } => {
                (room, format!("-- {nick} cleared the topic"))
            }
            Object::Topic { room, nick: None, text: Some(text) } => {
                (room, format!("-- the topic is {text}"))
            }
            Object::Topic { room, nick: None, text: None } => {
                (room, "-- no topic is set".to_owned())
            }
            Object::Role { room, nick, role, on: true, by: Some(by) } => {
                (room, format!("-- {by} gave {nick} {role}"))
            }
            Object::Role { room, nick, role, on: false, by: Some(by) } => {
                (room, format!("-- {by} took {role} from {nick}"))
            }
            Object::Invited { room, by } => {
                (String::new(), format!("-- {by} invites you to {room}: /join {room}"))
            }
            Object::Notice { room, text, .. } => (room.unwrap_or_default(), format!("-- {text}")),
            Object::Refused { text, room } => (room.unwrap_or_default(), format!("!! {text}")),
            Object::Bye { text } => (String::new(), format!("-- {text}")),
            _ => return,
        };
        self.add(&room, line);
    }
}

/// The room and the words of what somebody said or did.
fn speech(object: &Object) -> Option<(&str, String)> {
    match object {
        Object::Said(Speech { room, nick, text, notice: true, .. }) => {
            Some((room, format!("-{nick}- {text}")))
        }
        Object::Said(Speech { room, nick, text, .. }) => Some((room, format!("<{nick}> {text}"))),
        Object::Emote(Speech { room, nick, text, .. }) => Some((room, format!("* {nick} {text}"))),
        _ => None,
    }
}

/// When it was said, in milliseconds since 1970.
fn moment(object: &Object) -> i64 {
    match object {
        Object::Said(said) | Object::Emote(said) => said.ts,
        Object::Private { ts, .. } => *ts,
        Object::Notice { ts, .. } => ts.unwrap_or_default(),
        _ => 0,
    }
}

/// The time before a line of a history, with the date unless it is today's.
fn past(at: i64) -> String {
    match local(at).date() == Timestamp::now().to_zoned(TimeZone::system()).date() {
        true => local(at).strftime("[%H:%M] ").to_string(),
        false => date_and_clock(at),
    }
}

fn date_and_clock(at: i64) -> String {
    local(at).strftime("[%Y-%m-%d %H:%M] ").to_string()
}

/// In the user's time zone.
fn local(at: i64) -> Zoned {
    let at = Timestamp::from_millisecond(at).unwrap_or(Timestamp::UNIX_EPOCH);
    at.to_zoned(TimeZone::system())
}

#[cfg(test)]
mod tests;
