//! `Plan`: what a node does after it has looked where the log is.

use super::entry::{NodeOrigin, Position};
use super::memory::Memory;
use super::replica::LEVEL;
use super::request::Head;

/// What to do next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Plan {
    /// Look again a little later: another node may be about to found the log.
    Wait,
    /// Found the log: there is none, or one that has lost what this node has, or one that cannot be
    /// read on from here.
    Found,
    /// Go on as if nothing had happened.
    Resume,
    /// Read on from where this node is, then join.
    Replay,
    /// Start from the snapshot, then join.
    Reload,
    /// Give the log what it lacks of living nodes, start from the snapshot, then join.
    Salvage(Vec<(NodeOrigin, u64, Vec<u8>)>),
    /// Stay out: the cluster is newer than this program.
    StayOut(u32),
}

/// What a node knows of the log.
#[derive(Debug)]
pub(super) struct Known<'a> {
    /// Up to where it has applied the log; `None` if it has not applied any.
    pub(super) at: Option<Position>,
    /// The lineage of the log that it belonged to last.
    pub(super) lineage: Option<&'a str>,
    /// The last entries that it applied.
    pub(super) memory: &'a Memory,
    /// Whether its clients see the log.
    pub(super) is_live: bool,
    /// Whether its state is another than that of other nodes at the same place.
    pub(super) has_diverged: bool,
    /// Whether something else stands in the log behind that place.
    pub(super) is_broken: bool,
    /// Whether it has waited for another node to found the log.
    pub(super) has_waited: bool,
}

/// The lineage in an epoch.
pub(super) fn lineage(epoch: &str) -> &str {
    epoch.split_once(':').map_or(epoch, |(lineage, _)| lineage)
}

/// What to do if the log is at `head`; `None` if there is no log.
pub(super) fn plan(known: &Known<'_>, head: Option<&Head>) -> Plan {
    let Some(head) = head else {
        let may_found = known.lineage.is_some() || known.has_waited;
        return if may_found { Plan::Found } else { Plan::Wait };
    };
    if head.level > LEVEL {
        return Plan::StayOut(head.level);
    }
    let is_same_lineage = known.lineage == Some(lineage(&head.epoch));
    // Before the first entry, each founder has what its disk has: only a snapshot tells whose that is.
    let is_known = |at: &Position| at.n > 0 && is_same_lineage && !known.has_diverged;
    let Some(at) = known.at.filter(is_known) else {
        return Plan::Reload;
    };
    let is_trimmed = head.at.n > at.n && head.first > at.n + 1;
    let goes_on = head.at == at || (head.at.n > at.n && head.chain == Some(at.chain));
    if goes_on && !is_trimmed && known.is_broken {
        return Plan::Found;
    }
    if goes_on && !is_trimmed {
        return if known.is_live && head.lives { Plan::Resume } else { Plan::Replay };
    }
    if is_trimmed && (goes_on || head.chain.is_none()) {
        return Plan::Reload;
    }
    if head.at.n < at.n && known.memory.has_been_at(head.at) {
        return Plan::Found;
    }
    match known.memory.missing(&head.living) {
        missing if missing.is_empty() => Plan::Reload,
        missing => Plan::Salvage(missing),
    }
}
