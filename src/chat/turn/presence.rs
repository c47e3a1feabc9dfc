//! Coming and going: connecting, being announced, changing rooms, leaving.

use super::view::Turn;
use crate::address::Origin;
use crate::chat::effect::{Audience, Effect, Effects};
use crate::chat::event::{Traits, Wire};
use crate::chat::message::{Dates, Message, Others};
use crate::chat::model::{ClientId, Nick, Now, RoomId, RoomName};
use crate::chat::reason::Reason;
use crate::chat::refusal::Refusal;
use crate::chat::relay::Deed;
use crate::chat::state::{Chat, Client, Identity, Presence, Room};
use crate::text::Text;

/// Rooms with more people get joins and leaves in digests: a notice to each of N people for each of
/// N joins would be N² notices.
const CROWD: usize = 50;
/// Most others that a welcome names.
const MAX_NAMED: usize = 10;

impl Chat {
    /// Admits a client under a guest's nick and welcomes it, or turns it away if it is banned.
    pub(crate) fn connect(
        &mut self,
        now: Now,
        id: ClientId,
        origin: Origin,
        traits: Traits,
        effects: &mut Effects,
    ) {
        if let Some(ban) = self.registry.ban_of(now.moment, origin) {
            let message = Message::Refused(ban.refusal(now.moment));
            effects.tell(Audience::One(id), message);
            effects.push(Effect::TurnedAway(id));
            return;
        }
        let nick = self.nicks.take_guest(id);
        let mut client = Client::new(nick, origin, traits, now.uptime);
        client.mute = self.mutes.find(now.moment, origin.address());
        self.clients.insert(id, Box::new(client));
        if traits.wire == Wire::Irc {
            self.irc += 1;
            // It introduces itself before it is shown anything.
            return effects.push(Effect::Arrived(id, nick));
        }
        self.arrivals.add(now.uptime, id);
        let mut turn = Turn { chat: self, now, at: None, me: id, effects };
        let (room, others) = (RoomName::lobby(), turn.enter(RoomId::LOBBY));
        let (server, motd) = (turn.chat.settings.name.clone(), turn.chat.settings.motd.clone());
        turn.tell(Message::Welcome { server, nick, room, others });
        turn.show_people();
        if turn.me().lists && turn.chat.has_changed_lobby() {
            turn.show_order(RoomId::LOBBY);
        }
        motd.iter().for_each(|line| turn.notice(line));
        turn.show_room();
        if turn.chat.lockdown {
            turn.notice(Refusal::Lockdown);
        }
        effects.push(Effect::Arrived(id, nick));
    }

    /// Restores a client from its record after a crash, and tells nobody.
    ///
    /// Returns whether its nick was free.
    pub fn bring_back(&mut self, now: Now, id: ClientId, noted: &Presence) -> bool {
        if !self.nicks.take_back(id, noted.nick) {
            return false;
        }
        let mut client = Client::noted(noted, now.uptime);
        self.irc += usize::from(client.speaks_irc());
        for name in noted.rooms() {
            let room = self.rooms.open(name);
            client.rooms.push(room);
            self.rooms.enter(room, id);
            if let Some(room) = self.rooms.get_mut(room) {
                room.announced += usize::from(client.announced);
                room.irc += usize::from(client.speaks_irc());
                room.roles.welcome_back(id, &client);
            }
        }
        self.clients.insert(id, Box::new(client));
        true
    }

    /// Schedules the announcements of restored clients that are not announced yet, and notes which
    /// of the others are known as operators. To be called once all clients and accounts are
    /// restored.
    pub fn await_announcements(&mut self) {
        let is_awaited = |client: &Client| !client.announced && !client.speaks_irc();
        let unannounced = self.clients.iter().filter(|(_, client)| is_awaited(client));
        self.arrivals.reset(unannounced.map(|(id, client)| (client.connected, *id)));
        self.note_marks();
    }

    /// Whether a room has so many people that joins and leaves are told in digests. Those who are not
    /// announced yet count, too: each of them is sent the notices of the others.
    pub(super) fn is_crowded(&self, room: &Room) -> bool {
        let people = if self.counts_all_in_crowds() { room.members.len() } else { room.announced };
        people > CROWD
    }

    /// Tells a room how many joined and left.
    pub(crate) fn tell_digest(&mut self, id: RoomId, effects: &mut Effects) {
        let Some(room) = self.rooms.get_mut(id) else { return };
        let (joined, left) = (std::mem::take(&mut room.joined), std::mem::take(&mut room.left));
        let room = room.name;
        let message = |here, _| Message::Digest { room, joined, left, here };
        self.tell_presence(id, (None, &[]), effects, message);
    }

    /// Tells a room that a client joined or left, except `subject` and clients with `/quiet on`.
    /// `message` gets the number of people here, and false for `ignorers`, who do not get the text
    /// of the reason.
    ///
    /// A client that is not announced yet counts for itself, but not for others.
    fn tell_presence(
        &self,
        id: RoomId,
        (subject, ignorers): (Option<ClientId>, &[ClientId]),
        effects: &mut Effects,
        message: impl Fn(usize, bool) -> Message,
    ) {
        let Some(room) = self.rooms.get(id) else { return };
        let unannounced = |id: &ClientId| !self.clients[id].announced;
        let deaf = |id: &ClientId| Some(*id) == subject || self.clients[id].quiet;
        let apart = |id: &ClientId| unannounced(id) || ignorers.contains(id);
        let members = room.members.iter().copied();
        let except = members.clone().filter(|member| deaf(member) || apart(member));
        effects.tell_room(id, except, message(room.announced, true));
        for member in members.filter(|member| apart(member) && !deaf(member)) {
            let here = room.announced + usize::from(unannounced(&member));
            let message = message(here, !ignorers.contains(&member));
            effects.tell(Audience::One(member), message);
        }
    }

    /// The clients that ignore the author of the text in `reason`, for which `client` leaves.
    fn ignorers(&self, client: &Client, reason: &Reason) -> Vec<ClientId> {
        let speaker = match reason {
            Reason::Quit(Some(_)) => Some(client),
            Reason::Kicked(by, Some(_)) | Reason::KickedFromRoom(by, Some(_)) => {
                self.nicks.holder(by.as_str()).and_then(|by| self.client(by))
            }
            _ => None,
        };
        speaker.map_or_else(Vec::new, |speaker| speaker.ignored_by.clone())
    }
}

impl Turn<'_> {
    /// Announces the client to its rooms, unless it was announced before.
    pub(crate) fn announce(&mut self) {
        // A client of IRC introduces itself.
        if self.me().announced || self.me().speaks_irc() {
            return;
        }
        self.me_mut().announced = true;
        self.chat.arrivals.remove(self.me().connected, self.me);
        self.appear();
        for room in self.me().rooms.clone() {
            self.tell_joined(room);
        }
    }

    /// Leaves its room for another.
    pub(crate) fn move_to(&mut self, name: RoomName) {
        let is_private = self.chat.rooms.find(name).is_some_and(Room::is_private);
        self.move_for(name, if is_private { Reason::MovedAway } else { Reason::Moved(name) });
    }

    /// Leaves its room for another, for this reason.
    pub(crate) fn move_for(&mut self, name: RoomName, reason: Reason) {
        let old = self.me().room();
        // Enter first: while it is empty, the new room could be dropped to remember the old one.
        let new = self.chat.rooms.open(name);
        let others = self.enter(new);
        if let Some(old) = old {
            self.leave(old, reason);
        }
        self.arrive(new, others);
    }

    /// Enters one more room.
    pub(crate) fn join(&mut self, name: RoomName) {
        let new = self.chat.rooms.open(name);
        let others = self.enter(new);
        self.arrive(new, others);
    }

    /// Leaves one of several rooms, perhaps with last words.
    pub(crate) fn part(&mut self, id: RoomId, words: Option<Text>) {
        self.part_for(id, Reason::Parted(words));
    }

    /// Leaves one of several rooms for this reason.
    pub(crate) fn part_for(&mut self, id: RoomId, reason: Reason) {
        let nick = self.me().nick;
        let Some(room) = self.chat.rooms.get(id).map(|room| room.name) else { return };
        self.leave(id, reason.clone());
        let here = self.chat.rooms.get(id).map_or(0, |room| room.announced);
        match self.me().speaks_irc() {
            true if matches!(reason, Reason::KickedFromRoom(..)) => {}
            true => self.relay_to_me(Deed::Part(room, reason)),
            false => self.tell(Message::Left { room, nick, reason, here }),
        }
    }

    /// Tells a room that the client is there, and shows the room to the client.
    fn arrive(&mut self, id: RoomId, others: Others) {
        self.at = Some(id);
        let beginning = self.begin_in(id);
        // Announce first, so that the client is counted in what it is shown next.
        if self.me().announced {
            self.tell_joined(id)
        } else {
            self.announce()
        }
        let Some(room) = self.chat.rooms.get(id).map(|room| room.name) else { return };
        if self.me().speaks_irc() {
            self.effects.push(Effect::ShowRoom(self.me, room));
            self.show_history(self.chat.settings.replay, Dates::UnlessOn(self.now.moment));
            return;
        }
        self.tell(Message::Moved { room, nick: self.me().nick, others });
        if beginning.is_maker && !self.me().lists {
            self.notice("you keep order here; /room shows the settings");
        }
        self.show_people();
        self.tell_restored(id, beginning.restored);
        if self.me().lists && self.chat.has_room_roles() {
            self.show_order(id);
        }
        self.show_room();
    }

    /// Changes the client's nick, and tells its rooms.
    pub(crate) fn rename(&mut self, wish: &str) -> Result<(), Refusal> {
        self.may_speak()?;
        self.needs_no_ban()?;
        let nick = self.take_nick(wish)?;
        self.set_nick(nick);
        Ok(())
    }

    /// Leaves the chat.
    pub(crate) fn depart(&mut self, reason: Reason) {
        if self.me().announced && self.chat.irc > 0 {
            self.relay_to_others(Deed::Quit(reason.clone()));
            self.vanish(self.source());
        }
        for room in self.me().rooms.clone() {
            self.leave(room, reason.clone());
        }
        let Some(client) = self.chat.clients.remove(&self.me) else { return };
        self.chat.irc -= usize::from(client.speaks_irc());
        self.chat.arrivals.remove(client.connected, self.me);
        self.chat.nicks.leave(self.now.uptime, client.nick, client.address());
        if let Some(mute) = client.mute.filter(|mute| mute.is_in_force(self.now.moment)) {
            self.chat.mutes.leave(client.address(), client.login, mute);
        }
        self.end_ignoring(&client);
        self.effects.push(Effect::Departed(self.me, client.nick, reason));
    }

    /// Ends its ignores, and records the clients that ignore it, for when it reconnects.
    fn end_ignoring(&mut self, client: &Client) {
        let me = self.me;
        let chat = &mut *self.chat;
        chat.ignored.forget_all_of(me);
        for other in &client.ignores {
            if let Some(ignored) = chat.clients.get_mut(other) {
                ignored.ignored_by.retain(|&by| by != me);
            }
        }
        // A former nick that somebody else has taken does not identify this person any more.
        let former = client.former.iter().copied();
        let former = former.filter(|nick| chat.nicks.holder(nick.as_str()).is_none());
        let names: Vec<_> = former.chain([client.nick]).collect();
        for &by in &client.ignored_by {
            for &name in &names {
                let identity = Identity::of(client).called(name);
                let Some((by, gone)) = chat.ignored.leave(by, me, identity) else { continue };
                if let Some(ignorer) = chat.clients.get_mut(&by).filter(|_| gone != me) {
                    ignorer.ignores.retain(|&ignored| ignored != gone);
                }
            }
        }
    }

    /// Adds the client to a room without telling the room; returns the others there.
    fn enter(&mut self, id: RoomId) -> Others {
        let others = self.others(id);
        self.chat.rooms.enter(id, self.me);
        if self.me().speaks_irc()
            && let Some(room) = self.chat.rooms.get_mut(id)
        {
            room.irc += 1;
        }
        self.me_mut().rooms.push(id);
        self.effects.push(Effect::Entered(self.me, id));
        others
    }

    /// Removes the client from a room, and tells the room if the client was announced.
    pub(super) fn leave(&mut self, id: RoomId, reason: Reason) {
        let nick = self.me().nick;
        self.leave_roles(id, &reason);
        self.me_mut().rooms.retain(|&room| room != id);
        self.effects.push(Effect::Left(self.me, id));
        let announced = self.me().announced;
        let ignorers = self.chat.ignorers(self.me(), &reason);
        if self.me().speaks_irc()
            && let Some(room) = self.chat.rooms.get_mut(id)
        {
            room.irc -= 1;
        }
        let crowded = self.chat.rooms.get(id).is_some_and(|room| self.chat.is_crowded(room));
        let lives = self.chat.has_room_roles();
        self.chat.rooms.leave(self.now.uptime, id, self.me, lives);
        if announced
            && reason.is_of_one_room()
            && !matches!(reason, Reason::KickedFromRoom(..))
            && let Some(room) = self.chat.rooms.get(id)
        {
            self.relay_to_room(id, Deed::Part(room.name, reason.clone()));
        }
        let Some(room) = self.chat.rooms.get_mut(id).filter(|_| announced) else { return };
        room.announced -= 1;
        let name = room.name;
        if crowded {
            room.left += 1;
            self.chat.rooms.want_digest(self.now.uptime, id);
        } else {
            self.chat.tell_presence(id, (None, &ignorers), self.effects, |here, is_heard| {
                let reason = if is_heard { reason.clone() } else { reason.clone().without_words() };
                Message::Left { room: name, nick, reason, here }
            });
        }
        self.tell_unmarked_in(id);
    }

    /// Tells a room that the client joined; it is a member already.
    fn tell_joined(&mut self, id: RoomId) {
        let me = self.me;
        let nick = self.me().nick;
        let Some(room) = self.chat.rooms.get_mut(id) else { return };
        room.announced += 1;
        let name = room.name;
        self.relay_to_room(id, Deed::Join(name));
        self.relay_away_to(id);
        let crowded = self.chat.rooms.get(id).is_some_and(|room| self.chat.is_crowded(room));
        let Some(room) = self.chat.rooms.get_mut(id) else { return };
        if crowded {
            room.joined += 1;
            self.chat.rooms.want_digest(self.now.uptime, id);
        } else {
            self.chat.tell_presence(id, (Some(me), &[]), self.effects, |here, _| Message::Joined {
                room: name,
                nick,
                here,
            });
        }
        self.tell_mark_in(id);
    }

    /// Tells everybody who shares a room with the client, once, that it has another nick.
    pub(crate) fn tell_renamed(&mut self, from: Nick) {
        let Self { chat, me, effects, .. } = self;
        let Client { nick: to, rooms, .. } = &*chat.clients[me];
        let mut told: Vec<RoomId> = Vec::new();
        for &id in rooms {
            // A crowd is not told. Only of its announced people, as no digest tells this later.
            let Some(room) = chat.rooms.get(id).filter(|room| room.announced <= CROWD) else {
                continue;
            };
            let knows = |other: &&ClientId| {
                let theirs = &chat.clients[*other].rooms;
                *other == me || told.iter().any(|room| theirs.contains(room))
            };
            let except = room.members.iter().filter(knows).copied();
            let message = Message::Renamed { room: room.name, from, to: *to };
            effects.tell_room(id, except, message);
            told.push(id);
        }
    }

    /// The announced clients in a room that the client is about to enter.
    fn others(&self, id: RoomId) -> Others {
        let count = self.chat.rooms.get(id).map_or(0, |room| room.announced);
        let members = self.chat.members(id).iter().map(|member| &self.chat.clients[member]);
        let named = members.filter(|client| client.announced).map(|client| client.nick);
        // Stop after `count`, so as not to search a crowd that is not announced yet.
        let names = if count > MAX_NAMED { Vec::new() } else { named.take(count).collect() };
        Others { count, names }
    }
}

#[cfg(test)]
mod tests;
