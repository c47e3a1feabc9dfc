//! The sending halves of all clients: encoding, queueing and sending of messages.

mod room_peers; // the clients that get the messages of a room
mod send_queue; // bytes that wait for one client's socket
mod slowness; // which clients are too slow
mod feed; // the messages of rooms, encoded once
mod peer; // the sending half of a client
mod irc_peer; // that of an IRC client
mod senders; // threads that help to send
mod peers; // all of them
mod flush; // the end of a batch

pub(crate) use self::feed::Feeds;
pub(crate) use self::peer::Peer;
pub(crate) use self::peers::Peers;
pub(crate) use self::senders::Senders;
