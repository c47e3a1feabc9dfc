//! What is said to those in a room who have a role there.

use crate::chat::action::Manner;
use crate::chat::effect::Audience;
use crate::chat::message::Message;
use crate::chat::model::{ClientId, RoomId, RoomName, RoomRole};
use crate::chat::refusal::Refusal;
use crate::chat::relay::{Deed, SaidToRole};
use crate::chat::signal::Words;
use crate::chat::turn::view::Turn;

impl Turn<'_> {
    /// Says a line to the members of a room who have this role, or a higher one. It is not stored.
    pub(crate) fn say_to_role(
        &mut self,
        (room, role): (RoomName, RoomRole),
        manner: Manner,
        Words { text, tags }: Words,
    ) -> Result<(), Refusal> {
        let at = self.room_to_speak_to(room)?;
        self.begin_to_speak_in(at)?;
        let (irc, others) = self.members_in_role(at, role);
        let from = self.me().nick;
        for id in others {
            let text = text.clone();
            let message = Message::SaidToRole { room, role, from, manner, text };
            self.effects.tell(Audience::One(id), message);
        }
        let id = self.chat.line_ids.next();
        let said = SaidToRole { room, role, manner, text, tags, id };
        self.relay_to(irc, self.source(), Deed::SaidToRole(Box::new(said)));
        Ok(())
    }

    /// The members with this role, or a higher one, who hear the client; and the client itself if
    /// it is to be told its own lines. Those who speak IRC are apart from the others.
    pub(crate) fn members_in_role(
        &self,
        id: RoomId,
        role: RoomRole,
    ) -> (Vec<ClientId>, Vec<ClientId>) {
        let Some(room) = self.chat.rooms.get(id) else { return Default::default() };
        let me = self.me();
        let is_told = |id: &ClientId| {
            *id != self.me && room.roles_of(*id).reaches(role) && !me.ignored_by.contains(id)
        };
        let members = room.members.iter().copied().filter(is_told);
        let own = me.echo.then_some(self.me);
        members.chain(own).partition(|id| self.chat.clients[id].speaks_irc())
    }
}
