//! `Log`: the one order in which inputs change the chat.
//!
//! An input takes effect when the log has applied it, which the broadcaster must not expect to be at
//! once. The effects are those for this server's clients, under the ids that they have here.

use std::collections::VecDeque;
use std::time::Duration;

use crate::chat::{
    Chat, ClientId, Effects, Event, LineFilter, Nick, Now, Presence, Roll, RoomId, Settings,
};

/// Where inputs are put in their order.
#[derive(Debug)]
pub(super) enum Log {
    /// This server is alone: inputs are applied in the order in which they come.
    Alone(Box<Alone>),
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

/// An input that the log has applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Applied {
    /// The client that it is about, if it is one of this server.
    pub(super) client: Option<ClientId>,
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
        let Self::Alone(alone) = self;
        alone.inputs.push_back((now, id, event));
    }

    /// Applies the next input, if there is one, and appends its effects.
    pub(super) fn next(&mut self, effects: &mut Effects) -> Option<Applied> {
        let Self::Alone(alone) = self;
        #[cfg(test)]
        if alone.is_held {
            return None;
        }
        let (now, id, event) = alone.inputs.pop_front()?;
        alone.chat.handle(now, id, event, effects);
        Some(Applied { client: Some(id) })
    }

    /// Answers a query of a client, which the log need not know of.
    pub(super) fn ask(&mut self, now: Now, id: ClientId, query: Event, effects: &mut Effects) {
        let Self::Alone(alone) = self;
        // The chat may note that the client is active.
        alone.chat.handle(now, id, query, effects);
    }

    /// Whether an input about a client was added and is not applied yet.
    pub(super) fn is_under_way(&self, id: ClientId) -> bool {
        let Self::Alone(alone) = self;
        alone.inputs.iter().any(|(_, other, _)| *other == id)
    }

    /// The chat, as far as inputs are applied.
    pub(super) fn chat(&self) -> &Chat {
        let Self::Alone(alone) = self;
        &alone.chat
    }

    /// The chat, for what no input is needed for while the server is alone.
    fn own(&mut self) -> &mut Chat {
        let Self::Alone(alone) = self;
        &mut alone.chat
    }

    /// The clients of this server that are in the chat.
    pub(super) fn clients(&self) -> Vec<ClientId> {
        self.chat().clients()
    }

    /// What the others know of a client.
    pub(super) fn presence(&self, id: ClientId) -> Option<Presence> {
        self.chat().presence(id)
    }

    /// The account that a client is logged in to.
    pub(super) fn login(&self, id: ClientId) -> Option<Nick> {
        self.chat().login(id)
    }

    /// The rooms that a client is in.
    pub(super) fn rooms_of(&self, id: ClientId) -> &[RoomId] {
        self.chat().rooms_of(id)
    }

    /// When [`tick`](Self::tick) has something to do next.
    pub(super) fn next_deadline(&self) -> Option<Duration> {
        self.chat().next_deadline()
    }

    /// Does what is due in the chat.
    pub(super) fn tick(&mut self, now: Now, effects: &mut Effects) {
        self.own().tick(now, effects);
    }

    /// Applies changed settings.
    pub(super) fn configure(&mut self, settings: Settings) {
        self.own().configure(settings);
    }

    /// Replaces accounts and bans by those of the store. The caller must
    /// [enforce](Self::enforce) them next.
    pub(super) fn register(&mut self, roll: Roll) {
        self.own().register(roll);
    }

    /// Applies accounts and bans to all clients.
    pub(super) fn enforce(&mut self, now: Now, effects: &mut Effects) {
        self.own().enforce(now, effects);
    }

    /// Has no room remember lines that were forgotten on the disk.
    pub(super) fn forget(&mut self, filter: &LineFilter) {
        self.own().forget(filter);
    }

    /// Ends all waits for the store, which will answer nothing more.
    pub(super) fn give_up(&mut self, now: Now, effects: &mut Effects) {
        self.own().give_up(now, effects);
    }

    /// Asks the store for the next room in use that was not read yet.
    pub(super) fn read_next_room(&self, effects: &mut Effects) {
        self.chat().read_next_room(effects);
    }

    /// Sends a notice to the operators on this server.
    pub(super) fn tell_operators(&self, words: &str, effects: &mut Effects) {
        self.chat().tell_operators(words, effects);
    }

    /// Tells all clients of this server that it is going down.
    pub(super) fn go_down(&self, effects: &mut Effects) {
        self.chat().go_down(effects);
    }

    /// Restores a client from its record; returns whether its nick was free.
    pub(super) fn bring_back(&mut self, now: Now, id: ClientId, record: &Presence) -> bool {
        self.own().bring_back(now, id, record)
    }

    /// Schedules the announcements of restored clients.
    pub(super) fn await_announcements(&mut self) {
        self.own().await_announcements();
    }

    /// The chat, for the next process.
    pub(super) fn into_chat(self) -> Chat {
        let Self::Alone(alone) = self;
        alone.chat
    }
}
