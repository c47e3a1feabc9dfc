//! `Replica`: the chat as the log makes it, up to one place.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::change::Change;
use super::digest::digest;
use super::entry::{EntryKind, LogEntry, NodeOrigin, Position, is_node_name};
use super::request::LogSnapshot;
use super::sealing::ClusterKey;
use crate::chat::{
    Chat, ClientId, Effect, Effects, Entry, LineId, Moment, Nick, Node, NodeNumber, Now,
    RollChange, RoomName,
};
use crate::text::Text;

/// The newest level that this program knows: raised with every change of what an entry does.
pub const LEVEL: u32 = 4;
/// The level from which on the chat has a secret for cloaks.
const CLOAKS: u32 = 3;
/// What the data of an entry `g` says of a node that did not renew its lease.
const LOST: &[u8] = b"lost";

/// The most that the uptime grows from one entry to the next: nodes compare their states more often.
const MAX_PAUSE: Duration = Duration::from_secs(24 * 3600);

/// A line that was said: where, by whom, and the line.
pub(super) type SaidLine = (RoomName, ClientId, Entry);

/// The state that all nodes have at the same place of the log.
#[derive(Debug, Serialize, Deserialize)]
pub struct Replica {
    /// The chat.
    pub chat: Chat,
    /// The place.
    pub at: Position,
    /// The cluster's uptime at the last entry.
    pub uptime: Duration,
    /// The wall-clock time at the last entry.
    pub moment: Moment,
}

/// What an entry was, besides its effects.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Outcome {
    /// Whether it was an input of a node. What was not sealed by one is none.
    pub(super) is_input: bool,
    /// The lines that it added.
    pub(super) lines: Vec<SaidLine>,
    /// The client that it is an input of, by its number on its node.
    pub(super) client: Option<u64>,
    /// Whether it was a change of the accounts or bans that no client asked for.
    pub(super) is_roll: bool,
    /// Clients of a roster that lost their nick to somebody else.
    pub(super) renamed: Vec<(ClientId, Nick)>,
    /// What the node has to look at.
    pub(super) notice: Option<Notice>,
}

/// What a node has to know of an entry.
#[derive(Debug, PartialEq)]
pub(super) enum Notice {
    /// The entry is of no node with the cluster's key, and does nothing.
    Forged,
    /// The digest of the state is to be noted here.
    Mark,
    /// The digest of another node at an earlier place.
    Digest(Position, String),
}

/// Why the log cannot be applied any further.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unreadable(pub(super) String);

/// What an entry `j` says.
#[derive(Debug, Serialize, Deserialize)]
struct Joined {
    name: String,
    j: u32,
    was: Option<String>,
    archive: bool,
    level: u32,
}

impl Replica {
    /// The state before the first entry.
    pub fn new(chat: Chat) -> Self {
        let (at, uptime, moment) = (Position::default(), Duration::ZERO, Moment::default());
        Self { chat, at, uptime, moment }
    }

    /// The state that a log is founded with: what a disk has, with its accounts and bans, and without
    /// clients. The log begins at `uptime`: nothing in it is later.
    pub(super) fn of_disk(chat: Chat, roll: &[RollChange], uptime: Duration) -> Self {
        let mut replica = Self { uptime, ..Self::new(chat) };
        let now = replica.now();
        replica.chat.set_shared(true);
        replica.chat.keep_only(now, NodeNumber(u32::MAX));
        let mut effects = Effects::default();
        for change in roll.iter().cloned() {
            replica.chat.change_roll(now, change, &mut effects);
        }
        replica
    }

    /// The time of the last entry.
    pub(super) fn now(&self) -> Now {
        Now { uptime: self.uptime, moment: self.moment }
    }

    /// The same with the wall-clock time of this node.
    pub(super) fn now_at(&self, now: Now) -> Now {
        Now { uptime: self.uptime, moment: now.moment }
    }

    /// The number of a living node.
    pub(super) fn number_of(&self, origin: NodeOrigin) -> Option<NodeNumber> {
        let origin = origin.to_string();
        let mut nodes = self.chat.nodes();
        nodes.find(|(_, node)| node.origin == origin).map(|(number, _)| number)
    }

    /// Applies the next entry of the log. `are_new` are lines that the reader was not shown yet.
    ///
    /// # Errors
    /// The entry is of a newer program. Then it is not applied.
    pub(super) fn apply(
        &mut self,
        entry: &LogEntry,
        key: &mut ClusterKey,
        are_new: &dyn Fn(&LineId) -> bool,
        effects: &mut Effects,
    ) -> Result<Outcome, Unreadable> {
        let change = self.read(entry, key)?;
        self.at = entry.position();
        // What is not sealed may say anything, and all times in the chat rely on this one.
        let uptime = Duration::from_millis(entry.uptime);
        self.uptime = uptime.clamp(self.uptime, self.uptime.saturating_add(MAX_PAUSE));
        self.moment = Moment { unix_ms: entry.moment };
        let now = self.now();
        self.chat.tick(now, effects);
        match change {
            Read::Nothing => Ok(Outcome::default()),
            Read::Forged => Ok(Outcome { notice: Some(Notice::Forged), ..Outcome::default() }),
            Read::Joined(joined, origin) => {
                self.join(joined, origin, effects);
                Ok(Outcome::default())
            }
            Read::Gone(number) => {
                self.chat.remove_node(now, number, entry.data == LOST, effects);
                Ok(Outcome::default())
            }
            Read::Change(number, change) => {
                let origin = entry.origin.map_or_else(String::new, |origin| origin.to_string());
                // The log may have it twice, after it was put back.
                if !self.chat.hear(&origin, entry.oseq) {
                    return Ok(Outcome { is_input: true, ..Outcome::default() });
                }
                self.chat.name_next_line(&origin, entry.oseq);
                // A log that was founded before there were cloaks has no secret for them.
                if matches!(&change, Change::Level(CLOAKS..)) {
                    self.chat.set_cloak_secret(key.cloak_secret());
                }
                Ok(self.change(number, change, are_new, effects))
            }
        }
    }

    /// Reads an entry, which changes nothing.
    fn read(&self, entry: &LogEntry, key: &mut ClusterKey) -> Result<Read, Unreadable> {
        let unreadable = |what: &str| Unreadable(format!("entry {} {what}", entry.n));
        match entry.kind {
            EntryKind::Time => Ok(Read::Nothing),
            EntryKind::Unknown(_) => {
                Err(unreadable("is of a kind that this version does not know"))
            }
            EntryKind::Gone => {
                let number = entry.origin.and_then(|origin| self.number_of(origin));
                Ok(number.map_or(Read::Nothing, Read::Gone))
            }
            EntryKind::Joined => {
                let joined = self.joined(entry);
                Ok(joined.map_or(Read::Forged, |(joined, origin)| Read::Joined(joined, origin)))
            }
            EntryKind::Input => {
                let Some(origin) = entry.origin else { return Ok(Read::Nothing) };
                let Some(number) = self.number_of(origin) else { return Ok(Read::Nothing) };
                match key.open(origin, entry.oseq, &entry.data) {
                    None => Ok(Read::Forged),
                    Some(plain) => serde_json::from_slice(&plain)
                        .map(|change| Read::Change(number, change))
                        .map_err(|error| unreadable(&format!("cannot be read: {error}"))),
                }
            }
        }
    }

    /// What an entry `j` says, if Redis has made it: anybody who can write there can write another.
    fn joined(&self, entry: &LogEntry) -> Option<(Joined, NodeOrigin)> {
        let origin = entry.origin.filter(|origin| self.number_of(*origin).is_none())?;
        let joined: Joined = serde_json::from_slice(&entry.data).ok()?;
        (is_node_name(&joined.name) && joined.j.checked_sub(1) == Some(self.chat.joins()))
            .then_some((joined, origin))
    }

    /// Whether an entry ends the node of that origin: it is gone, or another goes on in its place.
    pub(super) fn ends(&self, entry: &LogEntry, origin: NodeOrigin) -> bool {
        match entry.kind {
            EntryKind::Gone => entry.origin == Some(origin),
            EntryKind::Joined => {
                let was = self.joined(entry).and_then(|(joined, _)| joined.was);
                was.and_then(|was| was.parse().ok()) == Some(origin)
            }
            _ => false,
        }
    }

    fn join(&mut self, joined: Joined, origin: NodeOrigin, effects: &mut Effects) {
        let Joined { name, j, was, archive, level } = joined;
        let was = was.and_then(|was| was.parse().ok()).and_then(|was| self.number_of(was));
        let node = Node {
            name: Text::new(name),
            origin: origin.to_string(),
            has_archive: archive,
            level,
            since: self.uptime,
        };
        self.chat.join_node(NodeNumber(j), node, was, effects);
    }

    fn change(
        &mut self,
        number: NodeNumber,
        change: Change,
        are_new: &dyn Fn(&LineId) -> bool,
        effects: &mut Effects,
    ) -> Outcome {
        let mut outcome = Outcome { is_input: true, ..Outcome::default() };
        let now = self.now();
        match change {
            Change::Client(local, event) => {
                let id = ClientId::on(number, local);
                self.chat.handle(now, id, event, effects);
                outcome.client = Some(local);
                let said = effects.said().map(|(room, entry)| (room, id, entry.clone()));
                outcome.lines = said.collect();
            }
            Change::Roster(roster) => {
                outcome.renamed = self.chat.follow_roster(now, number, &roster, effects);
            }
            Change::Late(lines) => {
                outcome.lines = self.chat.pass_on(now, number, lines, are_new, effects);
            }
            Change::Roll(change) => {
                self.chat.change_roll(now, change, effects);
                outcome.is_roll = true;
            }
            Change::Missing(changes) => {
                for change in changes {
                    if self.chat.lacks(&change) {
                        self.chat.change_roll(now, change, effects);
                    }
                }
            }
            Change::Forget(filter) => {
                self.chat.forget(&filter);
                effects.push(Effect::Forget(ClientId::NOBODY, filter));
            }
            Change::Level(level) => self.chat.raise_level(level),
            Change::Mark => outcome.notice = Some(Notice::Mark),
            Change::Digest { at, digest } => outcome.notice = Some(Notice::Digest(at, digest)),
        }
        outcome
    }

    /// The digest of the state, in hexadecimal digits: the same on all nodes at the same place.
    pub fn digest(&self) -> String {
        digest(&self.chat).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The state as a snapshot; `salt` must never have been used.
    pub(super) fn to_snapshot(&self, key: &mut ClusterKey, salt: [u8; 16]) -> LogSnapshot {
        let json = serde_json::to_vec(self).unwrap_or_default();
        LogSnapshot { at: self.at, data: key.seal_snapshot(salt, &json) }
    }

    /// The state in a snapshot.
    ///
    /// # Errors
    /// It was sealed with another key, or it is of a newer program.
    pub(super) fn from_snapshot(
        snapshot: &LogSnapshot,
        key: &mut ClusterKey,
    ) -> Result<Self, SnapshotError> {
        let json = key.open_snapshot(&snapshot.data).ok_or(SnapshotError::OtherKey)?;
        let mut replica: Self = serde_json::from_slice(&json)
            .map_err(|error| SnapshotError::Unreadable(error.to_string()))?;
        replica.chat.await_announcements();
        let is_sound = replica.at == snapshot.at && replica.chat.is_consistent(replica.uptime);
        if is_sound { Ok(replica) } else { Err(SnapshotError::Unreadable("it is damaged".into())) }
    }
}

/// Why a snapshot cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum SnapshotError {
    /// It was sealed with another key.
    OtherKey,
    /// It is damaged, or of a newer program.
    Unreadable(String),
}

/// What an entry says.
enum Read {
    Nothing,
    Forged,
    Joined(Joined, NodeOrigin),
    Gone(NodeNumber),
    Change(NodeNumber, Change),
}

#[cfg(test)]
mod tests;
