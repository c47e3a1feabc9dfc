//! Who may come in, and how fast anybody may speak.

mod limits; // the limits in force
mod bucket; // flood control
mod crowd; // shares of the connections that are not clients yet
mod door; // counts clients, and so decides

pub use self::bucket::Bucket;
pub(crate) use self::crowd::{Crowd, Share};
pub(crate) use self::door::{Door, HandshakeSlot, Slot, TurnedAway};
pub use self::limits::Limits;
