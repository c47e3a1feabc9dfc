//! chatd: a chat server for netcat, telnet and browsers.
//!
//! A line's way through it: a [`session`] thread reads a client's socket, a [`wire`] decodes the
//! bytes, the [`broadcaster`] lets the [`chat`] decide who is told what, and a [`peer`] sends it.
//!
//! A module imports only from those listed before it; a test holds that.

pub mod text;
pub mod address;
pub mod chat;
pub mod wire;

// The server runs on Linux only; the client `chat` needs none of this. The empty path keeps the
// files beside this one.
#[cfg(target_os = "linux")]
#[path = ""]
mod server_only {
    pub mod os;
    pub mod tls;
    pub mod transport;
    pub mod metrics;
    pub mod http;
    pub mod web;
    pub mod alarm;
    pub mod clock;
    pub mod limits;
    pub mod door;
    pub mod store;
    pub mod config;
    pub mod cli;
    pub mod logging;
    pub mod handover;
    pub mod inbox;
    pub mod systemd;
    pub mod audience;
    pub mod feed;
    pub mod send_queue;
    pub mod slowness;
    pub mod peer;
    pub mod peers;
    pub mod broadcaster;
    pub mod session;
    pub mod threads;
    pub mod arrival;
    pub mod accept;
    pub mod server;
}
#[cfg(target_os = "linux")]
pub use self::server_only::*;
