//! What a client does, told to those who are told who everybody is.

use std::sync::Arc;

use super::view::Turn;
use crate::chat::effect::Audience;
use crate::chat::message::Message;
use crate::chat::model::{ClientId, CloakSecret, RoomId};
use crate::chat::relay::{Deed, Relay, Source};
use crate::chat::state::{Chat, Client};

impl Chat {
    /// Makes cloaks with this secret from now on, unless the chat has one.
    pub fn set_cloak_secret(&mut self, secret: CloakSecret) {
        if self.cloak_secret.is_unset() {
            self.cloak_secret = secret;
            self.clients.values_mut().for_each(|client| drop(client.source.take()));
        }
    }

    /// Who a connected client is.
    pub fn source(&self, client: ClientId) -> Option<Arc<Source>> {
        self.clients.get(&client).map(|client| self.source_of(client))
    }

    /// Who the client is.
    pub(crate) fn source_of(&self, client: &Client) -> Arc<Source> {
        client.source(&self.cloak_secret)
    }
}

impl Turn<'_> {
    /// Who the client is.
    pub(crate) fn source(&self) -> Arc<Source> {
        self.chat.source_of(self.me())
    }

    fn relay(&self, by: Arc<Source>, deed: Deed) -> Message {
        Message::Relay(Arc::new(Relay { by, at: self.now.moment, deed }))
    }

    /// Tells the IRC clients in a room what the client did there.
    pub(crate) fn relay_to_room(&mut self, room: RoomId, deed: Deed) {
        if self.chat.rooms.get(room).is_some_and(|room| room.irc > 0) {
            let message = self.relay(self.source(), deed);
            self.effects.tell_room(room, [], message);
        }
    }

    /// Tells the client itself what it did.
    pub(crate) fn relay_to_me(&mut self, deed: Deed) {
        let message = self.relay(self.source(), deed);
        self.tell(message);
    }

    /// Tells the client what somebody else is.
    pub(crate) fn relay_of(&mut self, other: ClientId, deed: Deed) {
        if let Some(by) = self.chat.source(other) {
            let message = self.relay(by, deed);
            self.effects.tell(Audience::One(self.me), message);
        }
    }

    /// Tells the IRC clients that share a room with the client, and the client itself, once each,
    /// what it did; `by` is who it was before.
    pub(crate) fn relay_to_all(&mut self, by: Arc<Source>, deed: Deed) {
        let mut readers = self.irc_around();
        if self.me().speaks_irc() && !readers.contains(&self.me) {
            readers.push(self.me);
        }
        self.relay_to(readers, by, deed);
    }

    /// The same without the client itself.
    pub(crate) fn relay_to_others(&mut self, deed: Deed) {
        let mut readers = self.irc_around();
        readers.retain(|id| *id != self.me);
        self.relay_to(readers, self.source(), deed);
    }

    fn relay_to(&mut self, readers: Vec<ClientId>, by: Arc<Source>, deed: Deed) {
        if !readers.is_empty() {
            let message = self.relay(by, deed);
            self.effects.tell_each(readers, message);
        }
    }

    /// The IRC clients in the rooms of the client, once each, by id.
    fn irc_around(&self) -> Vec<ClientId> {
        let chat = &self.chat;
        let rooms = self.me().rooms.iter().filter_map(|room| chat.rooms.get(*room));
        let members = rooms.filter(|room| room.irc > 0).flat_map(|room| &room.members);
        let mut readers: Vec<_> =
            members.copied().filter(|id| chat.clients[id].speaks_irc()).collect();
        readers.sort_unstable();
        readers.dedup();
        readers
    }
}
