//! What a client does, told to those who are told who everybody is.

use std::sync::Arc;

use super::view::Turn;
use crate::chat::effect::{Audience, Effect};
use crate::chat::message::{Away, Message};
use crate::chat::model::{Account, ClientId, CloakSecret, RoomId};
use crate::chat::relay::{Deed, Past, Relay, Source};
use crate::chat::state::{Chat, Client};

/// Most people of the past that are remembered.
const MAX_PAST: usize = 256;

impl Chat {
    /// Makes cloaks with this secret from now on, unless the chat has one.
    pub fn set_cloak_secret(&mut self, secret: CloakSecret) {
        if self.cloak_secret.is_unset() {
            self.cloak_secret = secret;
            self.clients.values_mut().for_each(|client| drop(client.source.take()));
        }
    }

    /// Who was called so lately, the last first.
    pub fn whowas<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Past> {
        let is_called = |past: &&Past| past.who.nick.as_str().eq_ignore_ascii_case(name);
        self.past.iter().rev().filter(is_called)
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

    /// Tells the wires that show it that the client is in the chat now.
    pub(crate) fn appear(&mut self) {
        if self.chat.irc > 0 {
            let nick = self.me().nick;
            self.effects.push(Effect::Seen(nick, true));
        }
    }

    /// The same that nobody is who the client was.
    pub(crate) fn vanish(&mut self, who: Arc<Source>) {
        if self.chat.irc > 0 {
            self.effects.push(Effect::Seen(who.nick, false));
            self.chat.past.push_back(Past { who, until: self.now.moment });
            if self.chat.past.len() > MAX_PAST {
                self.chat.past.pop_front();
            }
        }
    }

    pub(crate) fn relay(&self, by: Arc<Source>, deed: Deed) -> Message {
        Message::Relay(Arc::new(Relay { by, at: self.now.moment, deed }))
    }

    /// Tells the IRC clients in a room what the client did there.
    pub(crate) fn relay_to_room(&mut self, room: RoomId, deed: Deed) {
        if self.chat.rooms.get(room).is_some_and(|room| room.irc > 0) {
            let message = self.relay(self.source(), deed);
            self.effects.tell_room(room, [], message);
        }
    }

    /// Tells the other IRC clients in a room that the client, which has just come, is away.
    pub(crate) fn relay_away_to(&mut self, room: RoomId) {
        let Some(Away(words)) = self.me().away.clone() else { return };
        let members = self.chat.members(room).iter().copied();
        let reads = |id: &ClientId| *id != self.me && self.chat.clients[id].speaks_irc();
        let readers = members.filter(reads).collect();
        self.relay_to(readers, self.source(), Deed::Away(Some(words.unwrap_or_default())));
    }

    /// Tells the client itself what it did.
    pub(crate) fn relay_to_me(&mut self, deed: Deed) {
        let message = self.relay(self.source(), deed);
        self.tell(message);
    }

    /// Tells the client of somebody else's deed.
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

    /// Logs the client in to that account, and tells who it is now.
    pub(crate) fn log_in(&mut self, account: &Account) {
        let before = self.source();
        self.me_mut().log_in(account);
        if before.account != self.me().login {
            if self.me().speaks_irc() {
                self.tell(Message::LoggedIn(self.source()));
            }
            self.tell_account(before);
        }
    }

    /// Logs the client out, and tells who it is now.
    pub(crate) fn log_out(&mut self) {
        let before = self.source();
        self.me_mut().log_out();
        if before.account.is_some() {
            self.tell_account(before);
        }
    }

    fn tell_account(&mut self, before: Arc<Source>) {
        let now = self.source();
        if !self.me().announced {
            if self.me().speaks_irc() {
                self.relay_to_me(Deed::Account(now.account));
            }
            return;
        }
        self.relay_to_all(before.clone(), Deed::Account(now.account));
        if before.host != now.host {
            let host = Deed::Host(now.user.clone(), now.host.clone());
            self.relay_to_all(before, host);
        }
    }

    /// Tells some IRC clients what `by` did.
    pub(crate) fn relay_to(&mut self, readers: Vec<ClientId>, by: Arc<Source>, deed: Deed) {
        // Also with no reader here: others may watch for the client.
        if self.chat.irc > 0 {
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
