//! What is due to whom, and sending it.

mod room_peers; // who gets what a room is told
mod send_queue; // what waits for one client
mod slowness; // who is too slow
mod feed; // what rooms are told, encoded once
mod peer; // the sending half of a client
mod peers; // all of them

pub(crate) use self::feed::Feeds;
pub(crate) use self::peer::Peer;
pub(crate) use self::peers::Peers;
