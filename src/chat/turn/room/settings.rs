//! Changing settings.

use crate::chat::message::RoomChange;
use crate::chat::model::{RoomId, Setting, SettingValue};
use crate::chat::refusal::{Refusal, RoomRefusal};
use crate::chat::turn::view::Turn;

impl Turn<'_> {
    /// Changes a setting of the room, and tells the room.
    pub(crate) fn set_setting(
        &mut self,
        setting: Setting,
        value: SettingValue,
    ) -> Result<(), Refusal> {
        self.needs_order()?;
        let (id, room) = self.room()?;
        if id == RoomId::LOBBY && !setting.row().in_lobby {
            return Err(RoomRefusal::NotInLobby.into());
        }
        if room.settings.get(setting) == value {
            return Err(RoomRefusal::SetAlready(setting, value).into());
        }
        self.may_act()?;
        self.apply_setting(id, setting, value.clone());
        self.log_in_room(id, format_args!("set {} {value}", setting.row().name));
        self.tell_change(id, RoomChange::Setting(setting, value));
        self.end_private_topic(id);
        self.note_change(id);
        Ok(())
    }

    /// Changes a setting without telling anybody.
    pub(crate) fn apply_setting(&mut self, id: RoomId, setting: Setting, value: SettingValue) {
        let Some(room) = self.chat.rooms.get_mut(id) else { return };
        room.settings.set(setting, value);
        if room.settings.slow().is_none() {
            room.pace.clear();
        }
    }
}
