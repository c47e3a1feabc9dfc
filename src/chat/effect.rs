//! `Effects`: what the chat wants to be done, in order.

use std::ops::Range;

use super::message::{Message, Reason};
use super::model::{Claim, ClientId, LineFilter, Nick, Order, RoomId, RoomName};
use crate::text::Text;

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Tell somebody what happened.
    Tell {
        /// Whom.
        to: Audience,
        /// What.
        message: Message,
    },
    /// From here on, the client gets what the room is told.
    Entered(ClientId, RoomId),
    /// From here on, it does not.
    Left(ClientId, RoomId),
    /// From here on, what the client is told carries the time, or does not.
    Timestamps(ClientId, bool),
    /// Look something up for a client, and [show](super::Event::Found) it what was found.
    Ask(ClientId, Question),
    /// Have a claim to a nick looked into, which is [answered](super::Event::LoggedIn).
    Claim(ClientId, Claim),
    /// Have written down what is in force by now, which is [answered](super::Event::Banned).
    Order(ClientId, Order),
    /// Have lines forgotten that are not in memory, too, which is
    /// [answered](super::Event::Forgotten).
    Forget(ClientId, LineFilter),
    /// Read the settings again.
    Reload,
    /// Something was done to keep order: who did what to whom, and why.
    Kept(Text),
    /// What is to be remembered of a client changed by no doing of its own.
    Changed(ClientId),
    /// It was turned away by a ban.
    TurnedAway(ClientId),
    /// The client is no longer part of the chat.
    Departed(ClientId, Nick, Reason),
    /// End the client's connection once it was sent what it was told.
    Disconnect(ClientId, Reason),
}

/// Something that the chat does not remember itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// The last lines of a room.
    Last {
        /// Which.
        room: RoomName,
        /// How many.
        lines: usize,
    },
    /// What there is of a room, for a client that is about to enter it, or for
    /// [nobody](ClientId::NOBODY).
    Room {
        /// Which.
        room: RoomName,
        /// How many of the last lines.
        lines: usize,
    },
    /// The last lines with all of these words.
    Search(Text),
}

/// Whom to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Audience {
    /// One client.
    One(ClientId),
    /// All members of a room except some: a range of those that [`Effects::drain`] returns.
    Room(RoomId, Range<usize>),
    /// Every client.
    Everyone,
}

/// Effects in the order in which they have to be carried out.
#[derive(Debug, Default)]
pub struct Effects {
    list: Vec<Effect>,
    except: Vec<ClientId>,
}

impl Effects {
    /// Whether nothing is to be done.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Those that are not handed over yet.
    pub fn iter(&self) -> impl Iterator<Item = &Effect> {
        self.list.iter()
    }

    /// Hands over the effects, and the clients that their audiences except.
    pub fn drain(&mut self) -> (impl Iterator<Item = Effect>, &[ClientId]) {
        (self.list.drain(..), &self.except)
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.list.clear();
        self.except.clear();
    }

    pub(super) fn push(&mut self, effect: Effect) {
        self.list.push(effect);
    }

    pub(super) fn tell(&mut self, to: Audience, message: Message) {
        self.push(Effect::Tell { to, message });
    }

    pub(super) fn tell_room(
        &mut self,
        room: RoomId,
        except: impl IntoIterator<Item = ClientId>,
        message: Message,
    ) {
        let start = self.except.len();
        self.except.extend(except);
        self.tell(Audience::Room(room, start..self.except.len()), message);
    }
}
