//! `Memory`: the last entries of the log, in case that the log loses some.

use std::collections::VecDeque;

use super::entry::{Chain, EntryKind, LogEntry, NodeOrigin, Position};
use super::replica::SaidLine;
use super::request::LivingNode;

/// Most entries that are kept.
const MAX: usize = 20_000;
/// Most bytes of entries that are kept.
const MAX_BYTES: usize = 64 * 1024 * 1024;
/// Most entries that a founder puts into the new log.
const MAX_FOUNDED: usize = 800;

/// The last entries, and the lines that they added.
#[derive(Debug, Default)]
pub(super) struct Memory {
    entries: VecDeque<(LogEntry, Vec<SaidLine>)>,
    bytes: usize,
    /// The snapshot that the first entry came behind, unless later ones were dropped since: what was
    /// before it may have been another log.
    base: Option<Position>,
}

impl Memory {
    /// A memory that begins behind a snapshot, if it is known where that was.
    pub(super) fn behind(base: Option<Position>) -> Self {
        Self { base, ..Self::default() }
    }

    /// The snapshot that the memory begins behind.
    pub(super) fn base(&self) -> Option<Position> {
        self.base.filter(|_| self.entries.len() <= MAX_FOUNDED)
    }

    /// Adds the entry that follows the last one.
    pub(super) fn push(&mut self, entry: LogEntry, lines: Vec<SaidLine>) {
        self.bytes += weight(&entry);
        self.entries.push_back((entry, lines));
        while self.entries.len() > MAX || self.bytes > MAX_BYTES {
            let Some((oldest, _)) = self.entries.pop_front() else { return };
            self.bytes -= weight(&oldest);
            self.base = None;
        }
    }

    /// The chain behind entry `n`, if that is known.
    fn chain_at(&self, n: u64) -> Option<Chain> {
        let first = self.entries.front()?.0.n;
        let index = usize::try_from(n.checked_sub(first)?).ok()?;
        self.entries.get(index).map(|(entry, _)| entry.chain)
    }

    /// Whether a log that ends at `place` is an earlier form of this one, as far as is remembered.
    pub(super) fn has_been_at(&self, place: Position) -> bool {
        match self.entries.front() {
            Some((first, _)) if place.n >= first.n => self.chain_at(place.n) == Some(place.chain),
            _ => self.base.is_none_or(|base| place == base),
        }
    }

    /// The last entries, oldest first, for a log that is founded anew.
    pub(super) fn last(&self) -> Vec<LogEntry> {
        let first = self.entries.len().saturating_sub(MAX_FOUNDED);
        self.entries.range(first..).map(|(entry, _)| entry.clone()).collect()
    }

    /// The same, with the lines that they added.
    pub(super) fn into_last(mut self) -> Vec<(LogEntry, Vec<SaidLine>)> {
        let first = self.entries.len().saturating_sub(MAX_FOUNDED);
        self.entries.drain(first..).collect()
    }

    /// The inputs of living nodes that their log does not have.
    pub(super) fn missing(&self, living: &[LivingNode]) -> Vec<(NodeOrigin, u64, Vec<u8>)> {
        let inputs = self.entries.iter().map(|(entry, _)| entry);
        let inputs = inputs.filter(|entry| entry.kind == EntryKind::Input);
        let is_missing = |entry: &&LogEntry| {
            let node = living.iter().find(|node| Some(node.origin) == entry.origin);
            node.is_some_and(|node| entry.oseq > node.oseq)
        };
        let missing = inputs.filter(is_missing);
        let input = |entry: &LogEntry| Some((entry.origin?, entry.oseq, entry.data.clone()));
        missing.filter_map(input).collect()
    }

    /// The lines of all entries, oldest first.
    pub(super) fn lines(&self) -> impl Iterator<Item = &SaidLine> {
        self.entries.iter().flat_map(|(_, lines)| lines)
    }
}

fn weight(entry: &LogEntry) -> usize {
    size_of::<LogEntry>() + entry.data.len()
}
