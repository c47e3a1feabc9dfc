//! The topic of a room.

use crate::chat::effect::Effect;
use crate::chat::message::Message;
use crate::chat::model::RoomId;
use crate::chat::relay::Deed;
use crate::chat::state::Chat;
use crate::chat::turn::view::Turn;
use crate::text::Text;

impl Turn<'_> {
    /// Changes the topic of a room, or clears it, and tells the room.
    pub(crate) fn change_topic(&mut self, id: RoomId, text: Option<Text>) {
        let me = self.me;
        let is_noted = self.chat.has_room_roles() && text.is_some();
        let set = is_noted.then(|| (self.me().nick, self.now.moment));
        let Chat { clients, rooms, .. } = &mut *self.chat;
        let setter = &clients[&me];
        let Some(room) = rooms.get_mut(id) else { return };
        let (name, is_private) = (room.name, room.is_private());
        room.topic = text.clone();
        room.topic_by = text.is_some().then_some(me);
        room.topic_set = set;
        room.is_topic_private = is_private && text.is_some();
        let ignorers = setter.ignored_by.iter().copied().filter(|_| text.is_some());
        let nick = setter.nick;
        if is_private && room.kept.is_some() && text.is_some() {
            self.effects.push(Effect::RecordTopic(name, text.clone()));
        }
        let message = Message::TopicSet { room: name, nick, text: text.clone(), is_private };
        self.effects.tell_room(id, ignorers, message);
        self.relay_to_room(id, Deed::Topic(name, text));
    }

    /// Clears a topic that was set in private, once the room is open.
    pub(crate) fn end_private_topic(&mut self, id: RoomId) {
        let Some(room) = self.chat.rooms.get(id) else { return };
        if room.is_topic_private && !room.is_private() && room.topic.is_some() {
            self.change_topic(id, None);
        }
    }
}
