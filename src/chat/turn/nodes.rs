//! Nodes of a cluster come and go, and bring their clients and what these said.

use std::collections::BTreeSet;
use std::fmt::Display;

use serde::{Deserialize, Serialize};

use super::view::Turn;
use crate::chat::effect::{Audience, Effect, Effects};
use crate::chat::message::{Away, Dates, Message};
use crate::chat::model::{
    Allowance, ClientId, Entry, LineId, Nick, NodeNumber, Now, RoomId, RoomName,
};
use crate::chat::reason::Reason;
use crate::chat::state::{Chat, Node, Presence};
use crate::text::Text;

/// A client in the roster that a node brings along.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Guest {
    /// Its number on its node.
    pub local: u64,
    /// What others know of it.
    pub presence: Presence,
    /// Whether it is away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub away: Option<Away>,
    /// The clients that it ignores; those of its own node with that node's number left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ignores: Vec<ClientId>,
}

/// A line that was said on a node while it was cut off from the others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LateLine {
    /// The number of its speaker on that node.
    pub by: u64,
    /// The room in which it was said.
    pub room: RoomName,
    /// The line, under the id that it got there.
    pub entry: Entry,
}

impl Chat {
    /// A node has joined. The clients of `was`, which it was before, are its own from now on.
    pub fn join_node(
        &mut self,
        number: NodeNumber,
        node: Node,
        was: Option<NodeNumber>,
        effects: &mut Effects,
    ) {
        let words = format!("node {} has joined", node.name);
        if let Some(was) = was.filter(|was| self.nodes.remove(*was).is_some()) {
            self.renumber(was, number);
        } else {
            self.tell_operators(words, effects);
        }
        self.nodes.add(number, node);
    }

    /// A node is gone, and its clients with it: it is `lost`, or was shut down.
    pub fn remove_node(&mut self, now: Now, number: NodeNumber, lost: bool, effects: &mut Effects) {
        let Some(node) = self.nodes.remove(number) else { return };
        self.authentication.forget_node(number);
        let reason = if lost { Reason::Lost(node.name.clone()) } else { Reason::Disconnected };
        for me in self.clients_on(number) {
            Turn { chat: self, now, at: None, me, effects }.depart(reason.clone());
        }
        self.end_readings(number, true);
        let how = if lost { "is lost" } else { "has left" };
        self.tell_operators(format_args!("node {} {how}", node.name), effects);
    }

    /// The clients that are connected to a node, in the order of connecting.
    pub fn clients_on(&self, number: NodeNumber) -> Vec<ClientId> {
        let own = self.clients.keys().copied().filter(|id| id.node() == number);
        let mut own: Vec<_> = own.collect();
        own.sort_unstable();
        own
    }

    /// How many people are connected to a node, as the others see it.
    pub fn people_on(&self, number: NodeNumber) -> usize {
        let own = self.clients.iter().filter(|(id, _)| id.node() == number);
        own.filter(|(_, client)| client.announced).count()
    }

    /// The clients of a node, as it brings them along to where it is known by another number.
    pub fn roster(&self, number: NodeNumber) -> Vec<Guest> {
        let guest = |id: ClientId| {
            let client = self.clients.get(&id)?;
            let presence = self.presence(id)?;
            let away = client.away.clone();
            let moved = |id: &ClientId| match id.node() == number {
                true => ClientId::on(NodeNumber::ALONE, id.local()),
                false => *id,
            };
            let ignores = client.ignores.iter().map(moved).collect();
            Some(Guest { local: id.local(), presence, away, ignores })
        };
        self.clients_on(number).into_iter().filter_map(guest).collect()
    }

    /// Makes the clients of a node those of its roster: who is missing there leaves, who is unknown
    /// comes back, and names and rooms follow the roster. Returns the clients that could not keep
    /// their nick, with that nick.
    pub fn follow_roster(
        &mut self,
        now: Now,
        number: NodeNumber,
        roster: &[Guest],
        effects: &mut Effects,
    ) -> Vec<(ClientId, Nick)> {
        let there: BTreeSet<_> = roster.iter().map(|guest| guest.local).collect();
        let is_there = |id: ClientId| there.contains(&id.local());
        let missing: Vec<_> =
            self.clients_on(number).into_iter().filter(|id| !is_there(*id)).collect();
        for me in missing {
            Turn { chat: self, now, at: None, me, effects }.depart(Reason::Disconnected);
        }
        let mut renamed = Vec::new();
        for guest in roster {
            let me = ClientId::on(number, guest.local);
            self.free_nick(now, me, guest, effects);
            if self.clients.contains_key(&me) {
                Turn { chat: self, now, at: None, me, effects }.follow(guest);
            } else {
                self.come_back(now, me, guest);
                Turn { chat: self, now, at: None, me, effects }.show_up(guest);
            }
            let wished = guest.presence.nick;
            if self.nick(me).is_some_and(|nick| !nick.resembles(wished)) {
                renamed.push((me, wished));
            }
        }
        renamed
    }

    /// Takes the nick of an account from another client that is not logged in to it, for the guest
    /// that is.
    fn free_nick(&mut self, now: Now, me: ClientId, guest: &Guest, effects: &mut Effects) {
        let nick = guest.presence.nick;
        let Some(holder) = self.nicks.holder(nick.as_str()).filter(|holder| *holder != me) else {
            return;
        };
        let owns = |login: Option<Nick>| login.is_some_and(|login| login.resembles(nick));
        if owns(guest.presence.login()) && !owns(self.login(holder)) {
            let why = format!("{nick} has logged in");
            Turn { chat: self, now, at: None, me: holder, effects }.lose_nick(why);
        }
    }

    /// Adds a client of a roster without telling anybody, under a guest's nick if its own is taken.
    fn come_back(&mut self, now: Now, me: ClientId, guest: &Guest) {
        let mut presence = guest.presence.hidden();
        if self.nicks.holder(presence.nick.as_str()).is_some() {
            let free = self.nicks.take_guest(me);
            presence = presence.called(free);
        }
        self.bring_back(now, me, &presence);
        self.arrivals.add(now.uptime, me);
    }

    /// Adds lines that were said on a node while it was cut off, except for those that the chat has
    /// already, and shows them to everybody else in their rooms if they `are_new` to the readers.
    /// Returns those that it added.
    pub fn pass_on(
        &mut self,
        now: Now,
        number: NodeNumber,
        lines: Vec<LateLine>,
        are_new: impl Fn(&LineId) -> bool,
        effects: &mut Effects,
    ) -> Vec<(RoomName, ClientId, Entry)> {
        let mut added = Vec::new();
        let mut rooms: Vec<(RoomName, Vec<(ClientId, Entry)>)> = Vec::new();
        for LateLine { by, room, entry } in lines {
            if !self.nodes.hear_late(&entry.id) {
                continue;
            }
            let line = (ClientId::on(number, by), entry);
            added.push((room, line.0, line.1.clone()));
            match rooms.iter_mut().find(|(name, _)| *name == room) {
                Some((_, lines)) => lines.push(line),
                None => rooms.push((room, vec![line])),
            }
        }
        for (name, mut lines) in rooms {
            let id = self.rooms.open(name);
            for (by, entry) in &lines {
                if !entry.private {
                    effects.push(Effect::Record(name, entry.clone()));
                }
                if let Some(room) = self.rooms.get_mut(id) {
                    room.history.push(*by, entry.clone());
                }
            }
            self.rooms.keep_empty(now.uptime, id, self.has_room_roles());
            lines.retain(|(_, entry)| are_new(&entry.id));
            self.show_late(now, number, (id, name), &lines, effects);
        }
        added
    }

    /// Shows a block of late lines to the people in a room, except for those of the node that they
    /// were said on.
    fn show_late(
        &self,
        now: Now,
        number: NodeNumber,
        (id, room): (RoomId, RoomName),
        lines: &[(ClientId, Entry)],
        effects: &mut Effects,
    ) {
        let name = self.nodes.get(number).map_or_else(Text::default, |node| node.name.clone());
        let from = format!("said on {name} while it was cut off:");
        for &member in self.members(id).iter().filter(|member| member.node() != number) {
            self.show_block(
                now,
                member,
                room,
                lines,
                (&from, "end of what was said there"),
                effects,
            );
        }
    }

    /// Shows lines to one client between two notices, without those of people whom it ignores, and
    /// without the earliest if the client might be too slow for all of them.
    pub fn show_block(
        &self,
        now: Now,
        reader: ClientId,
        room: RoomName,
        lines: &[(ClientId, Entry)],
        (begin, end): (&str, &str),
        effects: &mut Effects,
    ) {
        let Some(client) = self.clients.get(&reader) else { return };
        let heard = lines.iter().filter(|(by, _)| !client.ignores.contains(by));
        let heard: Vec<_> = heard.map(|(_, entry)| entry).collect();
        if heard.is_empty() {
            return;
        }
        let mut allowance = Allowance::for_late_lines(client.form());
        let fitting = heard.iter().rev().take_while(|entry| allowance.allows(entry)).count();
        let (left_out, shown) = heard.split_at(heard.len() - fitting);
        let entries = shown.iter().map(|&entry| entry.clone()).collect();
        let mut tell = |message| effects.tell(Audience::One(reader), message);
        tell(Message::NoticeIn(room, Text::new(begin)));
        if !left_out.is_empty() {
            let words = format!("{} earlier lines are left out here", left_out.len());
            tell(Message::NoticeIn(room, Text::new(words)));
        }
        let dates = Dates::UnlessOn(now.moment);
        tell(Message::History { room, entries, dates, has_notices: true });
        tell(Message::NoticeIn(room, Text::new(end)));
    }

    /// The lines that the rooms have in memory, room by room, with the clients that said them.
    pub fn all_lines(&self) -> impl Iterator<Item = (RoomName, ClientId, &Entry)> {
        self.rooms
            .in_order()
            .flat_map(|room| room.history.iter().map(|(by, line)| (room.name, *by, line)))
    }

    /// Removes the clients of all other nodes without telling anybody, for a node that is cut off
    /// from them. Returns how many people that were.
    pub fn keep_only(&mut self, now: Now, number: NodeNumber) -> usize {
        let others = self.clients.keys().copied().filter(|id| id.node() != number);
        let mut others: Vec<_> = others.collect();
        others.sort_unstable();
        let people = others.iter().filter(|id| self.clients[id].announced).count();
        let mut effects = Effects::default();
        for me in others {
            Turn { chat: self, now, at: None, me, effects: &mut effects }
                .depart(Reason::Disconnected);
            effects.clear();
        }
        self.end_readings(number, false);
        people
    }

    /// Tells all clients of a node something.
    pub fn tell_node(&self, number: NodeNumber, words: impl Display, effects: &mut Effects) {
        let message = Message::Notice(Text::new(words.to_string()));
        for id in self.clients_on(number) {
            effects.tell(Audience::One(id), message.clone());
        }
    }

    /// How many people are in the room of a client, as it sees them.
    pub fn here(&self, client: ClientId) -> usize {
        let Some(me) = self.clients.get(&client) else { return 0 };
        let room = me.room().and_then(|room| self.rooms.get(room));
        room.map_or(0, |room| room.announced + usize::from(!me.announced))
    }
}

impl Turn<'_> {
    /// Tells the room of a client that came back with its node.
    fn show_up(&mut self, guest: &Guest) {
        for room in self.me().rooms.clone() {
            self.effects.push(Effect::Entered(self.me, room));
        }
        self.restore(guest);
    }

    /// Makes a client that stayed what it is in the roster.
    fn follow(&mut self, guest: &Guest) {
        let wished = guest.presence.nick;
        let holder = self.chat.nicks.holder(wished.as_str());
        if self.me().nick != wished && holder.is_none_or(|holder| holder == self.me) {
            let old = (self.me().nick, self.me().address());
            self.chat.nicks.claim(self.now.uptime, self.me, old, wished);
            self.set_nick(wished);
        }
        self.be_in(guest.presence.rooms().collect());
        self.restore(guest);
    }

    /// Enters and leaves rooms, until the client is in those of its roster.
    fn be_in(&mut self, rooms: Vec<RoomName>) {
        if let ([room], [_]) = (&rooms[..], &self.me().rooms[..]) {
            if self.room().is_ok_and(|(_, now)| now.name != *room) {
                self.move_to(*room);
            }
            return;
        }
        for &room in &rooms {
            if self.room_called(room).is_none() {
                self.join(room);
            }
        }
        for id in self.me().rooms.clone() {
            if self.chat.rooms.get(id).is_some_and(|room| !rooms.contains(&room.name)) {
                self.leave(id, Reason::Parted(None));
            }
        }
    }

    /// Restores what the roster knows of a client besides its name and room.
    fn restore(&mut self, guest: &Guest) {
        let holds_nick = self.me().nick == guest.presence.nick;
        self.me_mut().restore(&guest.presence, holds_nick);
        self.me_mut().away = guest.away.clone();
        for other in &guest.ignores {
            let other = match other.node() {
                NodeNumber::ALONE => ClientId::on(self.me.node(), other.local()),
                _ => *other,
            };
            if self.chat.clients.contains_key(&other) {
                self.begin_ignoring(other);
            }
        }
        self.stay_ignored();
        if guest.presence.is_announced() {
            self.announce();
        }
        self.apply_rules();
    }
}
