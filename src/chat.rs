//! The chat itself: who is connected, in which room, and who is to be told what.
//!
//! A pure state machine. It knows no sockets, threads or clocks and logs nothing: it is told
//! what happened and when, and answers with [`Effects`] for somebody else to carry out.

mod model; // names, numbers, times, entries, accounts, bans
mod refusal; // what somebody is told whose wish is not granted
mod message; // what clients are told
mod effect; // what is to be done
mod event; // what happened
mod state; // `Chat`: who is here, and what holds for them
mod turn; // one client's go: speech, presence, moderation, commands
mod handle; // an event becomes effects
mod integrity; // whether what was saved belongs together

#[cfg(test)]
mod properties;

pub use self::effect::{Audience, Effect, Effects, Question};
pub use self::event::{Event, Traits};
pub use self::message::{Away, Message, Others, Person, Reason};
pub use self::model::{
    Account, Ban, Claim, ClientId, Entry, Kind, LineFilter, Mask, Moment, NameError, Nick, Now,
    Order, Password, PasswordId, Role, RoomId, RoomName, RoomPast,
};
pub use self::refusal::Refusal;
pub use self::state::{Chat, Presence, Roll, Settings};
pub use self::turn::commands;
