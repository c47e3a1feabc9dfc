//! `Asked`: what IRC clients asked of the past, while the store looks it up.

use std::collections::{HashMap, VecDeque};

use crate::chat::{ClientId, Moment, RoomName};
use crate::text::Text;
use crate::wire::irc::Request;

/// What clients asked the store for, in the order in which it answers each of them. The store
/// bounds how much that is.
pub(super) type Asked = HashMap<ClientId, VecDeque<Ask>>;

/// What a client asked for.
#[derive(Debug)]
pub(super) struct Ask {
    pub(super) request: Request,
    pub(super) label: Option<Text>,
    pub(super) what: What,
    /// Whether it was told that there is no answer in time: a late one is for nobody.
    pub(super) is_over: bool,
}

/// Which of the past.
#[derive(Debug)]
pub(super) enum What {
    /// Lines of a room.
    Lines(RoomName),
    /// The rooms where something was said last between two moments, and at most how many.
    Targets(Moment, Moment, usize),
}
