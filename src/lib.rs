//! chatd: a chat server for netcat, telnet and browsers.
//!
//! A line's way through it: a [`session`] thread reads a client's socket, a [`wire`] decodes the
//! bytes, the [`broadcaster`] lets the [`chat`] decide who is told what, and a [`peer`] sends it.
//!
//! A module imports only from those listed before it; a test holds that.

pub mod address;
pub mod chat;
pub mod text;
pub mod wire;

// The server runs on Linux only; the client `chat` needs none of this. The empty path keeps the
// files beside this one.
#[cfg(target_os = "linux")]
#[path = ""]
mod server_only {
    pub mod admission;
    pub mod broadcaster;
    pub mod config;
    pub mod delivery;
    pub mod intake;
    pub mod net;
    pub mod os;
    pub mod restart;
    pub mod runtime;
    pub mod server;
    pub mod store;
    pub mod telemetry;
    pub mod web;
}
#[cfg(target_os = "linux")]
pub use self::server_only::*;
