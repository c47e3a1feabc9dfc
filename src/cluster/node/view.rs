//! What the rest of the server sees of a node.

use std::time::Duration;

use super::state::{Command, Course, Node, Report};
use crate::chat::{Chat, ClientId, Effects, NodeNumber, Now, Presence};
use crate::cluster::entry::NodeOrigin;

impl Node {
    /// The chat as the clients of this node see it.
    pub fn chat(&self) -> &Chat {
        self.fork.as_ref().map_or(&self.log.chat, |fork| &fork.chat)
    }

    /// The same, to change what is not replicated.
    pub fn chat_mut(&mut self) -> &mut Chat {
        self.fork.as_mut().map_or(&mut self.log.chat, |fork| &mut fork.chat)
    }

    /// The id in the chat of a client of this node.
    pub fn id(&self, client: ClientId) -> ClientId {
        ClientId::on(self.number, client.0)
    }

    /// The time of the chat that the clients see.
    pub fn chat_now(&self, now: Now) -> Now {
        match &self.fork {
            Some(fork) => fork.now(now),
            None => Now { uptime: self.uptime(now.uptime), moment: now.moment },
        }
    }

    /// The cluster's uptime, by this node's clock since the last entry.
    pub(super) fn uptime(&self, now: Duration) -> Duration {
        self.log.uptime + now.saturating_sub(self.link.applied)
    }

    /// Whether the node is with the others, and its inputs are confirmed.
    pub fn is_linked(&self) -> bool {
        self.link.is_confirmed && matches!(self.course, Course::Linked { .. })
    }

    /// How far the node has applied the log, the length of the log as far as is known, and how many
    /// inputs wait.
    pub fn position(&self) -> (u64, u64, usize) {
        let n = self.log.at.n;
        (n, self.link.length.max(n), self.outbox.len() + self.late.len())
    }

    /// The digest of the state that the log makes.
    pub fn digest(&self) -> String {
        self.log.digest()
    }

    /// Has the first node make a snapshot after so many entries.
    pub fn set_snapshot_every(&mut self, entries: u64) {
        self.link.snapshot_every = entries;
    }

    /// The name of this node.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The clients of this node that are in the chat, by their numbers here.
    pub fn clients(&self) -> Vec<ClientId> {
        let own = self.chat().clients_on(self.number).into_iter();
        own.map(|id| ClientId(id.local())).collect()
    }

    /// Whether inputs wait that may take effect soon.
    pub fn is_busy(&self) -> bool {
        let may_come_back = self.is_linked() || self.fork.is_some();
        !self.apart.is_empty() || !self.read.is_empty() || (may_come_back && self.outbox.len() > 0)
    }

    /// Restores a client from its record after a crash; returns whether its nick was free. The node
    /// brings it along when it joins.
    pub fn bring_back(&mut self, now: Now, id: ClientId, record: &Presence) -> bool {
        let id = self.id(id);
        self.chat_mut().bring_back(now, id, record)
    }

    /// Sends a notice to the operators on this node.
    pub fn tell_operators(&self, words: &str, effects: &mut Effects) {
        self.chat().tell_operators(words, effects);
        effects.localize(self.number);
    }

    /// What the node is now, if it has joined.
    pub fn origin(&self) -> Option<NodeOrigin> {
        (self.number != NodeNumber::ALONE).then_some(self.origin)
    }

    /// Takes the commands for the link.
    pub fn take_commands(&mut self) -> Vec<Command> {
        std::mem::take(&mut self.commands)
    }

    /// Takes the reports for the administrator.
    pub fn take_reports(&mut self) -> Vec<Report> {
        std::mem::take(&mut self.reports)
    }
}
