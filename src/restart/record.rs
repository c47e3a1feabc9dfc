//! `Record`: what the roster says of a client, and its format.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::address::Remote;
use crate::chat::{ClientId, Presence, RoomRecord};
use crate::cluster::NodeOrigin;
use crate::edit::Size;
use crate::wire::{Decoder, Dialect, Display};

/// Raised whenever older programs could misunderstand a record.
const RECORD_VERSION: u32 = 1;
/// Bytes of a record in the roster.
pub(super) const RECORD: usize = 512;
/// A slot of a roster without a record.
pub(super) const EMPTY_SLOT: [u8; RECORD] = [b' '; RECORD];

/// Raised whenever older programs could misunderstand a record of a room, which those of version 1
/// cannot read at all.
const ROOM_VERSION: u32 = 2;
/// What a record of a room begins with, and no other.
const ROOM: &[u8] = b"{\"room\":";

/// What the roster says about a room.
#[derive(Debug, Serialize, Deserialize)]
struct SavedRoom {
    room: RoomRecord,
    version: u32,
}

/// The record of a room as a slot of the roster; `None` if it does not fit. Leaves out roles if
/// that makes it fit.
pub(super) fn room_slot(mut room: RoomRecord) -> Option<[u8; RECORD]> {
    loop {
        let saved = SavedRoom { room, version: ROOM_VERSION };
        if let Some(slot) = slot(&saved) {
            return Some(slot);
        }
        room = saved.room;
        if !room.forget_a_role() {
            return None;
        }
    }
}

/// The records of rooms in a roster that can be read.
pub(super) fn rooms_in(roster: &[u8]) -> impl Iterator<Item = RoomRecord> {
    let slots = roster.chunks(RECORD).filter(|slot| slot.starts_with(ROOM));
    slots.filter_map(|slot| {
        let saved = read(slot, ROOM_VERSION).map(|SavedRoom { room, .. }| room);
        saved.inspect_err(|error| log::error!("cannot read a room of the roster: {error}")).ok()
    })
}

/// JSON in a slot; `None` if it does not fit.
fn slot(value: &impl Serialize) -> Option<[u8; RECORD]> {
    let json = serde_json::to_vec(value).ok()?;
    let mut slot = EMPTY_SLOT;
    slot.get_mut(..json.len())?.copy_from_slice(&json);
    Some(slot)
}

/// What the roster says about a client's connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lasting {
    /// The far end.
    pub remote: Remote,
    /// The protocol and form of what is sent.
    pub dialect: Dialect,
    /// The size of the terminal, if the line is edited.
    pub editing: Option<Size>,
}

/// What the roster says about a client, for a next process that finds no snapshot it can read.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Record {
    version: u32,
    /// The client's id.
    pub id: ClientId,
    /// The far end; `None` in what an older chatd left.
    #[serde(default)]
    pub remote: Option<Remote>,
    /// The protocol and form of what is sent to it.
    pub dialect: Dialect,
    /// The size of its terminal, if its line is edited: it sends keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    editing: Option<Size>,
    /// Its nick, room and settings in the chat.
    pub presence: Presence,
    /// What the process is in its cluster, in a record of its own. Its id is that of no client, so
    /// that programs that know of no clusters skip it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) node: Option<NodeOrigin>,
}

impl Record {
    /// The record of a client.
    pub fn new(id: ClientId, lasting: Lasting, presence: Presence) -> Self {
        let Lasting { remote, dialect, editing } = lasting;
        Self { remote: Some(remote), editing, ..Self::without_remote(id, dialect, presence) }
    }

    fn without_remote(id: ClientId, dialect: Dialect, presence: Presence) -> Self {
        let version = RECORD_VERSION;
        Self { version, id, remote: None, dialect, editing: None, presence, node: None }
    }

    /// The record of the process as a node of a cluster.
    pub(super) fn of_node(origin: NodeOrigin) -> Self {
        let (dialect, presence) = (Dialect::default(), Presence::of_nobody());
        Self { node: Some(origin), ..Self::without_remote(ClientId::NOBODY, dialect, presence) }
    }

    /// A decoder for the client, which may send keys.
    pub fn decoder(&self) -> Decoder {
        match self.editing {
            Some(size) => Decoder::editing(size),
            None => self.dialect.decoder(),
        }
    }

    /// Its screen, if its line is edited.
    pub fn display(&self) -> Option<Box<Display>> {
        self.editing.map(|size| Box::new(Display::drawn_before(size)))
    }

    /// The record as a slot of the roster; `None` if it does not fit.
    ///
    /// Leaves out rooms of a client that is in several, if that makes it fit.
    pub fn to_slot(&self) -> Option<[u8; RECORD]> {
        let mut shorter = self.clone();
        loop {
            if let Some(slot) = slot(&shorter) {
                return Some(slot);
            }
            if !shorter.presence.forget_a_room() {
                return None;
            }
        }
    }

    /// All records of a roster but those of rooms, without its empty slots.
    pub fn all_in(roster: &[u8]) -> impl Iterator<Item = Result<Self, String>> {
        let is_in_use = |slot: &&[u8]| !slot.trim_ascii().is_empty() && !slot.starts_with(ROOM);
        roster.chunks(RECORD).filter(is_in_use).map(|slot| read(slot, RECORD_VERSION))
    }
}

/// Reads JSON that this program or an older one wrote.
pub(super) fn read<T: DeserializeOwned>(json: &[u8], newest: u32) -> Result<T, String> {
    #[derive(Deserialize)]
    struct Versioned {
        version: u32,
    }
    let broken = |error: serde_json::Error| error.to_string();
    let Versioned { version } = serde_json::from_slice(json).map_err(broken)?;
    if version > newest {
        return Err(format!("it has version {version}, this program reads up to {newest}"));
    }
    serde_json::from_slice(json).map_err(broken)
}
