//! `Log`: the one order in which inputs change the chat.
//!
//! An input takes effect when the log has applied it, which the broadcaster must not expect to be at
//! once. The effects are those for this server's clients, under the ids that they have here.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use super::shared_log::SharedLog;
use crate::chat::{
    Chat, ClientId, Effects, Event, LineFilter, Nick, Now, Presence, Profile, Roll, RollChange,
    RoomId, Settings, Source,
};
use crate::cluster::{Applied, LinkEvent, NodeOrigin, Report, SavedNode};
use crate::wire::irc::{Caps, Offer, View};

/// Where inputs are put in their order.
#[derive(Debug)]
pub(super) enum Log {
    /// This server is alone: inputs are applied in the order in which they come.
    Alone(Box<Alone>),
    /// This server is a node of a cluster: inputs are applied in the order in which Redis has them.
    Shared(Box<SharedLog>),
}

/// The chat of a server that is alone, and the inputs that it has not applied yet.
#[derive(Debug)]
pub(super) struct Alone {
    chat: Chat,
    inputs: VecDeque<(Now, ClientId, Event)>,
    /// Applies nothing, as if another server had to be asked first.
    #[cfg(test)]
    pub(super) is_held: bool,
}

impl Log {
    /// The log of a server that is alone.
    pub(super) fn alone(chat: Chat) -> Self {
        let alone = Alone {
            chat,
            inputs: VecDeque::new(),
            #[cfg(test)]
            is_held: false,
        };
        Self::Alone(Box::new(alone))
    }

    /// Adds what happened to a client. It must not be a query.
    pub(super) fn push(&mut self, now: Now, id: ClientId, event: Event) {
        match self {
            Self::Alone(alone) => alone.inputs.push_back((now, id, event)),
            Self::Shared(shared) => shared.node.push(id, event),
        }
    }

    /// Applies the next input, if there is one, and appends its effects.
    pub(super) fn next(&mut self, now: Now, effects: &mut Effects) -> Option<Applied> {
        let alone = match self {
            Self::Alone(alone) => alone,
            Self::Shared(shared) => return shared.node.next(now, effects),
        };
        #[cfg(test)]
        if alone.is_held {
            return None;
        }
        let (now, id, event) = alone.inputs.pop_front()?;
        alone.chat.handle(now, id, event, effects);
        Some(Applied { client: Some(id), is_roll: false })
    }

    /// Answers a query of a client, which the log need not know of.
    pub(super) fn ask(&mut self, now: Now, id: ClientId, query: Event, effects: &mut Effects) {
        match self {
            // The chat may note that the client is active.
            Self::Alone(alone) => alone.chat.handle(now, id, query, effects),
            Self::Shared(shared) => shared.node.answer(now, id, query, effects),
        }
    }

    /// Whether an input about a client was added and is not applied yet.
    pub(super) fn is_under_way(&self, id: ClientId) -> bool {
        match self {
            Self::Alone(alone) => alone.inputs.iter().any(|(_, other, _)| *other == id),
            Self::Shared(shared) => shared.node.is_under_way(id),
        }
    }

    /// Whether any input was added and is not applied yet, and may be soon.
    pub(super) fn is_busy(&self) -> bool {
        match self {
            Self::Alone(alone) => !alone.inputs.is_empty(),
            Self::Shared(shared) => shared.node.is_busy(),
        }
    }

    /// The chat, as far as inputs are applied.
    pub(super) fn chat(&self) -> &Chat {
        match self {
            Self::Alone(alone) => &alone.chat,
            Self::Shared(shared) => shared.node.chat(),
        }
    }

    /// The time in the chat.
    pub(super) fn chat_now(&self, now: Now) -> Now {
        match self {
            Self::Alone(_) => now,
            Self::Shared(shared) => shared.node.chat_now(now),
        }
    }

    /// The id in the chat of a client of this server.
    pub(super) fn id(&self, id: ClientId) -> ClientId {
        match self {
            Self::Alone(_) => id,
            Self::Shared(shared) => shared.node.id(id),
        }
    }

    /// The id here of a client in the chat, if it is of this server.
    pub(super) fn local(&self, id: ClientId) -> Option<ClientId> {
        match self {
            Self::Alone(_) => Some(id),
            Self::Shared(shared) => {
                let local = ClientId(id.local());
                (shared.node.id(local) == id).then_some(local)
            }
        }
    }

    /// The clients of this server that are in the chat.
    pub(super) fn clients(&self) -> Vec<ClientId> {
        match self {
            Self::Alone(alone) => alone.chat.clients(),
            Self::Shared(shared) => shared.node.clients(),
        }
    }

    /// Those on this server who read over HTTP.
    pub(super) fn readers(&self) -> Vec<ClientId> {
        self.chat().readers().into_iter().filter_map(|id| self.local(id)).collect()
    }

    /// What the others know of a client.
    pub(super) fn presence(&self, id: ClientId) -> Option<Presence> {
        self.chat().presence(self.id(id))
    }

    /// A client's nick; `None` while it is not in the chat.
    pub(super) fn nick(&self, id: ClientId) -> Option<Nick> {
        self.chat().nick(self.id(id))
    }

    /// The account that a client is logged in to.
    pub(super) fn login(&self, id: ClientId) -> Option<Nick> {
        self.chat().login(self.id(id))
    }

    /// What lists show of a client.
    pub(super) fn profile(&self, id: ClientId) -> Option<Profile> {
        self.chat().profile(self.id(id))
    }

    /// The client's nick, user name and cloak, as IRC shows them.
    pub(super) fn source(&self, id: ClientId) -> Option<Arc<Source>> {
        self.chat().source(self.id(id))
    }

    /// The chat, as a client that speaks IRC asks about it; notes the most people.
    pub(super) fn irc_view(
        &self,
        now: Now,
        id: ClientId,
        caps: Caps,
        offer: Offer,
        most: &mut usize,
    ) -> View<'_> {
        let chat = self.chat();
        *most = (*most).max(chat.people_count());
        let uptime = i64::try_from(now.uptime.as_millis()).unwrap_or(i64::MAX);
        View {
            chat,
            me: self.id(id),
            caps,
            now,
            version: env!("CARGO_PKG_VERSION"),
            zero: now.moment.unix_ms.saturating_sub(uptime) / 1000,
            most: *most,
            offer,
        }
    }

    /// The rooms that a client is in.
    pub(super) fn rooms_of(&self, id: ClientId) -> &[RoomId] {
        self.chat().rooms_of(self.id(id))
    }

    /// When [`tick`](Self::tick) has something to do next.
    pub(super) fn next_deadline(&self, now: Now) -> Option<Duration> {
        match self {
            Self::Alone(alone) => alone.chat.next_deadline(),
            Self::Shared(shared) => shared.node.next_deadline(now),
        }
    }

    /// Does what is due in the chat. The caller follows the log next.
    pub(super) fn tick(&mut self, now: Now, effects: &mut Effects) {
        match self {
            Self::Alone(alone) => alone.chat.tick(now, effects),
            Self::Shared(shared) => shared.node.tick(now),
        }
    }

    /// Sends what was added since the last call, and returns what an administrator has to know.
    pub(super) fn send(&mut self, now: Now) -> Vec<Report> {
        match self {
            Self::Alone(_) => Vec::new(),
            Self::Shared(shared) => shared.send(now),
        }
    }

    /// Handles what the link reports. The caller follows the log next.
    pub(super) fn hear(&mut self, now: Now, event: LinkEvent) {
        if let Self::Shared(shared) = self {
            shared.hear(now, event);
        }
    }

    /// Applies changed settings.
    pub(super) fn configure(&mut self, settings: Settings) {
        match self {
            Self::Alone(alone) => alone.chat.configure(settings),
            Self::Shared(shared) => shared.node.configure(settings),
        }
    }

    /// Replaces accounts and bans by those of the store, unless the log has them. The caller must
    /// [enforce](Self::enforce) them next.
    pub(super) fn register(&mut self, roll: Roll) {
        if let Self::Alone(alone) = self {
            alone.chat.register(roll);
        }
    }

    /// Applies accounts and bans to all clients.
    pub(super) fn enforce(&mut self, now: Now, effects: &mut Effects) {
        if let Self::Alone(alone) = self {
            alone.chat.enforce(now, effects);
        }
    }

    /// Has no room remember lines that were forgotten on the disk.
    pub(super) fn forget(&mut self, filter: LineFilter) {
        match self {
            Self::Alone(alone) => alone.chat.forget(&filter),
            Self::Shared(shared) => shared.node.forget(filter),
        }
    }

    /// Ends all waits for the store, which will answer nothing more. The caller follows the log
    /// next.
    pub(super) fn give_up(&mut self, now: Now, effects: &mut Effects) {
        match self {
            Self::Alone(alone) => alone.chat.give_up(now, effects),
            Self::Shared(shared) => shared.node.give_up(),
        }
    }

    /// Asks the store for the next room in use that was not read yet.
    pub(super) fn read_next_room(&self, effects: &mut Effects) {
        // In a cluster the log has what rooms remember.
        if let Self::Alone(alone) = self {
            alone.chat.read_next_room(effects);
        }
    }

    /// Sends a notice to the operators on this server.
    pub(super) fn tell_operators(&self, words: &str, effects: &mut Effects) {
        match self {
            Self::Alone(alone) => alone.chat.tell_operators(words, effects),
            Self::Shared(shared) => shared.node.tell_operators(words, effects),
        }
    }

    /// Tells all clients of this server that it is going down.
    pub(super) fn go_down(&self, effects: &mut Effects) {
        self.chat().go_down(effects);
    }

    /// Restores a client from its record; returns whether its nick was free.
    pub(super) fn bring_back(&mut self, now: Now, id: ClientId, record: &Presence) -> bool {
        match self {
            Self::Alone(alone) => alone.chat.bring_back(now, id, record),
            Self::Shared(shared) => shared.node.bring_back(now, id, record),
        }
    }

    /// Schedules the announcements of restored clients.
    pub(super) fn await_announcements(&mut self) {
        match self {
            Self::Alone(alone) => alone.chat.await_announcements(),
            Self::Shared(shared) => shared.node.chat_mut().await_announcements(),
        }
    }

    /// Adds a change of the accounts or bans that another process made on the disk. Returns whether
    /// the log has to know of it.
    pub(super) fn change_roll(&mut self, change: RollChange) -> bool {
        let Self::Shared(shared) = self else { return false };
        shared.node.change_roll(change);
        true
    }

    /// The name of this node.
    pub(super) fn node_name(&self) -> &str {
        match self {
            Self::Alone(_) => "",
            Self::Shared(shared) => shared.node.name(),
        }
    }

    /// What this server is in its cluster, if it has joined one.
    pub(super) fn origin(&self) -> Option<NodeOrigin> {
        match self {
            Self::Alone(_) => None,
            Self::Shared(shared) => shared.node.origin(),
        }
    }

    /// Begins to leave the cluster, for good.
    pub(super) fn leave(&mut self) {
        if let Self::Shared(shared) = self {
            shared.node.leave();
        }
    }

    /// Whether a request to the shared log is not answered.
    pub(super) fn is_asking(&self) -> bool {
        matches!(self, Self::Shared(shared) if !shared.node.is_answered())
    }

    /// The chat for the next process, and what it needs to be the same node.
    pub(super) fn into_saved(self) -> (Chat, Option<SavedNode>) {
        match self {
            Self::Alone(alone) => (alone.chat, None),
            Self::Shared(shared) => {
                let (chat, saved) = shared.node.into_saved();
                (chat, Some(saved))
            }
        }
    }
}
