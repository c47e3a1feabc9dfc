//! `Registry`: the accounts and bans, as the store has them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::bans::Bans;
use super::tokens::Tokens;
use crate::address::Origin;
use crate::chat::model::{
    Account, Ban, BanChange, Folded, Mask, Moment, Nick, PasswordHash, Role, RollChange, Token,
};
use crate::chat::refusal::Refusal;

/// All accounts and all bans.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Roll {
    /// In any order.
    pub accounts: Vec<Account>,
    /// Oldest first; some may have expired.
    pub bans: Vec<Ban>,
    /// In any order.
    pub tokens: Vec<Token>,
}

/// The same, with fast look-ups.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Registry {
    accounts: BTreeMap<Folded, Account>,
    /// The hashes of passwords that the log has.
    hashes: BTreeMap<Folded, PasswordHash>,
    bans: Bans,
    #[serde(default, skip_serializing_if = "Tokens::is_empty")]
    tokens: Tokens,
    /// Whether all nodes of a cluster have this, and no store has more to say.
    is_shared: bool,
}

impl Registry {
    /// Whether a start reads it from the store.
    pub(crate) fn is_in_store(&self) -> bool {
        !self.is_shared
    }

    /// Changes whether all nodes of a cluster have this.
    pub(crate) fn set_shared(&mut self, is_shared: bool) {
        self.is_shared = is_shared;
    }

    /// Replaces all accounts and bans, and forgets the hashes.
    pub(crate) fn replace(&mut self, roll: Roll) {
        let by_nick = |account: Account| (account.nick.folded(), account);
        self.accounts = roll.accounts.into_iter().map(by_nick).collect();
        self.hashes.clear();
        self.bans = roll.bans.into_iter().collect();
        self.tokens = roll.tokens.into_iter().collect();
    }

    /// Adds or replaces an account.
    pub(crate) fn add(&mut self, account: Account, hash: Option<PasswordHash>) {
        let nick = account.nick.folded();
        self.accounts.insert(nick, account);
        match hash {
            Some(hash) => self.hashes.insert(nick, hash),
            None => self.hashes.remove(&nick),
        };
    }

    /// Removes the account with exactly this nick.
    pub(crate) fn remove(&mut self, nick: Nick) {
        if self.account(nick).is_some_and(|account| account.nick == nick) {
            self.accounts.remove(&nick.folded());
            self.hashes.remove(&nick.folded());
            self.tokens.remove_all_of(nick);
        }
    }

    /// The hash of an account's password, if no store keeps it for this chat.
    pub(crate) fn hash(&self, nick: Nick) -> Option<&PasswordHash> {
        self.hashes.get(&nick.folded())
    }

    /// Whether there is a ban with exactly this mask.
    pub(crate) fn has_ban_on(&self, mask: Mask) -> bool {
        self.bans.iter().any(|ban| ban.mask == mask)
    }

    /// All accounts whose password is known, and all bans, as the changes that make them.
    pub(crate) fn as_changes(&self) -> Vec<RollChange> {
        let account = |account: &Account| {
            let hash = self.hash(account.nick)?.clone();
            Some(RollChange::Register(*account, hash))
        };
        let accounts = self.accounts.values().filter_map(account);
        let bans = self.bans.iter().map(|ban| RollChange::Ban(BanChange::Ban(ban.clone())));
        let tokens = self.tokens.iter().cloned().map(RollChange::AddToken);
        accounts.chain(bans).chain(tokens).collect()
    }

    /// The tokens.
    pub(crate) fn tokens(&self) -> &Tokens {
        &self.tokens
    }

    /// The tokens, to be changed.
    pub(crate) fn tokens_mut(&mut self) -> &mut Tokens {
        &mut self.tokens
    }

    /// Adds a ban, and removes expired ones, as the store does.
    pub(crate) fn ban(&mut self, now: Moment, ban: Ban) {
        self.bans.add(now, ban);
    }

    /// Removes a ban.
    pub(crate) fn unban(&mut self, mask: Mask) {
        self.bans.remove(mask);
    }

    /// Whether accounts have their nicks, and bans their numbers: a check of a restored snapshot.
    pub(crate) fn is_consistent(&self) -> bool {
        self.bans.are_consistent()
            && self.accounts.iter().all(|(nick, account)| account.nick.folded() == *nick)
    }

    /// The account that owns `nick`, or a nick that looks like it.
    pub(crate) fn account(&self, nick: Nick) -> Option<&Account> {
        self.accounts.get(&nick.folded())
    }

    /// Whether `login` is an operator's account.
    pub(crate) fn is_operator(&self, login: Option<Nick>) -> bool {
        let account = login.and_then(|nick| self.account(nick));
        account.is_some_and(|account| account.role == Role::Operator)
    }

    /// The bans in force, oldest first.
    pub(crate) fn bans(&self, now: Moment) -> impl Iterator<Item = &Ban> {
        self.bans.iter().filter(move |ban| ban.is_in_force(now))
    }

    /// The ban that covers `origin`.
    pub(crate) fn ban_of(&self, now: Moment, origin: Origin) -> Option<&Ban> {
        self.bans.on_origin(now, origin)
    }

    /// The ban on `nick`.
    pub(crate) fn ban_on(&self, now: Moment, nick: Nick) -> Option<&Ban> {
        self.bans.on_name(now, nick)
    }
}

impl Ban {
    /// The refusal for a client that the ban covers.
    pub(crate) fn refusal(&self, now: Moment) -> Refusal {
        Refusal::Banned { why: self.reason.clone(), left: self.until.map(|until| until.since(now)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn bans_that_have_run_out_do_not_pile_up() {
        let mut registry = Registry::default();
        for second in 0..10_000 {
            let now = Moment { unix_ms: 1000 * second };
            let until = Some(now.after(Duration::from_secs(2)));
            let mask = Mask::new(&format!("eve{second}")).unwrap();
            registry.ban(now, Ban { mask, by: Nick::server(), reason: None, until });
        }
        assert_eq!(registry.bans.iter().count(), 2);
    }
}
