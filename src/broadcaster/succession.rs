//! From one process to the next: taking over what another left, and leaving it.

use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::Sender;

use super::Broadcaster;
use crate::chat::{ClientId, Event, Message, Reason};
use crate::door::Door;
use crate::handover::{Legacy, Record, Snapshot};
use crate::peer::Peer;
use crate::wire::Farewell;

/// How long sessions may take to park.
const PARKING: Duration = Duration::from_secs(2);
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
        self.peers.add(id, peer);
        self.chat.rooms_of(id).iter().for_each(|&room| self.peers.enter(id, room));
    }

    /// Takes over a client that was noted before a crash; `None` if its name is not free.
    pub fn bring_back(&mut self, record: &Record, peer: Peer) -> Option<()> {
        let now = self.clock.now();
        self.chat.bring_back(now, record.id, &record.presence).then(|| self.adopt(record.id, peer))
    }

    /// Lets those go who are in the chat without a connection.
    pub(super) fn drop_the_lost(&mut self) {
        let now = self.clock.now();
        let everyone: Vec<_> = self.chat.clients().collect();
        for id in everyone {
            if self.peers.addr(id).is_none() {
                self.happen(now, id, Event::Gone(Reason::Disconnected));
            }
        }
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
        self.peers.with_all(|peer, feeds| {
            if !peer.can_move() {
                peer.tell(&Message::GoingDown, feeds);
                peer.say_farewell(Farewell::GoingDown, feeds);
            }
        });
        self.peers.flush(self.clock.uptime(), usize::MAX);
        self.close_archive();

        let mut clients = Vec::with_capacity(self.peers.len());
        let mut snapshot = Snapshot::new(self.clock.uptime(), self.chat);
        for (id, peer) in self.peers.into_all() {
            let Some(session) = self.parked.remove(&id).filter(|_| peer.can_move()) else {
                continue;
            };
            let (transport, addr, dialect, queue) = peer.into_parts();
            if snapshot.add(id, addr, dialect, *session, &queue) {
                clients.push((id, transport));
            } else {
                log::warn!("{addr} is too far behind to be handed over");
            }
        }
        // Whoever asked has given up waiting otherwise.
        let _ = successor.legacy.send(Legacy { snapshot, clients });
    }
}
