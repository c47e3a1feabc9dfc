//! Restart without disconnecting: taking clients over from the previous process, and handing
//! them to the next.

use std::time::Duration;

use super::parking::{PARKING, RestartRequest};
use super::readers::Reader;
use super::run::{Broadcaster, LAST_ANSWERS, LAST_WRITES};
use crate::chat::{ClientId, Event, Message, Reason};
use crate::delivery::Peer;
use crate::net::Transport;
use crate::restart::{Handover, Record, SavedReader, Snapshot};
use crate::wire::irc::Conversation;
use crate::wire::{Dialect, Farewell, Speech};

/// How long the broadcaster may take to hand everything to the next process.
pub const HAND_OVER: Duration = PARKING.saturating_add(LAST_ANSWERS).saturating_add(LAST_WRITES);

impl Broadcaster {
    /// Takes over a client that is in the chat already.
    ///
    /// The log does not mention it before its first byte if it `is_unheard`.
    pub fn adopt(
        &mut self,
        id: ClientId,
        peer: Peer,
        reads: Option<SavedReader>,
        is_unheard: bool,
    ) {
        let (now, dispatcher) = (self.clock.now(), &mut self.dispatcher);
        if is_unheard {
            dispatcher.unheard.add(id);
        }
        let stream = peer.dialect().stream();
        let is_in = match stream {
            Some(stream) => dispatcher.adopt_reader(now, id, (stream, reads)),
            None => Some(true),
        };
        dispatcher.peers.adopt(id, peer);
        let Some(is_in) = is_in else {
            // An older program gave it the past, and did not say how far. It comes back for the rest.
            return dispatcher.peers.abandon(id);
        };
        dispatcher.await_registration(now, id);
        dispatcher.note_watcher(id);
        for &room in dispatcher.log.rooms_of(id).iter().filter(|_| is_in) {
            dispatcher.peers.enter(id, room);
        }
        dispatcher.note(id);
    }

    /// The form of what a client is sent of which only the record is known.
    pub fn speech_of(&self, record: &Record) -> Speech {
        let server = self.dispatcher.log.chat().settings().name.as_str();
        let mut speech = Speech::new(record.dialect, server);
        speech.display = record.display();
        let nick = record.presence.nick();
        if let (Dialect::Irc(caps), false) = (record.dialect, nick.is_guest()) {
            let nick = nick.as_str();
            speech.dialect = record.dialect.with_caps(caps);
            speech.irc = Some(Box::new(Conversation::resumed(server, nick, caps)));
        }
        speech
    }

    /// Takes over a client from its record after a crash; `None` if its nick is not free.
    pub fn bring_back(&mut self, record: &Record, peer: Peer) -> Option<()> {
        let (now, log) = (self.clock.now(), &mut self.dispatcher.log);
        log.bring_back(now, record.id, &record.presence)
            .then(|| self.adopt(record.id, peer, None, false))
    }

    /// Disconnects a client for which no thread could be started.
    pub fn abandon(&mut self, id: ClientId) {
        self.dispatcher.peers.abandon(id);
    }

    /// Removes clients that are in the chat without a connection, and sends the queues of the
    /// others.
    pub(super) fn begin(&mut self) {
        let (now, dispatcher) = (self.clock.now(), &mut self.dispatcher);
        if let Some(origin) = dispatcher.log.origin() {
            dispatcher.status.note_node(origin);
        }
        dispatcher.status.note_rooms(dispatcher.log.chat());
        dispatcher.status.take_over();
        for id in dispatcher.log.clients() {
            if dispatcher.peers.remote(id).is_none() {
                dispatcher.apply(now, id, Event::Gone(Reason::Disconnected));
            }
        }
        for id in dispatcher.log.readers() {
            if dispatcher.peers.remote(id).is_none() {
                dispatcher.apply(now, id, Event::Gone(Reason::Disconnected));
            }
        }
        dispatcher.log.await_announcements();
        dispatcher.enforce(now);
        dispatcher.read_rooms(now);
        dispatcher.flush(now);
    }

    /// Whether a restart is wanted and all sessions have parked, or have had the time to.
    pub(super) fn can_hand_over(&self) -> bool {
        let peers = &self.dispatcher.peers;
        self.parking.is_complete(self.clock.uptime(), peers.ids(), peers.len())
    }

    /// Hands everything to the next process, and disconnects clients that cannot be moved.
    pub(super) fn hand_over(mut self, request: &RestartRequest) {
        self.settle();
        self.dispatcher.send_heads();
        self.disconnect_unmovable();
        let forgotten = self.dispatcher.archive.forgotten();
        self.close_archive();
        let Self { clock, limits, mut dispatcher, mut parking, .. } = self;
        let requests = std::mem::take(&mut dispatcher.requests);
        let readers = std::mem::take(&mut dispatcher.readers);
        let (chat, node, unsaved_bans, peers) = dispatcher.into_parts();
        let mut snapshot = Snapshot::new(clock.uptime(), request.door.next_id(), chat);
        snapshot.forgotten = forgotten;
        snapshot.node = node;
        snapshot.set_requests(requests.into_saved(&limits.get(), clock.uptime()));
        snapshot.set_unsaved_bans(unsaved_bans);
        snapshot.addresses = request.door.spent(&limits.get(), clock.uptime());
        let mut clients = Vec::with_capacity(peers.len());
        for (id, peer) in peers.into_all() {
            let remote = peer.remote();
            let Some((session, client)) = parking.take(id).zip(peer.into_parts()) else {
                continue;
            };
            let (stream, speech, queue) = client;
            if snapshot.add(id, remote, speech, session, &queue) {
                let reads = readers.get(id).and_then(Reader::to_saved);
                reads.into_iter().for_each(|reads| snapshot.add_reads(reads));
                clients.push((id, stream));
            } else {
                log::warn!(
                    "disconnected {remote}: too much is queued for it to survive the restart"
                );
                Transport::bare(stream).close();
            }
        }
        // Fails only if the requesting thread has given up.
        let _ = request.reply.send(Handover { snapshot, clients });
    }

    /// Disconnects clients under TLS, clients that are leaving anyway, and those whose sessions did
    /// not park.
    fn disconnect_unmovable(&mut self) {
        let Self { dispatcher, parking, clock, .. } = self;
        let peers = &mut dispatcher.peers;
        let mut unmovable = Vec::new();
        for id in peers.ids().collect::<Vec<_>>() {
            let is_parked = parking.has(id);
            peers.with(id, |peer, feeds| {
                if !peer.can_move() || !is_parked {
                    peer.tell(&Message::GoingDown, feeds);
                    peer.say_farewell(Farewell::GoingDown, feeds);
                    unmovable.push(id);
                }
            });
        }
        peers.flush(clock.uptime(), usize::MAX);
        unmovable.into_iter().for_each(|id| peers.abandon(id));
    }
}
