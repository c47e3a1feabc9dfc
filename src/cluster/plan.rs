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

impl Plan {
    /// Whether it goes on from the snapshot.
    pub(super) fn needs_snapshot(&self) -> bool {
        matches!(self, Self::Reload | Self::Salvage(_))
    }
}

/// Why a node cannot go on from where it has applied the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Break {
    /// What it reads does not follow.
    Gap,
    /// No script accepts what it asks.
    Refusal,
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
    /// Why it could not go on from there in this log, if it has tried twice.
    pub(super) broken: Option<Break>,
    /// Whether it has waited for another node to found the log.
    pub(super) has_waited: bool,
    /// Whether it has waited for another node to make a snapshot.
    pub(super) is_lost: bool,
}

/// The lineage in an epoch.
pub(super) fn lineage(epoch: &str) -> &str {
    epoch.split_once(':').map_or(epoch, |(lineage, _)| lineage)
}

/// What to do if the log is at `head`; `None` if there is no log.
pub(super) fn plan(known: &Known<'_>, head: Option<&Head>) -> Plan {
    match plan_with_snapshot(known, head) {
        plan if plan.needs_snapshot() && known.is_lost => Plan::Found,
        plan => plan,
    }
}

/// The same if there is a snapshot.
fn plan_with_snapshot(known: &Known<'_>, head: Option<&Head>) -> Plan {
    let Some(head) = head else {
        let may_found = known.lineage.is_some() || known.has_waited;
        return if may_found { Plan::Found } else { Plan::Wait };
    };
    if head.level > LEVEL {
        return Plan::StayOut(head.level);
    }
    let is_same_lineage = known.lineage == Some(lineage(&head.epoch));
    // Before the first entry, each founder has what its disk has: only a snapshot tells whose that is.
    // It has read that itself if it could not go on from there.
    let is_begun = |at: &Position| at.n > 0 || known.broken.is_some();
    let is_known = |at: &Position| is_begun(at) && is_same_lineage && !known.has_diverged;
    let Some(at) = known.at.filter(is_known) else {
        return Plan::Reload;
    };
    let is_trimmed = head.at.n > at.n && head.first > at.n + 1;
    let goes_on = head.at == at || (head.at.n > at.n && head.chain == Some(at.chain));
    // At the end of a log that was written by scripts alone, a node can go on.
    let is_at_end = head.at.n <= at.n;
    let may_go_on = is_at_end || head.chain.is_none_or(|chain| chain == at.chain);
    match known.broken {
        Some(Break::Gap) if may_go_on => return Plan::Found,
        Some(Break::Refusal) if is_at_end => return Plan::Found,
        _ => {}
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
