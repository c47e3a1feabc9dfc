//! Coming and going: connecting, being announced, changing rooms, leaving.

use super::client::{Client, ClientId};
use super::effect::{Audience, Effect, Effects};
use super::message::{Message, Others, Reason};
use super::nick::Nick;
use super::refusal::Refusal;
use super::room::{RoomId, RoomName};
use super::turn::Turn;
use super::{Chat, Now};
use crate::address::Address;

/// People in a room above which joins and leaves are told in digests: notices to N people for
/// each of N joins would be N².
const CROWD: usize = 50;
/// Others whom a welcome names.
const MAX_NAMED: usize = 10;

impl Chat {
    /// Lets a client in, under a name of our choice, and welcomes it.
    pub(super) fn connect(
        &mut self,
        now: Now,
        id: ClientId,
        address: Address,
        effects: &mut Effects,
    ) {
        let nick = self.nicks.take_guest(id);
        self.clients.insert(id, Client::new(nick, address, now.uptime));
        let mut turn = Turn { chat: self, now, me: id, effects };
        let (room, others) = turn.enter(RoomId::LOBBY);
        let (server, motd) = (turn.chat.settings.name.clone(), turn.chat.settings.motd.clone());
        turn.tell(Message::Welcome { server, nick, room, others, motd });
        turn.show_room();
    }

    /// Tells a room how many came and went.
    pub(super) fn tell_digest(&mut self, id: RoomId, effects: &mut Effects) {
        let Some(room) = self.rooms.get_mut(id) else { return };
        let (joined, left) = (std::mem::take(&mut room.joined), std::mem::take(&mut room.left));
        let room = room.name;
        self.tell_presence(id, None, effects, |here| Message::Digest { room, joined, left, here });
    }

    /// Tells a room of somebody coming or going, but not `subject`, and not those who want quiet.
    ///
    /// Who was not announced yet does not count for others, but does for itself.
    fn tell_presence(
        &self,
        id: RoomId,
        subject: Option<ClientId>,
        effects: &mut Effects,
        message: impl Fn(usize) -> Message,
    ) {
        let Some(room) = self.rooms.get(id) else { return };
        let unannounced = |id: &ClientId| !self.clients[id].announced;
        let deaf = |id: &ClientId| Some(*id) == subject || self.clients[id].quiet;
        let members = room.members.iter().copied();
        let except = members.clone().filter(|member| deaf(member) || unannounced(member));
        effects.tell_room(id, except, message(room.announced));
        for member in members.filter(|member| unannounced(member) && !deaf(member)) {
            effects.tell(Audience::One(member), message(room.announced + 1));
        }
    }
}

impl Turn<'_> {
    /// Tells the room of the client, if nobody did yet.
    pub(super) fn announce(&mut self) {
        if self.me().announced {
            return;
        }
        self.me_mut().announced = true;
        for room in self.me().rooms.clone() {
            self.tell_joined(room);
        }
    }

    /// Goes to another room.
    pub(super) fn go_to(&mut self, name: RoomName) -> Result<(), Refusal> {
        let (old, room) = self.room();
        if room.name == name {
            return Err(Refusal::AlreadyIn(name));
        }
        // Entered first, the new room cannot be forgotten to make room for the old.
        let new = self.chat.rooms.open(name);
        let (room, others) = self.enter(new);
        self.leave(old, Reason::Moved(name));
        self.tell(Message::Moved { room, others });
        self.show_room();
        if self.me().announced {
            self.tell_joined(new)
        } else {
            self.announce()
        }
        Ok(())
    }

    /// Takes a new name, and says so to those who know the old one.
    pub(super) fn rename(&mut self, wish: &str) -> Result<(), Refusal> {
        let (me, old) = (self.me, (self.me().nick, self.me().address));
        let nick = self.chat.nicks.rename(self.now.uptime, me, old, wish)?;
        self.me_mut().nick = nick;
        let (from, to) = (old.0, nick);
        let (_, room) = self.room();
        self.tell(Message::RenamedYou { room: room.name, from, to });
        if self.me().announced && from != to {
            self.me().rooms.clone().into_iter().for_each(|room| self.tell_renamed(room, from));
        }
        Ok(())
    }

    /// Leaves the chat.
    pub(super) fn depart(&mut self, reason: Reason) {
        for room in self.me().rooms.clone() {
            self.leave(room, reason.clone());
        }
        let Some(client) = self.chat.clients.remove(&self.me) else { return };
        self.chat.nicks.leave(self.now.uptime, client.nick, client.address);
        for other in client.ignores {
            if let Some(ignored) = self.chat.clients.get_mut(&other) {
                ignored.ignored_by.retain(|&by| by != self.me);
            }
        }
        self.effects.push(Effect::Departed(self.me, client.nick, reason));
    }

    /// Becomes a member of a room, without a word to it, and sees who is there.
    fn enter(&mut self, id: RoomId) -> (RoomName, Others) {
        let others = self.others(id);
        self.chat.rooms.enter(id, self.me);
        self.me_mut().rooms.push(id);
        self.effects.push(Effect::Entered(self.me, id));
        (self.room().1.name, others)
    }

    /// Ends the membership in a room, and tells it so if it knew.
    fn leave(&mut self, id: RoomId, reason: Reason) {
        let nick = self.me().nick;
        self.me_mut().rooms.retain(|&room| room != id);
        self.effects.push(Effect::Left(self.me, id));
        let announced = self.me().announced;
        self.chat.rooms.leave(self.now.uptime, id, self.me);
        let Some(room) = self.chat.rooms.get_mut(id).filter(|_| announced) else { return };
        let crowded = room.announced > CROWD;
        room.announced -= 1;
        let name = room.name;
        if crowded {
            room.left += 1;
            self.chat.rooms.want_digest(self.now.uptime, id);
        } else {
            self.chat.tell_presence(id, None, self.effects, |here| {
                let reason = reason.clone();
                Message::Left { room: name, nick, reason, here }
            });
        }
    }

    /// Tells a room that the client, already a member, joined.
    fn tell_joined(&mut self, id: RoomId) {
        let (me, nick) = (self.me, self.me().nick);
        let Some(room) = self.chat.rooms.get_mut(id) else { return };
        room.announced += 1;
        let name = room.name;
        if room.announced > CROWD {
            room.joined += 1;
            self.chat.rooms.want_digest(self.now.uptime, id);
        } else {
            self.chat.tell_presence(id, Some(me), self.effects, |here| Message::Joined {
                room: name,
                nick,
                here,
            });
        }
    }

    fn tell_renamed(&mut self, id: RoomId, from: Nick) {
        let to = self.me().nick;
        if let Some(room) = self.chat.rooms.get(id)
            && room.announced <= CROWD
        {
            let message = Message::Renamed { room: room.name, from, to };
            self.effects.tell_room(id, Some(self.me), message);
        }
    }

    /// The announced people in a room besides the client.
    fn others(&self, id: RoomId) -> Others {
        let members = self.chat.members(id).iter().filter(|&&member| member != self.me);
        let clients = members.map(|member| &self.chat.clients[member]);
        let mut names: Vec<_> =
            clients.filter(|client| client.announced).map(|client| client.nick).collect();
        let count = names.len();
        if count > MAX_NAMED {
            names.clear();
        }
        Others { count, names }
    }

    /// Shows what there is to know of a room that the client entered.
    fn show_room(&mut self) {
        let (_, room) = self.room();
        let name = room.name;
        if let Some(topic) = room.topic.clone() {
            self.tell(Message::Topic { room: name, text: Some(topic) });
        }
        self.show_history(self.chat.settings.replay, false);
    }

    /// Shows the last `count` lines said in the client's room, and whether there were any.
    pub(super) fn show_history(&mut self, count: usize, dated: bool) -> bool {
        let (_, room) = self.room();
        let (room, entries) = (room.name, room.history.last(count, &self.me().ignores));
        let any = !entries.is_empty();
        if any {
            self.tell(Message::History { room, entries, dated });
        }
        any
    }
}
