//! `UnsavedBans`: changes of bans that are in force but not on disk yet.

use std::collections::VecDeque;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::chat::model::{BanChange, ClientId, Mask};
use crate::chat::refusal::Refusal;

/// Most changes remembered.
const MAX: usize = 1024;
/// The wait before a change that could not be saved is retried.
const PAUSE: Duration = Duration::from_secs(5);

#[derive(Clone, Debug, Serialize, Deserialize)]
struct UnsavedBan {
    by: ClientId,
    #[serde(rename = "order")]
    change: BanChange,
    /// Whether saving it failed.
    has_failed: bool,
}

/// The changes, in the order in which they were made or failed; at most one for each mask.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct UnsavedBans {
    list: VecDeque<UnsavedBan>,
    next_try: Duration,
}

impl UnsavedBans {
    /// Adds a change, and removes an earlier one for the same mask.
    pub(crate) fn add(&mut self, by: ClientId, change: BanChange) -> Result<(), Refusal> {
        self.list.retain(|other| other.change.mask() != change.mask());
        if self.list.len() == MAX {
            return Err(Refusal::TooManyBanChanges);
        }
        self.list.push_back(UnsavedBan { by, change, has_failed: false });
        Ok(())
    }

    /// Whether the next try is no later than possible at `uptime`: a check of a restored snapshot.
    pub(crate) fn are_consistent(&self, uptime: Duration) -> bool {
        self.next_try <= uptime + PAUSE
    }

    /// Removes a change that the store saved. Returns whether saving it had failed before.
    pub(crate) fn save(&mut self, now: Duration, change: &BanChange) -> bool {
        let Some(index) = self.list.iter().position(|other| other.change == *change) else {
            return false;
        };
        // Now that one is saved, the others may succeed, too.
        self.next_try = now;
        self.list.remove(index).is_some_and(|saved| saved.has_failed)
    }

    /// Notes that the store could not save a change. Returns whether that is the first time.
    pub(crate) fn fail(&mut self, now: Duration, change: &BanChange) -> bool {
        self.next_try = now + PAUSE;
        let index = self.list.iter().position(|other| other.change == *change);
        let Some(failed) = index.and_then(|index| self.list.remove(index)) else { return false };
        // To the end of the queue: perhaps only this one cannot be saved.
        let is_first = !failed.has_failed;
        self.list.push_back(UnsavedBan { has_failed: true, ..failed });
        is_first
    }

    /// Marks all changes as failed: the store will answer nothing more.
    pub(crate) fn fail_all(&mut self) {
        self.list.iter_mut().for_each(|pending| pending.has_failed = true);
    }

    /// When to retry next.
    pub(crate) fn next_try(&self) -> Option<Duration> {
        self.list.iter().any(|pending| pending.has_failed).then_some(self.next_try)
    }

    /// The change to retry now.
    pub(crate) fn take_due(&mut self, now: Duration) -> Option<(ClientId, BanChange)> {
        let is_due = self.next_try().is_some_and(|due| due <= now);
        let due = self.list.iter().find(|pending| is_due && pending.has_failed)?;
        self.next_try = now + PAUSE;
        Some((due.by, due.change.clone()))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &BanChange> {
        self.list.iter().map(|pending| &pending.change)
    }
}

impl BanChange {
    pub(crate) fn mask(&self) -> Mask {
        match self {
            Self::Ban(ban) => ban.mask,
            Self::Unban(mask) => *mask,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BY: ClientId = ClientId(1);

    fn unban(name: &str) -> BanChange {
        BanChange::Unban(Mask::new(name).unwrap())
    }

    #[test]
    fn what_the_disk_did_not_take_is_tried_again_one_by_one_until_it_does() {
        let (mut bans, now) = (UnsavedBans::default(), Duration::from_secs(60));
        for name in ["ann", "bob", "carl"] {
            assert_eq!(bans.add(BY, unban(name)), Ok(()));
        }
        assert_eq!(bans.next_try(), None);
        assert!(!bans.save(now, &unban("carl")));
        assert!(bans.fail(now, &unban("ann")) && bans.fail(now, &unban("bob")));
        assert_eq!(bans.take_due(now), None);
        let later = now + PAUSE;
        assert_eq!(bans.next_try(), Some(later));
        assert_eq!(bans.take_due(later), Some((BY, unban("ann"))));
        assert_eq!(bans.take_due(later), None, "the answer comes first");
        assert!(!bans.fail(later, &unban("ann")), "that is no news");
        assert_eq!(bans.take_due(later + PAUSE), Some((BY, unban("bob"))));
        assert!(bans.save(later + PAUSE, &unban("bob")));
        assert_eq!(bans.take_due(later + PAUSE), Some((BY, unban("ann"))));
        assert!(bans.save(later + PAUSE, &unban("ann")));
        assert_eq!(bans.next_try(), None);
    }

    #[test]
    fn the_last_order_about_somebody_counts_and_there_are_only_so_many() {
        let mut bans = UnsavedBans::default();
        for number in 0..=MAX {
            let full = number == MAX;
            let added = bans.add(BY, unban(&format!("n{number}")));
            assert_eq!(added.is_err(), full, "{number}");
        }
        assert_eq!(bans.add(BY, unban("n7")), Ok(()));
        assert_eq!(bans.iter().count(), MAX);
    }
}
