//! The chat of a cluster: all nodes have the same, whatever their settings and their disks are.

use super::effect::{Effect, Effects};
use super::event::Event;
use super::model::{
    Account, BanChange, ClientId, Nick, NodeNumber, Now, PasswordHash, PasswordId, RollChange,
};
use super::refusal::Refusal;
use super::state::Chat;
use crate::text::Text;

impl Chat {
    /// Makes this the chat of a cluster, or of one server again. In a cluster nothing but events
    /// changes it: it remembers the same number of lines under any settings, and it is saved with
    /// its accounts and bans, which no store overrules.
    pub fn set_shared(&mut self, is_shared: bool) {
        self.registry.set_shared(is_shared);
        self.remember();
    }

    /// Makes this the chat of a server without a cluster, which was `node`: the clients of other
    /// nodes are gone.
    pub fn set_alone(&mut self, now: Now, node: NodeNumber) {
        self.keep_only(now, node);
        self.forget_nodes(node);
        self.set_cut_off(false);
        self.set_shared(false);
    }

    /// Makes a change of the accounts or bans that no client asked for here.
    pub fn change_roll(&mut self, now: Now, change: RollChange, effects: &mut Effects) {
        match change.clone() {
            RollChange::Register(account, hash) => self.registry.add(account, Some(hash)),
            RollChange::SetPassword(nick, hash) => {
                let password = PasswordId::of(hash.as_str());
                self.change_account(nick, Some(hash), |account| account.password = password);
            }
            RollChange::SetRole(nick, role) => {
                self.change_account(nick, None, |account| account.role = role);
            }
            RollChange::Remove(nick) => self.registry.remove(nick),
            RollChange::Ban(BanChange::Ban(ban)) => self.registry.ban(now.moment, ban),
            RollChange::Ban(BanChange::Unban(mask)) => self.registry.unban(mask),
        }
        effects.push(Effect::RecordRoll(change));
        self.enforce(now, effects);
    }

    fn change_account(
        &mut self,
        nick: Nick,
        hash: Option<PasswordHash>,
        change: impl FnOnce(&mut Account),
    ) {
        let known = self.registry.account(nick).copied();
        if let Some(mut account) = known.filter(|account| account.nick == nick) {
            change(&mut account);
            let hash = hash.or_else(|| self.registry.hash(nick).cloned());
            self.registry.add(account, hash);
        }
    }

    /// Whether the chat has nothing in the place of what a change would add.
    pub fn lacks(&self, change: &RollChange) -> bool {
        match change {
            RollChange::Register(account, _) => self.registry.account(account.nick).is_none(),
            RollChange::Ban(BanChange::Ban(ban)) => !self.registry.has_ban_on(ban.mask),
            _ => false,
        }
    }

    /// All accounts with their passwords, and all bans, as the changes that make them.
    pub fn whole_roll(&self) -> Vec<RollChange> {
        self.registry.as_changes()
    }

    /// What follows from an answer of a store when the log had another decision before it: the
    /// first registration of a nick counts, and an account that is gone has no password.
    pub(super) fn decided(&self, event: Event) -> Event {
        let refusal = match &event {
            Event::Registered(account, _) => self.registered_before(account),
            Event::PasswordChanged(account, _) => self.removed_before(account),
            _ => None,
        };
        let refusal = refusal.filter(|_| self.is_shared());
        refusal.map_or(event, |why| Event::NotAuthenticated(Text::new(why.to_string())))
    }

    fn registered_before(&self, account: &Account) -> Option<Refusal> {
        let first = self.registry.account(account.nick).filter(|first| *first != account)?;
        Some(Refusal::Registered(first.nick))
    }

    fn removed_before(&self, account: &Account) -> Option<Refusal> {
        let is_same = |known: &&Account| known.created == account.created;
        match self.registry.account(account.nick).filter(is_same) {
            Some(_) => None,
            None => Some(Refusal::NotRegistered(Text::new(account.nick.as_str()))),
        }
    }

    /// Whether there is a store that answers this client's questions, and keeps its account.
    pub(super) fn has_archive(&self, client: ClientId) -> bool {
        let node = self.nodes.get(client.node());
        node.map_or(self.settings.has_archive, |node| node.has_archive)
    }
}
