//! `Peers`: the sending halves of all clients, and the messages of their rooms.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use rustc_hash::{FxHashMap, FxHashSet};

use super::feed::Feeds;
use super::peer::Peer;
use super::room_peers::RoomPeers;
use super::senders::Senders;
use crate::address::Remote;
use crate::chat::{ClientId, Message, RoomId};
use crate::os::WritablePoll;
use crate::restart::{Lasting, ManagerThread};
use crate::telemetry::Census;
use crate::wire::Dialect;
use crate::wire::irc::Conversation;

/// A batch of so many bytes is sent before it grows, so that slow clients are soon detected.
const MAX_BATCH_BYTES: usize = 256 * 1024;
/// A feed ends when it has this fraction of a send queue: 4 means a quarter. A client that is
/// behind takes so much at once.
pub(super) const PARTS: usize = 4;

/// All peers, by their clients' ids. Only the broadcaster's thread uses them.
#[derive(Debug)]
pub(crate) struct Peers {
    manager: ManagerThread,
    /// Boxed, because up to half of the table is empty.
    pub(super) peers: FxHashMap<ClientId, Box<Peer>>,
    pub(super) feeds: Feeds,
    /// The clients in each room.
    pub(super) rooms: FxHashMap<RoomId, RoomPeers>,
    /// The clients that have data of their own to be sent in this batch, or that have changed.
    pub(super) due: Vec<ClientId>,
    /// About how many bytes this batch has so far.
    pub(super) weight: usize,
    /// How many bytes sockets took since [`take_sent`](Self::take_sent).
    pub(super) sent: usize,
    /// How many clients are pinged.
    pub(super) websockets: usize,
    /// The clients whose bell is on.
    pub(super) bells: FxHashSet<ClientId>,
    /// The clients that may be too slow, and when to judge them again.
    pub(super) suspects: VecDeque<(Duration, ClientId)>,
    pub(super) writable: Arc<WritablePoll>,
    pub(super) senders: Senders,
}

impl Peers {
    /// No peers. `writable` watches clients that are behind; `manager` stores connections;
    /// `senders` help to send.
    pub(crate) fn new(
        writable: Arc<WritablePoll>,
        manager: ManagerThread,
        senders: Senders,
    ) -> Self {
        Self {
            manager,
            peers: FxHashMap::default(),
            feeds: Feeds::default(),
            rooms: FxHashMap::default(),
            due: Vec::new(),
            weight: 0,
            sent: 0,
            websockets: 0,
            bells: FxHashSet::default(),
            suspects: VecDeque::new(),
            writable,
            senders,
        }
    }

    /// Adds the peer of a client that connected.
    pub(crate) fn add(&mut self, id: ClientId, peer: Peer) {
        self.websockets += usize::from(peer.is_websocket());
        if peer.dialect().has_bell() {
            self.bells.insert(id);
        }
        self.peers.insert(id, Box::new(peer));
    }

    /// Adds the peer of a client whose descriptor the manager already has.
    pub(crate) fn adopt(&mut self, id: ClientId, mut peer: Peer) {
        peer.is_stored = true;
        self.add(id, peer);
    }

    /// Stores the connection of a client with the manager, so that it outlives the process, if it
    /// can be moved.
    pub(crate) fn store(&mut self, id: ClientId) {
        if let Some(peer) = self.peers.get_mut(&id)
            && peer.can_move()
        {
            peer.is_stored = true;
            self.manager.store(id, peer.transport());
        }
    }

    /// Removes a client from what the next process gets. Its connection may stay open for a while.
    pub(crate) fn forget(&mut self, id: ClientId) {
        if let Some(peer) = self.peers.get_mut(&id)
            && std::mem::take(&mut peer.is_stored)
        {
            self.manager.forget(id);
        }
    }

    /// Counts the clients of each kind, and the bytes in their queues.
    pub(crate) fn count(&self) -> Census {
        let mut census = Census::default();
        for peer in self.peers.values() {
            census.queued += peer.queued();
            *match peer.dialect() {
                Dialect::Irc(_) => &mut census.irc,
                Dialect::Stream(_) => &mut census.http,
                Dialect::Lines { .. } | Dialect::Json => &mut census.websocket,
                Dialect::Text(_) if peer.transport().is_bare() => &mut census.text,
                Dialect::Text(_) => &mut census.tls,
            } += 1;
        }
        census
    }

    /// How many bytes wait for a client.
    pub(crate) fn queued(&self, id: ClientId) -> usize {
        self.peers.get(&id).map_or(0, |peer| peer.queued())
    }

    /// A client leaves all rooms.
    pub(crate) fn leave_all(&mut self, id: ClientId) {
        let rooms: Vec<_> = self.peers.get(&id).into_iter().flat_map(|peer| peer.rooms()).collect();
        rooms.into_iter().for_each(|room| self.leave(id, room));
    }

    /// How many bytes sockets took since the last call.
    pub(crate) fn take_sent(&mut self) -> usize {
        std::mem::take(&mut self.sent)
    }

    /// Disconnects a client at once, and removes it from what the next process gets.
    pub(crate) fn abandon(&mut self, id: ClientId) {
        self.forget(id);
        if let Some(mut peer) = self.peers.remove(&id) {
            self.websockets -= usize::from(peer.is_websocket());
            self.bells.remove(&id);
            peer.close();
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.peers.len()
    }

    pub(crate) fn ids(&self) -> impl Iterator<Item = ClientId> {
        self.peers.keys().copied()
    }

    /// All peers, for the next process, with all messages of their rooms queued.
    pub(crate) fn into_all(mut self) -> impl Iterator<Item = (ClientId, Box<Peer>)> {
        for peer in self.peers.values_mut() {
            peer.take(&mut self.feeds);
        }
        self.peers.into_iter()
    }

    /// What to know of a client whose connection can outlive the process; `None` for others.
    pub(crate) fn lasting(&self, id: ClientId) -> Option<Lasting> {
        let peer = self.peers.get(&id).filter(|peer| peer.transport().is_bare());
        peer.map(|peer| peer.lasting())
    }

    /// The conversation of a client that speaks IRC.
    pub(crate) fn irc(&mut self, id: ClientId) -> Option<&mut Conversation> {
        self.peers.get_mut(&id)?.irc()
    }

    /// The far end of a client, for the log.
    pub(crate) fn remote(&self, id: ClientId) -> Option<Remote> {
        self.peers.get(&id).map(|peer| peer.remote())
    }

    /// Calls `act` with a client's peer, if there is one, and flushes the peer in this batch.
    pub(crate) fn with(&mut self, id: ClientId, act: impl FnOnce(&mut Peer, &mut Feeds)) {
        if let Some(peer) = self.peers.get_mut(&id) {
            let before = peer.own_queued();
            act(peer, &mut self.feeds);
            self.weight += peer.own_queued().saturating_sub(before);
            mark_due(&mut self.due, id, peer);
        }
    }

    /// A client turns its bell on or off.
    pub(crate) fn set_bell(&mut self, id: ClientId, on: bool) {
        self.with(id, |peer, feeds| peer.respeak(feeds, |dialect| dialect.with_bell(on)));
        match self.peers.get(&id).is_some_and(|peer| peer.dialect().has_bell()) {
            true => self.bells.insert(id),
            false => self.bells.remove(&id),
        };
    }

    /// Whether a client's bell is on.
    pub(crate) fn has_bell(&self, id: ClientId) -> bool {
        self.bells.contains(&id)
    }

    /// Whether any client's bell is on.
    pub(crate) fn have_bells(&self) -> bool {
        !self.bells.is_empty()
    }

    /// A client joins a room.
    pub(crate) fn enter(&mut self, id: ClientId, room: RoomId) {
        self.with(id, |peer, feeds| peer.enter(room, feeds));
        let is_behind = self.peers.get(&id).is_some_and(|peer| peer.is_listed_behind);
        self.rooms.entry(room).or_default().add(id, is_behind);
    }

    /// A client leaves a room.
    pub(crate) fn leave(&mut self, id: ClientId, room: RoomId) {
        self.with(id, |peer, feeds| peer.leave(room, feeds));
        let Some(members) = self.rooms.get_mut(&room) else { return };
        members.remove(id);
        if members.is_empty() {
            self.rooms.remove(&room);
        }
    }

    /// How many clients are in a room.
    pub(crate) fn members(&self, room: RoomId) -> usize {
        self.rooms.get(&room).map_or(0, RoomPeers::len)
    }

    /// Sends a message to all clients in a room other than those in `except`.
    pub(crate) fn tell_room(&mut self, room: RoomId, except: &[ClientId], message: Message) {
        for id in except {
            if let Some(peer) = self.peers.get_mut(id) {
                peer.skip_next(room, &mut self.feeds);
                mark_due(&mut self.due, *id, peer);
            }
        }
        self.weight += message.weight();
        self.feeds.push(room, message);
    }

    /// Whether the batch has to be sent before it grows.
    pub(crate) fn is_batch_full(&self) -> bool {
        self.weight >= MAX_BATCH_BYTES
    }

    /// About how many bytes the batch has.
    pub(crate) fn batch_bytes(&self) -> usize {
        self.weight
    }

    /// When [`flush`](Self::flush) has something to do without a new message.
    pub(crate) fn next_deadline(&self) -> Option<Duration> {
        let suspect = self.suspects.front().map(|&(due, _)| due);
        suspect.into_iter().chain(self.feeds.next_deadline()).min()
    }

    /// Calls `act` with every peer, and flushes all of them in this batch.
    pub(crate) fn with_all(&mut self, act: impl Fn(&mut Peer, &mut Feeds)) {
        let everyone: Vec<_> = self.peers.keys().copied().collect();
        everyone.into_iter().for_each(|id| self.with(id, &act));
    }

    /// Whether there are clients to ping.
    pub(crate) fn have_websockets(&self) -> bool {
        self.websockets > 0
    }

    /// Whether any queue has bytes.
    pub(crate) fn are_queued(&self) -> bool {
        self.peers.values().any(|peer| peer.queued() > 0)
    }
}

pub(super) fn mark_due(due: &mut Vec<ClientId>, id: ClientId, peer: &mut Peer) {
    if !std::mem::replace(&mut peer.is_due, true) {
        due.push(id);
    }
}

#[cfg(test)]
mod tests;
