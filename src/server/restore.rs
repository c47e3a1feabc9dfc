//! Restores the chat and the clients of the previous process.

use std::collections::HashMap;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use ring::rand::{SecureRandom, SystemRandom};

use crate::address::Remote;
use crate::admission::{Bucket, Door, Slot};
use crate::broadcaster::Broadcaster;
use crate::chat::{Chat, ClientId, CloakSecret, Now, RoomRecord};
use crate::cluster::{NodeOrigin, SavedNode};
use crate::config::Config;
use crate::delivery::Peer;
use crate::intake::{Caller, Session, SessionContext};
use crate::net::Transport;
use crate::os;
use crate::restart::{
    Inherited, ManagerThread, Record, SavedClient, SavedRequests, SavedSession, Snapshot,
};
use crate::runtime::{NotStarted, Threads};
use crate::store::{Past, UnsavedBans};
use crate::wire::{Dialect, Speech};

/// How many clients may have come and gone behind the last one in the roster of a process that
/// crashed: the log of a cluster must not take another one for them.
const UNKNOWN: u64 = 1 << 20;

/// A client of the previous process whose connection is still there.
pub(super) struct RestoredClient {
    id: ClientId,
    transport: Arc<Transport>,
    remote: Remote,
    slot: Arc<Slot>,
    shared: SessionContext,
    saved: SavedState,
}

/// What the previous process saved of a client besides its connection.
enum SavedState {
    /// Everything, from the snapshot; with its send queue.
    All(Box<SavedClient>, Vec<u8>),
    /// Its record in the roster.
    Record(Box<Record>),
    /// Nothing: it becomes a new client.
    Nothing,
}

/// What the previous process and the disk left.
pub(super) struct Restored {
    pub(super) chat: Chat,
    /// Changes of bans that are in force in the chat and not on the disk.
    pub(super) unsaved_bans: UnsavedBans,
    /// What the process was in its cluster.
    pub(super) node: Option<SavedNode>,
    /// The same by the roster, if that is all there is.
    pub(super) was: Option<NodeOrigin>,
    /// What requests over HTTP left.
    pub(super) requests: SavedRequests,
    /// The clients that still have a connection.
    pub(super) clients: Vec<RestoredClient>,
}

/// The chat, and the clients that still have a connection.
pub(super) fn restore(
    mut inherited: Inherited,
    mut past: Past,
    config: &Config,
    door: &Arc<Door>,
    shared: &SessionContext,
    manager: &ManagerThread,
) -> Restored {
    // In the order in which they connected, whatever the order of the descriptors is.
    inherited.clients.sort_by_key(|(id, _)| *id);
    if let Some(snapshot) = &mut inherited.snapshot {
        remind(door, snapshot, shared);
    }
    let mut saved: HashMap<_, _> = inherited.snapshot.as_mut().map_or_else(HashMap::new, |all| {
        all.take_clients().into_iter().map(|(client, queue)| (client.id, (client, queue))).collect()
    });
    let has_only_members = inherited.has_only_members();
    if let Some(last) = inherited.roster.iter().map(|record| record.id).max() {
        door.count_from(ClientId(last.0.saturating_add(UNKNOWN)));
    }
    let mut noted: HashMap<_, _> =
        inherited.roster.into_iter().map(|record| (record.id, record)).collect();
    let clients = inherited.clients.into_iter().filter_map(|(id, stream)| {
        let saved = match (saved.remove(&id), noted.remove(&id)) {
            (Some((client, queue)), _) => SavedState::All(Box::new(client), queue),
            (None, Some(record)) => SavedState::Record(Box::new(record)),
            (None, None) if has_only_members => {
                // It had left, and its connection was open only for the rest of its queue.
                Transport::bare(stream).close();
                manager.forget(id);
                return None;
            }
            (None, None) => SavedState::Nothing,
        };
        let client = RestoredClient::new(id, stream, saved, door, shared);
        if client.is_none() {
            manager.forget(id);
        }
        client
    });
    let (clients, was) = (clients.collect(), inherited.node);
    let left = |snapshot: &mut Snapshot| (snapshot.take_unsaved_bans(), snapshot.take_requests());
    let (unsaved_bans, requests) = inherited.snapshot.as_mut().map(left).unwrap_or_default();
    past.roll = unsaved_bans.applied_to(past.roll);
    let before = (inherited.snapshot, inherited.rooms);
    let (chat, node) = chat_of(before, past, config, shared.clock.now());
    Restored { chat, unsaved_bans, node, was, requests, clients }
}

/// Tells the door what the process before knew.
fn remind(door: &Arc<Door>, snapshot: &mut Snapshot, shared: &SessionContext) {
    door.count_from(snapshot.next_id);
    let (limits, now) = (shared.limits.get(), shared.clock.uptime());
    door.recall(std::mem::take(&mut snapshot.addresses), &limits, now);
}

/// The chat of the snapshot, or one with the past on the disk and the rooms of the roster; and what the process before was in
/// its cluster, if this one is a node, too.
fn chat_of(
    (snapshot, rooms): (Option<Snapshot>, Vec<RoomRecord>),
    past: Past,
    config: &Config,
    now: Now,
) -> (Chat, Option<SavedNode>) {
    let (settings, is_node) = (config.settings(), config.cluster.is_some());
    let forgotten = snapshot.as_ref().map(|snapshot| snapshot.forgotten);
    let (chat, node) = snapshot.map(|snapshot| (snapshot.chat, snapshot.node)).unzip();
    let mut chat = chat.unwrap_or_else(|| Chat::new(settings.clone()));
    let node = node.flatten();
    if let (false, Some(node)) = (is_node, &node) {
        chat.set_alone(now, node.number);
    }
    chat.configure(settings);
    let node = node.filter(|_| is_node);
    // Otherwise the log has what the disk has.
    if node.as_ref().is_none_or(|node| !node.has_joined()) {
        past.recall_in(&mut chat, forgotten);
        // Without a database, each start has its own, unless the process before left one.
        chat.set_cloak_secret(random_secret());
    }
    // In a cluster, the log knows of the rooms.
    let rooms = rooms.iter().filter(|_| forgotten.is_none() && !is_node);
    rooms.for_each(|room| chat.bring_back_room(now, room));
    (chat, node)
}

/// A secret that nobody can guess.
fn random_secret() -> CloakSecret {
    let mut bytes = [0; 32];
    SystemRandom::new().fill(&mut bytes).expect("the system has random numbers");
    CloakSecret::new(bytes)
}

impl RestoredClient {
    /// `None` if the connection has broken meanwhile.
    fn new(
        id: ClientId,
        stream: OwnedFd,
        saved: SavedState,
        door: &Arc<Door>,
        shared: &SessionContext,
    ) -> Option<Self> {
        let known = match &saved {
            SavedState::All(client, _) => Some(client.remote),
            SavedState::Record(record) => record.remote,
            SavedState::Nothing => None,
        };
        let remote = known.or_else(|| os::remote_of(&stream).ok())?;
        let (limits, now) = (shared.limits.get(), shared.clock.uptime());
        let slot = Arc::new(door.readmit(id, remote.ip(), &limits, now));
        let (transport, shared) = (Arc::new(Transport::bare(stream)), shared.clone());
        Some(Self { id, transport, remote, slot, shared, saved })
    }

    /// Adds the client to the broadcaster, and starts its session where the previous one ended.
    pub(super) fn join(self, broadcaster: &mut Broadcaster, threads: &Threads) {
        let Self { id, transport, remote, slot, shared, saved } = self;
        let peer = |speech, queue| {
            Peer::resume(Arc::clone(&transport), remote, Arc::clone(&slot), speech, queue)
        };
        let session = match saved {
            SavedState::All(client, queue) => {
                let SavedClient { dialect, display, irc, reads, session, .. } = *client;
                let peer = peer(Speech { dialect, display, irc }, queue);
                let reads = reads.map(|reads| *reads);
                broadcaster.adopt(id, peer, reads, session.is_unheard);
                Ok(session)
            }
            SavedState::Record(record) => {
                let speech = broadcaster.speech_of(&record);
                broadcaster
                    .bring_back(&record, peer(speech, Vec::new()))
                    .map(|()| fresh(&record, &slot, &shared))
                    .ok_or(record.dialect)
            }
            SavedState::Nothing => Err(Dialect::default()),
        };
        let stream = Arc::clone(&transport);
        let started = match session {
            Ok(saved) => threads
                .run(move || Session::resume(id, transport, slot, saved, shared).run(Vec::new())),
            Err(dialect) => threads.run(move || {
                let from = Caller { remote, is_encrypted: false, is_unheard: false };
                Session::new(id, transport, from, slot, (dialect, None), shared).run(Vec::new());
            }),
        };
        if let Err(NotStarted { error, .. }) = started {
            log::error!("lost {remote}: cannot start a thread: {error}");
            // Its peer holds the transport, too, and finds it closed.
            stream.close();
            broadcaster.abandon(id);
        }
    }
}

/// The session of a client of which only the record is known.
fn fresh(record: &Record, slot: &Slot, shared: &SessionContext) -> SavedSession {
    let now = shared.clock.uptime();
    SavedSession {
        decoder: record.decoder(),
        bucket: Bucket::new(slot.burst, now),
        heard: now,
        is_settled: true,
        is_unheard: false,
    }
}
