//! `Outbox`: the inputs of this node that have not come back from the log yet.

use std::collections::{HashMap, VecDeque};

use serde::{Deserialize, Serialize};

use super::change::Change;
use super::entry::NodeOrigin;
use super::sealing::ClusterKey;

/// Most inputs in one request, and most bytes of them, about.
const MAX_SENT: usize = 256;
const MAX_SENT_BYTES: usize = 512 * 1024;
/// Inputs from which on lines are refused, and bytes of them.
const FULL: usize = 20_000;
const FULL_BYTES: usize = 16 * 1024 * 1024;

/// An input and its number.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct OwnInput {
    pub(super) oseq: u64,
    pub(super) change: Change,
    bytes: usize,
    /// As it was sent: another program might write the change in another way, and what is sealed
    /// under one number must be one text.
    #[serde(default)]
    sealed: Option<Vec<u8>>,
}

impl OwnInput {
    fn seal(&mut self, key: &mut ClusterKey, me: NodeOrigin) -> Vec<u8> {
        let Self { oseq, change, .. } = self;
        let seal = || {
            // Fails only for a map whose keys are no strings.
            let json = serde_json::to_vec(change).unwrap_or_default();
            key.seal(me, *oseq, &json)
        };
        self.sealed.get_or_insert_with(seal).clone()
    }
}

/// The inputs, in the order of their numbers, which have no gaps.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Outbox {
    inputs: VecDeque<OwnInput>,
    bytes: usize,
    /// The number of the last input that got one.
    last: u64,
    /// The number of the last input that the log has said it has.
    confirmed: u64,
    /// How many inputs of each client have not come back.
    under_way: HashMap<u64, usize>,
}

impl Outbox {
    /// Numbers the inputs anew, as those of a new origin whose first `joined` inputs are part of its
    /// joining.
    pub(super) fn begin(&mut self, joined: u64) {
        (self.last, self.confirmed) = (joined, joined);
        for input in &mut self.inputs {
            self.last += 1;
            input.oseq = self.last;
            input.sealed = None;
        }
    }

    /// Adds an input of about so many bytes.
    pub(super) fn push(&mut self, change: Change, bytes: usize) {
        self.last += 1;
        if let Change::Client(client, _) = change {
            *self.under_way.entry(client).or_default() += 1;
        }
        self.bytes += bytes;
        self.inputs.push_back(OwnInput { oseq: self.last, change, bytes, sealed: None });
    }

    /// The next inputs to send, sealed.
    pub(super) fn next_sealed(
        &mut self,
        key: &mut ClusterKey,
        me: NodeOrigin,
    ) -> Vec<(u64, Vec<u8>)> {
        let (confirmed, mut bytes) = (self.confirmed, 0);
        let unconfirmed = self.inputs.iter_mut().filter(|input| input.oseq > confirmed);
        let fitting = unconfirmed.take(MAX_SENT).take_while(|input| {
            let fits = bytes < MAX_SENT_BYTES;
            bytes += input.bytes;
            fits
        });
        fitting.map(|input| (input.oseq, input.seal(key, me))).collect()
    }

    /// Whether an input is not known to be in the log.
    pub(super) fn has_unsent(&self) -> bool {
        self.inputs.back().is_some_and(|input| input.oseq > self.confirmed)
    }

    /// The log has the inputs up to this number. It may have had more before it lost some.
    pub(super) fn confirm(&mut self, oseq: u64) {
        self.confirmed = oseq;
    }

    /// The input with this number has come back; removes it, and all before it.
    pub(super) fn come_back(&mut self, oseq: u64) {
        while self.inputs.front().is_some_and(|input| input.oseq <= oseq) {
            self.take();
        }
    }

    /// Takes the oldest input.
    pub(super) fn take(&mut self) -> Option<OwnInput> {
        let input = self.inputs.pop_front()?;
        self.bytes -= input.bytes;
        if let Change::Client(client, _) = input.change
            && let Some(count) = self.under_way.get_mut(&client)
        {
            *count -= 1;
            if *count == 0 {
                self.under_way.remove(&client);
            }
        }
        Some(input)
    }

    /// Whether an input of a client has not come back.
    pub(super) fn has_of(&self, client: u64) -> bool {
        self.under_way.contains_key(&client)
    }

    /// Whether lines have to be refused.
    pub(super) fn is_full(&self) -> bool {
        self.inputs.len() >= FULL || self.bytes >= FULL_BYTES
    }

    pub(super) fn len(&self) -> usize {
        self.inputs.len()
    }
}
