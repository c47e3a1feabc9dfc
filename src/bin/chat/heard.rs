//! What a line of the server is: something that a person said, or a notice that the client
//! depends on.
//!
//! Notices contain words of people, such as topics. So a notice is taken for one of these only if
//! all of it has that form, from its first word on.

use std::ops::Range;

use chatd::text::is_like_a_name;

/// How somebody said something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// `<alice> hi`
    Said,
    /// `* alice waves`
    Done,
    /// `-alice- hi`, which clients do not answer by themselves
    Noticed,
    /// `[from alice] hi`
    From,
    /// `[to alice] hi`, which the user said
    To,
    /// `-- alice to operators of dev: hi`
    ToRole,
}

impl Form {
    /// Whether everybody in the room sees it.
    pub(crate) fn is_for_room(self) -> bool {
        matches!(self, Self::Said | Self::Done | Self::Noticed)
    }
}

/// The time before a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Time {
    /// `[14:02] `
    Clock,
    /// `[2026-11-22 14:02] `, which no line has that is said now
    Dated,
}

/// A line that a person said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Speech<'a> {
    pub(crate) time: Option<Time>,
    /// The room that it was found in, if this is a result of a search.
    pub(crate) room: Option<&'a str>,
    pub(crate) form: Form,
    /// Where the line has the name.
    pub(crate) name: Range<usize>,
    pub(crate) nick: &'a str,
    pub(crate) text: &'a str,
}

impl<'a> Speech<'a> {
    /// Reads a line; `None` if no person said it.
    pub(crate) fn of(line: &'a str) -> Option<Self> {
        Self::to_role(line).or_else(|| Self::to_all(line))
    }

    fn to_all(line: &'a str) -> Option<Self> {
        let (time, said) = split_time(line);
        let (room, said) = match said.split_once(' ') {
            Some((room, said)) if time == Some(Time::Dated) && is_room(room) => (Some(room), said),
            _ => (None, said),
        };
        let (form, before, after) = [
            (Form::Said, "<", "> "),
            (Form::Done, "* ", " "),
            (Form::From, "[from ", "] "),
            (Form::To, "[to ", "] "),
            (Form::Noticed, "-", "- "),
        ]
        .into_iter()
        .find(|(_, before, _)| said.starts_with(before))?;
        let (nick, text) = said[before.len()..].split_once(after)?;
        let start = line.len() - said.len() + before.len();
        let name = start..start + nick.len();
        is_like_a_name(nick).then_some(Self { time, room, form, name, nick, text })
    }
}

impl<'a> Speech<'a> {
    fn to_role(line: &'a str) -> Option<Self> {
        let (nick, rest) = line.strip_prefix("-- ")?.split_once(" to operators ")?;
        let rest = rest.strip_prefix("and voices ").unwrap_or(rest);
        let (room, text) = rest.strip_prefix("of ")?.split_once(": ")?;
        let name = "-- ".len().."-- ".len() + nick.len();
        let (time, form) = (None, Form::ToRole);
        let is_one = is_like_a_name(nick) && is_room(room);
        is_one.then_some(Self { time, room: None, form, name, nick, text })
    }
}

/// The time before a line, and the rest of it. No line of a person begins so.
fn split_time(line: &str) -> (Option<Time>, &str) {
    for (time, pattern) in [(Time::Clock, "[00:00] "), (Time::Dated, "[0000-00-00 00:00] ")] {
        if let Some((start, rest)) = line.split_at_checked(pattern.len())
            && start.bytes().zip(pattern.bytes()).all(|(byte, like)| match like {
                b'0' => byte.is_ascii_digit(),
                _ => byte == like,
            })
        {
            return (Some(time), rest);
        }
    }
    (None, line)
}

fn is_room(word: &str) -> bool {
    word.len() <= MAX_ROOM
        && word.starts_with(|c: char| c.is_ascii_lowercase())
        && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
}

const MAX_ROOM: usize = 32;

/// A notice that the client depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Notice<'a> {
    Welcome {
        nick: &'a str,
        room: &'a str,
    },
    Moved {
        room: &'a str,
    },
    /// The topic of the user's room; `None` if there is none.
    Topic {
        text: Option<&'a str>,
    },
    /// The user left one of several rooms.
    Parted {
        room: &'a str,
    },
    Renamed {
        nick: &'a str,
    },
    Joined {
        nick: &'a str,
    },
    Left {
        nick: &'a str,
    },
    /// Somebody else has another name.
    NowCalled {
        from: &'a str,
        to: &'a str,
    },
    LoggedIn {
        nick: &'a str,
    },
    PasswordChanged {
        nick: &'a str,
    },
    LoggedOut,
    /// Somebody logged in to this account from elsewhere.
    Replaced {
        nick: &'a str,
    },
    EndOfHistory,
    /// A setting of the connection is on or off.
    Set {
        setting: &'a str,
        on: bool,
    },
    Ignoring {
        nick: &'a str,
    },
    NotIgnoring {
        nick: &'a str,
    },
    Goodbye,
    /// The server is shutting down, or restarting, which ends connections over TLS.
    GoingDown,
    Pong,
}

impl<'a> Notice<'a> {
    /// Reads a line; `None` if it is none of these.
    pub(crate) fn of(line: &'a str) -> Option<Self> {
        let notice = line.strip_prefix("-- ")?;
        let exact = match notice {
            "pong" => Some(Self::Pong),
            "end of history" => Some(Self::EndOfHistory),
            "the server is going down" => Some(Self::GoingDown),
            "you are logged out" => Some(Self::LoggedOut),
            "no topic is set" => Some(Self::Topic { text: None }),
            _ => None,
        };
        exact.or_else(|| Self::begins_so(notice)).or_else(|| Self::of_somebody(notice))
    }

    fn begins_so(notice: &'a str) -> Option<Self> {
        let nick = |start| notice.strip_prefix(start).filter(|nick| is_like_a_name(nick));
        if notice.starts_with("Welcome to chatd on ") {
            let (nick, place) = notice.rsplit_once(". You are ")?.1.split_once(", ")?;
            let room = room_of(place)?;
            return is_like_a_name(nick).then_some(Self::Welcome { nick, room });
        }
        if let Some(place) = notice.strip_prefix("You are ") {
            return room_of(place).map(|room| Self::Moved { room });
        }
        if let Some(room) = notice.strip_prefix("you left ") {
            return is_room(room).then_some(Self::Parted { room });
        }
        if let Some(nick) = nick("you are now ") {
            return Some(Self::Renamed { nick });
        }
        if let Some(nick) = nick("you are logged in as ") {
            return Some(Self::LoggedIn { nick });
        }
        if let Some(nick) = nick("you are ignoring ") {
            return Some(Self::Ignoring { nick });
        }
        if let Some(nick) = nick("you no longer ignore ") {
            return Some(Self::NotIgnoring { nick });
        }
        if let Some(text) = notice.strip_prefix("the topic is ") {
            return Some(Self::Topic { text: Some(text) });
        }
        if let Some(changed) = notice.strip_prefix("the password of ") {
            let nick = changed.strip_suffix(" is changed").filter(|nick| is_like_a_name(nick))?;
            return Some(Self::PasswordChanged { nick });
        }
        if notice.starts_with("you are logged out: ") {
            return Some(Self::LoggedOut);
        }
        notice.starts_with("Bye.").then_some(Self::Goodbye)
    }

    /// What begins with somebody's name, or the name of a setting.
    fn of_somebody(notice: &'a str) -> Option<Self> {
        let (nick, rest) = notice.split_once(' ').filter(|(nick, _)| is_like_a_name(nick))?;
        match rest {
            "has logged in" => return Some(Self::Replaced { nick }),
            "is on" => return Some(Self::Set { setting: nick, on: true }),
            "is off" => return Some(Self::Set { setting: nick, on: false }),
            "cleared the topic" => return Some(Self::Topic { text: None }),
            _ => {}
        }
        if let Some(text) = rest.strip_prefix("set the topic: ") {
            return Some(Self::Topic { text: Some(text) });
        }
        if rest.starts_with("joined (") && rest.ends_with(" here)") {
            return Some(Self::Joined { nick });
        }
        if let Some(to) = rest.strip_prefix("is now ").filter(|to| is_like_a_name(to)) {
            return Some(Self::NowCalled { from: nick, to });
        }
        if rest.starts_with("left: ") && rest.ends_with(" here)") {
            return Some(Self::Left { nick });
        }
        let example = rest.strip_prefix("is yours now; next time: /login ")?;
        (example.strip_suffix(" PASSWORD") == Some(nick)).then_some(Self::LoggedIn { nick })
    }
}

/// The room in `alone in dev.` or `in dev with bob (2 here).`
fn room_of(place: &str) -> Option<&str> {
    let place = place.strip_suffix('.')?;
    let room = match place.strip_prefix("alone in ") {
        Some(room) => room,
        None => {
            place.strip_prefix("in ")?.split_once(" with ").filter(|_| place.ends_with(" here)"))?.0
        }
    };
    is_room(room).then_some(room)
}

#[cfg(test)]
mod tests;
