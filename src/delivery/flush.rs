//! The end of a batch: each client that is due something is sent it, once.

use std::time::Duration;

use super::feed::Feeds;
use super::peer::Peer;
use super::peers::{PARTS, Peers, mark_due};
use super::room_peers::RoomPeers;
use super::slowness::Verdict;
use crate::chat::ClientId;

impl Peers {
    /// Ends the batch: sends to each client that has data, once, as much as its socket takes now.
    /// Returns the clients that are too slow for a queue of `limit` bytes.
    pub(crate) fn flush(&mut self, now: Duration, limit: usize) -> Vec<ClientId> {
        self.recall_suspects(now);
        let mut slow = Vec::new();
        // Clients that get an answer of their own come first: they may be waiting for it.
        let mut round = std::mem::take(&mut self.due);
        let told = self.feeds.told().filter_map(|room| self.rooms.get(&room));
        round.extend(told.flat_map(RoomPeers::prompt));
        self.flush_round(&mut round, now, limit, &mut slow);
        let ending = self.feeds.ending(now, limit / PARTS, |room| {
            self.rooms.get(&room).is_some_and(|members| !members.behind().is_empty())
        });
        let ended = ending.iter().filter_map(|room| self.rooms.get(room));
        round.extend(ended.flat_map(RoomPeers::behind));
        self.flush_round(&mut round, now, limit, &mut slow);
        self.due = round;
        self.feeds.next_batch(now, &ending);
        self.weight = 0;
        slow
    }

    /// Sends the clients in `round` their data, if there is any; adds those to `slow` that have to
    /// be disconnected.
    fn flush_round(
        &mut self,
        round: &mut Vec<ClientId>,
        now: Duration,
        limit: usize,
        slow: &mut Vec<ClientId>,
    ) {
        if self.senders.are_worth_waking(round.len()) {
            return self.flush_with_help(round, now, limit, slow);
        }
        for id in round.drain(..) {
            if let Some(peer) = self.peers.get_mut(&id)
                && prepare(peer, &mut self.feeds)
            {
                self.sent += peer.flush(id, &self.writable);
                if let Some(verdict) = unsettled(peer, now, limit) {
                    self.settle(id, verdict, slow);
                }
            }
        }
    }

    fn flush_with_help(
        &mut self,
        round: &mut Vec<ClientId>,
        now: Duration,
        limit: usize,
        slow: &mut Vec<ClientId>,
    ) {
        let Self { peers, feeds, senders, .. } = self;
        senders.lend(round.drain(..).filter_map(|id| {
            let has_data = prepare(peers.get_mut(&id)?, feeds);
            has_data.then(|| peers.remove_entry(&id)).flatten()
        }));
        let mut shares = self.senders.send(&self.writable);
        for share in &mut shares {
            self.sent += share.sent;
            for (id, mut peer) in share.peers.drain(..) {
                let verdict = unsettled(&mut peer, now, limit);
                self.peers.insert(id, peer);
                if let Some(verdict) = verdict {
                    self.settle(id, verdict, slow);
                }
            }
        }
        self.senders.reuse(shares);
    }

    /// Acts on the verdict about a client that was sent data, lists it as behind or not, and removes
    /// it if it is finished.
    fn settle(&mut self, id: ClientId, verdict: Verdict, slow: &mut Vec<ClientId>) {
        let Some(peer) = self.peers.get_mut(&id) else { return };
        match verdict {
            Verdict::Fine => {}
            Verdict::Suspect(due) => self.suspects.push_back((due, id)),
            Verdict::TooSlow => slow.push(id),
        }
        if peer.is_behind() != peer.is_listed_behind {
            peer.is_listed_behind = peer.is_behind();
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
            self.bells.remove(&id);
            self.forget(id);
            self.peers.remove(&id);
        }
    }

    /// Marks the suspects whose time is up, so that this flush judges them again.
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

/// Queues the rest of its rooms' messages; returns whether the client has to be flushed.
fn prepare(peer: &mut Peer, feeds: &mut Feeds) -> bool {
    let took_some = peer.take(feeds);
    std::mem::take(&mut peer.is_due) || took_some
}

/// The verdict about a client that was sent data, if there is anything to do about it.
fn unsettled(peer: &mut Peer, now: Duration, limit: usize) -> Option<Verdict> {
    let verdict = peer.judge(now, limit);
    (verdict != Verdict::Fine || peer.has_changed()).then_some(verdict)
}
