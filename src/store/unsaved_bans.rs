//! `UnsavedBans`: changes of bans that are in force but not on disk yet.
//!
//! The server that the operator is on saves them, and tries again until it has.

use std::collections::VecDeque;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::chat::{BanChange, ClientId, Mask, Roll};

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
pub struct UnsavedBans {
    list: VecDeque<UnsavedBan>,
    next_try: Duration,
}

impl UnsavedBans {
    /// Adds a change, and removes an earlier one for the same mask. Returns whether there was room.
    pub fn add(&mut self, by: ClientId, change: BanChange) -> bool {
        self.list.retain(|other| mask(&other.change) != mask(&change));
        let has_room = !self.is_full();
        if has_room {
            self.list.push_back(UnsavedBan { by, change, has_failed: false });
        }
        has_room
    }

    /// Whether there is no room for another change.
    pub fn is_full(&self) -> bool {
        self.list.len() >= MAX
    }

    /// The accounts and bans of the store as they are once all changes are saved.
    pub fn applied_to(&self, mut roll: Roll) -> Roll {
        for UnsavedBan { change, .. } in &self.list {
            roll.bans.retain(|ban| ban.mask != mask(change));
            if let BanChange::Ban(ban) = change {
                roll.bans.push(ban.clone());
            }
        }
        roll
    }

    /// Whether the next try is no later than possible at `uptime`: a check of a restored snapshot.
    pub fn are_consistent(&self, uptime: Duration) -> bool {
        self.next_try <= uptime + PAUSE
    }

    /// Removes a change that the store saved. Returns whether saving it had failed before.
    pub fn save(&mut self, now: Duration, change: &BanChange) -> bool {
        let Some(index) = self.list.iter().position(|other| other.change == *change) else {
            return false;
        };
        // Now that one is saved, the others may succeed, too.
        self.next_try = now;
        self.list.remove(index).is_some_and(|saved| saved.has_failed)
    }

    /// Notes that the store could not save a change. Returns whether that is the first time.
    pub fn fail(&mut self, now: Duration, change: &BanChange) -> bool {
        self.next_try = now + PAUSE;
        let index = self.list.iter().position(|other| other.change == *change);
        let Some(failed) = index.and_then(|index| self.list.remove(index)) else { return false };
        // To the end of the queue: perhaps only this one cannot be saved.
        let is_first = !failed.has_failed;
        self.list.push_back(UnsavedBan { has_failed: true, ..failed });
        is_first
    }

    /// Marks all changes as failed: the store will answer nothing more.
    pub fn fail_all(&mut self) {
        self.list.iter_mut().for_each(|pending| pending.has_failed = true);
    }

    /// When to retry next.
    pub fn next_try(&self) -> Option<Duration> {
        self.list.iter().any(|pending| pending.has_failed).then_some(self.next_try)
    }

    /// The change to retry now.
    pub fn take_due(&mut self, now: Duration) -> Option<(ClientId, BanChange)> {
        let is_due = self.next_try().is_some_and(|due| due <= now);
        let due = self.list.iter().find(|pending| is_due && pending.has_failed)?;
        self.next_try = now + PAUSE;
        Some((due.by, due.change.clone()))
    }
}

fn mask(change: &BanChange) -> Mask {
    match change {
        BanChange::Ban(ban) => ban.mask,
        BanChange::Unban(mask) => *mask,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::{Ban, Nick};

    const BY: ClientId = ClientId(1);

    fn unban(name: &str) -> BanChange {
        BanChange::Unban(Mask::new(name).unwrap())
    }

    #[test]
    fn what_the_disk_did_not_take_is_tried_again_one_by_one_until_it_does() {
        let (mut bans, now) = (UnsavedBans::default(), Duration::from_secs(60));
        for name in ["ann", "bob", "carl"] {
            assert!(bans.add(BY, unban(name)));
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
            assert_eq!(added, !full, "{number}");
        }
        assert!(bans.is_full() && bans.add(BY, unban("n7")));
        assert_eq!(bans.list.len(), MAX);
    }

    #[test]
    fn what_is_not_saved_yet_counts_although_the_store_does_not_have_it() {
        let ban = |name: &str| {
            let mask = Mask::new(name).unwrap();
            Ban { mask, by: Nick::server(), reason: None, until: None }
        };
        let mut bans = UnsavedBans::default();
        assert!(bans.add(BY, BanChange::Ban(ban("eve"))) && bans.add(BY, unban("ann")));
        let roll =
            Roll { accounts: Vec::new(), bans: vec![ban("ann"), ban("bob")], tokens: Vec::new() };
        assert_eq!(bans.applied_to(roll).bans, [ban("bob"), ban("eve")]);
    }
}
