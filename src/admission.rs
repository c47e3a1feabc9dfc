//! Which connections are accepted, and how fast clients may send lines.

mod limits; // the limits in force
mod bucket; // flood control
mod crowd; // shares of the connections that are still connecting
mod door; // counts clients and connections, and admits or refuses

pub use self::bucket::Bucket;
pub(crate) use self::crowd::{Crowd, Share};
pub(crate) use self::door::{Door, HandshakeSlot, Slot, TurnedAway};
pub use self::limits::Limits;
