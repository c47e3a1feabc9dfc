//! From one process to the next: taking over what another left, and leaving it.

use std::net::Shutdown;
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::Sender;

use super::Broadcaster;
use crate::admission::door::Door;
use crate::chat::{ClientId, Event, Message, Reason};
use crate::delivery::peer::Peer;
use crate::restart::snapshot::{Legacy, Record, Snapshot};
use crate::wire::Farewell;

/// How long sessions may take to park.
pub(super) const PARKING: Duration = Duration::from_secs(2);
/// How often to look whether they have.
const LOOK_AGAIN: Duration = Duration::from_millis(2);

/// Who is to go on, and what for.
#[derive(Debug)]
pub(super) struct Successor {
    legacy: Sender<Legacy>,
    door: Arc<Door>,
    deadline: Duration,
}

impl Successor {
    /// When to look again whether all is ready for it.
    pub(super) fn next_look(&self, uptime: Duration) -> Duration {
        uptime + LOOK_AGAIN
    }
}

impl Broadcaster {
    /// Takes over a client that is in the chat already.
    pub fn adopt(&mut self, id: ClientId, peer: Peer) {
        self.peers.adopt(id, peer);
        self.chat.rooms_of(id).iter().for_each(|&room| self.peers.enter(id, room));
        self.status.note(id, &self.chat, self.peers.dialect(id));
    }

    /// Takes over a client that was noted before a crash; `None` if its name is not free.
    pub fn bring_back(&mut self, record: &Record, peer: Peer) -> Option<()> {
        let now = self.clock.now();
        self.chat.bring_back(now, record.id, &record.presence).then(|| self.adopt(record.id, peer))
    }

    /// Lets a client go that there is no thread for.
    pub fn lose(&mut self, id: ClientId) {
        self.peers.abandon(id);
    }

    /// Lets those go who are in the chat without a connection, and sends the others what waited
    /// for them.
    pub(super) fn begin(&mut self) {
        self.status.take_over();
        let now = self.clock.now();
        let everyone: Vec<_> = self.chat.clients().collect();
        for id in everyone {
            if self.peers.addr(id).is_none() {
                self.happen(now, id, Event::Gone(Reason::Disconnected));
            }
        }
        self.enforce(now);
        self.flush(now);
    }

    /// Begins to wait for all sessions to park.
    pub(super) fn expect_successor(&mut self, legacy: Sender<Legacy>, door: Arc<Door>) {
        let deadline = self.clock.uptime() + PARKING;
        self.successor = Some(Successor { legacy, door, deadline });
    }

    /// Whether nobody has anything to say any more, or had the time to.
    pub(super) fn can_hand_over(&self) -> bool {
        let Some(successor) = &self.successor else { return false };
        let all_are_here = self.peers.len() == successor.door.clients();
        let is_quiet = || self.peers.ids().all(|id| self.parked.contains_key(&id));
        (all_are_here && is_quiet()) || self.clock.uptime() >= successor.deadline
    }

    /// Leaves everything to the successor, and says goodbye to those who cannot come along.
    pub(super) fn hand_over(mut self, successor: &Successor) {
        self.settle();
        self.await_answers();
        self.dismiss_those_who_stay();
        self.close_archive();
        let Self { clock, limits, chat, peers, mut parked, .. } = self;
        let mut snapshot = Snapshot::new(clock.uptime(), successor.door.next_id(), chat);
        snapshot.addresses = successor.door.spent(&limits.get(), clock.uptime());
        let mut clients = Vec::with_capacity(peers.len());
        for (id, peer) in peers.into_all() {
            let addr = peer.addr();
            let Some((session, client)) = parked.remove(&id).zip(peer.into_parts()) else {
                continue;
            };
            let (stream, dialect, queue) = client;
            if snapshot.add(id, addr, dialect, *session, &queue) {
                clients.push((id, stream));
            } else {
                log::warn!("{addr} is too far behind to be handed over");
                let _ = stream.shutdown(Shutdown::Both);
            }
        }
        // Whoever asked has given up waiting otherwise.
        let _ = successor.legacy.send(Legacy { snapshot, clients });
    }

    /// Those under TLS, those who are leaving anyway, and those whose sessions did not park.
    fn dismiss_those_who_stay(&mut self) {
        let mut staying = Vec::new();
        for id in self.peers.ids().collect::<Vec<_>>() {
            let is_parked = self.parked.contains_key(&id);
            self.peers.with(id, |peer, feeds| {
                if !peer.can_move() || !is_parked {
                    peer.tell(&Message::GoingDown, feeds);
                    peer.say_farewell(Farewell::GoingDown, feeds);
                    staying.push(id);
                }
            });
        }
        self.peers.flush(self.clock.uptime(), usize::MAX);
        staying.into_iter().for_each(|id| self.peers.abandon(id));
    }
}
