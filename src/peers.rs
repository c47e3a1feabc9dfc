//! `Peers`: the sending halves of all clients, and what their rooms are told in this batch.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustc_hash::FxHashMap;

use crate::chat::{ClientId, Message, RoomId};
use crate::feed::Feeds;
use crate::metrics::Census;
use crate::os::WritablePoll;
use crate::peer::Peer;
use crate::systemd::Keeper;
use crate::wire::Dialect;

/// A batch is sent when it has made so many bytes, so that no more than that wait anywhere
/// before it is known who takes them.
const MAX_BATCH_BYTES: usize = 256 * 1024;

/// All peers, by the client that each belongs to.
#[derive(Debug)]
pub struct Peers {
    keeper: Keeper,
    peers: FxHashMap<ClientId, Peer>,
    feeds: Feeds,
    /// Who gets what a room is told.
    audiences: FxHashMap<RoomId, Vec<ClientId>>,
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
    /// None yet; those that fall behind are watched by `writable`, and `keeper` is told who goes.
    pub fn new(writable: Arc<WritablePoll>, keeper: Keeper) -> Self {
        Self {
            keeper,
            peers: FxHashMap::default(),
            feeds: Feeds::default(),
            audiences: FxHashMap::default(),
            due: Vec::new(),
            weight: 0,
            sent: 0,
            websockets: 0,
            suspects: VecDeque::new(),
            writable,
        }
    }

    /// Adds the peer of a client that connected.
    pub fn add(&mut self, id: ClientId, peer: Peer) {
        if peer.can_move() {
            self.keeper.keep(id, peer.transport());
        }
        self.adopt(id, peer);
    }

    /// Adds the peer of a client that another process had, and the keeper has.
    pub fn adopt(&mut self, id: ClientId, peer: Peer) {
        self.websockets += usize::from(peer.is_websocket());
        self.peers.insert(id, peer);
    }

    /// How many there are of each kind, and what waits for them.
    pub fn count(&self) -> Census {
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
    pub fn take_sent(&mut self) -> usize {
        std::mem::take(&mut self.sent)
    }

    /// Ends the connection of a client that the next process is not to know of.
    pub fn abandon(&mut self, id: ClientId) {
        if let Some(mut peer) = self.peers.remove(&id) {
            self.websockets -= usize::from(peer.is_websocket());
            peer.close();
            self.keeper.forget(id);
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.peers.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.peers.is_empty()
    }

    /// Whose they are.
    pub fn ids(&self) -> impl Iterator<Item = ClientId> {
        self.peers.keys().copied()
    }

    /// All of them, at the end.
    pub fn into_all(self) -> impl Iterator<Item = (ClientId, Peer)> {
        self.peers.into_iter()
    }

    /// How a client is spoken to.
    pub fn dialect(&self, id: ClientId) -> Option<Dialect> {
        self.peers.get(&id).map(Peer::dialect)
    }

    /// Where a client is, for the log.
    pub fn addr(&self, id: ClientId) -> Option<SocketAddr> {
        self.peers.get(&id).map(Peer::addr)
    }

    /// Does something to a client's peer, if there is one, which is then flushed in this batch.
    pub fn with(&mut self, id: ClientId, act: impl FnOnce(&mut Peer, &mut Feeds)) {
        if let Some(peer) = self.peers.get_mut(&id) {
            let before = peer.queued();
            act(peer, &mut self.feeds);
            self.weight += peer.queued().saturating_sub(before);
            mark_due(&mut self.due, id, peer);
        }
    }

    /// From here on, a client gets what a room is told.
    pub fn enter(&mut self, id: ClientId, room: RoomId) {
        self.with(id, |peer, feeds| peer.enter(room, feeds));
        self.audiences.entry(room).or_default().push(id);
    }

    /// From here on, it does not.
    pub fn leave(&mut self, id: ClientId, room: RoomId) {
        self.with(id, |peer, feeds| peer.leave(room, feeds));
        let Some(audience) = self.audiences.get_mut(&room) else { return };
        if let Some(place) = audience.iter().position(|&listener| listener == id) {
            audience.swap_remove(place);
        }
        if audience.is_empty() {
            self.audiences.remove(&room);
        }
    }

    /// How many get what a room is told.
    pub fn members(&self, room: RoomId) -> usize {
        self.audiences.get(&room).map_or(0, Vec::len)
    }

    /// Tells something to all members of a room but some.
    pub fn tell_room(&mut self, room: RoomId, except: &[ClientId], message: Message) {
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
    pub fn is_batch_full(&self) -> bool {
        self.weight >= MAX_BATCH_BYTES
    }

    /// When to flush even if there is nothing new.
    pub fn next_deadline(&self) -> Option<Duration> {
        self.suspects.front().map(|&(due, _)| due)
    }

    /// Does something to every peer, which is then flushed in this batch.
    pub fn with_all(&mut self, act: impl Fn(&mut Peer, &mut Feeds)) {
        let everyone: Vec<_> = self.peers.keys().copied().collect();
        everyone.into_iter().for_each(|id| self.with(id, &act));
    }

    /// Whether there is anybody to ping.
    pub fn have_websockets(&self) -> bool {
        self.websockets > 0
    }

    /// Whether anything waits to be sent.
    pub fn are_queued(&self) -> bool {
        self.peers.values().any(|peer| peer.queued() > 0)
    }

    /// Ends the batch: sends each client that is due something once, as far as its socket takes
    /// it now. Returns those who are too slow for `limit` bytes in their queues.
    pub fn flush(&mut self, now: Duration, limit: usize) -> Vec<ClientId> {
        self.recall_suspects(now);
        let mut judge = Judge { now, limit, slow: Vec::new(), suspects: &mut self.suspects };
        let mut due = std::mem::take(&mut self.due);
        let rooms: Vec<_> = self.feeds.rooms().collect();
        let members = rooms.iter().filter_map(|room| self.audiences.get(room)).flatten();
        // Whoever is due something of its own comes first: it may be waiting for that.
        for &id in due.iter().chain(members) {
            let Some(peer) = self.peers.get_mut(&id) else { continue };
            let took_some = peer.take(&mut self.feeds);
            if !std::mem::take(&mut peer.is_due) && !took_some {
                continue;
            }
            self.sent += peer.flush(id, &self.writable);
            judge.see(id, peer);
            if peer.is_finished() {
                self.websockets -= usize::from(peer.is_websocket());
                self.peers.remove(&id);
                self.keeper.forget(id);
            }
        }
        due.clear();
        self.due = due;
        let slow = judge.slow;
        self.feeds.next_batch();
        self.weight = 0;
        slow
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

/// Tells who is too slow.
struct Judge<'a> {
    now: Duration,
    limit: usize,
    slow: Vec<ClientId>,
    suspects: &'a mut VecDeque<(Duration, ClientId)>,
}

impl Judge<'_> {
    fn see(&mut self, id: ClientId, peer: &mut Peer) {
        let was_suspect = peer.grace_ends().is_some();
        if peer.is_too_slow(self.now, self.limit) {
            self.slow.push(id);
        } else if !was_suspect && let Some(due) = peer.grace_ends() {
            self.suspects.push_back((due, id));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::door::Door;
    use crate::limits::Limits;
    use crate::os::Bell;
    use crate::text::Text;
    use crate::transport::Transport;
    use std::net::{TcpListener, TcpStream};

    const STALLED: ClientId = ClientId(1);
    const LIMIT: usize = 1 << 20;

    /// One client in a lobby, which does not read and whose socket takes no more.
    struct World {
        door: Arc<Door>,
        peers: Peers,
        _far: TcpStream,
    }

    impl World {
        fn new() -> Self {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let far = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            let (near, addr) = listener.accept().unwrap();
            let transport = Arc::new(Transport::bare(near));
            while transport.send_now([&[b'x'; 1 << 20][..]].into_iter()).is_ok() {}
            let limits = Limits { max_clients: 1, ..Limits::USUAL };
            let door = Arc::new(Door::default());
            let place = Arc::new(door.enter(addr.ip(), &limits, Duration::ZERO).unwrap());
            let writable = WritablePoll::new(&Bell::new().unwrap()).unwrap();
            let mut peers = Peers::new(Arc::new(writable), Keeper::default());
            peers.add(STALLED, Peer::new(transport, addr, place, Dialect::default()));
            peers.enter(STALLED, RoomId::LOBBY);
            Self { door, peers, _far: far }
        }

        fn flood(&mut self) {
            let line = Message::Notice(Text::new("x".repeat(4 * LIMIT)));
            self.peers.tell_room(RoomId::LOBBY, &[], line);
        }

        fn flush(&mut self, ms: u64) -> Vec<ClientId> {
            self.peers.flush(Duration::from_millis(ms), LIMIT)
        }
    }

    #[test]
    fn who_is_behind_is_looked_at_again_although_nothing_is_said() {
        let mut world = World::new();
        world.flood();
        assert_eq!(world.flush(500), []);
        assert_eq!(world.peers.next_deadline(), Some(Duration::from_millis(1500)));
        assert_eq!(world.flush(1499), []);
        assert_eq!(world.flush(1500), [STALLED]);
        assert_eq!(world.peers.next_deadline(), None);
    }

    #[test]
    fn a_place_is_free_only_when_nothing_waits_for_its_client_any_more() {
        let mut world = World::new();
        world.flood();
        world.flush(0);
        world.peers.with(STALLED, |peer, _| peer.finish_unread());
        world.flush(1);
        assert_eq!(world.door.clients(), 1);
        world.peers.with(STALLED, |peer, _| peer.close());
        world.flush(2);
        assert_eq!(world.door.clients(), 0);
        assert!(world.peers.peers.is_empty());
    }
}
