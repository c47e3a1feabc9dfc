//! The modes of a channel, which are a room's settings, roles and lists.

use super::modes::{ChannelChange, channel_changes};
use crate::chat::{
    MaskList, RoomChange, RoomKey, RoomMask, RoomRequest, RoomRole, RoomSettings, SETTINGS,
    Setting, SettingValue,
};
use crate::text::Text;

/// One thing that MODE asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ModeRequest {
    /// To change the room.
    Change(RoomRequest),
    /// To see the list with that letter.
    List(char),
    /// The mode lacks its parameter.
    NoParam(char),
    /// The mode does not take that parameter.
    BadParam(char, String),
    /// There is no such mode.
    Unknown(char),
}

/// The requests in the parameters of MODE after the channel.
pub(super) fn requests(params: &[String]) -> Vec<ModeRequest> {
    let request = |change| match change {
        ChannelChange::Change { on, letter, param } => change_of(on, letter, param),
        ChannelChange::List(letter) => ModeRequest::List(letter),
        ChannelChange::NoParam(letter) => ModeRequest::NoParam(letter),
        ChannelChange::Unknown(letter) => ModeRequest::Unknown(letter),
    };
    channel_changes(params).into_iter().map(request).collect()
}

fn change_of(on: bool, letter: char, param: Option<String>) -> ModeRequest {
    let word = param.unwrap_or_default();
    let request = match letter {
        'o' => Some(RoomRequest::Role(Text::new(&word), RoomRole::Operator, on)),
        'v' => Some(RoomRequest::Role(Text::new(&word), RoomRole::Voice, on)),
        'b' | 'e' | 'I' => {
            let mask = if on { RoomMask::to_set(&word) } else { RoomMask::new(&word) };
            mask.map(|mask| RoomRequest::Mask(list_of(letter), mask, on))
        }
        'k' if on => RoomKey::new(&word).map(|key| set(Setting::Key, SettingValue::Key(Some(key)))),
        'k' => Some(set(Setting::Key, SettingValue::Key(None))),
        'l' if on => Setting::Limit.parse(&word).map(|value| set(Setting::Limit, value)),
        'l' => Some(set(Setting::Limit, SettingValue::Number(None))),
        _ => Setting::of_letter(letter)
            .map(|setting| set(setting, SettingValue::Switch(on != setting.row().is_inverted))),
    };
    request.map_or(ModeRequest::BadParam(letter, word), ModeRequest::Change)
}

fn set(setting: Setting, value: SettingValue) -> RoomRequest {
    RoomRequest::Set(setting, value)
}

/// The list with that letter.
pub(super) fn list_of(letter: char) -> MaskList {
    match letter {
        'e' => MaskList::Exceptions,
        'I' => MaskList::Invited,
        _ => MaskList::Bans,
    }
}

/// The letter of a list.
pub(super) fn letter_of(list: MaskList) -> char {
    match list {
        MaskList::Bans => 'b',
        MaskList::Exceptions => 'e',
        MaskList::Invited => 'I',
    }
}

/// A mode: whether it is set, its letter and its parameter.
pub(super) type ModeChange = (bool, char, Option<String>);

/// A change as a mode; `None` for what is no mode.
pub(super) fn mode_of(change: &RoomChange) -> Option<ModeChange> {
    match change {
        RoomChange::Role { nick, role, on } => {
            let letter = if *role == RoomRole::Operator { 'o' } else { 'v' };
            Some((*on, letter, Some(nick.to_string())))
        }
        RoomChange::Banned(mask) => Some((true, 'b', Some(mask.to_string()))),
        RoomChange::Unbanned(mask) => Some((false, 'b', Some(mask.to_string()))),
        RoomChange::Setting(setting, value) => {
            let row = setting.row();
            let letter = row.letter?;
            Some(match value {
                SettingValue::Switch(on) => (*on != row.is_inverted, letter, None),
                SettingValue::Key(Some(key)) => (true, letter, Some(key.as_str().to_owned())),
                // Clients expect a parameter here, and nobody needs the old key.
                SettingValue::Key(None) => (false, letter, Some("*".to_owned())),
                SettingValue::Number(Some(number)) => (true, letter, Some(number.to_string())),
                SettingValue::Number(None) => (false, letter, None),
            })
        }
        RoomChange::Invited(_) | RoomChange::Keep(_) | RoomChange::Owner(_) => None,
    }
}

/// The modes of a room, and their parameters: the key only `with_key`.
pub(super) fn shown_settings(settings: &RoomSettings, with_key: bool) -> Vec<String> {
    let mut modes: Vec<(char, Option<String>)> = Vec::new();
    for row in SETTINGS {
        let change = RoomChange::Setting(row.setting, settings.get(row.setting));
        if let Some((true, letter, param)) = mode_of(&change) {
            let param =
                param.map(|param| if letter == 'k' && !with_key { "*".to_owned() } else { param });
            modes.push((letter, param));
        }
    }
    modes.sort_by_key(|(letter, _)| *letter);
    if modes.is_empty() {
        return vec!["+".to_owned()];
    }
    super::modes::shown(modes.iter().map(|(letter, param)| (true, *letter, param.as_deref())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Vec<ModeRequest> {
        requests(&line.split(' ').map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn modes_are_settings_roles_and_lists() {
        let switch = |setting, on| ModeRequest::Change(set(setting, SettingValue::Switch(on)));
        assert_eq!(
            parse("+i-n"),
            [switch(Setting::InviteOnly, true), switch(Setting::Outside, true)]
        );
        assert_eq!(parse("+C"), [switch(Setting::Ctcp, false)]);
        let voice = RoomRequest::Role(Text::new("bob"), RoomRole::Voice, false);
        assert_eq!(parse("-v bob"), [ModeRequest::Change(voice)]);
        assert_eq!(parse("b"), [ModeRequest::List('b')]);
        let colon = RoomMask::new(":x!*@*").unwrap();
        let lifted = RoomRequest::Mask(MaskList::Bans, colon, false);
        assert_eq!(parse("-b :x!*@*"), [ModeRequest::Change(lifted)]);
        assert_eq!(parse("+b :x!*@*"), [ModeRequest::BadParam('b', ":x!*@*".to_owned())]);
        assert_eq!(parse("+k a,b"), [ModeRequest::BadParam('k', "a,b".to_owned())]);
        assert_eq!(parse("+l 0"), [ModeRequest::BadParam('l', "0".to_owned())]);
        assert_eq!(parse("+lZ"), [ModeRequest::NoParam('l'), ModeRequest::Unknown('Z')]);
    }

    #[test]
    fn a_new_room_has_n_and_a_key_is_shown_to_members() {
        let mut settings = RoomSettings::default();
        assert_eq!(shown_settings(&settings, false), ["+n"]);
        settings.set(Setting::Outside, SettingValue::Switch(true));
        assert_eq!(shown_settings(&settings, false), ["+"]);
        settings.set(Setting::Key, SettingValue::Key(RoomKey::new("x")));
        settings.set(Setting::Limit, SettingValue::Number(Some(7)));
        settings.set(Setting::Outside, SettingValue::Switch(true));
        assert_eq!(shown_settings(&settings, true), ["+kl", "x", "7"]);
        assert_eq!(shown_settings(&settings, false), ["+kl", "*", "7"]);
    }
}
