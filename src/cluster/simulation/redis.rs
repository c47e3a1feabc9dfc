//! Redis with the scripts of the cluster, as far as nodes can tell.

use std::collections::{BTreeMap, VecDeque};

use super::rng::Rng;
use crate::cluster::entry::{Chain, EntryKind, LogEntry, NodeOrigin, Position};
use crate::cluster::request::{Founding, Head, LivingNode, LogSnapshot, Reply, Request};

const LEASE: u64 = 6000;
const MOST_AT_ONCE: u64 = 2000;
/// Entries that are kept behind the snapshot and the nodes.
const TRIMMED: u64 = 10;

/// What Redis has under the keys of a cluster.
#[derive(Clone, Debug, Default)]
pub(super) struct Redis {
    epoch: Option<String>,
    at: Position,
    /// The chain before the first entry.
    begin: Chain,
    up: u64,
    last: Option<u64>,
    joins: u32,
    level: u32,
    stream: VecDeque<LogEntry>,
    /// The highest number that an entry of the stream has ever had.
    last_id: u64,
    snapshot: Option<LogSnapshot>,
    nodes: BTreeMap<NodeOrigin, Living>,
}

#[derive(Clone, Debug)]
struct Living {
    name: String,
    number: u32,
    lease: u64,
    oseq: u64,
    applied: u64,
}

impl Redis {
    /// All entries behind `n`.
    pub(super) fn read(&self, n: u64, most: usize) -> Vec<LogEntry> {
        self.stream.iter().filter(|entry| entry.n > n).take(most).cloned().collect()
    }

    /// Whether a script can append nothing, because there was an entry with that number or a higher.
    fn is_stuck(&self) -> bool {
        self.last_id > self.at.n
    }

    /// Somebody without the key writes into the log, perhaps as if a script had.
    pub(super) fn forge(&mut self, rng: &mut Rng) {
        match rng.below(8) {
            0 => self.at.chain = Chain::default(),
            1 => self.last_id += 1,
            2 => self.snapshot = None,
            _ => self.forge_entry(rng),
        }
    }

    fn forge_entry(&mut self, rng: &mut Rng) {
        let origins: Vec<_> = self.nodes.keys().copied().collect();
        if self.is_stuck() || origins.is_empty() {
            return;
        }
        let mut origin = origins[rng.below(origins.len() as u64) as usize];
        let (kind, oseq, data) = match rng.below(5) {
            0 => {
                origin = NodeOrigin([rng.below(256) as u8; 16]);
                let data = serde_json::json!({
                    "name": "box7", "j": self.joins + 1, "was": null, "archive": false, "level": 1
                });
                (EntryKind::Joined, 0, data.to_string().into_bytes())
            }
            1 => (EntryKind::Joined, 0, b"nothing".to_vec()),
            _ => (EntryKind::Input, 1 + rng.below(1 << 40), b"nothing".to_vec()),
        };
        let before = self.at;
        self.append(0, kind, Some(origin), oseq, data);
        if rng.is_one_of(2) {
            let last = self.stream.back_mut().unwrap();
            last.chain = Chain::default();
            self.at = last.position();
        }
        if rng.is_one_of(2) {
            self.at = before;
        }
    }

    pub(super) fn length(&self) -> u64 {
        self.at.n
    }

    /// Answers a request at `now`, in ms of the wall clock.
    pub(super) fn answer(&mut self, now: u64, request: Request) -> Reply {
        let passed = now.saturating_sub(self.last.unwrap_or(now)).min(MOST_AT_ONCE);
        match request {
            Request::Look { origin, at } => Reply::Head(self.head(origin, at)),
            Request::ReadSnapshot => Reply::Snapshot(self.snapshot.clone()),
            Request::Found(founding) => self.found(now, *founding),
            Request::Put { ref epoch, .. }
            | Request::Join { ref epoch, .. }
            | Request::Salvage { ref epoch, .. }
            | Request::Leave { ref epoch, .. }
            | Request::StoreSnapshot { ref epoch, .. } => {
                match &self.epoch {
                    None => return Reply::NoLog,
                    Some(own) if own != epoch => return Reply::OtherEpoch,
                    Some(_) => {}
                }
                let before = self.is_stuck().then(|| self.clone());
                self.up += passed;
                self.last = Some(now);
                let reply = self.change(now, request);
                match before {
                    Some(before) if before.at != self.at => {
                        *self = before;
                        Reply::Stuck
                    }
                    _ => reply,
                }
            }
        }
    }

    fn change(&mut self, now: u64, request: Request) -> Reply {
        match request {
            Request::Put { origin, at, due, inputs, .. } => self.put(now, origin, at, due, inputs),
            Request::Join { origin, at, name, was, has_archive, level, inputs, .. } => {
                if at.n > self.at.n {
                    return Reply::Behind;
                } else if self.chain_at(at.n) != Some(at.chain) {
                    return Reply::Forked;
                }
                self.join(now, (origin, name, was), (has_archive, level), inputs)
            }
            Request::Salvage { inputs, .. } => {
                let mut count = 0;
                for (origin, oseq, data) in inputs {
                    if self.nodes.get(&origin).is_some_and(|node| node.oseq + 1 == oseq) {
                        self.append(now, EntryKind::Input, Some(origin), oseq, data);
                        self.nodes.get_mut(&origin).unwrap().oseq = oseq;
                        count += 1;
                    }
                }
                Reply::Salvaged(count)
            }
            Request::Leave { origin, .. } => {
                if self.nodes.remove(&origin).is_some() {
                    self.append(now, EntryKind::Gone, Some(origin), 0, b"down".to_vec());
                }
                Reply::Left
            }
            Request::StoreSnapshot { snapshot, .. } => {
                if snapshot.at.n > self.at.n {
                    return Reply::Behind;
                } else if self.chain_at(snapshot.at.n).is_some_and(|it| it != snapshot.at.chain) {
                    return Reply::Forked;
                }
                if self.snapshot.as_ref().is_none_or(|own| own.at.n < snapshot.at.n) {
                    let applied = self.nodes.values().map(|node| node.applied);
                    let keep = applied.chain([snapshot.at.n]).min().unwrap_or(0);
                    self.snapshot = Some(snapshot);
                    self.stream.retain(|entry| entry.n + TRIMMED > keep);
                }
                Reply::Stored
            }
            _ => unreachable!("handled before"),
        }
    }

    fn put(
        &mut self,
        now: u64,
        origin: NodeOrigin,
        at: Position,
        due: Option<u64>,
        inputs: Vec<(u64, Vec<u8>)>,
    ) -> Reply {
        let Some(node) = self.nodes.get(&origin) else { return Reply::Fenced };
        if at.n > self.at.n {
            return Reply::Behind;
        } else if at.n == self.at.n && at.chain != self.at.chain {
            return Reply::Forked;
        }
        let (mut oseq, before) = (node.oseq, self.at.n);
        let was = self.stream.back().map_or(0, |entry| entry.uptime);
        for (s, data) in inputs {
            if s == oseq + 1 {
                self.append(now, EntryKind::Input, Some(origin), s, data);
                oseq = s;
            }
        }
        if self.at.n == before && due.is_some_and(|due| self.up >= due && was < due) {
            self.append(now, EntryKind::Time, None, 0, Vec::new());
        }
        let lease = self.up + LEASE;
        let node = self.nodes.get_mut(&origin).unwrap();
        (node.oseq, node.lease, node.applied) = (oseq, lease, at.n);
        self.expire(now, None);
        Reply::Put { n: self.at.n, oseq }
    }

    fn join(
        &mut self,
        now: u64,
        (origin, name, was): (NodeOrigin, String, Option<NodeOrigin>),
        (archive, level): (bool, u32),
        inputs: Vec<Vec<u8>>,
    ) -> Reply {
        if let Some(node) = self.nodes.get(&origin) {
            return Reply::Joined { n: self.at.n, number: node.number };
        }
        // Nobody else may be there to end the node that has the name.
        self.expire(now, was);
        if self.nodes.iter().any(|(other, node)| node.name == name && Some(*other) != was) {
            return Reply::NameTaken;
        }
        let was = was.filter(|was| self.nodes.remove(was).is_some());
        self.joins += 1;
        let was = was.map(|was| was.to_string());
        let number = self.joins;
        let data = serde_json::json!({
            "name": name, "j": number, "was": was, "archive": archive, "level": level
        });
        self.append(now, EntryKind::Joined, Some(origin), 0, data.to_string().into_bytes());
        let oseq = inputs.len() as u64;
        for (input, s) in inputs.into_iter().zip(1..) {
            self.append(now, EntryKind::Input, Some(origin), s, input);
        }
        let (lease, applied) = (self.up + LEASE, self.at.n);
        self.nodes.insert(origin, Living { name, number, lease, oseq, applied });
        Reply::Joined { n: self.at.n, number }
    }

    /// Ends all nodes whose lease has expired, except for one.
    fn expire(&mut self, now: u64, except: Option<NodeOrigin>) {
        let lost =
            self.nodes.iter().filter(|(o, node)| node.lease < self.up && Some(**o) != except);
        let lost: Vec<_> = lost.map(|(origin, _)| *origin).collect();
        for origin in lost {
            self.append(now, EntryKind::Gone, Some(origin), 0, b"lost".to_vec());
            self.nodes.remove(&origin);
        }
    }

    fn found(&mut self, now: u64, founding: Founding) -> Reply {
        let own = self.epoch.clone().map(|epoch| (epoch, self.at.n));
        if own != founding.seen {
            return Reply::NotFounded;
        }
        let lease = founding.uptime + LEASE;
        let living = |node: LivingNode| {
            let LivingNode { origin, name, number, oseq, .. } = node;
            (origin, Living { name, number, lease, oseq, applied: founding.at.n })
        };
        *self = Self {
            epoch: Some(founding.epoch),
            at: founding.at,
            begin: if founding.at.n == 0 { founding.at.chain } else { Chain::default() },
            up: founding.uptime,
            last: Some(now),
            joins: founding.joins,
            level: founding.level,
            last_id: founding.at.n,
            stream: founding.entries.into(),
            snapshot: Some(LogSnapshot { at: founding.at, data: founding.snapshot }),
            nodes: founding.living.into_iter().map(living).collect(),
        };
        Reply::Founded
    }

    fn append(
        &mut self,
        now: u64,
        kind: EntryKind,
        origin: Option<NodeOrigin>,
        oseq: u64,
        data: Vec<u8>,
    ) {
        let (n, moment) = (self.at.n + 1, now as i64);
        let chain = Chain::default();
        let mut entry = LogEntry { n, kind, origin, oseq, uptime: self.up, moment, chain, data };
        entry.chain = entry.chain_after(self.at.chain);
        self.at = entry.position();
        self.last_id = entry.n;
        self.stream.push_back(entry);
    }

    fn chain_at(&self, n: u64) -> Option<Chain> {
        match n {
            _ if n == self.at.n => Some(self.at.chain),
            0 => Some(self.begin),
            _ => self.stream.iter().find(|entry| entry.n == n).map(|entry| entry.chain),
        }
    }

    fn head(&self, origin: Option<NodeOrigin>, at: u64) -> Option<Head> {
        let epoch = self.epoch.clone()?;
        let chain = self.chain_at(at);
        let living = |(origin, node): (&NodeOrigin, &Living)| LivingNode {
            origin: *origin,
            name: node.name.clone(),
            number: node.number,
            oseq: node.oseq,
            applied: node.applied,
        };
        Some(Head {
            epoch,
            at: self.at,
            level: self.level,
            first: self.stream.front().map_or(self.at.n + 1, |entry| entry.n),
            chain,
            has_snapshot: self.snapshot.is_some(),
            lives: origin.is_some_and(|origin| self.nodes.contains_key(&origin)),
            living: self.nodes.iter().map(living).collect(),
        })
    }
}
