//! `Behind`: what is to be done for a client once its inputs under way are applied.

use std::collections::HashMap;

use super::identity::AuthResult;
use super::pending::WaitFor;
use crate::chat::{ClientId, Event};
use crate::delivery::{Feeds, Peer};
use crate::text::Text;
use crate::wire::Farewell;
use crate::wire::irc::Request;

/// One thing to do.
#[derive(Debug)]
pub(super) enum Chore {
    /// Answer a query.
    Answer(Event),
    /// Answer a question of an IRC client, under this label.
    Ask(Box<Request>, Option<Text>),
    /// Send what its wire answers.
    Reply(Vec<u8>),
    /// End its wait.
    EndWait(WaitFor),
    /// End the answer to its request.
    EndAnswer,
    /// Log how its request with a password ended.
    LogAuth(AuthResult),
    /// Send the rest of its queue, and close its connection.
    Close(Ending),
}

/// How a connection ends.
#[derive(Clone, Copy, Debug)]
pub(super) enum Ending {
    /// The client closed it, and has sent all.
    HungUp,
    /// Its session is over, and what it still sends is not read.
    Gone,
    /// The server closes it, as its protocol asks for.
    Farewell(Farewell),
}

impl Ending {
    /// Tells the peer.
    pub(super) fn tell(self, peer: &mut Peer, feeds: &mut Feeds) {
        match self {
            Self::HungUp => peer.finish(feeds),
            Self::Gone => peer.finish_unread(feeds),
            Self::Farewell(farewell) => peer.say_farewell(farewell, feeds),
        }
    }
}

/// What is to be done for each client, in order. A client whose query waits here sends nothing else
/// that is handled, so that there are only a few for each.
#[derive(Debug, Default)]
pub(super) struct Behind(HashMap<ClientId, Vec<Chore>>);

impl Behind {
    pub(super) fn add(&mut self, id: ClientId, chore: Chore) {
        self.0.entry(id).or_default().push(chore);
    }

    /// Takes everything that is to be done for a client.
    pub(super) fn take(&mut self, id: ClientId) -> Vec<Chore> {
        // Alone, nothing is ever left here: do not even hash.
        if self.0.is_empty() {
            return Vec::new();
        }
        self.0.remove(&id).unwrap_or_default()
    }

    /// Takes the queries of a client, which are not to wait any longer.
    pub(super) fn take_queries(&mut self, id: ClientId) -> Vec<Chore> {
        let Some(chores) = self.0.get_mut(&id) else { return Vec::new() };
        chores.extract_if(.., |chore| matches!(chore, Chore::Answer(_) | Chore::Ask(..))).collect()
    }
}
