//! `Nodes`: the machines that share the chat, and how far it has heard each of them.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::chat::model::{Heard, LineId, NodeNumber};
use crate::text::Text;

/// Most origins of nodes that are gone whose last input is remembered.
const MAX_GONE: usize = 1024;

/// A node of the cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node {
    /// Its name.
    pub name: Text,
    /// Its origin, which the ids of its lines begin with.
    pub origin: String,
    /// Whether it has a state directory, which answers its clients' questions and requests.
    pub has_archive: bool,
    /// The newest level that it knows.
    pub level: u32,
    /// The cluster's uptime when it joined.
    pub since: Duration,
}

/// The level of a cluster that has just begun, and of every older snapshot.
fn first_level() -> u32 {
    1
}

/// The nodes that live, and which inputs of each origin are known.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Nodes {
    living: BTreeMap<NodeNumber, Node>,
    heard: Heard,
    /// Origins that are not of a living node any more, oldest first.
    gone: VecDeque<String>,
    /// The number that the last node got.
    last: u32,
    /// What entries do, as all living nodes know it.
    #[serde(default = "first_level")]
    level: u32,
    /// How many entries of the log each node is behind, as far as this node has heard.
    #[serde(skip)]
    behind: BTreeMap<NodeNumber, u64>,
}

impl Default for Nodes {
    fn default() -> Self {
        Self {
            living: BTreeMap::new(),
            heard: Heard::default(),
            gone: VecDeque::new(),
            last: 0,
            level: first_level(),
            behind: BTreeMap::new(),
        }
    }
}

impl Nodes {
    /// The level in force.
    pub(crate) fn level(&self) -> u32 {
        self.level
    }

    /// Raises the level, if that is higher and all living nodes know it.
    pub(crate) fn raise_level(&mut self, level: u32) {
        if self.common_level() >= level {
            self.level = level.max(self.level);
        }
    }

    /// The newest level that all living nodes know.
    pub(crate) fn common_level(&self) -> u32 {
        self.living.values().map(|node| node.level).min().unwrap_or(0)
    }

    /// Adds a node.
    pub(crate) fn add(&mut self, number: NodeNumber, node: Node) {
        self.gone.retain(|origin| *origin != node.origin);
        self.last = self.last.max(number.0);
        self.living.insert(number, node);
    }

    /// Removes a node, whose last input stays known for a while.
    pub(crate) fn remove(&mut self, number: NodeNumber) -> Option<Node> {
        let node = self.living.remove(&number)?;
        self.note_gone(&node.origin);
        Some(node)
    }

    /// All living nodes, in the order of joining.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (NodeNumber, &Node)> {
        self.living.iter().map(|(number, node)| (*number, node))
    }

    /// Notes how many entries of the log each node is behind.
    pub(crate) fn note_behind(&mut self, behind: BTreeMap<NodeNumber, u64>) {
        self.behind = behind;
    }

    /// How many entries of the log a node is behind, as far as this node has heard.
    pub(crate) fn behind(&self, number: NodeNumber) -> u64 {
        self.behind.get(&number).copied().unwrap_or(0)
    }

    /// The number that the last node got.
    pub(crate) fn last(&self) -> u32 {
        self.last
    }

    pub(crate) fn get(&self, number: NodeNumber) -> Option<&Node> {
        self.living.get(&number)
    }

    /// Which inputs are known.
    pub(crate) fn heard(&self) -> &Heard {
        &self.heard
    }

    /// Notes an input of an origin; returns whether it is new.
    pub(crate) fn hear(&mut self, origin: &str, oseq: u64) -> bool {
        let is_new = self.heard.note(origin, oseq);
        self.note_unless_living(origin);
        is_new
    }

    /// Notes a line that was passed on; returns whether it is new.
    pub(crate) fn hear_late(&mut self, line: &LineId) -> bool {
        let is_new = self.heard.note_late(line);
        self.note_unless_living(line.origin());
        is_new
    }

    fn note_unless_living(&mut self, origin: &str) {
        if self.living.values().all(|node| node.origin != origin) {
            self.note_gone(origin);
        }
    }

    fn note_gone(&mut self, origin: &str) {
        if !self.heard.knows(origin) || self.gone.iter().any(|gone| gone == origin) {
            return;
        }
        self.gone.push_back(origin.to_owned());
        if self.gone.len() > MAX_GONE
            && let Some(oldest) = self.gone.pop_front()
        {
            self.heard.forget(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(origin: &str) -> Node {
        let (name, since) = (Text::new("box7"), Duration::ZERO);
        Node { name, origin: origin.to_owned(), has_archive: true, level: 1, since }
    }

    #[test]
    fn an_input_is_new_once_also_after_its_node_is_gone() {
        let mut nodes = Nodes::default();
        nodes.add(NodeNumber(1), node("a"));
        assert!(nodes.hear("a", 3) && !nodes.hear("a", 3) && !nodes.hear("a", 2));
        nodes.remove(NodeNumber(1));
        assert!(!nodes.hear("a", 3) && nodes.hear("a", 4));
    }

    #[test]
    fn of_nodes_that_are_gone_only_so_many_are_remembered() {
        let mut nodes = Nodes::default();
        nodes.add(NodeNumber(1), node("lives"));
        nodes.hear("lives", 1);
        for number in 0..2 * MAX_GONE {
            nodes.hear(&number.to_string(), 1);
        }
        assert_eq!((nodes.heard.origins().len(), nodes.gone.len()), (MAX_GONE + 1, MAX_GONE));
        assert!(!nodes.hear("lives", 1));
    }
}
