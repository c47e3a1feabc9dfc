//! `SavedNode`: a node over a hot restart, in which it stays what it is.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::state::{Course, Fork, Node, NodeOptions};
use crate::chat::{Chat, Heard, Moment, NodeNumber, Now};
use crate::cluster::entry::{LogEntry, NodeOrigin, Position};
use crate::cluster::late::Late;
use crate::cluster::meanwhile::Meanwhile;
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
    entries: Vec<(LogEntry, Vec<SaidLine>)>,
    shown: Heard,
    late: Late,
    meanwhile: Meanwhile,
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
            entries: self.memory.into_last(),
            shown: self.shown,
            late: self.late,
            meanwhile: self.meanwhile,
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
            fork,
            course: Course::LookAt(now.uptime),
            ..Self::new(options, Chat::new(Default::default()), now)
        };
        node.log = Replica { chat: log, at, uptime, moment };
        node.link.confirmed = now.uptime;
        node.link.applied = now.uptime;
        saved.entries.into_iter().for_each(|(entry, lines)| node.memory.push(entry, lines));
        node
    }
}
