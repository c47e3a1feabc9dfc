//! Mutes: who may not speak for a while, by client, and by address once that client has left.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::message::Moment;
use crate::address::Address;

/// Mutes of people who left that are remembered.
const MAX: usize = 1024;

/// Somebody may not speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Mute {
    /// Since when.
    pub(super) since: Moment,
    /// Until when, if not until an operator says so.
    pub(super) until: Option<Moment>,
}

impl Mute {
    pub(super) fn is_in_force(&self, now: Moment) -> bool {
        self.until.is_none_or(|until| until.unix_ms > now.unix_ms)
    }
}

/// Those that muted people left behind, so that coming back is no way around them: whoever comes
/// from that address is meant, until they log in to an account that was there before the mute.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Mutes(VecDeque<(Address, Mute)>);

impl Mutes {
    /// Somebody who is muted left.
    pub(super) fn leave(&mut self, from: Address, mute: Mute) {
        self.lift(from);
        if self.0.len() == MAX {
            self.0.pop_front();
        }
        self.0.push_back((from, mute));
    }

    /// The mute of those who come from there.
    pub(super) fn find(&self, now: Moment, from: Address) -> Option<Mute> {
        let mut mutes = self.0.iter().filter(|(_, mute)| mute.is_in_force(now));
        mutes.find(|(address, _)| *address == from).map(|(_, mute)| *mute)
    }

    /// They may speak again.
    pub(super) fn lift(&mut self, from: Address) {
        self.0.retain(|(address, _)| *address != from);
    }
}
