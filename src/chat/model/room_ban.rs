//! `RoomBan`: who may not enter or speak in one room.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::moment::Moment;
use super::name::Nick;
use crate::text::{SourceMask, Text};

/// The target of a room's ban.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum RoomMask {
    /// Anybody with that nick, or one that looks like it.
    Name(Nick),
    /// Anybody whose `nick!user@host` matches.
    Source(SourceMask),
}

impl RoomMask {
    /// Parses a nick, or a mask, which has one of the characters `!`, `@`, `*` and `?`. `None` if
    /// it is neither, or too long.
    pub fn new(text: &str) -> Option<Self> {
        match text.contains(['!', '@', '*', '?']) {
            true => SourceMask::new(text).map(Self::Source),
            false => Nick::new(text).map(Self::Name),
        }
    }

    /// The same for a mask that is to be set. One that begins with a colon could not be told on IRC;
    /// those that are set already can be removed.
    pub fn to_set(text: &str) -> Option<Self> {
        Self::new(text).filter(|_| !text.starts_with(':'))
    }

    /// Whether both are the same, but for the case of letters and for look-alikes in nicks.
    pub fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Name(one), Self::Name(other)) => one.resembles(*other),
            (Self::Source(one), Self::Source(other)) => {
                one.as_str().eq_ignore_ascii_case(other.as_str())
            }
            _ => false,
        }
    }
}

impl fmt::Display for RoomMask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(nick) => nick.fmt(f),
            Self::Source(mask) => f.write_str(mask.as_str()),
        }
    }
}

impl From<RoomMask> for String {
    fn from(mask: RoomMask) -> Self {
        mask.to_string()
    }
}

impl TryFrom<String> for RoomMask {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::new(&text).ok_or("that can't be banned from a room")
    }
}

/// A ban of one room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomBan {
    /// The clients that it covers.
    pub mask: RoomMask,
    /// The account of the client that had the banned nick.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<Nick>,
    /// Who banned them.
    pub by: Nick,
    /// When.
    #[serde(default)]
    pub at: Moment,
    /// The reason, if one was given.
    pub reason: Option<Text>,
    /// The end; `None` for ever.
    pub until: Option<Moment>,
}

impl RoomBan {
    /// Whether it has not expired yet.
    pub fn is_in_force(&self, now: Moment) -> bool {
        self.until.is_none_or(|until| until.unix_ms > now.unix_ms)
    }

    /// Whether it covers a client with this nick, account and `nick!user@host`.
    pub fn covers(&self, nick: Nick, login: Option<Nick>, source: &str) -> bool {
        let is_named = match &self.mask {
            RoomMask::Name(name) => name.resembles(nick),
            RoomMask::Source(mask) => mask.matches(source),
        };
        is_named || (self.account.is_some() && self.account == login)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nick(text: &str) -> Nick {
        Nick::new(text).unwrap()
    }

    #[test]
    fn a_room_bans_a_nick_or_a_mask() {
        for (text, shown) in
            [("Bob", "Bob"), ("b0b!*@*", "b0b!*@*"), ("*.cloak", "*!*@*.cloak"), ("a@b", "*!a@b")]
        {
            assert_eq!(RoomMask::new(text).unwrap().to_string(), shown);
            let saved = serde_json::to_string(&RoomMask::new(text)).unwrap();
            assert_eq!(serde_json::from_str::<RoomMask>(&saved).unwrap().to_string(), shown);
        }
        for bad in ["", "192.0.2.1", "1st", &"x".repeat(17), &format!("{}*", "x".repeat(200))] {
            assert_eq!(RoomMask::new(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_ban_covers_look_alikes_the_account_and_what_matches() {
        let ban = |mask: &str, account: Option<&str>| RoomBan {
            at: Moment::default(),
            mask: RoomMask::new(mask).unwrap(),
            account: account.map(nick),
            by: nick("alice"),
            reason: None,
            until: None,
        };
        let covers = |ban: &RoomBan, name: &str, login: Option<&str>| {
            ban.covers(nick(name), login.map(nick), &format!("{name}!~text@x.cloak"))
        };
        assert!(covers(&ban("bob", None), "B0B", None) && !covers(&ban("bob", None), "rob", None));
        assert!(covers(&ban("bob", Some("bob")), "rob", Some("bob")));
        assert!(!covers(&ban("bob", None), "rob", Some("bob")));
        assert!(covers(&ban("*!*@X.*", None), "rob", None));
        assert!(!covers(&ban("*!*@y.*", None), "rob", None));
    }

    #[test]
    fn a_spelling_of_a_ban_means_it() {
        let mask = |text| RoomMask::new(text).unwrap();
        assert!(mask("B0B").is_like(&mask("bob")) && mask("A*").is_like(&mask("a*")));
        assert!(!mask("bob").is_like(&mask("bob*")) && !mask("b0b*").is_like(&mask("bob*")));
    }
}
