//! chatd: a chat server for netcat, telnet and browsers.
//!
//! One line's way: a session in [`intake`] reads a client's socket, a [`wire`] decodes the bytes, the
//! [`broadcaster`] asks the [`chat`] what follows, and [`delivery`] sends it to everybody it concerns.
//!
//! A module imports only from those above it, here and in each folder; a test holds that.

pub mod text; // one line that is safe to show
pub mod address; // addresses and networks
pub mod table; // settings in a TOML file
pub mod chat; // who is here, in which room, and who is told what; pure
pub mod edit; // the line that a user types at a terminal: keys, edits, drawing; pure
pub mod wire; // bytes to what a client sent, and what it is told to bytes; pure

// The server runs on Linux only, and the client `chat` needs none of this. The empty path leaves the
// files beside this one.
#[cfg(target_os = "linux")]
#[path = ""]
mod server_only {
    pub mod os; // system calls
    pub mod runtime; // a channel, the clock, the wake-up of all sessions, threads
    pub mod net; // connections, bare or under TLS, and HTTP heads
    pub mod telemetry; // metrics and the log
    pub mod admission; // who may come in, and how fast anybody may speak
    pub mod web; // the page, and the way from HTTP to WebSocket
    pub mod cluster; // several machines: one log, and a replica of the chat in each node; pure
    pub mod store; // history, bans and accounts in a file
    pub mod config; // settings from flags, environment and file
    pub mod link; // the threads that talk to Redis about the log
    pub mod restart; // handing everything to the next process
    pub mod intake; // a connection until what it says is in the inbox
    pub mod delivery; // what is due to whom, and sending it
    pub mod broadcaster; // the thread in which everything happens
    pub mod server; // binding, starting, stopping
}
#[cfg(target_os = "linux")]
pub use self::server_only::*;
