//! The settings and roles of a room in `chatd.v1`.

use serde::{Serialize, Serializer};

use crate::chat::{Nick, RoomRole, RoomView, SETTINGS, SettingValue};

/// A room as one of its members sees it.
#[derive(Serialize)]
pub(super) struct JsonRoom<'a> {
    room: &'a str,
    settings: JsonSettings<'a>,
    owner: Option<&'a str>,
    operators: Vec<&'a str>,
    voices: Vec<&'a str>,
    you: Option<RoomRole>,
}

/// `view` in the form of the protocol.
pub(super) fn room(view: &RoomView) -> JsonRoom<'_> {
    JsonRoom {
        room: view.room.as_str(),
        settings: JsonSettings(view),
        owner: view.owner.as_ref().map(Nick::as_str),
        operators: view.operators.iter().map(Nick::as_str).collect(),
        voices: view.voices.iter().map(Nick::as_str).collect(),
        you: view.you,
    }
}

/// The settings, each under its name.
struct JsonSettings<'a>(&'a RoomView);

#[derive(Serialize)]
#[serde(untagged)]
enum JsonValue<'a> {
    Switch(bool),
    Number(u64),
    Word(&'a str),
}

impl Serialize for JsonSettings<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let RoomView { settings, shows_key, .. } = self.0;
        let key = settings.key().filter(|_| *shows_key);
        serializer.collect_map(SETTINGS.iter().map(|row| {
            let value = match settings.get(row.setting) {
                SettingValue::Switch(on) => JsonValue::Switch(on),
                SettingValue::Number(Some(number)) => JsonValue::Number(number),
                SettingValue::Number(None) | SettingValue::Key(None) => JsonValue::Switch(false),
                SettingValue::Key(Some(_)) => {
                    key.map_or(JsonValue::Switch(true), |key| JsonValue::Word(key.as_str()))
                }
            };
            (row.name, value)
        }))
    }
}
