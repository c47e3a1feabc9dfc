//! Inputs of the node's clients: they are published, or change the fork.

use super::fork::Fork;
use super::state::{Applied, Node, Report};
use crate::chat::{
    Audience, ClientId, Effect, Effects, Event, LateLine, LineFilter, Message, Now, Refusal,
    RollChange, Settings,
};
use crate::cluster::change::Change;
use crate::cluster::outbox::OwnInput;

impl Node {
    /// Adds an input of a client. It takes effect when [`next`](Self::next) yields it.
    pub fn push(&mut self, client: ClientId, event: Event) {
        let bytes = match &event {
            Event::Line(line) | Event::LineIn(_, line) => 256 + line.as_str().len(),
            Event::Post(post) => 512 + post.text.as_str().len(),
            Event::RoomRead(_, Some(past)) => 256 * (1 + past.lines.len()),
            _ => 256,
        };
        let is_line = matches!(event, Event::Line(_) | Event::LineIn(..));
        if let Event::Post(_) = event
            && !self.is_apart()
            && self.outbox.is_full()
        {
            let mut effects = Effects::default();
            effects.push(Effect::Posted(client, Box::new(Err(Refusal::NotPassedOn))));
            self.told.push_back(effects);
            return;
        }
        if is_line && !self.is_apart() && self.outbox.is_full() {
            let mut effects = Effects::default();
            effects.tell(Audience::One(client), Message::Refused(Refusal::NotPassedOn));
            self.told.push_back(effects);
            return;
        }
        self.publish(Change::Client(client.0, event), bytes);
    }

    /// Adds a change of about so many bytes.
    pub(super) fn publish(&mut self, change: Change, bytes: usize) {
        self.outbox.push(change, bytes);
        if self.is_apart() {
            self.release();
        }
    }

    /// Has the inputs that wait change the fork instead.
    pub(super) fn release(&mut self) {
        while let Some(input) = self.outbox.take() {
            self.apart.push_back(input);
        }
    }

    /// Whether inputs change the fork at once.
    pub(super) fn is_apart(&self) -> bool {
        self.fork.as_ref().is_some_and(|fork| !fork.holds) && !self.is_joining()
    }

    /// Whether an input of a client was added and has not taken effect.
    pub fn is_under_way(&self, client: ClientId) -> bool {
        let is_own = |change: &Change| matches!(change, Change::Client(id, _) if *id == client.0);
        self.outbox.has_of(client.0) || self.apart.iter().any(|input| is_own(&input.change))
    }

    /// Moves to the next thing that has effects, and puts these into `effects`, under the numbers
    /// that clients have on this node.
    pub fn next(&mut self, now: Now, effects: &mut Effects) -> Option<Applied> {
        loop {
            if let Some(input) = self.apart.pop_front() {
                return Some(self.apply_apart(now, input, effects));
            }
            if let Some(told) = self.told.pop_front() {
                *effects = told;
                return Some(Applied::default());
            }
            let entry = self.read.pop_front()?;
            if let Some(applied) = self.follow(now, entry, effects) {
                return Some(applied);
            }
        }
    }

    /// Applies an input to the fork.
    fn apply_apart(&mut self, now: Now, input: OwnInput, effects: &mut Effects) -> Applied {
        let had_dropped = self.late.has_dropped();
        let applied = self.change_fork(now, input, effects);
        if self.late.has_dropped() && !had_dropped {
            self.reports.push(Report::NotPassedOn);
        }
        applied
    }

    fn change_fork(&mut self, now: Now, input: OwnInput, effects: &mut Effects) -> Applied {
        let Some(fork) = &mut self.fork else { return Applied::default() };
        let now = fork.now(now);
        let origin = self.origin.to_string();
        fork.chat.name_next_line(&origin, input.oseq);
        self.shown.note(&origin, input.oseq);
        let Change::Client(local, event) = input.change else {
            self.keep_change(input.change, effects);
            return Applied::default();
        };
        if let Event::Registered(account, Some(hash)) = &event {
            self.late.push_change(RollChange::Register(*account, hash.clone()));
        }
        let id = ClientId::on(self.number, local);
        fork.chat.handle(now, id, event, effects);
        self.keep_late(local, effects);
        effects.localize(self.number);
        Applied { client: Some(ClientId(local)), is_roll: false }
    }

    /// Keeps what the others have to know later.
    fn keep_late(&mut self, by: u64, effects: &mut Effects) {
        let mut is_refused = false;
        for (room, entry) in effects.said() {
            let line = LateLine { by, room, entry: entry.clone() };
            is_refused |= self.late.push(line);
        }
        for effect in effects.iter() {
            match effect {
                Effect::ChangeBan(_, change) => {
                    self.late.push_change(RollChange::Ban(change.clone()));
                }
                Effect::Forget(_, filter) => self.late.push_forgotten(filter.clone()),
                _ => {}
            }
        }
        if is_refused {
            let id = ClientId::on(self.number, by);
            effects.tell(Audience::One(id), Message::Refused(Refusal::NotPassedOn));
        }
    }

    /// Runs the timers of the fork.
    pub(super) fn tick_fork(&mut self, now: Now) {
        let Some(Fork { chat, .. }) = &self.fork else { return };
        let due = chat.next_deadline();
        let Some(fork) = self.fork.as_mut().filter(|fork| !fork.holds) else { return };
        let now = fork.now(now);
        if due.is_some_and(|due| due <= now.uptime) {
            let mut effects = Effects::default();
            fork.chat.tick(now, &mut effects);
            effects.localize(self.number);
            self.told.push_back(effects);
        }
    }

    /// Makes a change of the accounts or bans on all nodes.
    pub fn change_roll(&mut self, change: RollChange) {
        self.publish(Change::Roll(change), 512);
    }

    /// Has all nodes forget lines.
    pub fn forget(&mut self, filter: LineFilter) {
        self.publish(Change::Forget(filter), 512);
    }

    /// Makes a change that is no client's in the fork, and keeps it for the others.
    fn keep_change(&mut self, change: Change, effects: &mut Effects) {
        let Some(fork) = &mut self.fork else { return };
        match change {
            Change::Roll(change) => {
                fork.chat.change_roll(fork.now(Now::default()), change.clone(), effects);
                // The disk has it until the log has it.
                self.waiting_roll.push(change);
            }
            Change::Forget(filter) => {
                fork.chat.forget(&filter);
                effects.push(Effect::Forget(ClientId::NOBODY, filter.clone()));
                self.late.push_forgotten(filter);
            }
            _ => {}
        }
        effects.localize(self.number);
    }

    /// Answers a query of a client.
    pub fn answer(&self, now: Now, client: ClientId, query: Event, effects: &mut Effects) {
        self.chat().ask(self.chat_now(now), self.id(client), query, effects);
        effects.localize(self.number);
    }

    /// Ends all waits of clients for the store, which will answer nothing more.
    pub fn give_up(&mut self) {
        for (id, event) in self.chat().unanswered(self.number) {
            self.push(ClientId(id.local()), event);
        }
    }

    /// Applies changed settings.
    pub fn configure(&mut self, settings: Settings) {
        if let Some(fork) = &mut self.fork {
            fork.chat.configure(settings.clone());
        }
        self.log.chat.configure(settings);
    }
}
