//! Up to when a client has read what was said.

use crate::chat::action::Recipient;
use crate::chat::model::{ClientId, Moment, Nick, RoomName};
use crate::chat::refusal::Refusal;
use crate::chat::relay::Deed;
use crate::chat::state::{Chat, Markers, ReadTarget};
use crate::text::Text;

use super::view::Turn;

impl Chat {
    /// Up to when a client has read what was said in a room, if it has said so.
    pub fn read_until(&self, client: ClientId, room: RoomName) -> Option<Moment> {
        self.markers_of(client)?.get(&ReadTarget::Room(room))
    }

    fn markers_of(&self, client: ClientId) -> Option<&Markers> {
        let client = self.clients.get(&client)?;
        match client.login {
            Some(login) => self.markers.get(&login),
            None => Some(&client.markers),
        }
    }

    /// Forgets the markers of accounts that are gone.
    pub(crate) fn end_markers_of_nobody(&mut self) {
        let Self { markers, registry, .. } = self;
        markers.retain(|nick, _| registry.account(*nick).is_some_and(|own| own.nick == *nick));
    }
}

impl Turn<'_> {
    /// Notes up to when the client has read what was said there, and tells all clients of its
    /// account; or tells the client what is noted.
    pub(crate) fn mark_read(
        &mut self,
        place: &Recipient,
        at: Option<Moment>,
    ) -> Result<(), Refusal> {
        let (target, shown) = match place {
            Recipient::Room(room) | Recipient::Role(room, _) => {
                (ReadTarget::Room(*room), Text::new(format!("#{room}")))
            }
            Recipient::Nick(name) => {
                let nick = Nick::new(name.as_str()).ok_or(Refusal::Nobody(name.clone()))?;
                (ReadTarget::Nick(nick), name.clone())
            }
        };
        let login = self.me().login;
        let is_new = at.is_some_and(|at| match login {
            Some(login) => self.chat.markers.entry(login).or_default().set(target, at),
            None => self.me_mut().markers.set(target, at),
        });
        let noted = self.chat.markers_of(self.me).and_then(|markers| markers.get(&target));
        let is_told = |id: &ClientId| *id == self.me || (is_new && login.is_some());
        let mut readers = match login {
            Some(_) => self.chat.clients_who(|client| client.login == login && client.speaks_irc()),
            None => vec![self.me],
        };
        readers.retain(is_told);
        self.relay_to(readers, self.source(), Deed::Read(shown, noted));
        Ok(())
    }
}
