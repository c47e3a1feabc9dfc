//! `Peers`: the sending halves of all clients, and what their rooms are told.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustc_hash::FxHashMap;

use super::feed::Feeds;
use super::peer::Peer;
use super::room_peers::RoomPeers;
use super::slowness::Verdict;
use crate::chat::{ClientId, Message, RoomId};
use crate::os::WritablePoll;
use crate::restart::ManagerThread;
use crate::telemetry::Census;
use crate::wire::Dialect;

/// A batch is sent when it has made so many bytes, so that it is soon known who takes them.
const MAX_BATCH_BYTES: usize = 256 * 1024;
/// A batch of so many bytes is more than talk among people.
const LARGE_BATCH: usize = 1024;
/// Those who are behind are given what they are due in so many parts of what may wait for them.
const PARTS: usize = 4;

/// All peers, by the client that each belongs to.
#[derive(Debug)]
pub(crate) struct Peers {
    manager: ManagerThread,
    peers: FxHashMap<ClientId, Peer>,
    feeds: Feeds,
    /// Who gets what a room is told.
    rooms: FxHashMap<RoomId, RoomPeers>,
    /// Who is due something of its own in this batch, or has changed.
    due: Vec<ClientId>,
    /// About how many bytes this batch has made so far.
    weight: usize,
    /// How many bytes sockets took.
    sent: usize,
    /// How many are to be pinged.
    websockets: usize,
    /// Who may be too slow, and when to look again.
    suspects: VecDeque<(Duration, ClientId)>,
    writable: Arc<WritablePoll>,
}

impl Peers {
    /// None yet; those that fall behind are watched by `writable`, and `manager` is told who goes.
    pub(crate) fn new(writable: Arc<WritablePoll>, manager: ManagerThread) -> Self {
        Self {
            manager,
            peers: FxHashMap::default(),
            feeds: Feeds::default(),
            rooms: FxHashMap::default(),
            due: Vec::new(),
            weight: 0,
            sent: 0,
            websockets: 0,
            suspects: VecDeque::new(),
            writable,
        }
    }

    /// Adds the peer of a client that connected.
    pub(crate) fn add(&mut self, id: ClientId, peer: Peer) {
        self.websockets += usize::from(peer.is_websocket());
        self.peers.insert(id, peer);
    }

    /// Adds the peer of a client that another process had, and the manager has.
    pub(crate) fn adopt(&mut self, id: ClientId, mut peer: Peer) {
        peer.is_kept = true;
        self.add(id, peer);
    }

    /// Has the connection of a client outlive the process, if it can.
    pub(crate) fn keep(&mut self, id: ClientId) {
        if let Some(peer) = self.peers.get_mut(&id)
            && peer.can_move()
        {
            peer.is_kept = true;
            self.manager.keep(id, peer.transport());
        }
    }

    /// Has the next process know nothing of a client, whose connection may stay open for a while.
    pub(crate) fn forget(&mut self, id: ClientId) {
        if let Some(peer) = self.peers.get_mut(&id)
            && std::mem::take(&mut peer.is_kept)
        {
            self.manager.forget(id);
        }
    }

    /// How many there are of each kind, and what waits for them.
    pub(crate) fn count(&self) -> Census {
        let mut census = Census::default();
        for peer in self.peers.values() {
            census.queued += peer.queued();
            *match peer.is_websocket() {
                true => &mut census.websocket,
                false if peer.transport().is_bare() => &mut census.text,
                false => &mut census.tls,
            } += 1;
        }
        census
    }

    /// How many bytes sockets took since this was asked last.
    pub(crate) fn take_sent(&mut self) -> usize {
        std::mem::take(&mut self.sent)
    }

    /// Ends the connection of a client that the next process is not to know of.
    pub(crate) fn abandon(&mut self, id: ClientId) {
        self.forget(id);
        if let Some(mut peer) = self.peers.remove(&id) {
            self.websockets -= usize::from(peer.is_websocket());
            peer.close();
        }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.peers.len()
    }

    /// Whose they are.
    pub(crate) fn ids(&self) -> impl Iterator<Item = ClientId> {
        self.peers.keys().copied()
    }

    /// All of them, at the end, with all that they are due.
    pub(crate) fn into_all(mut self) -> impl Iterator<Item = (ClientId, Peer)> {
        for peer in self.peers.values_mut() {
            peer.take(&mut self.feeds);
        }
        self.peers.into_iter()
    }

    /// How a client is spoken to whose connection could outlive the process.
    pub(crate) fn lasting_dialect(&self, id: ClientId) -> Option<Dialect> {
        let peer = self.peers.get(&id).filter(|peer| peer.transport().is_bare());
        peer.map(Peer::dialect)
    }

    /// Where a client is, for the log.
    pub(crate) fn addr(&self, id: ClientId) -> Option<SocketAddr> {
        self.peers.get(&id).map(Peer::addr)
    }

    /// Does something to a client's peer, if there is one, which is then flushed in this batch.
    pub(crate) fn with(&mut self, id: ClientId, act: impl FnOnce(&mut Peer, &mut Feeds)) {
        if let Some(peer) = self.peers.get_mut(&id) {
            let before = peer.own_queued();
            act(peer, &mut self.feeds);
            self.weight += peer.own_queued().saturating_sub(before);
            mark_due(&mut self.due, id, peer);
        }
    }

    /// From here on, a client gets what a room is told.
    pub(crate) fn enter(&mut self, id: ClientId, room: RoomId) {
        self.with(id, |peer, feeds| peer.enter(room, feeds));
        let is_behind = self.peers.get(&id).is_some_and(|peer| peer.is_with_those_behind);
        self.rooms.entry(room).or_default().add(id, is_behind);
    }

    /// From here on, it does not.
    pub(crate) fn leave(&mut self, id: ClientId, room: RoomId) {
        self.with(id, |peer, feeds| peer.leave(room, feeds));
        let Some(members) = self.rooms.get_mut(&room) else { return };
        members.remove(id);
        if members.is_empty() {
            self.rooms.remove(&room);
        }
    }

    /// How many get what a room is told.
    pub(crate) fn members(&self, room: RoomId) -> usize {
        self.rooms.get(&room).map_or(0, RoomPeers::len)
    }

    /// Tells something to all members of a room but some.
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

    /// Whether the batch is large enough to be sent before it grows.
    pub(crate) fn is_batch_full(&self) -> bool {
        self.weight >= MAX_BATCH_BYTES
    }

    /// Whether the batch has more than a few lines.
    pub(crate) fn is_batch_large(&self) -> bool {
        self.weight >= LARGE_BATCH
    }

    /// When to flush even if there is nothing new.
    pub(crate) fn next_deadline(&self) -> Option<Duration> {
        let suspect = self.suspects.front().map(|&(due, _)| due);
        suspect.into_iter().chain(self.feeds.next_deadline()).min()
    }

    /// Does something to every peer, which is then flushed in this batch.
    pub(crate) fn with_all(&mut self, act: impl Fn(&mut Peer, &mut Feeds)) {
        let everyone: Vec<_> = self.peers.keys().copied().collect();
        everyone.into_iter().for_each(|id| self.with(id, &act));
    }

    /// Whether there is anybody to ping.
    pub(crate) fn have_websockets(&self) -> bool {
        self.websockets > 0
    }

    /// Whether anything waits to be sent.
    pub(crate) fn are_queued(&self) -> bool {
        self.peers.values().any(|peer| peer.queued() > 0)
    }

    /// Ends the batch: sends each client that is due something once, as far as its socket takes
    /// it now. Returns those who are too slow for `limit` bytes in their queues.
    pub(crate) fn flush(&mut self, now: Duration, limit: usize) -> Vec<ClientId> {
        self.recall_suspects(now);
        let mut slow = Vec::new();
        // Whoever is due something of its own comes first: it may be waiting for that.
        let mut round = std::mem::take(&mut self.due);
        let told = self.feeds.told().filter_map(|room| self.rooms.get(&room));
        round.extend(told.flat_map(RoomPeers::prompt));
        round.drain(..).for_each(|id| self.attend(id, now, limit, &mut slow));
        let ending = self.feeds.ending(now, limit / PARTS, |room| {
            self.rooms.get(&room).is_some_and(|members| !members.behind().is_empty())
        });
        let ended = ending.iter().filter_map(|room| self.rooms.get(room));
        round.extend(ended.flat_map(RoomPeers::behind));
        round.drain(..).for_each(|id| self.attend(id, now, limit, &mut slow));
        self.due = round;
        self.feeds.next_batch(now, &ending);
        self.weight = 0;
        slow
    }

    /// Sends a client what it is due, if that is anything; adds it to `slow` if it has to go.
    fn attend(&mut self, id: ClientId, now: Duration, limit: usize, slow: &mut Vec<ClientId>) {
        let Some(peer) = self.peers.get_mut(&id) else { return };
        let took_some = peer.take(&mut self.feeds);
        if !std::mem::take(&mut peer.is_due) && !took_some {
            return;
        }
        self.sent += peer.flush(id, &self.writable);
        match peer.judge(now, limit) {
            Verdict::Fine => {}
            Verdict::Suspect(due) => self.suspects.push_back((due, id)),
            Verdict::TooSlow => slow.push(id),
        }
        if peer.is_behind() != peer.is_with_those_behind {
            peer.is_with_those_behind = peer.is_behind();
            for room in peer.rooms() {
                if let Some(members) = self.rooms.get_mut(&room) {
                    members.set_behind(id, peer.is_behind());
                }
            }
            if peer.is_behind() {
                self.feeds.await_in(peer.dialect());
            }
        }
        if peer.is_finished() {
            self.websockets -= usize::from(peer.is_websocket());
            self.forget(id);
            self.peers.remove(&id);
        }
    }

    /// Has those looked at whose time is up, even if there is nothing new for them.
    fn recall_suspects(&mut self, now: Duration) {
        while let Some(&(due, id)) = self.suspects.front()
            && due <= now
        {
            self.suspects.pop_front();
            if let Some(peer) = self.peers.get_mut(&id) {
                mark_due(&mut self.due, id, peer);
            }
        }
    }
}

fn mark_due(due: &mut Vec<ClientId>, id: ClientId, peer: &mut Peer) {
    if !std::mem::replace(&mut peer.is_due, true) {
        due.push(id);
    }
}

#[cfg(test)]
mod tests;
