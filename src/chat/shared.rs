//! The chat of a cluster: all nodes have the same, whatever their settings and their disks are.

use super::effect::{Effect, Effects};
use super::event::Event;
use super::model::{
    Account, BanChange, ClientId, Entry, Kind, Moment, Nick, NodeNumber, Now, PasswordHash,
    PasswordId, RollChange,
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
            RollChange::AddToken(token) if self.registry.account(token.nick).is_some() => {
                self.registry.tokens_mut().add(token);
            }
            RollChange::AddToken(_) => {}
            RollChange::RemoveToken(hash) => self.registry.tokens_mut().remove(&hash),
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
            RollChange::AddToken(token) => self.registry.tokens().get(&token.hash).is_none(),
            _ => false,
        }
    }

    /// All accounts with their passwords, and all bans, as the changes that make them.
    pub fn whole_roll(&self) -> Vec<RollChange> {
        self.registry.as_changes()
    }

    /// Has everything written to the disk that the rooms have in memory, except for what is too old
    /// or was said in private, and a marker where lines are missing before it.
    pub fn record_all(&self, now: Moment, effects: &mut Effects) {
        let oldest = self.oldest_kept(now);
        let is_young = |line: &Entry| oldest.is_none_or(|oldest| line.at >= oldest);
        let is_kept = |line: &&Entry| is_young(line) && !line.private;
        for room in self.rooms.in_order() {
            let oldest = room.history.oldest_if_full().filter(is_kept);
            if let Some(oldest) = oldest.filter(|oldest| oldest.kind != Kind::Gap) {
                effects.push(Effect::RecordGap(room.name, oldest.clone()));
            }
            let lines = room.history.iter().map(|(_, line)| line).filter(is_kept);
            lines.for_each(|line| effects.push(Effect::Record(room.name, line.clone())));
            if let Some(kept) = room.as_kept() {
                effects.push(Effect::KeepRoom(room.name, Some(Box::new(kept))));
            }
            if room.topic.is_some() {
                effects.push(Effect::RecordTopic(room.name, room.topic.clone()));
            }
        }
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::chat::{LineId, RoomName, RoomPast, Settings};

    /// What is written of a room that has as many lines as it can, a second apart from the first.
    fn records(lines: i64, keep: Option<Duration>, now: i64) -> Vec<String> {
        let mut chat = Chat::new(Settings { replay: 100, keep, ..Settings::default() });
        let line = |n: i64| Entry {
            id: LineId::new("box1", n.cast_unsigned()),
            at: Moment { unix_ms: n * 1000 },
            from: Nick::server(),
            kind: Kind::Said,
            text: Text::default(),
            private: false,
        };
        let past = RoomPast { topic: None, lines: (1..=lines).map(line).collect() };
        chat.recall(RoomName::lobby(), past);
        let mut effects = Effects::default();
        chat.record_all(Moment { unix_ms: now * 1000 }, &mut effects);
        let brief = |effect: &Effect| match effect {
            Effect::RecordGap(_, line) => format!("gap before {}", line.id),
            Effect::Record(_, line) => line.id.to_string(),
            other => panic!("{other:?}"),
        };
        effects.iter().map(brief).collect()
    }

    #[test]
    fn only_a_room_that_may_have_forgotten_lines_gets_a_marker() {
        assert_eq!(records(99, None, 500).len(), 99);
        let full = records(100, None, 500);
        assert_eq!((full.len(), &*full[0], &*full[1]), (101, "gap before box1-1", "box1-1"));
    }

    #[test]
    fn lines_that_are_too_old_are_neither_written_again_nor_missing() {
        let keep = Some(Duration::from_secs(60));
        assert_eq!(records(100, keep, 160).len(), 1);
        assert_eq!(records(100, keep, 161), [""; 0]);
        assert_eq!(records(100, keep, 61)[..2], ["gap before box1-1", "box1-1"]);
    }
}
