//! `Setting`: what the operators of a room can set, in one table, and `RoomSettings`, the values.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Longest key of a room, in bytes.
const MAX_KEY: usize = 23;
/// Most people that a limit can allow.
const MAX_LIMIT: u16 = 9999;
/// Longest pause in a slow room, in seconds.
const MAX_SLOW: u64 = 3600;

/// Something that can be set in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Setting {
    /// Only invited clients enter.
    InviteOnly,
    /// A client enters with a key.
    Key,
    /// The room is shown to nobody outside.
    Hidden,
    /// Only operators and voices speak.
    Moderated,
    /// Only operators set the topic.
    TopicLock,
    /// Only so many people enter.
    Limit,
    /// Clients that are not in the room may say a line to it.
    Outside,
    /// IRC's CTCP other than ACTION passes.
    Ctcp,
    /// Each client speaks once in so many seconds.
    Slow,
}

/// A row of the table.
#[derive(Debug)]
pub struct SettingRow {
    /// The setting.
    pub setting: Setting,
    /// Its name in `/room` and in `chatd.v1`.
    pub name: &'static str,
    /// How it is set.
    pub usage: &'static str,
    /// The letter of the channel mode on IRC, if it has one.
    pub letter: Option<char>,
    /// Whether the letter is set while the setting is off.
    pub is_inverted: bool,
    /// Whether the lobby has it.
    pub in_lobby: bool,
}

const fn row(
    setting: Setting,
    name: &'static str,
    usage: &'static str,
    letter: Option<char>,
) -> SettingRow {
    SettingRow { setting, name, usage, letter, is_inverted: false, in_lobby: false }
}

impl SettingRow {
    const fn inverted(self) -> Self {
        Self { is_inverted: true, ..self }
    }

    const fn also_in_lobby(self) -> Self {
        Self { in_lobby: true, ..self }
    }
}

/// All settings, in the order in which `/room` shows them.
pub const SETTINGS: &[SettingRow] = &[
    row(Setting::InviteOnly, "invite-only", "/room invite-only on|off", Some('i')),
    row(Setting::Key, "key", "/room key WORD|off", Some('k')),
    row(Setting::Hidden, "hidden", "/room hidden on|off", Some('s')),
    row(Setting::Moderated, "moderated", "/room moderated on|off", Some('m')).also_in_lobby(),
    row(Setting::TopicLock, "topic-lock", "/room topic-lock on|off", Some('t')).also_in_lobby(),
    row(Setting::Limit, "limit", "/room limit NUMBER|off", Some('l')),
    row(Setting::Outside, "outside", "/room outside on|off", Some('n')).inverted(),
    row(Setting::Ctcp, "ctcp", "/room ctcp on|off", Some('C')).inverted(),
    row(Setting::Slow, "slow", "/room slow SECONDS|off", None).also_in_lobby(),
];

impl Setting {
    /// Its row.
    pub fn row(self) -> &'static SettingRow {
        let row = SETTINGS.iter().find(|row| row.setting == self);
        row.expect("the table has a row for each setting")
    }

    /// The setting of that name, in any case.
    pub fn named(name: &str) -> Option<Self> {
        let row = SETTINGS.iter().find(|row| row.name.eq_ignore_ascii_case(name));
        row.map(|row| row.setting)
    }

    /// The setting of that IRC mode.
    pub fn of_letter(letter: char) -> Option<Self> {
        let row = SETTINGS.iter().find(|row| row.letter == Some(letter));
        row.map(|row| row.setting)
    }

    /// The value that was typed for it; `None` if it does not take that.
    pub fn parse(self, word: &str) -> Option<SettingValue> {
        let off = word.eq_ignore_ascii_case("off");
        match self {
            Self::Key if off => Some(SettingValue::Key(None)),
            Self::Key => RoomKey::new(word).map(|key| SettingValue::Key(Some(key))),
            Self::Limit | Self::Slow if off => Some(SettingValue::Number(None)),
            Self::Limit => number(word, 1, u64::from(MAX_LIMIT)),
            // `/slow 0` turned it off before there were settings.
            Self::Slow if word == "0" => Some(SettingValue::Number(None)),
            Self::Slow => number(word, 1, MAX_SLOW),
            _ if off => Some(SettingValue::Switch(false)),
            _ => word.eq_ignore_ascii_case("on").then_some(SettingValue::Switch(true)),
        }
    }
}

fn number(word: &str, least: u64, most: u64) -> Option<SettingValue> {
    let number = word.parse().ok().filter(|number| (least..=most).contains(number))?;
    Some(SettingValue::Number(Some(number)))
}

/// The value of a setting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SettingValue {
    /// On or off.
    Switch(bool),
    /// A key; `None` is off.
    Key(Option<RoomKey>),
    /// A limit, or seconds; `None` is off.
    Number(Option<u64>),
}

/// As everybody may see it: a key is only "on".
impl fmt::Display for SettingValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Switch(true) | Self::Key(Some(_)) => f.write_str("on"),
            Self::Number(Some(number)) => number.fmt(f),
            Self::Switch(false) | Self::Key(None) | Self::Number(None) => f.write_str("off"),
        }
    }
}

/// The key of a room: 1 to 23 printable ASCII characters, without a blank or comma, the first of
/// which is no colon.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RoomKey(String);

impl RoomKey {
    /// The only constructor; `None` if `text` is no key. "off" is none: it turns the key off.
    pub fn new(text: &str) -> Option<Self> {
        let is_valid = (1..=MAX_KEY).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b',')
            && !text.starts_with(':')
            && !text.eq_ignore_ascii_case("off");
        is_valid.then(|| Self(text.to_owned()))
    }

    /// The key itself, for operators of the room.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A key is never in a log.
impl fmt::Debug for RoomKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RoomKey(..)")
    }
}

impl TryFrom<String> for RoomKey {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::new(&text).ok_or("that can't be a key")
    }
}

impl From<RoomKey> for String {
    fn from(key: RoomKey) -> Self {
        key.0
    }
}

/// The values of all settings of one room.
///
/// Those that are as in a new room are not written, but for the pause, which rooms had before there
/// were settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct RoomSettings {
    slow: Option<Duration>,
    #[serde(skip_serializing_if = "is_off")]
    invite_only: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<RoomKey>,
    #[serde(skip_serializing_if = "is_off")]
    hidden: bool,
    #[serde(skip_serializing_if = "is_off")]
    moderated: bool,
    #[serde(skip_serializing_if = "is_off")]
    topic_lock: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<u16>,
    #[serde(skip_serializing_if = "is_off")]
    outside: bool,
    #[serde(skip_serializing_if = "is_on")]
    ctcp: bool,
}

fn is_off(on: &bool) -> bool {
    !on
}

fn is_on(on: &bool) -> bool {
    *on
}

impl Default for RoomSettings {
    fn default() -> Self {
        Self {
            invite_only: false,
            key: None,
            hidden: false,
            moderated: false,
            topic_lock: false,
            limit: None,
            outside: false,
            ctcp: true,
            slow: None,
        }
    }
}

impl RoomSettings {
    /// Takes over what makes a room private.
    pub(crate) fn close_as(&mut self, other: &Self) {
        self.invite_only |= other.invite_only;
        self.hidden |= other.hidden;
        self.key = self.key.take().or_else(|| other.key.clone());
    }

    /// Whether all have the values of a new room.
    pub fn are_default(&self) -> bool {
        *self == Self::default()
    }

    /// Whether the room shows nothing of itself to clients outside.
    pub fn are_private(&self) -> bool {
        self.invite_only || self.key.is_some() || self.hidden
    }

    /// The key, for those who may see it.
    pub fn key(&self) -> Option<&RoomKey> {
        self.key.as_ref()
    }

    /// Most people in the room.
    pub fn limit(&self) -> Option<usize> {
        self.limit.map(usize::from)
    }

    /// The pause between two lines of one client.
    pub fn slow(&self) -> Option<Duration> {
        self.slow
    }

    /// Whether only operators and voices speak.
    pub fn are_moderated(&self) -> bool {
        self.moderated
    }

    /// Whether only invited clients enter.
    pub fn are_invite_only(&self) -> bool {
        self.invite_only
    }

    /// Whether the room is shown to nobody outside.
    pub fn are_hidden(&self) -> bool {
        self.hidden
    }

    /// Whether only operators set the topic.
    pub fn lock_topic(&self) -> bool {
        self.topic_lock
    }

    /// Whether IRC's CTCP other than ACTION passes.
    pub fn take_ctcp(&self) -> bool {
        self.ctcp
    }

    /// Whether clients that are not in the room may say a line to it.
    pub fn take_outside_lines(&self) -> bool {
        self.outside
    }

    /// The value of a setting.
    pub fn get(&self, setting: Setting) -> SettingValue {
        match setting {
            Setting::InviteOnly => SettingValue::Switch(self.invite_only),
            Setting::Key => SettingValue::Key(self.key.clone()),
            Setting::Hidden => SettingValue::Switch(self.hidden),
            Setting::Moderated => SettingValue::Switch(self.moderated),
            Setting::TopicLock => SettingValue::Switch(self.topic_lock),
            Setting::Limit => SettingValue::Number(self.limit.map(u64::from)),
            Setting::Outside => SettingValue::Switch(self.outside),
            Setting::Ctcp => SettingValue::Switch(self.ctcp),
            Setting::Slow => SettingValue::Number(self.slow.map(|slow| slow.as_secs())),
        }
    }

    /// Changes a setting; returns false if it has that value already, or takes none of that kind.
    pub fn set(&mut self, setting: Setting, value: SettingValue) -> bool {
        let before = self.clone();
        let small = |number: Option<u64>| number.and_then(|number| u16::try_from(number).ok());
        match (setting, value) {
            (Setting::InviteOnly, SettingValue::Switch(on)) => self.invite_only = on,
            (Setting::Key, SettingValue::Key(key)) => self.key = key,
            (Setting::Hidden, SettingValue::Switch(on)) => self.hidden = on,
            (Setting::Moderated, SettingValue::Switch(on)) => self.moderated = on,
            (Setting::TopicLock, SettingValue::Switch(on)) => self.topic_lock = on,
            (Setting::Limit, SettingValue::Number(number)) => self.limit = small(number),
            (Setting::Outside, SettingValue::Switch(on)) => self.outside = on,
            (Setting::Ctcp, SettingValue::Switch(on)) => self.ctcp = on,
            (Setting::Slow, SettingValue::Number(seconds)) => {
                self.slow = seconds.map(Duration::from_secs);
            }
            _ => {}
        }
        *self != before
    }
}

/// All of them in a line, as `/room` shows them to everybody.
impl fmt::Display for RoomSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, row) in SETTINGS.iter().enumerate() {
            let comma = if number > 0 { ", " } else { "" };
            write!(f, "{comma}{} {}", row.name, self.get(row.setting))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
