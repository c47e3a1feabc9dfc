//! `SavedNode`: a node over a hot restart, in which it stays what it is.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::fork::Fork;
use super::state::{Course, Node, NodeOptions};
use crate::chat::{Chat, Heard, Moment, NodeNumber, Now};
use crate::cluster::entry::{LogEntry, NodeOrigin, Position};
use crate::cluster::late::Late;
use crate::cluster::meanwhile::Meanwhile;
use crate::cluster::memory::Memory;
use crate::cluster::outbox::Outbox;
use crate::cluster::replica::{Replica, SaidLine};

/// What the next process needs to be the same node, besides the chat that its clients see.
#[derive(Debug, Serialize, Deserialize)]
pub struct SavedNode {
    at: Position,
    uptime: Duration,
    moment: Moment,
    has_log: bool,
    fork: Option<SavedFork>,
    epoch: String,
    lineage: Option<String>,
    origin: NodeOrigin,
    /// The node's number in the ids of its clients.
    pub number: NodeNumber,
    former: Vec<NodeOrigin>,
    outbox: Outbox,
    #[serde(default)]
    memory_base: Option<Position>,
    entries: Vec<(LogEntry, Vec<SaidLine>)>,
    shown: Heard,
    late: Late,
    meanwhile: Meanwhile,
    has_diverged: bool,
}

/// A fork, whose chat is apart, and the chat of the log.
#[derive(Debug, Serialize, Deserialize)]
struct SavedFork {
    log: Chat,
    since: Duration,
    uptime: Duration,
    people: usize,
    is_told: bool,
    is_first: bool,
}

impl SavedNode {
    /// What the node is, if it has joined.
    pub fn origin(&self) -> Option<NodeOrigin> {
        (self.number != NodeNumber::ALONE).then_some(self.origin)
    }

    /// Whether the chat beside it came from the log, and not from the disk alone.
    pub fn has_joined(&self) -> bool {
        self.fork.as_ref().is_none_or(|fork| !fork.is_first)
    }

    /// The time of the chat beside it at `uptime`, by the clock of its process.
    pub fn chat_uptime(&self, uptime: Duration) -> Duration {
        match &self.fork {
            Some(fork) => fork.uptime.saturating_add(uptime.saturating_sub(fork.since)),
            None => self.uptime,
        }
    }

    /// Whether its parts fit together, except for the chat beside it.
    pub fn is_consistent(&self) -> bool {
        self.fork.as_ref().is_none_or(|fork| fork.log.is_consistent(self.uptime))
    }
}

impl Node {
    /// What the next process needs: the chat that the clients see, and the rest. All effects must
    /// have been carried out.
    pub fn into_saved(self) -> (Chat, SavedNode) {
        let Replica { chat: log, at, uptime, moment } = self.log;
        let (chat, fork) = match self.fork {
            None => (log, None),
            Some(Fork { chat, since, uptime, people, is_told, is_first, .. }) => {
                (chat, Some(SavedFork { log, since, uptime, people, is_told, is_first }))
            }
        };
        let saved = SavedNode {
            at,
            uptime,
            moment,
            has_log: self.has_log,
            fork,
            epoch: self.epoch,
            lineage: self.lineage,
            origin: self.origin,
            number: self.number,
            former: self.former,
            outbox: self.outbox,
            memory_base: self.memory.base(),
            entries: self.memory.into_last(),
            shown: self.shown,
            late: self.late,
            meanwhile: self.meanwhile,
            has_diverged: self.has_diverged,
        };
        (chat, saved)
    }

    /// The same node in the next process, at `now` by its clock, which goes on.
    pub fn restore(options: NodeOptions, chat: Chat, saved: SavedNode, now: Now) -> Self {
        let SavedNode { at, uptime, moment, fork, .. } = saved;
        let settings = chat.settings().clone();
        let (log, fork) = match fork {
            None => (chat, None),
            Some(SavedFork { mut log, since, uptime, people, is_told, is_first }) => {
                log.await_announcements();
                log.configure(settings);
                let holds = is_first && !is_told;
                let (tell_at, chat) = (now.uptime, chat);
                let fork = Fork { chat, since, uptime, people, tell_at, is_told, is_first, holds };
                (log, Some(fork))
            }
        };
        let mut node = Self {
            has_log: saved.has_log,
            epoch: saved.epoch,
            lineage: saved.lineage,
            origin: saved.origin,
            number: saved.number,
            former: saved.former,
            outbox: saved.outbox,
            shown: saved.shown,
            late: saved.late,
            meanwhile: saved.meanwhile,
            has_diverged: saved.has_diverged,
            fork,
            course: Course::LookAt(now.uptime),
            ..Self::new(options, Chat::new(Default::default()), now)
        };
        node.log = Replica { chat: log, at, uptime, moment };
        node.link.confirmed = now.uptime;
        node.link.applied = now.uptime;
        node.memory = Memory::behind(saved.memory_base);
        saved.entries.into_iter().for_each(|(entry, lines)| node.memory.push(entry, lines));
        if !node.has_its_name() {
            // It joins again, by its new name.
            node.cut_off(now);
        }
        if node.is_apart() {
            // They waited for an attempt to join, which is over.
            node.release();
        }
        node
    }
    /// Whether the others know it by the name that it has, if they know it.
    fn has_its_name(&self) -> bool {
        let mut nodes = self.log.chat.nodes();
        let known = nodes.find(|(number, _)| *number == self.number);
        known.is_none_or(|(_, node)| node.name.as_str() == self.name)
    }
}
