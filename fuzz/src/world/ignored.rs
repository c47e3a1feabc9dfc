//! The people that stay ignored when they come again.

use std::collections::HashSet;

use chatd::address::Address;
use chatd::chat::ClientId;

use super::facts::Facts;
use super::{Known, Step, World, fold};

/// Departures of one person, and former nicks, that are remembered.
const MAX_EACH: usize = 8;
const MAX_FORMER: usize = 4;

/// Somebody who was ignored and left, under one of their nicks.
pub(super) struct Gone {
    by: ClientId,
    client: ClientId,
    nick: String,
    login: Option<String>,
    from: Address,
}

impl Gone {
    fn is(&self, nick: &str, login: Option<&str>, from: Address) -> bool {
        let is_account = login.is_some() && self.login.as_deref() == login;
        let is_nick = self.from == from && self.nick == fold(nick);
        is_account || (is_nick && !self.nick.starts_with("guest"))
    }
}

impl World {
    /// Somebody leaves, who may be ignored, or ignore others.
    pub(super) fn ignored_leaves(&mut self, client: ClientId, known: &Known) {
        self.gone.retain(|gone| gone.by != client);
        let Facts { nick, login, .. } = &known.facts;
        let from = known.origin.address();
        let is_free = |former: &&String| {
            let mut others = self.chat.clients().into_iter().filter_map(|id| self.chat.nick(id));
            others.all(|other| fold(other.as_str()) != fold(former))
        };
        let names: Vec<_> = known.former.iter().filter(is_free).chain([nick]).collect();
        let ignorers: Vec<_> = self.ignorers(client).collect();
        for by in ignorers {
            for nick in &names {
                let is_same = |gone: &Gone| gone.by == by && gone.is(nick, login.as_deref(), from);
                if self.gone.iter().filter(|gone| is_same(gone)).count() >= MAX_EACH
                    && let Some(first) = self.gone.iter().position(is_same)
                {
                    self.gone.remove(first);
                }
                let (nick, login) = (fold(nick), login.clone());
                self.gone.push(Gone { by, client, nick, login, from });
            }
        }
    }

    fn ignorers(&self, client: ClientId) -> impl Iterator<Item = ClientId> {
        let ignoring = self.here.iter().filter(move |(_, known)| known.ignores.contains(&client));
        ignoring.map(|(by, _)| *by)
    }

    /// A client that has another name or account may be known by it again.
    pub(super) fn follow_ignored(&mut self, step: Step<'_>) {
        for (&id, before) in step.before {
            let Some(known) = self.here.get(&id) else { continue };
            let Facts { nick, login, .. } = known.facts.clone();
            let from = known.origin.address();
            if before.nick.is_empty() || (nick == before.nick && login == before.login) {
                continue;
            }
            if nick != before.nick && self.ignorers(id).next().is_some() {
                self.note_former(id, &before.nick, &nick);
            }
            let known_again =
                |gone: &&Gone| gone.by != id && gone.is(&nick, login.as_deref(), from);
            let by: HashSet<_> = self.gone.iter().filter(known_again).map(|gone| gone.by).collect();
            for by in by {
                self.here.get_mut(&by).expect("who left ignores nobody").ignores.insert(id);
            }
        }
    }

    fn note_former(&mut self, id: ClientId, old: &str, new: &str) {
        let former = &mut self.here.get_mut(&id).expect("it is here").former;
        former.retain(|nick| nick != old && nick != new);
        former.push(old.to_owned());
        if former.len() > MAX_FORMER {
            former.remove(0);
        }
    }

    /// `by` hears `other` again, whoever that was before.
    pub(super) fn forget_gone(&mut self, by: ClientId, other: ClientId) {
        let known = &self.here[&other];
        let (Facts { nick, login, .. }, from) = (&known.facts, known.origin.address());
        let same = self.gone.iter().filter(|gone| gone.by == by);
        let same = same.filter(|gone| gone.is(nick, login.as_deref(), from));
        let same: HashSet<_> = same.map(|gone| gone.client).chain([other]).collect();
        self.gone.retain(|gone| gone.by != by || !same.contains(&gone.client));
    }
}
