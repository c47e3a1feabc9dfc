//! The broadcaster: the one thread that owns the chat, and sends to all clients.

mod shared_log; // the log of a cluster
mod log; // the order in which inputs change the chat
mod confirmations; // what tells of kept rooms waits for the disk
mod archive; // effects that wait for the disk
mod pending; // clients that wait for an answer, and their input meanwhile
mod status; // metrics, and the service manager's status
mod words; // what clients say, in the debug log
mod identity; // logins, new names and addresses in the log
mod unheard; // health checks, which the log does not mention
mod behind; // what is done once a client's inputs are applied
mod requests; // requests over HTTP that wait
mod readers; // those who read over HTTP
mod asked; // what IRC clients asked of the past
mod dispatch; // an input becomes an event
mod irc; // the lines of IRC clients
mod follow; // an event becomes effects
mod perform; // effects become bytes
mod respond; // requests over HTTP are answered
mod history; // IRC clients get what was said
mod reading; // readers get what was said and is said
mod cluster; // how the node stands with the others
mod upkeep; // timers, and the store's reports
mod parking; // sessions saved for the next process
mod run; // `Broadcaster`: the loop
mod handover; // clients from the previous process, and to the next

pub use self::dispatch::{Beginning, Environment};
pub use self::handover::HAND_OVER;
pub use self::run::Broadcaster;
pub use self::shared_log::SharedLog;
