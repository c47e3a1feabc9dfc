//! What clients are told of the settings, roles and bans of a room.

use std::fmt;

use crate::chat::model::{Nick, RoomMask, RoomName, RoomRole, RoomSettings, Setting, SettingValue};

/// What somebody changed in a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RoomChange {
    /// A role of a member.
    Role {
        /// Whose.
        nick: Nick,
        /// Which.
        role: RoomRole,
        /// Whether it was given rather than taken.
        on: bool,
    },
    /// A setting, which has this value now.
    Setting(Setting, SettingValue),
    /// Somebody was invited.
    Invited(Nick),
    /// Somebody was banned.
    Banned(RoomMask),
    /// A ban was lifted.
    Unbanned(RoomMask),
    /// Whether the room is kept.
    Keep(bool),
    /// It is kept for another account.
    Owner(Nick),
}

/// A change and who made it, in words.
pub struct RoomChangeBy<'a>(pub Nick, pub &'a RoomChange);

impl fmt::Display for RoomChangeBy<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(by, change) = self;
        match change {
            RoomChange::Role { nick, role, on: true } => write!(f, "{by} gave {nick} {role}"),
            RoomChange::Role { nick, role, on: false } => write!(f, "{by} took {role} from {nick}"),
            RoomChange::Setting(setting, value) => {
                write!(f, "{by} set {} {value}", setting.row().name)
            }
            RoomChange::Invited(nick) => write!(f, "{by} invited {nick}"),
            RoomChange::Banned(mask) => write!(f, "{by} banned {mask} from this room"),
            RoomChange::Unbanned(mask) => write!(f, "{mask} may come again"),
            RoomChange::Keep(on) => write!(f, "{by} set keep {}", if *on { "on" } else { "off" }),
            RoomChange::Owner(nick) => write!(f, "{by} gave this room to {nick}"),
        }
    }
}

/// A room as one of its members sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomView {
    /// The room.
    pub room: RoomName,
    /// Its settings.
    pub settings: RoomSettings,
    /// Whether the reader may see the key.
    pub shows_key: bool,
    /// The account that it is kept for.
    pub owner: Option<Nick>,
    /// The members who are operators, in the order in which they entered.
    pub operators: Vec<Nick>,
    /// The members who have a voice.
    pub voices: Vec<Nick>,
    /// The role of the reader.
    pub you: Option<RoomRole>,
}

impl RoomView {
    /// Who keeps order in it, in words.
    pub fn order(&self) -> String {
        let names =
            |nicks: &[Nick]| nicks.iter().map(|nick| nick.as_str()).collect::<Vec<_>>().join(", ");
        let listed = |what: &str, nicks: &[Nick]| {
            (!nicks.is_empty()).then(|| format!("{what} {}", names(nicks)))
        };
        let owner = self.owner.map(|owner| format!("kept for {owner}"));
        let parts = [owner, listed("operators", &self.operators), listed("voices", &self.voices)];
        let parts: Vec<_> = parts.into_iter().flatten().collect();
        match parts.is_empty() {
            true if self.room == RoomName::lobby() => {
                "the server's operators keep order here".to_owned()
            }
            true => "nobody keeps order here".to_owned(),
            false => parts.join("; "),
        }
    }

    /// The settings, in words.
    pub fn settings(&self) -> String {
        let key = self.settings.key().filter(|_| self.shows_key);
        match key {
            Some(key) => {
                self.settings.to_string().replacen("key on", &format!("key {}", key.as_str()), 1)
            }
            None => self.settings.to_string(),
        }
    }
}
