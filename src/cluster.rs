//! Several machines, one chat: one log of everything that changes the chat, kept in Redis, and in
//! each node a replica of the chat that follows it. Pure: the threads of `link` talk to Redis.

mod digest; // what nodes compare
mod entry; // entries of the log, and where one is in it
mod request; // what a node asks of the log, and the answers
mod server; // where Redis is

pub use self::digest::digest;
pub use self::entry::{Chain, EntryKind, LogEntry, NodeOrigin, Position};
pub use self::request::{
    Founding, Head, LinkError, LinkEvent, LivingNode, LogSnapshot, Reply, Request, Ticket,
};
pub use self::server::{HostPort, ServerAddress, ServerPassword, ServerPlace};
