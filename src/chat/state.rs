//! `Chat`: the state of clients, rooms, accounts and bans.

mod sorted;
mod nodes;
mod nicks;
mod history;
mod mutes;
mod markers;
mod client;
mod ignored;
mod answered;
mod speakers;
mod readers;
mod pace;
mod room;
mod rooms;
mod bans;
mod tokens;
mod registry;
mod logins;
mod registrations;
mod auth;
mod arrivals;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use super::model::{
    ClientId, CloakSecret, Entry, Heard, KeptRoom, LineFilter, LineIds, Moment, Nick, NodeNumber,
    RoomId, RoomName, RoomPast,
};
use super::relay::Past;
use crate::text::{Text, words_like_names};

pub(crate) use self::answered::Answered;
pub(crate) use self::arrivals::{ANNOUNCED_AFTER, Arrivals};
pub(crate) use self::auth::{AuthOutcome, Authentication};
pub(crate) use self::client::Client;
pub use self::client::Presence;
use self::history::REMEMBERED;
pub(crate) use self::ignored::{Identity, Ignored};
pub(crate) use self::markers::{Markers, ReadTarget};
pub(crate) use self::mutes::{Mute, Mutes};
pub(crate) use self::nicks::Nicks;
pub use self::nodes::Node;
pub(crate) use self::nodes::Nodes;
pub(crate) use self::readers::{Reader, Readers};
pub(crate) use self::registry::Registry;
pub use self::registry::Roll;
pub use self::room::RoomRecord;
use self::room::is_zero;
pub(crate) use self::room::{Kept, MAX_ROOM_ACCOUNTS, MAX_ROOM_BANS, Room, RoomMasks};
pub(crate) use self::rooms::Rooms;
use self::sorted::sorted;
pub(crate) use self::speakers::{Speaker, Speakers};
pub(crate) use self::tokens::MAX_TOKENS;

/// The settings of the chat; a reload may change them while people chat.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The server's name, as the welcome shows it.
    pub name: Text,
    /// Lines shown after the welcome.
    pub motd: Arc<[Text]>,
    /// Lines replayed to a client that enters a room.
    pub replay: usize,
    /// Whether there is a store that answers [`Effect::Ask`](super::Effect::Ask), and keeps accounts
    /// and bans.
    pub has_archive: bool,
    /// Lines older than this are not shown.
    pub keep: Option<Duration>,
}

/// The state of the whole chat.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Chat {
    #[serde(skip)]
    pub(super) settings: Settings,
    #[serde(serialize_with = "sorted")]
    /// Boxed, as they are large and the map has more places than clients.
    pub(super) clients: FxHashMap<ClientId, Box<Client>>,
    pub(super) nicks: Nicks,
    pub(super) rooms: Rooms,
    /// Without a cluster, each start reads it from the store.
    #[serde(default, skip_serializing_if = "Registry::is_in_store")]
    pub(super) registry: Registry,
    /// Without a cluster, each process starts with its own.
    #[serde(default)]
    pub(super) line_ids: LineIds,
    #[serde(default)]
    pub(super) ignored: Ignored,
    #[serde(default, rename = "claims")]
    pub(super) authentication: Authentication,
    pub(super) mutes: Mutes,
    /// How many clients speak IRC.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(super) irc: usize,
    /// Up to when the people of accounts have read.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) markers: BTreeMap<Nick, Markers>,
    /// Who was here, latest last; while IRC clients are connected, and not over a restart.
    #[serde(skip)]
    pub(super) past: VecDeque<Past>,
    /// What cloaks are made with.
    #[serde(default, skip_serializing_if = "CloakSecret::is_unset")]
    pub(super) cloak_secret: CloakSecret,
    #[serde(default, skip_serializing_if = "Speakers::is_empty")]
    pub(super) speakers: Speakers,
    #[serde(default, skip_serializing_if = "Answered::is_empty")]
    pub(super) answered: Answered,
    #[serde(default, skip_serializing_if = "Readers::is_empty")]
    pub(super) readers: Readers,
    /// Follows from the clients.
    #[serde(skip)]
    pub(super) arrivals: Arrivals,
    /// Whether only clients that are logged in may speak.
    pub(super) lockdown: bool,
    /// The nodes of the cluster, if there is one.
    #[serde(default)]
    pub(super) nodes: Nodes,
    /// Whether this is what a node has while it is cut off from the others.
    #[serde(default)]
    pub(super) is_cut_off: bool,
}

impl Chat {
    /// A chat without clients, with an empty lobby.
    pub fn new(settings: Settings) -> Self {
        let rooms = Rooms::new(settings.replay);
        Self {
            settings,
            clients: FxHashMap::default(),
            nicks: Nicks::default(),
            rooms,
            registry: Registry::default(),
            line_ids: LineIds::default(),
            ignored: Ignored::default(),
            authentication: Authentication::default(),
            mutes: Mutes::default(),
            irc: 0,
            markers: BTreeMap::new(),
            past: VecDeque::new(),
            cloak_secret: CloakSecret::default(),
            speakers: Speakers::default(),
            answered: Answered::default(),
            readers: Readers::default(),
            arrivals: Arrivals::default(),
            lockdown: false,
            nodes: Nodes::default(),
            is_cut_off: false,
        }
    }

    /// Names the lines that are said from now on after `origin`, which no other process ever had.
    pub fn name_lines_after(&mut self, origin: &str) {
        self.line_ids = LineIds::of(origin);
    }

    /// Names the next line that is said number `oseq` of `origin`.
    pub fn name_next_line(&mut self, origin: &str, oseq: u64) {
        self.line_ids.set_next(origin, oseq);
    }

    /// Applies changed settings to everything shown from now on.
    pub fn configure(&mut self, settings: Settings) {
        self.settings = settings;
        self.remember();
    }

    pub(super) fn client(&self, id: ClientId) -> Option<&Client> {
        self.clients.get(&id).map(AsRef::as_ref)
    }

    /// Whether this is the chat of a cluster.
    pub(super) fn is_shared(&self) -> bool {
        !self.registry.is_in_store()
    }

    /// Whether clients may be in several rooms. Nodes of level 1 do not know of that.
    pub fn allows_many_rooms(&self) -> bool {
        !self.is_shared() || self.level() >= 2
    }

    /// Whether rooms have operators, and settings that end with them. Nodes of level 1 do not know
    /// of that.
    pub fn has_room_roles(&self) -> bool {
        self.allows_many_rooms()
    }

    /// Whether nobody may be called as services are. Nodes of lower levels do not know of that.
    pub(super) fn reserves_services(&self) -> bool {
        !self.is_shared() || self.level() >= 3
    }

    /// Whether people who are not announced yet count for whether a room is a crowd. Nodes of lower
    /// levels do not count them.
    pub(super) fn counts_all_in_crowds(&self) -> bool {
        !self.is_shared() || self.level() >= 4
    }

    /// Whether bans and mutes last ten years at most. Nodes of lower levels take any duration.
    pub(super) fn limits_durations(&self) -> bool {
        self.reserves_services()
    }

    /// Whether the lobby has settings that new clients should know.
    pub(super) fn has_changed_lobby(&self) -> bool {
        let lobby = self.rooms.get(RoomId::LOBBY);
        self.has_room_roles() && lobby.is_some_and(|lobby| !lobby.settings.are_default())
    }

    /// Lines from before this moment are too old to be shown or written.
    pub(super) fn oldest_kept(&self, now: Moment) -> Option<Moment> {
        let keep = i64::try_from(self.settings.keep?.as_millis()).unwrap_or(i64::MAX);
        Some(Moment { unix_ms: now.unix_ms.saturating_sub(keep) })
    }

    /// Has rooms remember as many lines as they have to.
    pub(super) fn remember(&mut self) {
        let replay = if self.is_shared() { REMEMBERED } else { self.settings.replay };
        self.rooms.remember(replay);
    }

    /// Restores a room's history and topic from before this start.
    pub fn recall(&mut self, room: RoomName, past: RoomPast) {
        self.rooms.recall(room, past);
    }

    /// Restores a room that is kept for an account.
    pub fn restore_kept(&mut self, room: RoomName, kept: KeptRoom) {
        self.rooms.restore_kept(room, kept);
    }

    /// Has no room remember lines that are meant any more.
    pub fn forget(&mut self, filter: &LineFilter) {
        self.rooms.forget(filter);
    }

    /// Forgets what rooms remember, because the store knows better.
    pub fn forget_all(&mut self) {
        self.rooms.forget_all();
    }

    /// The clients of one node get ids of another number.
    pub(super) fn renumber(&mut self, from: NodeNumber, to: NodeNumber) {
        let new = |id: ClientId| {
            if id.node() == from { ClientId::on(to, id.local()) } else { id }
        };
        let clients = std::mem::take(&mut self.clients);
        self.clients = clients.into_iter().map(|(id, client)| (new(id), client)).collect();
        self.clients.values_mut().for_each(|client| client.renumber(new));
        self.nicks.renumber(new);
        self.rooms.renumber(new);
        self.ignored.renumber(new);
        self.speakers.renumber(new);
        self.readers.renumber(new);
        self.authentication.renumber(new);
        self.arrivals.renumber(new);
    }

    /// Forgets all nodes; the clients of `node` are this server's own.
    pub(super) fn forget_nodes(&mut self, node: NodeNumber) {
        self.renumber(node, NodeNumber::ALONE);
        self.nodes = Nodes::default();
    }

    /// All living nodes, in the order of joining.
    pub fn nodes(&self) -> impl Iterator<Item = (NodeNumber, &Node)> {
        self.nodes.iter()
    }

    /// Notes how many entries of the log each node is behind, which is no part of the state.
    pub fn note_behind(&mut self, behind: impl Iterator<Item = (u32, u64)>) {
        let behind = behind.map(|(number, behind)| (NodeNumber(number), behind));
        self.nodes.note_behind(behind.collect());
    }

    /// What entries of the log do: every change of that has a level, which is in force once all
    /// nodes know it.
    pub fn level(&self) -> u32 {
        self.nodes.level()
    }

    /// The newest level that all living nodes know.
    pub fn common_level(&self) -> u32 {
        self.nodes.common_level()
    }

    /// Raises the level in force, if all living nodes know it.
    pub fn raise_level(&mut self, level: u32) {
        self.nodes.raise_level(level);
    }

    /// The number that the last node got.
    pub fn joins(&self) -> u32 {
        self.nodes.last()
    }

    /// The settings in force.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// A living node.
    pub fn node(&self, number: NodeNumber) -> Option<&Node> {
        self.nodes.get(number)
    }

    /// Which inputs of nodes are known.
    pub fn heard(&self) -> &Heard {
        self.nodes.heard()
    }

    /// Notes an input of an origin; returns whether it is new.
    pub fn hear(&mut self, origin: &str, oseq: u64) -> bool {
        self.nodes.hear(origin, oseq)
    }

    /// Whether this is what a node has while it is cut off from the others. Then what could not be
    /// brought together later is refused.
    pub fn set_cut_off(&mut self, is_cut_off: bool) {
        self.is_cut_off = is_cut_off;
    }

    /// The members of a room, announced or not. Empty for a room that does not exist.
    pub fn members(&self, room: RoomId) -> &[ClientId] {
        self.rooms.get(room).map_or(&[], |room| &room.members)
    }

    /// All connected clients, by id.
    pub fn clients(&self) -> Vec<ClientId> {
        self.clients_who(|_| true)
    }

    /// The clients that `are` holds for, by id: the order of a hash map depends on its past.
    pub(crate) fn clients_who(&self, are: impl Fn(&Client) -> bool) -> Vec<ClientId> {
        let who = self.clients.iter().filter(|(_, client)| are(client));
        let mut ids: Vec<_> = who.map(|(&id, _)| id).collect();
        ids.sort_unstable();
        ids
    }

    /// The rooms that a client is in, or that it reads.
    pub fn rooms_of(&self, client: ClientId) -> &[RoomId] {
        let reader = || self.readers.room_of(client).map_or(&[][..], std::slice::from_ref);
        self.clients.get(&client).map_or_else(reader, |client| &client.rooms)
    }

    /// The number of rooms with people in them.
    pub fn rooms_in_use(&self) -> usize {
        self.rooms.iter().filter(|room| !room.members.is_empty()).count()
    }

    /// What the others know of a client.
    pub fn presence(&self, client: ClientId) -> Option<Presence> {
        let client = self.clients.get(&client)?;
        let name = |room: &RoomId| self.rooms.get(*room).map(|room| room.name);
        Some(client.presence(client.rooms.iter().filter_map(name).collect()))
    }

    /// The account that a connected client is logged in to.
    pub fn login(&self, client: ClientId) -> Option<Nick> {
        self.clients.get(&client)?.login
    }

    /// The members of a room, except for the speaker, whose nicks are words of a line.
    pub fn named_in(&self, room: RoomId, entry: &Entry) -> Vec<ClientId> {
        let mut named = Vec::new();
        for word in words_like_names(entry.text.as_str()) {
            // Look-alikes have the same holder.
            let is_named = |id: &ClientId| {
                let client = &self.clients[id];
                client.nick.as_str().eq_ignore_ascii_case(word)
                    && client.nick != entry.from
                    && client.rooms.contains(&room)
            };
            named.extend(self.nicks.holder(word).filter(is_named).filter(|id| !named.contains(id)));
        }
        named
    }

    /// Whether a client is an operator of the server.
    pub(crate) fn operates(&self, client: &Client) -> bool {
        self.registry.is_operator(client.login) || self.registry.is_operator(client.rights)
    }

    /// The nick of a connected client.
    pub fn nick(&self, client: ClientId) -> Option<Nick> {
        self.clients.get(&client).map(|client| client.nick)
    }
}
