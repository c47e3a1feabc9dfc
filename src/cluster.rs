//! Several machines, one chat: one log of everything that changes the chat, kept in Redis, and in
//! each node a replica of the chat that follows it. Pure: the threads of `link` talk to Redis.

mod digest; // what nodes compare
mod entry; // entries of the log, and where one is in it
mod request; // what a node asks of the log, and the answers
mod sealing; // what Redis cannot read
mod change; // what an entry holds
mod replica; // the chat as the log makes it
mod memory; // the last entries
mod outbox; // inputs on their way
mod late; // what is to be passed on
mod meanwhile; // what clients have not seen
mod plan; // what to do about the log that was found
mod node; // one machine: states, and what it asks
mod server; // where Redis is

#[cfg(test)]
mod simulation;

pub use self::change::Change;
pub use self::digest::digest;
pub use self::entry::{
    Chain, EntryKind, LogEntry, MAX_NODE_NAME, NodeOrigin, Position, is_node_name,
};
pub use self::node::{Applied, Command, Node, NodeOptions, Report, SavedNode};
pub use self::replica::{LEVEL, Replica};
pub use self::request::{
    Founding, Head, LinkError, LinkEvent, LivingNode, LogSnapshot, Reply, Request, Ticket,
};
pub use self::sealing::{ClusterKey, MIN_KEY};
pub use self::server::{HostPort, ServerAddress, ServerPassword, ServerPlace};
