//! chatd: a chat server for netcat, telnet and browsers.
//!
//! A line's way through it: a [`session`] thread reads a client's socket, a [`wire`] decodes the
//! bytes, the [`broadcaster`] lets the [`chat`] decide who is told what, and a [`peer`] sends it.
//!
//! Each module imports only from those before it in this list, which a test sees to.

pub mod text;

pub mod address;

pub mod chat;

pub mod wire;

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

pub mod feed;

pub mod send_queue;

pub mod peer;

pub mod peers;

pub mod broadcaster;

pub mod session;

pub mod threads;

pub mod arrival;

pub mod accept;

pub mod server;
