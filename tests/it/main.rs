//! Black-box tests: a real server on a free port, and clients that speak plain TCP to it.
//!
//! `harness` has the tools; every other file is a topic of the contract.
#![allow(clippy::unwrap_used, reason = "in a test a failed step is a failed test")]

mod batching;
mod browser;
mod chat_client;
mod chatd_v1;
mod cluster;
mod command_line;
mod commands;
mod deadlines;
mod door;
mod drills;
mod harness;
mod history_on_disk;
mod hostile;
mod http;
mod ignoring;
mod irc;
mod keyboard;
mod life;
mod limits;
mod line_ids;
mod load;
mod many_rooms;
mod mentions;
mod metrics;
mod mistakes;
mod nicks;
mod notify;
mod order;
mod packaging;
mod presence;
mod private;
mod probes;
mod proxy;
mod pty;
mod real_clients;
mod reload;
mod replay;
mod restart;
mod rooms;
mod safety;
mod slow;
mod store;
mod systemd;
mod editing;
mod telnet;
mod text_wire;
mod tidy;
mod times;
mod tls;
mod web;
mod web_noise;
mod websocket;
mod welcome;
