//! chatd: a chat server for netcat, telnet and browsers.
//!
//! A line's way through it: a [`session`] thread reads a client's socket, a [`wire`] decodes the
//! bytes, the [`broadcaster`] lets the [`chat`] decide who is told what, and a [`peer`] sends it.
//!
//! Each module imports only from those before it in this list, which a test sees to. Those from `os`
//! on are the server, which runs on Linux only; the client of the house makes do with the others.

pub mod text;

pub mod address;

pub mod chat;

pub mod wire;

#[cfg(target_os = "linux")]
pub mod os;

#[cfg(target_os = "linux")]
pub mod tls;

#[cfg(target_os = "linux")]
pub mod transport;

#[cfg(target_os = "linux")]
pub mod metrics;

#[cfg(target_os = "linux")]
pub mod http;

#[cfg(target_os = "linux")]
pub mod web;

#[cfg(target_os = "linux")]
pub mod alarm;

#[cfg(target_os = "linux")]
pub mod clock;

#[cfg(target_os = "linux")]
pub mod limits;

#[cfg(target_os = "linux")]
pub mod door;

#[cfg(target_os = "linux")]
pub mod store;

#[cfg(target_os = "linux")]
pub mod config;

#[cfg(target_os = "linux")]
pub mod cli;

#[cfg(target_os = "linux")]
pub mod logging;

#[cfg(target_os = "linux")]
pub mod handover;

#[cfg(target_os = "linux")]
pub mod inbox;
#[cfg(target_os = "linux")]
pub mod systemd;

#[cfg(target_os = "linux")]
pub mod audience;
#[cfg(target_os = "linux")]
pub mod feed;

#[cfg(target_os = "linux")]
pub mod send_queue;
#[cfg(target_os = "linux")]
pub mod slowness;

#[cfg(target_os = "linux")]
pub mod peer;

#[cfg(target_os = "linux")]
pub mod peers;

#[cfg(target_os = "linux")]
pub mod broadcaster;

#[cfg(target_os = "linux")]
pub mod session;

#[cfg(target_os = "linux")]
pub mod threads;

#[cfg(target_os = "linux")]
pub mod arrival;

#[cfg(target_os = "linux")]
pub mod accept;

#[cfg(target_os = "linux")]
pub mod server;
