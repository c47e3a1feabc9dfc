//! The chat itself: who is connected, in which room, and who is to be told what.
//!
//! A pure state machine without sockets, threads, clocks or logging: the caller says what happened
//! and when, and carries out the [`Effects`] that come back.

mod model; // names, numbers, times, entries, accounts, bans
mod length; // lengths of time in words
mod refusal; // why a request is refused
mod reason; // why somebody left
mod room_change; // what was changed in a room, and what it is like then
mod signal; // what programs tell each other
mod action; // what a client asks for other than by commands
mod relay; // what somebody did, and who that is
mod message; // what clients are told
mod question; // what the store is asked
mod effect; // what the caller has to do
mod event; // what happened
mod state; // `Chat`: clients, rooms, accounts, bans
mod shared; // the chat of a cluster
mod turn; // one client acts: speech, presence, moderation, commands
mod handle; // an event becomes effects
mod profile; // what lists show
mod integrity; // whether a snapshot is consistent

#[cfg(test)]
mod properties;

pub use self::action::{Action, Denied, Flag, Flags, Manner, MaskList, Recipient, RoomRequest};
pub use self::effect::{Audience, Effect, Effects};
pub use self::event::{Class, Event, Traits, Wire};
pub use self::message::{Away, Dates, Message, Others, Person, RoomChange, RoomChangeBy, RoomView};
pub use self::model::{
    Account, Allowance, AnswerForm, AuthClaim, AuthCommand, AuthRequest, Ban, BanChange, ClientId,
    CloakSecret, Entry, Heard, KeptRoom, Kind, LineFilter, LineId, Mask, Moment, NameError, Nick,
    NodeNumber, Now, Part, Password, PasswordId, Reference, Role, RoomId, RoomName, RoomPast, Rows,
    Span, TypedPassword,
};
pub use self::model::{
    Author, PasswordHash, PastSlice, Post, PostKey, Principal, Reading, RollChange, RoomBan,
    RoomKey, RoomMask, RoomRole, RoomRoles, RoomSettings, SETTINGS, Setting, SettingRow,
    SettingValue, Since, Token, TokenHash,
};
pub use self::profile::{Census, Profile, RoomProfile};
pub use self::question::{Hidden, Question};
pub use self::reason::Reason;
pub use self::refusal::{Refusal, RoomRefusal};
pub use self::relay::{Deed, Past, Relay, SaidToRole, Source};
pub use self::signal::{Place, Signal, Signalled, Tags};
pub(crate) use self::state::ANNOUNCED_AFTER;
pub use self::state::{Chat, Node, Presence, Roll, RoomRecord, Settings};
pub use self::turn::commands::{changes_bans, claim, conceal, edit_switch, without_command};
pub use self::turn::{
    Access, AnsweredLines, Guest, LateLine, ListedRoom, NOT_DONE, NOT_IN_TIME, commands,
};
